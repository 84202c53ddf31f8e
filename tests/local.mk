# SPDX-License-Identifier: BSD-2-Clause
# Tests.  To add
#
# a unit test: write tests/unit/check_NAME.c (a main() that runs a Check suite)
# and add two lines below, sorted:
#     check_PROGRAMS += %D%/unit/check_NAME
#     %C%_unit_check_NAME_SOURCES = %D%/unit/check_NAME.c
# It links all of the program but main.c, and libcheck.
#
# a fuzz target: write tests/fuzz/fuzz_NAME.c (LLVMFuzzerTestOneInput), put
# seeds into tests/fuzz/seeds/NAME/, and add five lines (see there):
# 'make check' replays the seeds and mutations of them under Check, 'make fuzz'
# runs libFuzzer.
#
# an integration test: write tests/integration/NAME.sh (it sources lib.sh,
# which counts and prints in Check's form) and add it to SHELL_TESTS.
#
# Every test runs with TEST_SRCDIR (this folder in the source tree), TEST_BUILDDIR
# (this folder in the build tree), TRUECAUSE (the program) and TRUECAUSE_SHARED
# (where the labelled records are; rows from there are left out if it is absent).
# One test alone: make check TESTS=tests/unit/check_NAME

TEST_VARIABLES = \
	TEST_SRCDIR='$(abs_top_srcdir)/tests'; export TEST_SRCDIR; \
	TEST_BUILDDIR='$(abs_top_builddir)/tests'; export TEST_BUILDDIR; \
	TRUECAUSE='$(abs_top_builddir)/truecause'; export TRUECAUSE; \
	TRUECAUSE_SHARED="$${TRUECAUSE_SHARED:-$(abs_top_srcdir)/../shared}"; export TRUECAUSE_SHARED; \
	ENTERPRISE_OID='$(ENTERPRISE_OID)'; export ENTERPRISE_OID; \
	CK_DEFAULT_TIMEOUT=$${CK_DEFAULT_TIMEOUT:-60}; export CK_DEFAULT_TIMEOUT; \
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER:-5}; export CK_TIMEOUT_MULTIPLIER; \
	LC_ALL=C.UTF-8; export LC_ALL;
AM_TESTS_ENVIRONMENT = $(TEST_VARIABLES)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

LDADD = $(PROGRAM_LIBS) $(CHECK_LIBS)

# --- unit tests -------------------------------------------------------------
check_PROGRAMS += %D%/unit/check_acked
%C%_unit_check_acked_SOURCES = %D%/unit/check_acked.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_ackstream
%C%_unit_check_ackstream_SOURCES = %D%/unit/check_ackstream.c
check_PROGRAMS += %D%/unit/check_advice
%C%_unit_check_advice_SOURCES = %D%/unit/check_advice.c
check_PROGRAMS += %D%/unit/check_agent_child
%C%_unit_check_agent_child_SOURCES = %D%/unit/check_agent_child.c
check_PROGRAMS += %D%/unit/check_agent_view
%C%_unit_check_agent_view_SOURCES = %D%/unit/check_agent_view.c
check_PROGRAMS += %D%/unit/check_alarm
%C%_unit_check_alarm_SOURCES = %D%/unit/check_alarm.c %D%/unit/engine.h
check_PROGRAMS += %D%/unit/check_bounds
%C%_unit_check_bounds_SOURCES = %D%/unit/check_bounds.c %D%/unit/engine.h
check_PROGRAMS += %D%/unit/check_bracket_log
%C%_unit_check_bracket_log_SOURCES = %D%/unit/check_bracket_log.c %D%/unit/framing.h %D%/unit/log_case.h
check_PROGRAMS += %D%/unit/check_catalogue
%C%_unit_check_catalogue_SOURCES = %D%/unit/check_catalogue.c
check_PROGRAMS += %D%/unit/check_code_scan
%C%_unit_check_code_scan_SOURCES = %D%/unit/check_code_scan.c
check_PROGRAMS += %D%/unit/check_config
%C%_unit_check_config_SOURCES = %D%/unit/check_config.c %D%/unit/config_load.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_config_agent
%C%_unit_check_config_agent_SOURCES = %D%/unit/check_config_agent.c %D%/unit/config_load.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_config_snmp
%C%_unit_check_config_snmp_SOURCES = %D%/unit/check_config_snmp.c %D%/unit/config_load.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_config_tls
%C%_unit_check_config_tls_SOURCES = %D%/unit/check_config_tls.c %D%/unit/certs.c %D%/unit/certs.h %D%/unit/config_load.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_config_values
%C%_unit_check_config_values_SOURCES = %D%/unit/check_config_values.c %D%/unit/config_load.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_control
%C%_unit_check_control_SOURCES = %D%/unit/check_control.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_correlate
%C%_unit_check_correlate_SOURCES = %D%/unit/check_correlate.c %D%/unit/part_store.h %D%/unit/scenario.h %D%/unit/scenario_read.c \
	%D%/unit/scenario_compare.c %D%/unit/scenario_run.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_correlate_live
