/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_filter.c - decisions on single items; see the header.  They depend on
 * the journal's order and nothing else, so that what is sent again after a
 * crash is sent with the same number.  Called by worker_send.c. */
#include "build.h"

#include "forwarder/worker_filter.h"

#include "parsers/alarm.h"

static const char storm_prefix[] = "self:STORM:";

void
worker_filter_init(struct worker_filter *f, const struct config_target *tc, struct told *told, bool once)
{
    bool snmp = strcmp(tc->type, "snmp") == 0;

    *f = (struct worker_filter){.tc = tc, .told = told};
    f->history = once || tc->history_all;
    f->folds = snmp && !once;
    f->again = snmp && !tc->inform && !once;
    f->archive = strcmp(tc->type, "xml") == 0;
}

struct str
worker_filter_storm(struct str key)
{
    return str_starts(key, str_z(storm_prefix)) ? str_skip(key, sizeof storm_prefix - 1) : STR_NONE;
}

/* Whether a storm alarm that the target knows stands for 'a'. */
static bool
is_folded(const struct worker_filter *f, const struct alarm_item *a)
{
    char name[STORM_NAME + 1], key[ALARM_KEY_MAX + 1];
    const struct told_key *storm;

    if (!f->folds || a->cls == CLASS_SELF)
        return false;
    storm = told_get(f->told, alarm_key(key, "self", STR("STORM"), storm_name(name, a)));
    return storm && storm->told && storm->held != TOLD_OWED;
}

static enum worker_verdict
alarm_verdict(const struct worker_filter *f, const struct alarm_item *a, enum alarm_state *state)
{
    const struct told_key *k = told_get(f->told, a->key);
    bool severe = a->severity <= f->tc->severity || a->cls == CLASS_SELF;
    bool told = k && k->told, folded = k && k->held == TOLD_FOLDED;
    bool start = str_eq(a->reason, str_z(ALARM_REASON_START));
    bool resent = start || str_eq(a->reason, str_z(ALARM_REASON_RESENT));

    if (start && !f->tc->resend_start)
        return WORKER_PASS;
    *state = a->state;
    switch (a->state) {
    case ALARM_CLEARED:
        if (told)
            return WORKER_SEND;
        if (folded)
            return WORKER_FOLD;
        return f->crowded && severe ? WORKER_SEND : WORKER_PASS;
    case ALARM_RAISED:
        if (resent && (f->archive || (folded && !told)))
            return WORKER_PASS;
        break;
    case ALARM_UPDATED:
        if (!told)
            *state = ALARM_RAISED;
        break;
    }
    if (!told && !folded && !severe)
        return WORKER_PASS;
    if (resent || str_eq(a->reason, str_z(ALARM_REASON_HISTORY)))
        return WORKER_SEND;
    return is_folded(f, a) ? WORKER_FOLD : WORKER_SEND;
}

enum worker_verdict
worker_filter_item(const struct worker_filter *f, const struct item *item, bool history, enum alarm_state *state)
{
    *state = ALARM_RAISED;
    if (item->kind == ITEM_NOTICE)
        return f->tc->items != CONFIG_ITEMS_EVENTS ? WORKER_SEND : WORKER_PASS;
    if (history && !f->history)
        return WORKER_PASS;
    if (item->kind == ITEM_EVENT)
        return f->tc->items != CONFIG_ITEMS_ALARMS && item->event->severity <= f->tc->severity ? WORKER_SEND
                                                                                                : WORKER_PASS;
    if (f->tc->items == CONFIG_ITEMS_EVENTS)
        return WORKER_PASS;
    if (f->history && str_eq(item->alarm->reason, str_z(ALARM_REASON_HISTORY)))
        return WORKER_PASS;
    return alarm_verdict(f, item->alarm, state);
}

void
worker_filter_sent(struct worker_filter *f, const struct worker_item *it, enum alarm_state state,
                   uint64_t target_seq, int64_t now)
{
    const struct alarm_item *a = it->item->alarm;
    const struct told_key *k;
    struct told_key next = {.told = true};
    struct str xml = STR_NONE;

    if (it->item->kind != ITEM_ALARM)
        return;
    k = told_get(f->told, a->key);
    if (state != ALARM_CLEARED) {
        if ((!k || !k->told || k->held != TOLD_NOTHING) && !told_set(f->told, a->key, &next, xml))
            f->crowded = true;
        return;
    }
    /* A raise under the same key follows this one at once. */
    if (f->again && !str_eq(a->reason, STR("reclassified"))) {
        next = (struct told_key){.held = TOLD_AGAIN, .seq = it->seq, .target_seq = target_seq,
                                 .due = now + WORKER_AGAIN_FIRST_S * INT64_C(1000000000)};
        xml = it->xml;
        if (told_set(f->told, a->key, &next, xml))
            return;
    }
    if (k)
        told_set(f->told, a->key, NULL, STR_NONE);
}

bool
worker_filter_fold(struct worker_filter *f, const struct worker_item *it)
{
    const struct alarm_item *a = it->item->alarm;
    const struct told_key *k = told_get(f->told, a->key);
    struct told_key next = {.told = k && k->told, .held = TOLD_FOLDED, .seq = it->seq};

    if (a->state == ALARM_CLEARED)
        return told_set(f->told, a->key, NULL, STR_NONE);
    storm_name(next.storm, a);
    return told_set(f->told, a->key, &next, it->xml);
}

bool
worker_filter_give_up(struct worker_filter *f, const struct worker_item *it, enum alarm_state state)
{
    const struct alarm_item *a = it->item->alarm;
    const struct told_key *k;
    struct told_key next = {.told = true};

    if (it->item->kind != ITEM_ALARM)
        return true;
    k = told_get(f->told, a->key);
    if (!k || !k->told)
        return true;
    if (state == ALARM_CLEARED) {
        next.held = TOLD_OWED;
        next.seq = it->seq;
        return !told_set(f->told, a->key, &next, it->xml);
    }
    /* It has been told of an older raise, and of no clear since: that holds. */
    if (k->held != TOLD_NOTHING)
        told_set(f->told, a->key, &next, STR_NONE);
    return true;
}
