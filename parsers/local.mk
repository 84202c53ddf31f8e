# SPDX-License-Identifier: BSD-2-Clause
# libparsers.a: bytes in, items out.  One source a line.
noinst_LIBRARIES += %D%/libparsers.a
%C%_libparsers_a_SOURCES = \
	%D%/arena.c \
	%D%/arena.h \
	%D%/catalogue.h \
	%D%/event.c \
	%D%/event.h \
	%D%/event_fields.def \
	%D%/format.c \
	%D%/format.h \
	%D%/item_xml.h \
	%D%/item_xml_read.c \
	%D%/item_xml_write.c \
	%D%/str.h \
	%D%/text.c \
	%D%/text.h \
	%D%/when.c \
	%D%/when.h \
	%D%/zone.c
