# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/datapath/client
TESTS += tests/datapath/client
tests_datapath_client_SOURCES = \
	tests/datapath/client.c tests/datapath/net.c tests/datapath/net.h
tests_datapath_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_client_LDADD = datapath/libdatapath.a lib/libshunt.a $(LIBBPF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/datapath/hold
TESTS += tests/datapath/hold
tests_datapath_hold_SOURCES = tests/datapath/hold.c tests/datapath/net.c tests/datapath/net.h
tests_datapath_hold_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_hold_LDADD = datapath/libdatapath.a lib/libshunt.a $(LIBBPF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/datapath/parse
TESTS += tests/datapath/parse
tests_datapath_parse_SOURCES = tests/datapath/parse.c
tests_datapath_parse_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_parse_LDADD = datapath/libdatapath.a lib/libshunt.a $(LIBBPF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/datapath/flow_table
TESTS += tests/datapath/flow_table
tests_datapath_flow_table_SOURCES = tests/datapath/flow_table.c
tests_datapath_flow_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_flow_table_LDADD = \
	datapath/libdatapath.a lib/libshunt.a $(LIBBPF_LIBS) $(CMOCKA_LIBS)
