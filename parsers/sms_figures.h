/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_figures.h - the two figures of a claim that the disk is full: what is
 * free and what is needed. */
#ifndef PARSERS_SMS_FIGURES_H
#define PARSERS_SMS_FIGURES_H

#include "parsers/arena.h"
#include "parsers/event.h"

/* A pair of figures as captured: p NULL is lost, blank is blank. */
enum figures sms_figures(struct str available, struct str required);
/* Compares two runs of decimal digits: negative, 0 or positive. */
int sms_figures_compare(struct str a, struct str b);
/* The digits of a figure that sms_figures() called filled, without white space
 * and separators of thousands; absent when memory ends. */
struct str sms_figures_digits(struct arena *, struct str figure);
/* Such digits, a number of bytes, as whole megabytes, rounded up. */
struct str sms_figures_megabytes(struct arena *, struct str digits);

#endif
