/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_library.c - one lock and one beginning for libnetsnmp.  Called by those
 * who send (snmp_session.c, informs.c, target_snmp.c), those who receive
 * (trap_decode.c), and for its files by the agent (agent_snmp.c).  The library
 * reads no file and prints nothing here: our configuration is the only one that
 * counts. */
#include "build.h"

#include "forwarder/snmp_library.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static char said[160];

static int
take_log(int major, int minor, void *message, void *arg)
{
    const struct snmp_log_message *m = message;

    (void) major;
    (void) minor;
    (void) arg;
    if (m && m->msg) {
        snprintf(said, sizeof said, "%s", m->msg);
        said[strcspn(said, "\n")] = '\0';
    }
    return 0;
}

void
snmp_library_no_files(void)
{
    static const int off[] = {
        NETSNMP_DS_LIB_DONT_READ_CONFIGS,       NETSNMP_DS_LIB_DONT_PERSIST_STATE,
        NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
        NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES,
    };

    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, off[i], 1);
}

/* Once in the process.  init_snmp() is not called, on purpose: it would read
 * snmp.conf in /etc and in the home directory, certificates and MIBs, write an
 * index of certificates, and take over the locale.  SNMPv1 and SNMPv2c need none
 * of it, SNMPv3 what snmp_library_usm() calls.  Host files, which opening a session
 * would read, are off. */
static void
start(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    snmp_library_no_files();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_log, NULL);
    snmp_enable_calllog();
}

void
snmp_library_lock(void)
{
    pthread_mutex_lock(&library);
    start();
}

void
snmp_library_unlock(void)
{
    pthread_mutex_unlock(&library);
}

const char *
snmp_library_said(void)
{
    return said;
}

void
snmp_library_forget(void)
{
    said[0] = '\0';
}

/* What init_snmp() would do for the User-based Security Model, without its files:
 * the model itself, and the callback that would follow the reading of files,
 * which gives the counters of the initialization vectors (RFC 3826 3.1.2.1) a
 * beginning at random. */
void
snmp_library_usm(const uint8_t *id, size_t n)
{
    static bool done;

    /* First of all: the user without a name, which discoveries go as, is made with
     * it by the callback, and not at all without it. */
    set_exact_engineID(id, n);
    if (!done) {
        /* A name under which it would look for its settings in files. */
        netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_APPTYPE, "truecause");
        init_usm();
        snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_PREMIB_READ_CONFIG, NULL);
        done = true;
    }
}