%C%_unit_check_correlate_live_SOURCES = %D%/unit/check_correlate_live.c %D%/unit/engine.h %D%/unit/part_store.h
check_PROGRAMS += %D%/unit/check_datagrams
%C%_unit_check_datagrams_SOURCES = %D%/unit/check_datagrams.c
check_PROGRAMS += %D%/unit/check_diagnose
%C%_unit_check_diagnose_SOURCES = %D%/unit/check_diagnose.c %D%/unit/builtin_set.h
check_PROGRAMS += %D%/unit/check_dial
%C%_unit_check_dial_SOURCES = %D%/unit/check_dial.c
check_PROGRAMS += %D%/unit/check_file
%C%_unit_check_file_SOURCES = %D%/unit/check_file.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_event_forms
%C%_unit_check_event_forms_SOURCES = %D%/unit/check_event_forms.c %D%/unit/builtin_set.h %D%/unit/event_forms.c %D%/unit/event_forms.h \
	%D%/unit/evt_sim.c %D%/unit/evt_sim.h %D%/unit/evtx_writer.c %D%/unit/evtx_writer.h
check_PROGRAMS += %D%/unit/check_event_rows
%C%_unit_check_event_rows_SOURCES = %D%/unit/check_event_rows.c %D%/unit/builtin_set.h %D%/unit/event_forms.c %D%/unit/event_forms.h \
	%D%/unit/evt_sim.c %D%/unit/evt_sim.h %D%/unit/evtx_writer.c %D%/unit/evtx_writer.h \
	%D%/unit/jsonl.c %D%/unit/jsonl.h
check_PROGRAMS += %D%/unit/check_event_schema
%C%_unit_check_event_schema_SOURCES = %D%/unit/check_event_schema.c
check_PROGRAMS += %D%/unit/check_event_xml
%C%_unit_check_event_xml_SOURCES = %D%/unit/check_event_xml.c %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_evtx
%C%_unit_check_evtx_SOURCES = %D%/unit/check_evtx.c %D%/unit/evtx_writer.c %D%/unit/evtx_writer.h \
	%D%/unit/framing.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_evt
%C%_unit_check_evt_SOURCES = %D%/unit/check_evt.c %D%/unit/evt_sim.c %D%/unit/evt_sim.h %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_evt_ring
%C%_unit_check_evt_ring_SOURCES = %D%/unit/check_evt_ring.c %D%/unit/evt_sim.c %D%/unit/evt_sim.h
check_PROGRAMS += %D%/unit/check_evt_samba
%C%_unit_check_evt_samba_SOURCES = %D%/unit/check_evt_samba.c %D%/unit/jsonl.c %D%/unit/jsonl.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_feed
%C%_unit_check_feed_SOURCES = %D%/unit/check_feed.c %D%/unit/random_items.c %D%/unit/random_items.h
check_PROGRAMS += %D%/unit/check_follow
%C%_unit_check_follow_SOURCES = %D%/unit/check_follow.c %D%/unit/follow_log.h %D%/unit/follow_rotations.h \
	%D%/unit/follow_taker.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_follow_copies
%C%_unit_check_follow_copies_SOURCES = %D%/unit/check_follow_copies.c %D%/unit/follow_log.h \
	%D%/unit/follow_rotations.h %D%/unit/follow_taker.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_follow_drop
%C%_unit_check_follow_drop_SOURCES = %D%/unit/check_follow_drop.c %D%/unit/follow_log.h %D%/unit/follow_taker.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_follow_drop_logs
%C%_unit_check_follow_drop_logs_SOURCES = %D%/unit/check_follow_drop_logs.c %D%/unit/evt_sim.c %D%/unit/evt_sim.h \
	%D%/unit/evtx_writer.c %D%/unit/evtx_writer.h %D%/unit/follow_log.h %D%/unit/follow_taker.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_follow_snapshot
%C%_unit_check_follow_snapshot_SOURCES = %D%/unit/check_follow_snapshot.c %D%/unit/evt_sim.c %D%/unit/evt_sim.h \
	%D%/unit/follow_log.h %D%/unit/follow_taker.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_follow_source
%C%_unit_check_follow_source_SOURCES = %D%/unit/check_follow_source.c %D%/unit/follow_log.h %D%/unit/follow_taker.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_format
%C%_unit_check_format_SOURCES = %D%/unit/check_format.c
check_PROGRAMS += %D%/unit/check_generation
%C%_unit_check_generation_SOURCES = %D%/unit/check_generation.c
check_PROGRAMS += %D%/unit/check_glob_case
%C%_unit_check_glob_case_SOURCES = %D%/unit/check_glob_case.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_id
%C%_unit_check_id_SOURCES = %D%/unit/check_id.c
check_PROGRAMS += %D%/unit/check_item_xml
%C%_unit_check_item_xml_SOURCES = %D%/unit/check_item_xml.c %D%/unit/random_items.c %D%/unit/random_items.h
check_PROGRAMS += %D%/unit/check_journal
%C%_unit_check_journal_SOURCES = %D%/unit/check_journal.c %D%/unit/journal_items.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_journal_damage
%C%_unit_check_journal_damage_SOURCES = %D%/unit/check_journal_damage.c %D%/unit/journal_items.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_journal_faults
%C%_unit_check_journal_faults_SOURCES = %D%/unit/check_journal_faults.c %D%/unit/faulty_disk.c \
	%D%/unit/faulty_disk.h %D%/unit/journal_items.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_journal_find
