# SPDX-License-Identifier: BSD-2-Clause
# libparsers.a: bytes in, items out.  One source a line.
noinst_LIBRARIES += %D%/libparsers.a
%C%_libparsers_a_SOURCES = \
	%D%/alarm.c \
	%D%/alarm.h \
	%D%/alarm_key.c \
	%D%/alarm_state.c \
	%D%/alarm_state.h \
	%D%/arena.c \
	%D%/arena.h \
	%D%/bracket_log.c \
	%D%/catalogue.c \
	%D%/catalogue.h \
	%D%/catalogue_data.c \
	%D%/catalogue_examples.c \
	%D%/catalogue_load.c \
	%D%/catalogue_load.h \
	%D%/catalogue_set.h \
	%D%/catalogue_signature.c \
	%D%/code_scan.c \
	%D%/code_scan.h \
	%D%/correlate.c \
	%D%/correlate.h \
	%D%/diagnose.c \
	%D%/event.c \
	%D%/event.h \
	%D%/event_fields.def \
	%D%/event_xml.c \
	%D%/event_xml.h \
	%D%/event_xml_frame.c \
	%D%/event_xml_read.c \
	%D%/format.c \
	%D%/format.h \
	%D%/id.c \
	%D%/id.h \
	%D%/item_xml.h \
	%D%/item_xml_read.c \
	%D%/item_xml_write.c \
	%D%/keep.c \
	%D%/keep.h \
	%D%/literals.c \
	%D%/literals.h \
	%D%/map.c \
	%D%/map.h \
	%D%/pair.c \
	%D%/pair.h \
	%D%/paths.c \
	%D%/paths.h \
	%D%/signature.c \
	%D%/signature.h \
	%D%/sms_date.c \
	%D%/sms_date.h \
	%D%/sms_event.c \
	%D%/sms_event.h \
	%D%/sms_frame.c \
	%D%/sms_frame.h \
	%D%/sms_log.c \
	%D%/sms_scan.c \
	%D%/sms_scan.h \
	%D%/sms_trailer.c \
	%D%/sms_trailer.h \
	%D%/sms_viewer.c \
	%D%/sms_viewer.h \
	%D%/stall.c \
	%D%/stall.h \
	%D%/stall_state.c \
	%D%/stall_state.h \
	%D%/str.h \
	%D%/summary.c \
	%D%/summary.h \
	%D%/text.c \
	%D%/text.h \
	%D%/viewer_line.c \
	%D%/viewer_text.c \
	%D%/viewer_text.h \
	%D%/when.c \
	%D%/when.h \
	%D%/zone.c

# The files that catalogue_data.c includes, for builds of one target alone.
%D%/catalogue_data.$(OBJEXT): \
	schemas/catalogue/configmgr.xml.inc \
	schemas/catalogue/core.xml.inc \
	schemas/catalogue/sms1.xml.inc \
	schemas/catalogue/sms2.xml.inc
