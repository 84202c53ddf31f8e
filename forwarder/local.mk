# SPDX-License-Identifier: BSD-2-Clause
# libforwarder.a: everything that touches the world; main.c stands apart so
# that tests can link the rest.  One source a line, sorted.
noinst_LIBRARIES += %D%/libforwarder.a
%C%_libforwarder_a_SOURCES = \
	%D%/cmd.h \
	%D%/cmd_mib.c \
	%D%/config.h \
	%D%/journal.h \
	%D%/mib_table.c \
	%D%/mib_table.h \
	%D%/mib_text.c \
	%D%/mib_text.h \
	%D%/syslog_msg.c \
	%D%/syslog_msg.h \
	%D%/target.h \
	%D%/target_snmp.c \
	%D%/target_snmp.h \
	%D%/target_snmp_pdu.c \
	%D%/target_snmp_pdu.h \
	%D%/target_syslog.c

bin_PROGRAMS += truecause
truecause_SOURCES = %D%/main.c
truecause_LDADD = $(PROGRAM_LIBS)