%C%_unit_check_journal_find_SOURCES = %D%/unit/check_journal_find.c %D%/unit/journal_items.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_journal_schema
%C%_unit_check_journal_schema_SOURCES = %D%/unit/check_journal_schema.c %D%/unit/journal_items.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_json
%C%_unit_check_json_SOURCES = %D%/unit/check_json.c
check_PROGRAMS += %D%/unit/check_keep
%C%_unit_check_keep_SOURCES = %D%/unit/check_keep.c
check_PROGRAMS += %D%/unit/check_labels
%C%_unit_check_labels_SOURCES = %D%/unit/check_labels.c %D%/unit/builtin_set.h %D%/unit/jsonl.c %D%/unit/jsonl.h
check_PROGRAMS += %D%/unit/check_log
%C%_unit_check_log_SOURCES = %D%/unit/check_log.c
check_PROGRAMS += %D%/unit/check_map
%C%_unit_check_map_SOURCES = %D%/unit/check_map.c
check_PROGRAMS += %D%/unit/check_merge
%C%_unit_check_merge_SOURCES = %D%/unit/check_merge.c
check_PROGRAMS += %D%/unit/check_mib
%C%_unit_check_mib_SOURCES = %D%/unit/check_mib.c
check_PROGRAMS += %D%/unit/check_moment_read
%C%_unit_check_moment_read_SOURCES = %D%/unit/check_moment_read.c
check_PROGRAMS += %D%/unit/check_nt_trap
%C%_unit_check_nt_trap_SOURCES = %D%/unit/check_nt_trap.c %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_pack
%C%_unit_check_pack_SOURCES = %D%/unit/builtin_set.h %D%/unit/check_pack.c
check_PROGRAMS += %D%/unit/check_pair
%C%_unit_check_pair_SOURCES = %D%/unit/check_pair.c %D%/unit/engine.h
check_PROGRAMS += %D%/unit/check_paths
%C%_unit_check_paths_SOURCES = %D%/unit/check_paths.c
check_PROGRAMS += %D%/unit/check_relay_line
%C%_unit_check_relay_line_SOURCES = %D%/unit/check_relay_line.c %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_reload
%C%_unit_check_reload_SOURCES = %D%/unit/check_reload.c %D%/unit/config_load.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_scenarios
%C%_unit_check_scenarios_SOURCES = %D%/unit/check_scenarios.c %D%/unit/scenario.h %D%/unit/scenario_read.c \
	%D%/unit/scenario_compare.c %D%/unit/scenario_run.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_signature
%C%_unit_check_signature_SOURCES = %D%/unit/check_signature.c
check_PROGRAMS += %D%/unit/check_sms_event
%C%_unit_check_sms_event_SOURCES = %D%/unit/check_sms_event.c
check_PROGRAMS += %D%/unit/check_sms_frame
%C%_unit_check_sms_frame_SOURCES = %D%/unit/check_sms_frame.c %D%/unit/framing.h %D%/unit/log_case.h
check_PROGRAMS += %D%/unit/check_sms_log
%C%_unit_check_sms_log_SOURCES = %D%/unit/check_sms_log.c %D%/unit/framing.h %D%/unit/log_case.h
check_PROGRAMS += %D%/unit/check_snmp_engine
%C%_unit_check_snmp_engine_SOURCES = %D%/unit/check_snmp_engine.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_stall
%C%_unit_check_stall_SOURCES = %D%/unit/check_stall.c %D%/unit/engine.h
check_PROGRAMS += %D%/unit/check_storm
%C%_unit_check_storm_SOURCES = %D%/unit/check_storm.c
check_PROGRAMS += %D%/unit/check_stream
%C%_unit_check_stream_SOURCES = %D%/unit/check_stream.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_stream_fed
%C%_unit_check_stream_fed_SOURCES = %D%/unit/check_stream_fed.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_summary
%C%_unit_check_summary_SOURCES = %D%/unit/check_summary.c
check_PROGRAMS += %D%/unit/check_syslog_bsd
%C%_unit_check_syslog_bsd_SOURCES = %D%/unit/check_syslog_bsd.c %D%/unit/rfc3164.c %D%/unit/rfc3164.h \
	%D%/unit/rfc5424.c %D%/unit/rfc5424.h
check_PROGRAMS += %D%/unit/check_syslog_hostile
%C%_unit_check_syslog_hostile_SOURCES = %D%/unit/check_syslog_hostile.c %D%/unit/rfc3164.c %D%/unit/rfc3164.h \
	%D%/unit/rfc5424.c %D%/unit/rfc5424.h
check_PROGRAMS += %D%/unit/check_syslog_msg
%C%_unit_check_syslog_msg_SOURCES = %D%/unit/check_syslog_msg.c %D%/unit/rfc5424.c %D%/unit/rfc5424.h
check_PROGRAMS += %D%/unit/check_ascii
%C%_unit_check_ascii_SOURCES = %D%/unit/check_ascii.c %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_informs
%C%_unit_check_informs_SOURCES = %D%/unit/check_informs.c %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_target_snmp
%C%_unit_check_target_snmp_SOURCES = %D%/unit/check_target_snmp.c %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_target_snmp_pdu
%C%_unit_check_target_snmp_pdu_SOURCES = %D%/unit/check_target_snmp_pdu.c %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_target_snmp_v
%C%_unit_check_target_snmp_v_SOURCES = %D%/unit/check_target_snmp_v.c %D%/unit/scratch.h %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_target_snmp_way
%C%_unit_check_target_snmp_way_SOURCES = %D%/unit/check_target_snmp_way.c %D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h
check_PROGRAMS += %D%/unit/check_target_syslog
%C%_unit_check_target_syslog_SOURCES = %D%/unit/check_target_syslog.c %D%/unit/rfc5424.c %D%/unit/rfc5424.h
check_PROGRAMS += %D%/unit/check_target_syslog_loss
%C%_unit_check_target_syslog_loss_SOURCES = %D%/unit/check_target_syslog_loss.c %D%/unit/certs.c %D%/unit/certs.h
check_PROGRAMS += %D%/unit/check_target_syslog_way
%C%_unit_check_target_syslog_way_SOURCES = %D%/unit/check_target_syslog_way.c %D%/unit/certs.c %D%/unit/certs.h \
	%D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_target_syslog_unix
