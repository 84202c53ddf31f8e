# SPDX-License-Identifier: BSD-2-Clause
# libforwarder.a: everything that touches the world; main.c stands apart so
# that tests can link the rest.  One source a line, sorted.
noinst_LIBRARIES += %D%/libforwarder.a
%C%_libforwarder_a_SOURCES = \
	%D%/batch.c \
	%D%/batch.h \
	%D%/ackstream.c \
	%D%/ackstream.h \
	%D%/bounds.c \
	%D%/bounds.h \
	%D%/clock.h \
	%D%/cmd.h \
	%D%/cmd_check.c \
	%D%/cmd_explain.c \
	%D%/cmd_export.c \
	%D%/cmd_forward.c \
	%D%/cmd_mib.c \
	%D%/cmd_report.c \
	%D%/cmd_send_test.c \
	%D%/cmd_test.c \
	%D%/config.c \
	%D%/config.h \
	%D%/config_parts.h \
	%D%/config_source.c \
	%D%/config_survey.c \
	%D%/config_target.c \
	%D%/config_values.c \
	%D%/config_vocabulary.c \
	%D%/config_xml.c \
	%D%/datagrams.c \
	%D%/datagrams.h \
	%D%/deliver.c \
	%D%/deliver.h \
	%D%/dial.c \
	%D%/dial.h \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_commit.c \
	%D%/engine_parts.h \
	%D%/engine_record.c \
	%D%/engine_start.c \
	%D%/engine_watch.c \
	%D%/feed.c \
	%D%/feed.h \
	%D%/follow.h \
	%D%/glob_case.c \
	%D%/glob_case.h \
	%D%/inputs.c \
	%D%/inputs.h \
	%D%/journal.c \
	%D%/journal.h \
	%D%/journal_append.c \
	%D%/journal_find.c \
	%D%/journal_open.c \
	%D%/journal_read.c \
	%D%/journal_recover.c \
	%D%/journal_schema.c \
	%D%/journal_tables.h \
	%D%/log.c \
	%D%/log.h \
	%D%/merge.c \
	%D%/merge.h \
	%D%/mib_table.c \
	%D%/mib_table.h \
	%D%/mib_text.c \
	%D%/mib_text.h \
	%D%/near.c \
	%D%/near.h \
	%D%/options.c \
	%D%/options.h \
	%D%/pipeline.c \
	%D%/pipeline.h \
	%D%/place.h \
	%D%/stream.c \
	%D%/stream.h \
	%D%/stream_event.c \
	%D%/stream_fed.c \
	%D%/stream_state.h \
	%D%/syslog_msg.c \
	%D%/syslog_msg.h \
	%D%/tail.c \
	%D%/tail.h \
	%D%/target.c \
	%D%/target.h \
	%D%/target_capture.c \
	%D%/target_capture.h \
	%D%/target_snmp.c \
	%D%/target_snmp_pdu.c \
	%D%/target_snmp_pdu.h \
	%D%/target_syslog.c \
	%D%/target_syslog.h \
	%D%/target_xml.c \
	%D%/told.c \
	%D%/told.h \
	%D%/told_parts.h \
	%D%/told_save.c \
	%D%/worker.c \
	%D%/worker.h \
	%D%/worker_filter.c \
	%D%/worker_filter.h \
	%D%/worker_parts.h \
	%D%/worker_run.c \
	%D%/worker_send.c

bin_PROGRAMS += truecause
truecause_SOURCES = %D%/main.c
truecause_LDADD = $(PROGRAM_LIBS)
