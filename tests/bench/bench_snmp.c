/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_snmp - notifications a second, ours beside a plain loop of libnetsnmp.
 *
 *   bench_snmp ours CONFIG TARGET COUNT       through the snmp target of CONFIG
 *   bench_snmp plain PORT VERSION KIND COUNT  snmp_send() to 127.0.0.1; VERSION is 2c or
 *                                             3, KIND trap or inform
 *
 * Both send the same COUNT notifications, 27 objects and snmpTrapAddress.0, each PDU
 * built anew; informs with at most WINDOW under way.  v3 is authPriv with SHA-256 and
 * AES-128.  Prints {"seconds":S,"cpu":C,"again":N}: traps until the last was sent, informs
 * until the last was acknowledged.  snmp.py runs it against its receivers. */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/clock.h"
#include "forwarder/snmp_engine.h"
#include "forwarder/target_snmp_pdu.h"
#include "parsers/when.h"
#include "tests/bench/cpu.h"

enum { WINDOW = 64, RUN = 1024 /* items between two settles, as a worker does */, STEP = 1000 /* ns between two */ };

static struct alarm_item alarm_item;
static char key[64], package[16];
static const char passphrase[] = "a pass phrase for benches";

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_snmp: %s: %s\n", what, why);
    exit(4);
}

static void
tell(int64_t start, double cpu, unsigned long again)
{
    printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"again\":%lu}\n", (double) (clock_monotonic() - start) / 1e9,
           cpu_seconds() - cpu, again);
}

/* --- the alarm, the same for both ------------------------------------------------- */

static void
fill(void)
{
    struct alarm_item *a = &alarm_item;

    a->state = ALARM_RAISED;
    a->severity = SEVERITY_MINOR;
    a->cls = CLASS_FILE_CONTENTION;
    a->count = 1;
    a->summary = STR("DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE");
    a->action = STR("Find who holds the file on ANFIELD, backup and antivirus first, close it or restart that computer, "
                    "then redistribute; restarting SMS does not help.");
    when_parse_iso(STR("1998-09-10T16:55:37Z"), &a->first);
    a->last = a->first;
    a->f.host = STR("ANFIELD");
    a->f.address = STR("192.0.2.10");
    a->f.site = STR("DOG");
    a->f.server = STR("ANFIELD");
    a->f.share = STR("SMS_PKGE");
    a->f.file = STR("E:\\_S M0000.TMP\\filename.EXE");
    a->f.claimed = true;
    a->f.claim_class = CLASS_DISK_FULL;
    a->f.figures = FIGURES_BLANK;
    a->f.tagged = true;
    a->f.win32_known = true;
    a->f.win32 = 32;
    a->f.misreported = true;
    a->f.confidence = CONFIDENCE_CONFIRMED;
    a->f.n_articles = 1;
    a->f.article[0] = STR("Q193766");
}

/* What differs from one alarm to the next: keys enough that none waits for its turn. */
static void
change(unsigned long i)
{
    snprintf(package, sizeof package, "DOG%05lX", i & 0xfffff);
    snprintf(key, sizeof key, "dist:ANFIELD:%s", package);
    snprintf(alarm_item.id, sizeof alarm_item.id, "%032lx", i);
    alarm_item.key = str_z(key);
    alarm_item.f.package = str_z(package);
}

/* --- ours ---------------------------------------------------------------------------- */

static void
report(void *arg, bool warning, const struct config_place *place, const char *text)
{
    (void) arg;
    (void) place;
    if (!warning)
        die("configuration", text);
}

static const struct config_target *
find_target(const struct config *config, const char *name)
{
    for (unsigned i = 0; i < config->n_targets; i++)
        if (strcmp(config->targets[i].name, name) == 0)
            return &config->targets[i];
    die(name, "no such target");
    return NULL;
}

static void
settle(struct target *t, int wait_ms, uint64_t *safe)
{
    if (t->cls->settle(t, wait_ms, safe) != 0)
        die("settle", t->error);
}

static void
ours(const char *path, const char *name, unsigned long count)
{
    struct config *config = config_load(path, report, NULL);
    const struct config_target *tc = find_target(config, name);
    char err[512];
    struct target *t = NULL;
    struct item item = {.kind = ITEM_ALARM, .alarm = &alarm_item};
    uint64_t safe = 0;
    int64_t start;
    double cpu;

    if (snmp_engine_start(config, err, sizeof err) < 0 || (t = target_snmp_class.open(config, tc, err, sizeof err)) == NULL)
        die("target", err);
    start = clock_monotonic();
    cpu = cpu_seconds();
    for (unsigned long i = 0; i < count; i++) {
        struct target_item ti = {.seq = i + 1, .target_seq = i + 1, .item = &item, .uptime_ns = (int64_t) i * STEP};
        int r;

        change(i);
        while ((r = t->cls->send(t, &ti)) == -EAGAIN)
            settle(t, 20, &safe);
        if (r != 0)
            die("send", t->error);
        if ((i + 1) % RUN == 0)
            settle(t, 0, &safe);
    }
    while (tc->inform && safe < count)
        settle(t, 20, &safe);
    tell(start, cpu, 0);
    t->cls->close(t);
    config_unref(config);
}