%C%_unit_check_target_syslog_unix_SOURCES = %D%/unit/check_target_syslog_unix.c %D%/unit/rfc3164.c %D%/unit/rfc3164.h \
	%D%/unit/rfc5424.c %D%/unit/rfc5424.h %D%/unit/scratch.h
if WITH_RELP
check_PROGRAMS += %D%/unit/check_target_syslog_relp
%C%_unit_check_target_syslog_relp_SOURCES = %D%/unit/check_target_syslog_relp.c
endif
check_PROGRAMS += %D%/unit/check_target_xml
%C%_unit_check_target_xml_SOURCES = %D%/unit/archive.h %D%/unit/check_target_xml.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_target_xml_files
%C%_unit_check_target_xml_files_SOURCES = %D%/unit/archive.h %D%/unit/check_target_xml_files.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_text
%C%_unit_check_text_SOURCES = %D%/unit/check_text.c
check_PROGRAMS += %D%/unit/check_tls
%C%_unit_check_tls_SOURCES = %D%/unit/check_tls.c %D%/unit/certs.c %D%/unit/certs.h %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_told
%C%_unit_check_told_SOURCES = %D%/unit/check_told.c %D%/unit/scratch.h
check_PROGRAMS += %D%/unit/check_trap_decode
%C%_unit_check_trap_decode_SOURCES = %D%/unit/ber.h %D%/unit/check_trap_decode.c %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_viewer_text
%C%_unit_check_viewer_text_SOURCES = %D%/unit/check_viewer_text.c %D%/unit/framing.h
check_PROGRAMS += %D%/unit/check_when
%C%_unit_check_when_SOURCES = %D%/unit/check_when.c
check_PROGRAMS += %D%/unit/check_worker
%C%_unit_check_worker_SOURCES = %D%/unit/check_worker.c %D%/unit/receiver.h %D%/unit/scratch.h %D%/unit/worker_rig.h
check_PROGRAMS += %D%/unit/check_worker_filter
%C%_unit_check_worker_filter_SOURCES = %D%/unit/check_worker_filter.c
check_PROGRAMS += %D%/unit/check_worker_informs
%C%_unit_check_worker_informs_SOURCES = %D%/unit/check_worker_informs.c %D%/unit/receiver.h %D%/unit/scratch.h \
	%D%/unit/snmp_receiver.c %D%/unit/snmp_receiver.h %D%/unit/worker_rig.h
check_PROGRAMS += %D%/unit/check_worker_replay
%C%_unit_check_worker_replay_SOURCES = %D%/unit/check_worker_replay.c %D%/unit/receiver.h %D%/unit/scratch.h %D%/unit/worker_rig.h
check_PROGRAMS += %D%/unit/check_worker_storm
%C%_unit_check_worker_storm_SOURCES = %D%/unit/check_worker_storm.c %D%/unit/receiver.h %D%/unit/scratch.h %D%/unit/worker_rig.h

