# SPDX-License-Identifier: Apache-2.0
# Whole switches in namespaces; they need root, and skip without.
system_tests = \
	tests/system/async.py \
	tests/system/clocks.py \
	tests/system/audit.py \
	tests/system/controller.py \
	tests/system/daemon.py \
	tests/system/egress.py \
	tests/system/errors.py \
	tests/system/failures.py \
	tests/system/fairness.py \
	tests/system/groups.py \
	tests/system/headers.py \
	tests/system/hostile_controllers.py \
	tests/system/kills.py \
	tests/system/meters.py \
	tests/system/many_ports.py \
	tests/system/modifications.py \
	tests/system/fastpath.py \
	tests/system/monitor.py \
	tests/system/nicira.py \
	tests/system/nicira_actions.py \
	tests/system/outputs.py \
	tests/system/choices.py \
	tests/system/ofctl.py \
	tests/system/openflow.py \
	tests/system/packet_in.py \
	tests/system/pause.py \
	tests/system/restart.py \
	tests/system/privileges.py \
	tests/system/queues.py \
	tests/system/saved.py \
	tests/system/segments.py \
	tests/system/shortages.py \
	tests/system/shuntctl_verbs.py \
	tests/system/sums.py \
	tests/system/testcontroller.py \
	tests/system/traffic.py
TESTS += $(system_tests)
EXTRA_DIST += $(system_tests) tests/system/disk.py tests/system/error_pads.py tests/system/error_rows.py tests/system/harness.py tests/system/hosts.py \
	tests/system/ofwire.py tests/system/peer.py tests/system/rules.py tests/system/preload.c \
	tests/system/preload.py tests/system/watch.py
check_PROGRAMS += bench/pktgen

# Loaded before the daemon, which may be sanitized.
check_DATA += tests/system/preload.so
CLEANFILES += tests/system/preload.so
tests/system/preload.so: tests/system/preload.c
	$(AM_V_CC)$(MKDIR_P) tests/system && $(CC) -O2 $(WARN_CFLAGS) -shared -fPIC -o $@ $<

# Attached at a port's egress by sums.py.
check_DATA += tests/system/sum.bpf.o
CLEANFILES += tests/system/sum.bpf.o
EXTRA_DIST += tests/system/sum.bpf.c
tests/system/sum.bpf.o: tests/system/sum.bpf.c
	$(AM_V_GEN)$(MKDIR_P) tests/system && $(BPF_CLANG) $(BPF_CFLAGS) -c -o $@ $<
