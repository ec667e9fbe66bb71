# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/datapath/client
TESTS += tests/datapath/client
tests_datapath_client_SOURCES = \
	tests/datapath/client.c tests/datapath/net.c tests/datapath/net.h
tests_datapath_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_datapath_client_LDADD = datapath/libdatapath.a lib/libshunt.a $(LIBBPF_LIBS) $(CMOCKA_LIBS)