# --- fuzz targets -----------------------------------------------------------
# Five lines each; the program fuzz_NAME is built by 'make fuzz' alone.
#     check_PROGRAMS += %D%/fuzz/replay_NAME
#     %C%_fuzz_replay_NAME_SOURCES = %D%/fuzz/fuzz_NAME.c %D%/fuzz/replay.c
#     EXTRA_PROGRAMS += %D%/fuzz/fuzz_NAME
#     %C%_fuzz_fuzz_NAME_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
#     FUZZ_NAMES += NAME
# and EXTRA_DIST += %D%/fuzz/seeds/NAME (a folder is packed whole).
FUZZ_NAMES =
check_PROGRAMS += %D%/fuzz/replay_export
%C%_fuzz_replay_export_SOURCES = %D%/fuzz/fuzz_export.c %D%/fuzz/replay.c
EXTRA_PROGRAMS += %D%/fuzz/fuzz_export
%C%_fuzz_fuzz_export_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += export
check_PROGRAMS += %D%/fuzz/replay_evtx
%C%_fuzz_replay_evtx_SOURCES = %D%/fuzz/fuzz_evtx.c %D%/fuzz/replay.c
EXTRA_PROGRAMS += %D%/fuzz/fuzz_evtx
%C%_fuzz_fuzz_evtx_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += evtx
check_PROGRAMS += %D%/fuzz/replay_item
%C%_fuzz_replay_item_SOURCES = %D%/fuzz/fuzz_item.c %D%/fuzz/replay.c
EXTRA_PROGRAMS += %D%/fuzz/fuzz_item
%C%_fuzz_fuzz_item_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += item
check_PROGRAMS += %D%/fuzz/replay_bracket_log
%C%_fuzz_replay_bracket_log_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_bracket_log_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=bracket_log_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_bracket_log
%C%_fuzz_fuzz_bracket_log_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_bracket_log_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=bracket_log_format
%C%_fuzz_fuzz_bracket_log_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += bracket_log
check_PROGRAMS += %D%/fuzz/replay_sms_log
%C%_fuzz_replay_sms_log_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_sms_log_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=sms_log_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_sms_log
%C%_fuzz_fuzz_sms_log_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_sms_log_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=sms_log_format
%C%_fuzz_fuzz_sms_log_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += sms_log
check_PROGRAMS += %D%/fuzz/replay_event_xml
%C%_fuzz_replay_event_xml_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_event_xml_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=event_xml_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_event_xml
%C%_fuzz_fuzz_event_xml_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_event_xml_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=event_xml_format
%C%_fuzz_fuzz_event_xml_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += event_xml
check_PROGRAMS += %D%/fuzz/replay_relay_line
%C%_fuzz_replay_relay_line_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_relay_line_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=relay_line_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_relay_line
%C%_fuzz_fuzz_relay_line_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_relay_line_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=relay_line_format
%C%_fuzz_fuzz_relay_line_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += relay_line
check_PROGRAMS += %D%/fuzz/replay_evt
%C%_fuzz_replay_evt_SOURCES = %D%/fuzz/fuzz_evt.c %D%/fuzz/replay.c
EXTRA_PROGRAMS += %D%/fuzz/fuzz_evt
%C%_fuzz_fuzz_evt_SOURCES = %D%/fuzz/fuzz_evt.c
%C%_fuzz_fuzz_evt_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += evt
check_PROGRAMS += %D%/fuzz/replay_viewer_text
%C%_fuzz_replay_viewer_text_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_viewer_text_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=viewer_text_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_viewer_text
%C%_fuzz_fuzz_viewer_text_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_viewer_text_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=viewer_text_format
%C%_fuzz_fuzz_viewer_text_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += viewer_text
check_PROGRAMS += %D%/fuzz/replay_nt_trap
%C%_fuzz_replay_nt_trap_SOURCES = %D%/fuzz/fuzz_format.c %D%/fuzz/replay.c
%C%_fuzz_replay_nt_trap_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=nt_trap_format
EXTRA_PROGRAMS += %D%/fuzz/fuzz_nt_trap
%C%_fuzz_fuzz_nt_trap_SOURCES = %D%/fuzz/fuzz_format.c
%C%_fuzz_fuzz_nt_trap_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FORMAT=nt_trap_format
%C%_fuzz_fuzz_nt_trap_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += nt_trap
check_PROGRAMS += %D%/fuzz/replay_trap
%C%_fuzz_replay_trap_SOURCES = %D%/fuzz/fuzz_trap.c %D%/fuzz/replay.c
EXTRA_PROGRAMS += %D%/fuzz/fuzz_trap
%C%_fuzz_fuzz_trap_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ_NAMES += trap
FUZZERS = $(FUZZ_NAMES:%=tests/fuzz/fuzz_%)

# --- integration tests --------------------------------------------------------
SHELL_TESTS =
SHELL_TESTS += %D%/accuracy/accuracy.sh
SHELL_TESTS += %D%/faults/campaign.sh
SHELL_TESTS += %D%/faults/equal.sh
SHELL_TESTS += %D%/faults/history.sh
SHELL_TESTS += %D%/faults/inform_campaign.sh
SHELL_TESTS += %D%/faults/nth.sh
SHELL_TESTS += %D%/faults/rotate.sh
SHELL_TESTS += %D%/faults/transports.sh
SHELL_TESTS += %D%/integration/agent.sh
SHELL_TESTS += %D%/integration/bounds.sh
SHELL_TESTS += %D%/integration/catalogue.sh
SHELL_TESTS += %D%/integration/check_cmd.sh
SHELL_TESTS += %D%/integration/cli.sh
SHELL_TESTS += %D%/integration/daemon.sh
SHELL_TESTS += %D%/integration/drop.sh
SHELL_TESTS += %D%/integration/drop_logs.sh
SHELL_TESTS += %D%/integration/event_logs.sh
SHELL_TESTS += %D%/integration/evtx.sh
SHELL_TESTS += %D%/integration/evt.sh
SHELL_TESTS += %D%/integration/evt_follow.sh
SHELL_TESTS += %D%/integration/forward.sh
SHELL_TESTS += %D%/integration/informs.sh
SHELL_TESTS += %D%/integration/informs_v3.sh
SHELL_TESTS += %D%/integration/manpages.sh
SHELL_TESTS += %D%/integration/nms.sh
SHELL_TESTS += %D%/integration/oid.sh
SHELL_TESTS += %D%/integration/packs.sh
SHELL_TESTS += %D%/integration/relay.sh
SHELL_TESTS += %D%/integration/reload.sh
SHELL_TESTS += %D%/integration/rsyslog.sh
SHELL_TESTS += %D%/integration/smilint.sh
SHELL_TESTS += %D%/integration/snmp_restarts.sh
SHELL_TESTS += %D%/integration/snmp_versions.sh
SHELL_TESTS += %D%/integration/snmptrapd.sh
SHELL_TESTS += %D%/integration/sources.sh
SHELL_TESTS += %D%/integration/threshold.sh
SHELL_TESTS += %D%/integration/tls.sh
SHELL_TESTS += %D%/integration/syslog_recipes.sh
SHELL_TESTS += %D%/integration/syslog_ng.sh
SHELL_TESTS += %D%/integration/traps.sh

