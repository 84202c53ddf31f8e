// SPDX-License-Identifier: BSD-2-Clause

// A node of Elasticsearch in FOLDER, on a port of 127.0.0.1 for HTTP.  Prints
// {"port": N, "version": V} and ends when its standard input does.
import org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner;
import org.elasticsearch.Version;
import org.elasticsearch.action.admin.cluster.node.info.NodesInfoResponse;
import org.elasticsearch.http.HttpInfo;

public final class Node {
    private Node() {
    }

    public static void main(String[] args) throws Exception {
        ElasticsearchClusterRunner runner = new ElasticsearchClusterRunner();
        runner.onBuild((number, settings) -> {
            settings.put("network.host", "127.0.0.1");
            settings.put("http.port", "0");
            settings.put("transport.port", "0");
            settings.put("discovery.type", "single-node");
            settings.putList("node.roles", "master", "data", "ingest");
        });
        runner.build(ElasticsearchClusterRunner.newConfigs().numOfNode(1).basePath(args[0]).useLogger());
        runner.ensureYellow();
        NodesInfoResponse info = runner.client().admin().cluster().prepareNodesInfo().get();
        int port = info.getNodes().get(0).getInfo(HttpInfo.class).address().publishAddress().getPort();
        System.out.println("{\"port\": " + port + ", \"version\": \"" + Version.CURRENT + "\"}");
        while (System.in.read() >= 0)
            continue;
        runner.close();
        System.exit(0);
    }
}
