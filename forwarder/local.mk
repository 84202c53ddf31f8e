# SPDX-License-Identifier: BSD-2-Clause
# libforwarder.a: everything that touches the world; main.c stands apart so
# that tests can link the rest.  One source a line, sorted.
noinst_LIBRARIES += %D%/libforwarder.a
%C%_libforwarder_a_SOURCES = \
	%D%/config.h \
	%D%/journal.h \
	%D%/target.h

bin_PROGRAMS += truecause
truecause_SOURCES = %D%/main.c
truecause_LDADD = $(PROGRAM_LIBS)
