# SPDX-License-Identifier: Apache-2.0
# Lists of actions, byte by byte: the fast path's source with one more way in, for both hooks.
check_PROGRAMS += tests/datapath/actions
TESTS += tests/datapath/actions tests/datapath/actions-6.1
tests_datapath_actions_SOURCES = tests/datapath/actions.c tests/datapath/rig.c tests/datapath/rig.h
nodist_tests_datapath_actions_SOURCES = \
	tests/datapath/actions-tc.skel.h tests/datapath/actions-xdp.skel.h
tests_datapath_actions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_actions_LDADD = actions/libactions.a lib/libshunt.a \
	$(LIBBPF_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)

tests/datapath/actions-rig.$(OBJEXT): tests/datapath/actions-tc.skel.h tests/datapath/actions-xdp.skel.h

tests/datapath/actions-%.skel.h: tests/datapath/actions-%.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton $< name actions_$* > $@.tmp && mv $@.tmp $@

tests/datapath/actions-tc.bpf.o: ACTIONS_HOOK = SHUNT_TC
tests/datapath/actions-xdp.bpf.o: ACTIONS_HOOK = SHUNT_XDP
tests/datapath/actions-tc.bpf.o tests/datapath/actions-xdp.bpf.o: \
		$(top_srcdir)/tests/datapath/actions.bpf.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(BPF_CLANG) -target bpf -mcpu=v3 -g -O2 -Wall -D$(ACTIONS_HOOK) \
		-I$(top_srcdir) -I/usr/include/$$($(CC) -print-multiarch) -MMD -MP -MF $@.d -c $< -o $@

-include tests/datapath/actions-tc.bpf.o.d
-include tests/datapath/actions-xdp.bpf.o.d

CLEANFILES += \
	tests/datapath/actions-tc.bpf.o tests/datapath/actions-tc.bpf.o.d \
	tests/datapath/actions-tc.skel.h tests/datapath/actions-xdp.bpf.o \
	tests/datapath/actions-xdp.bpf.o.d tests/datapath/actions-xdp.skel.h
EXTRA_DIST += tests/datapath/actions-6.1 tests/datapath/actions.bpf.c \
	tests/datapath/actions.json tests/datapath/gen-actions
