// SPDX-License-Identifier: BSD-2-Clause

// Graylog's own "Syslog TCP" input: its transport with TLS, its framing, its codec.
//     Receiver CERTIFICATE KEY CA EXPAND [RULE]
// opens a port of 127.0.0.1 and prints {"port": N}, then the fields of each message as
// a line of JSON; EXPAND is the input's "Expand structured data", RULE a file with a
// rule for Graylog's pipelines, which each message goes through.  Ends when its
// standard input does.
import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.channel.EventLoopGroup;
import java.lang.reflect.Constructor;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.graylog.plugins.pipelineprocessor.EvaluationContext;
import org.graylog.plugins.pipelineprocessor.ast.Rule;
import org.graylog.plugins.pipelineprocessor.ast.statements.Statement;
import org.graylog.plugins.pipelineprocessor.functions.conversion.StringConversion;
import org.graylog.plugins.pipelineprocessor.functions.messages.HasField;
import org.graylog.plugins.pipelineprocessor.functions.messages.SetField;
import org.graylog.plugins.pipelineprocessor.functions.strings.RegexMatch;
import org.graylog.plugins.pipelineprocessor.functions.strings.RegexReplace;
import org.graylog.plugins.pipelineprocessor.parser.FunctionRegistry;
import org.graylog.plugins.pipelineprocessor.parser.PipelineRuleParser;
import org.graylog2.configuration.TLSProtocolsConfiguration;
import org.graylog2.inputs.codecs.SyslogCodec;
import org.graylog2.inputs.syslog.tcp.SyslogTCPInput;
import org.graylog2.inputs.transports.NettyTransportConfiguration;
import org.graylog2.inputs.transports.SyslogTcpTransport;
import org.graylog2.inputs.transports.netty.EventLoopGroupFactory;
import org.graylog2.plugin.LocalMetricRegistry;
import org.graylog2.plugin.Message;
import org.graylog2.plugin.MessageFactory;
import org.graylog2.plugin.configuration.Configuration;
import org.graylog2.plugin.inputs.MessageInput;
import org.graylog2.plugin.inputs.util.ThroughputCounter;
import org.graylog2.plugin.journal.RawMessage;

public final class Receiver extends MessageInput {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final SyslogCodec codec;
    private final Rule rule;

    private static final class Settings extends MessageInput.Config {
        Settings() {
            super(new SyslogTcpTransport.Config(), new SyslogCodec.Config());
        }
    }

    private Receiver(Configuration configuration, SyslogTcpTransport transport, SyslogCodec codec, Rule rule) {
        super(new MetricRegistry(), configuration, transport, new LocalMetricRegistry(), codec, new Settings(),
            new SyslogTCPInput.Descriptor(), null);
        this.codec = codec;
        this.rule = rule;
        setPersistId("truecause");
        setTitle("truecause");
    }

    private static synchronized void print(Object line) {
        try {
            System.out.println(JSON.writeValueAsString(line));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Message through(Message message) {
        EvaluationContext context = new EvaluationContext(message);
        if (rule != null && rule.when().evaluateBool(context)) {
            for (Statement statement : rule.then())
                statement.evaluate(context);
            if (context.hasEvaluationErrors())
                throw new IllegalStateException(context.evaluationErrors().toString());
        }
        return context.currentMessage();
    }

    private static Rule ruleOf(Path file) throws Exception {
        return new PipelineRuleParser(new FunctionRegistry(Map.of(HasField.NAME, new HasField(), SetField.NAME, new SetField(),
            StringConversion.NAME, new StringConversion(), RegexMatch.NAME, new RegexMatch(), RegexReplace.NAME,
            new RegexReplace()))).parseRule(Files.readString(file), false);
    }

    @Override
    public void processRawMessage(RawMessage raw) {
        Map<String, Object> fields = new TreeMap<>();
        try {
            through(codec.decodeSafe(raw).orElseThrow()).getFields().forEach(
                (name, value) -> fields.put(name, value instanceof Number ? value : String.valueOf(value)));
        } catch (Exception e) {
            fields.put("failed", String.valueOf(e) + ": " + e.getCause());
        }
        print(fields);
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider()); // as the server does when it starts
        Map<String, Object> settings = new HashMap<>(Map.of("bind_address", "127.0.0.1", "port", 0, "tls_enable", true,
            "tls_cert_file", args[0], "tls_key_file", args[1], "tls_client_auth", "required",
            "tls_client_auth_cert_file", args[2]));
        settings.put("store_full_message", true);
        settings.put("allow_override_date", true);
        settings.put("expand_structured_data", Boolean.valueOf(args[3]));
        Configuration configuration = new Configuration(settings);
        NettyTransportConfiguration netty = new NettyTransportConfiguration("nio", "jdk", 2);
        EventLoopGroupFactory groups = new EventLoopGroupFactory(netty);
        LocalMetricRegistry metrics = new LocalMetricRegistry();
        EventLoopGroup group = groups.create(1, metrics, "parent");
        SyslogTcpTransport transport = new SyslogTcpTransport(configuration, group, groups, netty, new ThroughputCounter(group),
            metrics, new TLSProtocolsConfiguration());
        Constructor<?> factory = Class.forName("org.graylog2.plugin.DefaultMessageFactory").getDeclaredConstructor();
        factory.setAccessible(true);
        SyslogCodec codec = new SyslogCodec(configuration, new MetricRegistry(), (MessageFactory) factory.newInstance());
        Receiver input = new Receiver(configuration, transport, codec, args.length > 4 ? ruleOf(Path.of(args[4])) : null);
        transport.launch(input, null);
        while (transport.getLocalAddress() == null)
            Thread.sleep(50);
        print(Map.of("port", ((InetSocketAddress) transport.getLocalAddress()).getPort()));
        while (System.in.read() >= 0)
            continue;
        System.exit(0);
    }
}
