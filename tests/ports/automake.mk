# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/ports/unit-ports
TESTS += tests/ports/unit-ports
tests_ports_unit_ports_SOURCES = tests/ports/unit-ports.c
tests_ports_unit_ports_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ports_unit_ports_LDADD = ports/libports.a lib/libshunt.a $(LIBMNL_LIBS) $(CMOCKA_LIBS)
