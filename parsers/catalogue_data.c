/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_data.c - the catalogue that is compiled into the program: the
 * files of schemas/catalogue/ as bytes, in the order in which they are read. */
#include "build.h"

#include "parsers/catalogue.h"

static const unsigned char core[] = {
#include "schemas/catalogue/core.xml.inc"
};
static const unsigned char sms1[] = {
#include "schemas/catalogue/sms1.xml.inc"
};
static const unsigned char sms2[] = {
#include "schemas/catalogue/sms2.xml.inc"
};
static const unsigned char configmgr[] = {
#include "schemas/catalogue/configmgr.xml.inc"
};
static const unsigned char events[] = {
#include "schemas/catalogue/events.xml.inc"
};
static const unsigned char sequences[] = {
#include "schemas/catalogue/sequences.xml.inc"
};
static const unsigned char articles[] = {
#include "schemas/catalogue/articles.xml.inc"
};

const struct catalogue_input catalogue_builtin[] = {
    {"core.xml", {(const char *) core, sizeof core}},
    {"sms1.xml", {(const char *) sms1, sizeof sms1}},
    {"sms2.xml", {(const char *) sms2, sizeof sms2}},
    {"configmgr.xml", {(const char *) configmgr, sizeof configmgr}},
    {"events.xml", {(const char *) events, sizeof events}},
    {"sequences.xml", {(const char *) sequences, sizeof sequences}},
    {"articles.xml", {(const char *) articles, sizeof articles}},
    {NULL, {NULL, 0}},
};