/* --- a plain loop ---------------------------------------------------------------------- */

struct value {
    u_char type;
    size_t n;
    long number;
    const char *text;
};
static struct value values[MIB_ALARM_VARBINDS];
static unsigned under_way;
static unsigned long acknowledged, timed_out;

/* The values once, as text and numbers that lie ready. */
static void
lay_out(const struct mib_oid *enterprise)
{
    static struct snmp_message m;
    struct item item = {.kind = ITEM_ALARM, .alarm = &alarm_item};
    struct target_item ti = {.seq = 1, .target_seq = 1, .item = &item};

    if (snmp_message_item(&m, enterprise, &ti) != 0)
        die("message", "it has no varbinds");
    for (unsigned i = 0; i < MIB_ALARM_VARBINDS; i++) {
        const struct snmp_value *v = &m.value[mib_alarm_objects[i]];

        values[i] = (struct value){.type = ASN_INTEGER, .n = sizeof(long), .number = (long) v->number};
        switch (mib_objects[mib_alarm_objects[i]].syntax) {
        case MIB_TEXT:
        case MIB_KEY:
        case MIB_ID:
        case MIB_TIME:
            values[i] = (struct value){.type = ASN_OCTET_STR, .n = v->n, .text = v->text};
            break;
        case MIB_UNSIGNED:
            values[i].type = ASN_UNSIGNED;
            break;
        case MIB_GAUGE:
        case MIB_COUNTER64:
        case MIB_COUNTER:
        case MIB_ENUM:
        case MIB_TRUTH:
        case MIB_INTEGER:
            break;
        }
    }
}

static void
put(netsnmp_pdu *pdu, const oid *name, size_t n, u_char type, const void *value, size_t size)
{
    if (!snmp_pdu_add_variable(pdu, name, n, type, value, size))
        die("varbind", "no memory");
}

static netsnmp_pdu *
plain_pdu(int command, const struct mib_oid *enterprise, unsigned long i)
{
    static const oid uptime_name[] = {1, 3, 6, 1, 2, 1, 1, 3, 0}, trap_name[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0},
                     address_name[] = {1, 3, 6, 1, 6, 3, 18, 1, 3, 0};
    static const u_char address[] = {192, 0, 2, 10};
    netsnmp_pdu *pdu = snmp_pdu_create(command);
    oid name[MIB_OID_MAX];
    size_t n = enterprise->n;
    long uptime = (long) (i * STEP / (10 * CLOCK_MS));

    if (!pdu)
        die("pdu", "no memory");
    for (size_t k = 0; k < n; k++)
        name[k] = enterprise->sub[k];
    put(pdu, uptime_name, OID_LENGTH(uptime_name), ASN_TIMETICKS, &uptime, sizeof uptime);
    name[n] = MIB_ARC_NOTIFICATIONS;
    name[n + 1] = mib_notifications[0].raise_arc;
    put(pdu, trap_name, OID_LENGTH(trap_name), ASN_OBJECT_ID, name, (n + 2) * sizeof *name);
    name[n] = MIB_ARC_OBJECTS;
    name[n + 2] = 0;
    for (unsigned k = 0; k < MIB_ALARM_VARBINDS; k++) {
        enum mib_object_id id = mib_alarm_objects[k];
        const struct value *v = &values[k];
        long seq = (long) i + 1;
        const void *value = v->text ? (const void *) v->text : id == MIB_OBJECT_SEQ ? &seq : &v->number;

        if (id == MIB_OBJECT_KEY)
            value = key;
        else if (id == MIB_OBJECT_EVENT_ID)
            value = alarm_item.id;
        else if (id == MIB_OBJECT_PACKAGE)
            value = package;
        name[n + 1] = mib_objects[id].arc;
        put(pdu, name, n + 3, v->type, value, v->n);
    }
    put(pdu, address_name, OID_LENGTH(address_name), ASN_IPADDRESS, address, sizeof address);
    return pdu;
}

