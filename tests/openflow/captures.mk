# SPDX-License-Identifier: Apache-2.0
# Real bytes, there and back. The data: captures of our own, messages from os-ken's unit tests.
check_PROGRAMS += tests/openflow/roundtrip-captures
TESTS += tests/openflow/roundtrip-captures
tests_openflow_roundtrip_captures_SOURCES = tests/openflow/roundtrip-captures.c
tests_openflow_roundtrip_captures_LDADD = ofproto/libopenflow.a lib/libshunt.a

EXTRA_DIST += \
	tests/openflow/capture \
	tests/openflow/capture_osken.py \
	tests/openflow/capture_scenarios.py \
	tests/openflow/captures \
	tests/openflow/excuses \
	tests/openflow/messages
