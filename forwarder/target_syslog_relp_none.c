/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_relp_none.c - in place of target_syslog_relp.c where the program
 * was built without librelp.  The configuration is refused before a target is
 * made; this says the same to those who make one without it. */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>

bool
target_syslog_has_relp(void)
{
    return false;
}

static int
none_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    (void) item;
    (void) truncated;
    return target_syslog_fail(t, "this program was built without RELP", EPROTONOSUPPORT);
}

static int
none_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    (void) t;
    (void) wait_ms;
    *safe = 0;
    return 0;
}

static void
none_close(struct target_syslog *t)
{
    (void) t;
}

const struct syslog_way syslog_way_relp = {
    .budget = SYSLOG_MSG_MAX,
    .send = none_send,
    .settle = none_settle,
    .close = none_close,
};
