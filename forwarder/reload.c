/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reload.c - compares configurations.  Called by engine*.c and agent_child.c
 * (what to keep) and daemon.c (what cannot be). */
#include "build.h"

#include "forwarder/reload.h"

#include <inttypes.h>
#include <string.h>

static bool
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_traps(const struct config_traps *a, const struct config_traps *b)
{
    bool alike = !a == !b;

    if (!a || !alike)
        return alike;
    alike = a->address_size == b->address_size && memcmp(&a->address, &b->address, a->address_size) == 0
            && a->rate == b->rate && a->n_from == b->n_from && a->n_communities == b->n_communities;
    for (unsigned i = 0; alike && i < a->n_from; i++)
        alike = a->from[i].family == b->from[i].family && a->from[i].bits == b->from[i].bits
                && memcmp(a->from[i].bytes, b->from[i].bytes, sizeof a->from[i].bytes) == 0;
    for (unsigned i = 0; alike && i < a->n_communities; i++)
        alike = same(a->community[i], b->community[i]);
    return alike;
}

static bool
same_key(const struct config_key *a, const struct config_key *b)
{
    return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

bool
reload_same_source(const struct config_source *a, const struct config_source *b)
{
    return same(a->name, b->name) && same(a->format, b->format) && same(a->path, b->path) && same(a->host, b->host)
           && same(a->address, b->address) && same(a->site, b->site) && same(a->zone, b->zone)
           && same(a->code_page, b->code_page) && a->date_order == b->date_order && a->poll_ms == b->poll_ms
           && a->read_once == b->read_once && same_traps(a->traps, b->traps);
}

static bool
same_addresses(const struct config_target *a, const struct config_target *b)
{
    bool alike = a->n_addresses == b->n_addresses;

    for (unsigned i = 0; alike && i < a->n_addresses; i++)
        alike = a->addresses[i].transport == b->addresses[i].transport && a->addresses[i].six == b->addresses[i].six
                && same(a->addresses[i].host, b->addresses[i].host) && same(a->addresses[i].port, b->addresses[i].port);
    return alike;
}

/* Certificates and keys are compared by what is in their files. */
static bool
same_connection(const struct config_target *a, const struct config_target *b)
{
    bool alike = a->framing_newline == b->framing_newline && same(a->ca, b->ca) && same(a->certificate, b->certificate)
                 && same(a->key, b->key) && same(a->server_name, b->server_name) && a->n_pins == b->n_pins
                 && memcmp(a->tls_digest, b->tls_digest, sizeof a->tls_digest) == 0;

    for (unsigned i = 0; alike && i < a->n_pins; i++)
        alike = a->pins[i].sha1 == b->pins[i].sha1
                && memcmp(a->pins[i].bytes, b->pins[i].bytes, sizeof a->pins[i].bytes) == 0;
    return alike;
}

bool
reload_same_target(const struct config_target *a, const struct config_target *b)
{
    return same(a->name, b->name) && same(a->type, b->type) && a->items == b->items && a->severity == b->severity
           && a->history_all == b->history_all && a->overflow_block == b->overflow_block
           && a->heartbeat_ms == b->heartbeat_ms && a->resend_start == b->resend_start
           /* xml */
           && same(a->path, b->path) && a->form_lines == b->form_lines && a->rotate_bytes == b->rotate_bytes
           && a->rotate_ns == b->rotate_ns
           /* network */
           && same_addresses(a, b) && same(a->source_address, b->source_address)
           && same(a->version, b->version) && same(a->community, b->community) && same(a->user, b->user)
           && same(a->auth, b->auth) && same(a->priv, b->priv) && same(a->context, b->context)
           && same_key(&a->auth_key, &b->auth_key) && same_key(&a->priv_key, &b->priv_key) && a->inform == b->inform
           && a->timeout_ms == b->timeout_ms && a->retries == b->retries && a->window == b->window
           && a->ascii == b->ascii
           && a->pdu_size == b->pdu_size && a->pace == b->pace && a->facility == b->facility
           && a->form_rfc3164 == b->form_rfc3164 && same_connection(a, b);
}

bool
reload_same_agent(const struct config_agent *a, const struct config_agent *b)
{
    return a && b ? same(a->socket, b->socket) && a->start == b->start : a == b;
}

bool
reload_possible(const struct config *now, const struct config *next, char *why, size_t size)
{
    const char *what = NULL, *was = NULL;
    char limit[32];

    if (!same(now->state, next->state)) {
        what = "state";
        was = now->state;
    } else if (!same(now->enterprise_oid, next->enterprise_oid)) {
        what = "enterprise-oid";
        was = now->enterprise_oid;
    } else if (now->engine_id_n != next->engine_id_n
               || memcmp(now->engine_id, next->engine_id, now->engine_id_n) != 0) {
        what = "engine-id";
        was = now->engine_id_n ? "another one" : "not given";
    } else if (now->journal_limit != next->journal_limit) {
        snprintf(limit, sizeof limit, "%" PRIu64 " bytes", now->journal_limit);
        what = "journal-limit";
        was = limit;
    }
    if (what)
        snprintf(why, size, "%s:%d: %s cannot change while the program runs (it is %s): change it back, or restart",
                 next->place.file, next->place.line, what, was);
    return !what;
}