static void
make_keys(netsnmp_session *s)
{
    static u_char engine[] = {0x80, 0x00, 0x7e, 0xd9, 0x05, 'l', 'o', 'o', 'p'};
    static char user[] = "joe";

    s->securityName = user;
    s->securityNameLen = strlen(user);
    s->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    s->securityAuthProto = snmp_duplicate_objid(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol));
    s->securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
    s->securityPrivProto = snmp_duplicate_objid(usmAESPrivProtocol, OID_LENGTH(usmAESPrivProtocol));
    s->securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
    s->securityAuthKeyLen = s->securityPrivKeyLen = USM_AUTH_KU_LEN;
    if (generate_Ku(s->securityAuthProto, (u_int) s->securityAuthProtoLen, (const u_char *) passphrase,
                    sizeof passphrase - 1, s->securityAuthKey, &s->securityAuthKeyLen) != SNMPERR_SUCCESS)
        die("key", "it cannot be made");
    memcpy(s->securityPrivKey, s->securityAuthKey, s->securityAuthKeyLen);
    s->securityPrivKeyLen = s->securityAuthKeyLen;
    if (s->callback)
        return; /* of an inform the receiver is authoritative: the library asks it */
    s->securityEngineID = engine;
    s->securityEngineIDLen = sizeof engine;
    s->contextEngineID = engine;
    s->contextEngineIDLen = sizeof engine;
    s->engineBoots = 1;
    s->engineTime = (u_int) get_uptime();
    set_enginetime(engine, sizeof engine, s->engineBoots, s->engineTime, TRUE);
}

static int
answered(int operation, netsnmp_session *session, int id, netsnmp_pdu *pdu, void *arg)
{
    (void) session;
    (void) id;
    (void) pdu;
    (void) arg;
    under_way--;
    acknowledged += operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE;
    timed_out += operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE;
    return 1;
}

/* Takes answers until fewer than 'most' are waited for. */
static void
take_answers(unsigned most)
{
    while (under_way >= most) {
        int n = 0, block = 1, ready;
        struct timeval wait = {1, 0};
        fd_set fds;

        FD_ZERO(&fds);
        snmp_select_info(&n, &fds, &wait, &block);
        ready = select(n, &fds, NULL, NULL, block ? NULL : &wait);
        if (ready > 0)
            snmp_read(&fds);
        else
            snmp_timeout();
    }
}

static void
plain(const char *port, const char *version, bool inform, unsigned long count)
{
    struct mib_oid enterprise;
    netsnmp_session session, *s;
    char peer[32];
    int64_t start;
    double cpu;

    if (!mib_enterprise(DEFAULT_ENTERPRISE_OID, &enterprise))
        die("enterprise OID", DEFAULT_ENTERPRISE_OID);
    init_snmp("bench_snmp");
    change(0);
    lay_out(&enterprise);
    snmp_sess_init(&session);
    snprintf(peer, sizeof peer, "udp:127.0.0.1:%s", port);
    session.peername = peer;
    session.version = strcmp(version, "3") == 0 ? SNMP_VERSION_3 : SNMP_VERSION_2c;
    session.community = (u_char[]){"public"};
    session.community_len = 6;
    session.callback = inform ? answered : NULL;
    session.timeout = 1000000;
    session.retries = 5;
    if (session.version == SNMP_VERSION_3)
        make_keys(&session);
    s = snmp_open(&session);
    if (!s)
        die(peer, snmp_api_errstring(snmp_errno));
    start = clock_monotonic();
    cpu = cpu_seconds();
    for (unsigned long i = 0; i < count; i++) {
        netsnmp_pdu *pdu;

        change(i);
        pdu = plain_pdu(inform ? SNMP_MSG_INFORM : SNMP_MSG_TRAP2, &enterprise, i);
        take_answers(WINDOW);
        if (!snmp_send(s, pdu))
            die("snmp_send", snmp_api_errstring(s->s_snmp_errno));
        under_way += inform;
    }
    take_answers(1);
    tell(start, cpu, timed_out);
    snmp_close(s);
}

int
main(int argc, char **argv)
{
    fill();
    if (argc == 5 && strcmp(argv[1], "ours") == 0) {
        ours(argv[2], argv[3], strtoul(argv[4], NULL, 10));
        return 0;
    }
    if (argc == 6 && strcmp(argv[1], "plain") == 0) {
        plain(argv[2], argv[3], strcmp(argv[4], "inform") == 0, strtoul(argv[5], NULL, 10));
        return 0;
    }
    fputs("usage: bench_snmp ours CONFIG TARGET COUNT\n       bench_snmp plain PORT 2c|3 trap|inform COUNT\n", stderr);
    return 2;
}
