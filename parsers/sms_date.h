/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_date.h - the times of SMS logs: ctime order (1.x to 2007), numbers with
 * a bias (2012 on) and the short dates of viewers. */
#ifndef PARSERS_SMS_DATE_H
#define PARSERS_SMS_DATE_H

#include "parsers/format.h"
#include "parsers/sms_scan.h"

/* A time as its digits stand.  A short date keeps its three numbers in 'part':
 * which of them is the month is an option of the source. */
struct sms_date {
    bool dated; /* year, month and day are there */
    bool timed; /* hour, minute and second are there */
    bool shorted;
    bool biased;
    uint8_t fraction; /* digits of second */
    uint8_t part_digits[3];
    int part[3];
    int year, month, day, hour, minute, second;
    uint32_t nanosecond;
    int bias;
    struct str zone; /* as written, wraps included */
};

/* "Www Mmm DD HH:MM:SS[.f] YYYY[~][ Zone]" or "MM-DD-YYYY HH:MM:SS[.f][+BIAS]"
 * at 'i'.  Returns the end of what is there (d->dated and d->timed say how far
 * it went), or 'i' for no date.  Sets '*damaged' for wraps and runs of blanks. */
size_t sms_date_at(struct sms_view *, size_t i, struct sms_date *d, bool *damaged);
/* The same without looking past the view, for dates as the programs write
 * them, up to the '>' that must follow.  Returns the place of '>', or 0. */
size_t sms_date_quick(const struct sms_view *, size_t i, struct sms_date *d);
/* True when a date of sms_date_at() seems to begin at 'i'. */
bool sms_date_begins(struct sms_view *, size_t i);
/* "M/D/YY", then perhaps "h:mm[:ss[.f]] [AM]", at 'i'; 'i' for none.  With
 * 'any' the separator may be a dot or a hyphen, too. */
size_t sms_date_short(struct sms_view *, size_t i, bool any, struct sms_date *d, bool *damaged);
/* Fills w->local, and w->utc where the date has a bias that can be one. */
void sms_date_when(const struct sms_date *, enum date_order, struct when *w);

#endif
