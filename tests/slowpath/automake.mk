# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/slowpath/unit-mac
TESTS += tests/slowpath/unit-mac
tests_slowpath_unit_mac_SOURCES = tests/slowpath/unit-mac.c
tests_slowpath_unit_mac_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_slowpath_unit_mac_LDADD = slowpath/libslowpath.a lib/libshunt.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/slowpath/unit-flow-limit
TESTS += tests/slowpath/unit-flow-limit
tests_slowpath_unit_flow_limit_SOURCES = tests/slowpath/unit-flow-limit.c
tests_slowpath_unit_flow_limit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_slowpath_unit_flow_limit_LDADD = $(translation_libs)

check_PROGRAMS += tests/slowpath/unit-changes
TESTS += tests/slowpath/unit-changes
tests_slowpath_unit_changes_SOURCES = tests/slowpath/unit-changes.c
tests_slowpath_unit_changes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_slowpath_unit_changes_LDADD = $(translation_libs)

# Handlers and revalidator on a real fast path; skips without root.
check_PROGRAMS += tests/slowpath/test-live
TESTS += tests/slowpath/test-live
tests_slowpath_test_live_SOURCES = tests/slowpath/live.c tests/slowpath/live.h \
	tests/slowpath/test-live.c
tests_slowpath_test_live_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_slowpath_test_live_LDADD = $(translation_libs)