# Programs that shell tests run; built by 'make check', no tests themselves.
EXTRA_PROGRAMS += %D%/integration/evt_make
%C%_integration_evt_make_SOURCES = %D%/integration/evt_make.c %D%/unit/evt_sim.c %D%/unit/evt_sim.h
%C%_integration_evt_make_LDADD =
EXTRA_PROGRAMS += %D%/integration/hold_journal
%C%_integration_hold_journal_SOURCES = %D%/integration/hold_journal.c
EXTRA_PROGRAMS += %D%/integration/make_evtx
%C%_integration_make_evtx_SOURCES = %D%/integration/make_evtx.c %D%/unit/evtx_writer.c %D%/unit/evtx_writer.h
EXTRA_PROGRAMS += %D%/integration/notify_listen
%C%_integration_notify_listen_SOURCES = %D%/integration/notify_listen.c
EXTRA_PROGRAMS += %D%/integration/snmp_send
%C%_integration_snmp_send_SOURCES = %D%/integration/snmp_send.c
EXTRA_PROGRAMS += %D%/integration/send_syslog
EXTRA_PROGRAMS += %D%/bench/sink
%C%_bench_sink_SOURCES = %D%/bench/sink.c %D%/bench/sink_wire.c %D%/bench/sink_wire.h
%C%_bench_sink_LDADD = $(OPENSSL_LIBS)
check_DATA = \
	%D%/bench/bench_events$(EXEEXT) \
	%D%/bench/bench_time$(EXEEXT) \
	%D%/bench/sink$(EXEEXT) \
	%D%/faults/chance.so \
	%D%/integration/evt_make$(EXEEXT) \
	%D%/faults/nth_truecause$(EXEEXT) \
	%D%/faults/shim.so \
	%D%/integration/hold_journal$(EXEEXT) \
	%D%/integration/make_evtx$(EXEEXT) \
	%D%/integration/notify_listen$(EXEEXT) \
	%D%/integration/send_syslog$(EXEEXT) \
	%D%/integration/snmp_send$(EXEEXT) \
	tools/faults_page$(EXEEXT)

TESTS += $(check_PROGRAMS) $(SHELL_TESTS)

# --- the daemon under faults -------------------------------------------------
# Harnesses in Python; what they share is in faults/*.py, which say how to run them
# alone.  PROOF sets their surroundings.
PROOF = $(TEST_VARIABLES) PYTHONDONTWRITEBYTECODE=1 $(PYTHON)
PYTHON = python3

# Loaded before the program; free of sanitizers, which want to be first.
%D%/faults/chance.so: %D%/faults/chance.c build.h
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(AM_CPPFLAGS) -I. $(STD_CFLAGS) $(WARN_CFLAGS) -O2 -fPIC -shared \
		-o $@ $(top_srcdir)/tests/faults/chance.c
CLEANFILES += %D%/faults/chance.so
%D%/faults/shim.so: %D%/faults/shim.c build.h
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(AM_CPPFLAGS) -I. $(STD_CFLAGS) $(WARN_CFLAGS) $(XML_CFLAGS) $(ICU_CFLAGS) \
		-O2 -fPIC -shared -o $@ $(top_srcdir)/tests/faults/shim.c
CLEANFILES += %D%/faults/shim.so
# The program with the shim in its own allocations, for builds with sanitizers.
EXTRA_PROGRAMS += %D%/faults/nth_truecause
%C%_faults_nth_truecause_SOURCES = %D%/faults/shim.c forwarder/main.c
%C%_faults_nth_truecause_CPPFLAGS = $(AM_CPPFLAGS) -DSHIM_WRAP
%C%_faults_nth_truecause_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
%C%_faults_nth_truecause_LDADD = $(PROGRAM_LIBS)

# Every Nth call fails, for every N; 'make check' tries some (nth.sh).
faults-nth: all %D%/faults/shim.so %D%/faults/nth_truecause$(EXEEXT)
	@$(TEST_VARIABLES) NTH_ALL=1 $(SHELL) $(top_srcdir)/tests/faults/nth.sh
.PHONY: faults-nth

# Informs to real receivers under faults, CYCLES of them or MINUTES, whatever ends first.
MINUTES = 30
faults-informs: all
	@$(PROOF) $(top_srcdir)/tests/faults/inform_campaign.py --cycles $(CYCLES) --minutes $(MINUTES) $${SEED:+--seed $$SEED}
.PHONY: faults-informs

# Receivers that are not net-snmp: PEERS="gosnmp pysnmp snmp4j".  Their libraries are
# fetched by go, pip and mvn, so this is no part of 'make check'.
peers: all
	@$(TEST_VARIABLES) PEERS='$(PEERS)' $(SHELL) $(top_srcdir)/tests/peers/fetch.sh tests/peers/work
	@$(PROOF) $(top_srcdir)/tests/peers/peers.py tests/peers/work $(PEERS)
