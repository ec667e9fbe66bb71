# SPDX-License-Identifier: Apache-2.0
# Whole switches in namespaces; they need root, and skip without.
system_tests = \
	tests/system/async.py \
	tests/system/audit.py \
	tests/system/controller.py \
	tests/system/daemon.py \
	tests/system/egress.py \
	tests/system/errors.py \
	tests/system/failures.py \
	tests/system/fairness.py \
	tests/system/groups.py \
	tests/system/meters.py \
	tests/system/modifications.py \
	tests/system/fastpath.py \
	tests/system/monitor.py \
	tests/system/nicira.py \
	tests/system/ofctl.py \
	tests/system/openflow.py \
	tests/system/packet_in.py \
	tests/system/restart.py \
	tests/system/privileges.py \
	tests/system/queues.py \
	tests/system/segments.py \
	tests/system/testcontroller.py \
	tests/system/traffic.py
TESTS += $(system_tests)
EXTRA_DIST += $(system_tests) tests/system/error_rows.py tests/system/harness.py tests/system/hosts.py \
	tests/system/ofwire.py tests/system/peer.py
check_PROGRAMS += bench/pktgen
