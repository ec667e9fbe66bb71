# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/slowpath/unit-mac
TESTS += tests/slowpath/unit-mac
tests_slowpath_unit_mac_SOURCES = tests/slowpath/unit-mac.c
tests_slowpath_unit_mac_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_slowpath_unit_mac_LDADD = slowpath/libslowpath.a lib/libshunt.a $(CMOCKA_LIBS)