# Parsers of log management products over TLS: SIEMS="elasticsearch graylog", from mvn.
SIEMS = elasticsearch graylog
peers-siem: all
	@$(TEST_VARIABLES) PEERS='$(SIEMS)' $(SHELL) $(top_srcdir)/tests/peers/fetch.sh tests/peers/work
	@$(PROOF) $(top_srcdir)/tests/peers/siem.py tests/peers/work $(SIEMS)
# The journal of systemd, for what goes to /dev/log; as root.
peers-journald: all
	@$(PROOF) $(top_srcdir)/tests/peers/journald.py
.PHONY: peers peers-siem peers-journald

# Precision and recall on invented logs whose truth is known.
ACCURACY_RECORDS = 1000000
ACCURACY_FAULTS = 10000
ACCURACY_SEED = 20261123
accuracy: all
	@$(TEST_VARIABLES) PYTHONDONTWRITEBYTECODE=1 python3 $(top_srcdir)/tests/accuracy/accuracy.py ./truecause \
	$(ACCURACY_RECORDS) $(ACCURACY_FAULTS) $(ACCURACY_SEED)
.PHONY: accuracy

# Rounds of rotation; ROUNDS=1000 RECORDS=10000000 is the long form.
ROUNDS = 200
RECORDS = 1000000
rotate: all %D%/bench/sink$(EXEEXT)
	@$(PROOF) $(top_srcdir)/tests/faults/rotate.py --rounds $(ROUNDS) --records $(RECORDS)

# Syslog messages of that many hostile items, each read by two checkers.
HOSTILE_ITEMS = 200000
hostile: %D%/unit/check_syslog_hostile$(EXEEXT)
	@HOSTILE_ITEMS=$(HOSTILE_ITEMS) %D%/unit/check_syslog_hostile$(EXEEXT)

# So many starts with SNMPv3, half of them after kill -9, before a real snmptrapd.
RESTARTS = 100
snmp-restarts: all
	@$(TEST_VARIABLES) RESTARTS=$(RESTARTS) $(SHELL) $(top_srcdir)/tests/integration/snmp_restarts.sh
.PHONY: snmp-restarts

# The agent's master killed AGENT_ROUNDS times under load, the agent under valgrind.
AGENT_ROUNDS = 50
agent: all
	@command -v valgrind >/dev/null || { echo 'install the Debian package valgrind' >&2; exit 1; }
	@$(TEST_VARIABLES) AGENT_ROUNDS=$(AGENT_ROUNDS) AGENT_VALGRIND=1 $(SHELL) $(top_srcdir)/tests/integration/agent.sh
.PHONY: agent

# Load, rotation and a flapping target for SECONDS.
SECONDS = 3600
soak: all %D%/bench/sink$(EXEEXT)
	@$(PROOF) $(top_srcdir)/tests/soak/soak.py --seconds $(SECONDS)

# Tail to TCP through the journal; and losses beside those of the peers.
bench-tail: all %D%/bench/sink$(EXEEXT) %D%/bench/bench_load$(EXEEXT)
	@$(PROOF) $(top_srcdir)/tests/bench/tail.py $(BENCH_OPTIONS)
# How long a start over a journal of SIZE GiB takes; the file is made in TMPDIR.
SIZE = 10
bench-start: %D%/bench/bench_start$(EXEEXT)
	@dir=$$(mktemp -d "$${TMPDIR:-/tmp}/truecause-start.XXXXXX") && \
	{ %D%/bench/bench_start$(EXEEXT) "$$dir/state" $(SIZE); status=$$?; rm -rf "$$dir"; exit $$status; }
# XML_SIZE GiB of event XML through a pipe, and the peak of memory it takes.
XML_SIZE = 5
bench-xml: all %D%/bench/bench_events$(EXEEXT) %D%/bench/bench_time$(EXEEXT)
	@%D%/bench/bench_events$(EXEEXT) $$(($(XML_SIZE) * 1073741824 / 584)) | \
	%D%/bench/bench_time$(EXEEXT) 'truecause export, event XML' $$(($(XML_SIZE) * 1073741824 / 584)) 1 /dev/null \
	./truecause export --host BENCH -
# What each transport of syslog loses when its receiver fails, beside other forwarders
# and with a real rsyslogd as the receiver (FAULT_OPTIONS=--help).
faults-syslog: all
	@$(PROOF) $(top_srcdir)/tests/faults/transports.py --download $(FAULT_OPTIONS)
	@$(PROOF) $(top_srcdir)/tests/faults/transports.py --only truecause --rsyslogd $(FAULT_OPTIONS)
bench-peers: all %D%/bench/sink$(EXEEXT)
	@$(PROOF) $(top_srcdir)/tests/bench/peers.py $(BENCH_OPTIONS)
# Notifications a second, beside plain loops of snmp_send(); BENCH_OPTIONS="--pairs 21 2c trap".
bench-snmp: all %D%/bench/bench_snmp$(EXEEXT) %D%/bench/snmp_sink$(EXEEXT)
	@$(PROOF) $(top_srcdir)/tests/bench/snmp.py $(BENCH_OPTIONS)
# 100,000 notifications at the default pace to snmptrapd (100 s): none may be lost.
bench-burst: all
	@$(PROOF) $(top_srcdir)/tests/bench/snmp_burst.py $(BENCH_OPTIONS)
