/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_self.c - alarms that no record raises: our own state (class self), the
 * clear by hand, and the repetition of what is open.  Called by
 * correlate_live.c; the words come from there and are only cut and cleaned. */
#include "build.h"

#include "parsers/alarm.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/alarm_state.h"
#include "parsers/summary.h"
#include "parsers/text.h"
#include "parsers/when.h"

enum { ALARM_WORDS_MAX = 16384 };

struct moment
moment_utc(int64_t t)
{
    return (struct moment){.known = true, .t = t, .when = {.utc = t, .utc_known = true}};
}

struct str
alarm_words(struct call *c, struct str raw, unsigned max)
{
    bool cut;
    struct str s;
    unsigned characters = 0;
    size_t n = 0;
    char *p;

    if (!str_has(raw))
        return STR_NONE;
    s = text_clean(c->arena, NULL, raw, ALARM_WORDS_MAX, &cut);
    p = str_has(s) ? arena_alloc(c->arena, s.n + 1) : NULL;
    if (!p) {
        c->error = c->error ? c->error : -ENOMEM;
        return STR_NONE;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (((unsigned char) s.p[i] & 0xc0) != 0x80 && characters++ == max)
            break;
        p[n++] = str_is_space(s.p[i]) ? ' ' : s.p[i];
    }
    p[n] = '\0';
    return str_make(p, n);
}

static bool
set_text(char **at, struct str s)
{
    char *copy = str_has(s) ? keep_str(s) : NULL;

    if (str_has(s) && !copy)
        return false;
    free(*at);
    *at = copy;
    return true;
}

static struct alarm *
self_new(struct alarm_table *t, struct call *c, struct str key, struct str host)
{
    struct facts f = {.host = host, .caused = true, .cause_class = CLASS_SELF};
    struct cleared *before = map_get(t->cleared, key);
    struct alarm *a = alarm_make(t, c, key, &f);

    if (!a)
        return NULL;
    a->cls = CLASS_SELF;
    a->raise = alarm_raise_number(c, before ? before->raise : 0);
    a->count = 1;
    a->first = a->last = c->at;
    a->since = c->at.t;
    return a;
}

void
alarm_self_raise(struct alarm_table *t, struct call *c, struct str key, enum severity severity, struct str host,
                 struct str words, struct str action)
{
    struct alarm *a = alarm_find(t, key);
    bool fresh = !a;

    if (a && a->severity == severity && str_eq(str_z(a->words), words) && str_eq(str_z(a->action), action))
        return;
    if (!a && !(a = self_new(t, c, key, host)))
        return;
    if (!set_text(&a->words, words) || !set_text(&a->action, action)) {
        c->error = c->error ? c->error : -ENOMEM;
        if (fresh)
            alarm_drop(t, a);
        return;
    }
    a->floor = a->severity = severity;
    a->heard = c->at.t;
    a->last = c->at;
    alarm_send(t, c, a, fresh ? ALARM_RAISED : ALARM_UPDATED, NULL);
}

void
alarm_repeat(struct alarm_table *t, struct call *c, const struct alarm *a, const char *reason)
{
    const struct alarm_item *described = alarm_describe(t, c, a, ALARM_RAISED, reason);
    struct alarm_item *again = (struct alarm_item *) (uintptr_t) described;
    struct item out = {.kind = ITEM_ALARM, .alarm = described};

    if (!described)
        return;
    again->when = a->told;
    if (!id_alarm(t->hasher, a->key, a->raise, a->change ? a->change - 1 : 0, again->id)) {
        c->error = c->error ? c->error : -ENOMEM;
        return;
    }
    call_emit(c, &out);
}
