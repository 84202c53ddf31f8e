/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_trailer.h - what closes a record of an SMS log: component, time and
 * thread, as each version wrote them and as people and programs damaged them. */
#ifndef PARSERS_SMS_TRAILER_H
#define PARSERS_SMS_TRAILER_H

#include "parsers/sms_date.h"
#include "parsers/sms_scan.h"

struct sms_trailer {
    size_t start, end;  /* in the view; mark-up after the last bracket included */
    size_t text_from;   /* where the text begins, if not at 0 */
    size_t text_end;    /* of a head: where its text ends */
    bool damaged;
    bool plain; /* component, thread and zone are clean as they stand */
    bool head;  /* it stands before the text, not after it */
    struct str component, thread; /* as written, wraps included */
    struct sms_date date;
};

enum sms_found {
    SMS_NONE, /* no trailer here */
    SMS_CUT,  /* one that breaks off at the end of its line */
    SMS_WHOLE /* one with a thread */
};

/* The three trailers as the programs write them, on one line, from the dollar
 * sign at 'i' to a line end.  Fills 't' and answers true only for an undamaged
 * one; never looks past the view. */
bool sms_trailer_quick(const struct sms_view *, size_t i, struct sms_trailer *t);
/* Any trailer that begins with the dollar sign at 'i', damaged or whole. */
enum sms_found sms_trailer_dollar(struct sms_view *, size_t i, struct sms_trailer *t);

/* The parts, for the forms without a dollar sign (sms_viewer.c). */

/* "DEC (0xHEX)" at 'i', perhaps wrapped; returns its end, or 'i' for none. */
size_t sms_thread_pair(struct sms_view *, size_t i);
bool sms_thread_begins(struct sms_view *, size_t i);
/* From "thread=" at 'i' to the end of the trailer; SMS_NONE when no value. */
enum sms_found sms_thread(struct sms_view *, size_t i, struct sms_trailer *t);
/* Ends a trailer that breaks off after the part that ends at 'i': SMS_CUT when
 * nothing but brackets and dots is left of the line. */
enum sms_found sms_cut(struct sms_view *, size_t i, struct sms_trailer *t);
/* A word that can be the name of a component.  Strong: one that is hardly
 * anything else (SMS_DESPOOLER, C:\X\BOOT32WN.EXE). */
bool sms_is_name(struct str s, bool strong);

#endif