.PHONY: rotate soak bench-burst bench-peers bench-snmp bench-start bench-tail bench-xml faults-syslog hostile

# --- benches -------------------------------------------------------------------
# Built by 'make bench' alone: add the program to both lists.
EXTRA_PROGRAMS += %D%/bench/bench_catalogue
%C%_bench_bench_catalogue_SOURCES = %D%/bench/bench_catalogue.c
EXTRA_PROGRAMS += %D%/bench/bench_events
%C%_bench_bench_events_SOURCES = %D%/bench/bench_events.c
EXTRA_PROGRAMS += %D%/bench/bench_evt
%C%_bench_bench_evt_SOURCES = %D%/bench/bench_evt.c
EXTRA_PROGRAMS += %D%/bench/bench_journal
%C%_bench_bench_journal_SOURCES = %D%/bench/bench_journal.c %D%/bench/cpu.h
EXTRA_PROGRAMS += %D%/bench/bench_load
%C%_bench_bench_load_SOURCES = %D%/bench/bench_load.c
EXTRA_PROGRAMS += %D%/bench/bench_snmp
%C%_bench_bench_snmp_SOURCES = %D%/bench/bench_snmp.c %D%/bench/cpu.h
EXTRA_PROGRAMS += %D%/bench/bench_start
%C%_bench_bench_start_SOURCES = %D%/bench/bench_start.c
EXTRA_PROGRAMS += %D%/bench/bench_state
%C%_bench_bench_state_SOURCES = %D%/bench/bench_state.c
EXTRA_PROGRAMS += %D%/bench/bench_syslog
%C%_bench_bench_syslog_SOURCES = %D%/bench/bench_syslog.c %D%/bench/cpu.h
EXTRA_PROGRAMS += %D%/bench/bench_time
%C%_bench_bench_time_SOURCES = %D%/bench/bench_time.c
EXTRA_PROGRAMS += %D%/bench/snmp_sink
%C%_bench_snmp_sink_SOURCES = %D%/bench/snmp_sink.c
BENCHES = \
	%D%/bench/bench_catalogue$(EXEEXT) \
	%D%/bench/bench_events$(EXEEXT) \
	%D%/bench/bench_evt$(EXEEXT) \
	%D%/bench/bench_journal$(EXEEXT) \
	%D%/bench/bench_load$(EXEEXT) \
	%D%/bench/bench_snmp$(EXEEXT) \
	%D%/bench/bench_start$(EXEEXT) \
	%D%/bench/bench_state$(EXEEXT) \
	%D%/bench/bench_syslog$(EXEEXT) \
	%D%/bench/bench_time$(EXEEXT) \
	%D%/bench/sink$(EXEEXT) \
	%D%/bench/snmp_sink$(EXEEXT) \
	%D%/integration/evt_make$(EXEEXT) \
	%D%/integration/make_evtx$(EXEEXT)

# --- packed besides ------------------------------------------------------------
EXTRA_DIST += $(SHELL_TESTS) \
	%D%/accuracy/README \
	%D%/accuracy/accuracy.py \
	%D%/accuracy/families.py \
	%D%/accuracy/world.py \
	%D%/bench/peers.py \
	%D%/bench/run.sh \
	%D%/bench/snmp.py \
	%D%/bench/snmp_burst.py \
	%D%/bench/tail.py \
	%D%/data \
	%D%/faults/arrivals.py \
	%D%/faults/boots.py \
	%D%/faults/campaign.py \
	%D%/faults/certs.py \
	%D%/faults/chance.c \
	%D%/faults/daemon.py \
	%D%/faults/equal.py \
	%D%/faults/equal_scenarios.py \
	%D%/faults/forwarders.py \
	%D%/faults/history.py \
	%D%/faults/inform_campaign.py \
	%D%/faults/inform_view.py \
	%D%/faults/logs.py \
	%D%/faults/nth.py \
	%D%/faults/oracle.py \
	%D%/faults/oracle_test.py \
	%D%/faults/ports.py \
	%D%/faults/products.py \
	%D%/faults/real.py \
	%D%/faults/receivers.py \
	%D%/faults/relay.py \
	%D%/faults/rotate.py \
	%D%/faults/run.sh \
	%D%/faults/trapd.py \
	%D%/faults/transports.py \
	%D%/faults/wires.py \
	%D%/fuzz/replay.c \
	%D%/fuzz/run.sh \
	%D%/fuzz/seeds/bracket_log \
	%D%/fuzz/seeds/event_xml \
	%D%/fuzz/seeds/evtx \
	%D%/fuzz/seeds/evt \
	%D%/fuzz/seeds/export \
	%D%/fuzz/seeds/item \
	%D%/fuzz/seeds/nt_trap \
	%D%/fuzz/seeds/relay_line \
	%D%/fuzz/seeds/sms_log \
	%D%/fuzz/seeds/trap \
	%D%/fuzz/seeds/viewer_text \
	%D%/integration/evt_compare.py \
	%D%/integration/lib.sh \
	%D%/integration/snmptrapd.expected \
	%D%/integration/splunk_check.py \
	%D%/integration/syslog_compare.py \
	%D%/integration/trap_send.py \
	%D%/integration/zabbix_check.py \
	%D%/peers \
	%D%/scenarios \
	%D%/soak/soak.py
