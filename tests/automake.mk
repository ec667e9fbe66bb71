# SPDX-License-Identifier: Apache-2.0
# "make -j2 check" runs test programs side by side, system tests one at a time: they come last, and wait
# for each other (tests/system/harness.py). A test program prints TAP: "ok N - name", "not ok N - name",
# "ok N - name # SKIP why".
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	PATH="$(abs_top_builddir):$$PATH:/usr/sbin:/sbin"; \
	BPF_CFLAGS='$(BPF_CFLAGS)'; BPF_CLANG='$(BPF_CLANG)'; \
	export top_srcdir top_builddir PATH BPF_CFLAGS BPF_CLANG;

noinst_HEADERS += tests/unit.h

check_PROGRAMS += tests/unit-lib
TESTS += tests/unit-lib
tests_unit_lib_SOURCES = tests/unit-lib.c
tests_unit_lib_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_lib_LDADD = lib/libshunt.a $(CMOCKA_LIBS)

noinst_HEADERS += tests/faults.h
fault_ldflags = -Wl,--wrap=open,--wrap=write,--wrap=pwrite,--wrap=pwritev,--wrap=ftruncate \
	-Wl,--wrap=fsync,--wrap=fdatasync,--wrap=rename

check_PROGRAMS += tests/unit-config
TESTS += tests/unit-config
tests_unit_config_SOURCES = tests/unit-config.c
tests_unit_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_LDFLAGS = $(AM_LDFLAGS) $(fault_ldflags)
tests_unit_config_LDADD = shuntd/libshuntd.a ofproto/libconnmgr.a lib/libshunt.a $(JANSSON_LIBS) \
	$(ZLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit-journal
TESTS += tests/unit-journal
tests_unit_journal_SOURCES = tests/unit-journal.c
tests_unit_journal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_journal_LDFLAGS = $(AM_LDFLAGS) $(fault_ldflags)
tests_unit_journal_LDADD = lib/libshunt.a $(ZLIB_LIBS) $(CMOCKA_LIBS)

# What "make soak" runs, in this order.
soak_parts =

include tests/openflow/automake.mk
include tests/ofproto/automake.mk
include tests/datapath/actions.mk
include tests/datapath/automake.mk
include tests/ports/automake.mk
include tests/openflow/captures.mk
include tests/translation/automake.mk
include tests/slowpath/automake.mk
include tests/fuzz/automake.mk
include tests/differential/automake.mk
include tests/guest/automake.mk
include tests/soak/automake.mk
include tests/sanitizers.mk

# The last line of "make check": test cases over all programs.
check-local: check-TESTS
	@$(top_srcdir)/tests/summary $(TEST_LOGS)

TESTS += tests/check-includes tests/check-style
conformance_files = tests/conformance/ofctl.cases tests/conformance/ofctl-differences \
	tests/conformance/ofctl.py tests/conformance/sides.py tests/conformance/apps.py \
	tests/conformance/apps_examples.py tests/conformance/apps_main.py tests/conformance/report \
	tests/conformance/scores tests/conformance/differences.py
EXTRA_DIST += tests/conformance/run $(conformance_files) tests/check-includes tests/check-style scripts/guest \
	tests/summary tests/each

check_PROGRAMS += tests/unit-actions
TESTS += tests/unit-actions
tests_unit_actions_SOURCES = tests/unit-actions.c
tests_unit_actions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_actions_LDADD = actions/libactions.a lib/libshunt.a $(CMOCKA_LIBS)

# In check cppcheck alone; clang's analyzer takes six times as long.
TESTS += tests/analyze
analyze: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ANALYZERS='clang cppcheck' \
		$(top_srcdir)/tests/analyze
soak_parts += analyze
.PHONY: analyze
EXTRA_DIST += tests/analyze

include tests/system/automake.mk

# The Ryu suites, functional cases, both hooks; sudo make check-conformance. With the cases that
# measure rates: make check-conformance CONFORMANCE_FLAGS=-t
check-conformance: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		$(top_srcdir)/tests/each conformance.log \
		'$(top_srcdir)/tests/conformance/run $(CONFORMANCE_FLAGS)'

# Every command of ovs-ofctl, here and on Open vSwitch; sudo make check-ofctl. A version, or cases:
# make check-ofctl CONFORMANCE_FLAGS="-v OpenFlow13 -o group"
check-ofctl: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		$(top_srcdir)/tests/each ofctl.log \
		'$(top_srcdir)/tests/conformance/ofctl.py $(CONFORMANCE_FLAGS)'

# All of it, with the throughput cases, into docs/conformance.md; PARTS="ofctl apps" for some.
conformance-report: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		$(top_srcdir)/tests/conformance/report $(PARTS)
.PHONY: check-conformance check-ofctl conformance-report
