# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += tests/ofproto/random.h

check_PROGRAMS += tests/ofproto/test-prefix-set
TESTS += tests/ofproto/test-prefix-set
tests_ofproto_test_prefix_set_SOURCES = tests/ofproto/test-prefix-set.c
tests_ofproto_test_prefix_set_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_prefix_set_LDADD = ofproto/libofproto.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/ofproto/test-classifier
TESTS += tests/ofproto/test-classifier
tests_ofproto_test_classifier_SOURCES = tests/ofproto/test-classifier.c
tests_ofproto_test_classifier_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_classifier_LDADD = ofproto/libofproto.a lib/libshunt.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/ofproto/test-conn
TESTS += tests/ofproto/test-conn
tests_ofproto_test_conn_SOURCES = tests/ofproto/test-conn.c
tests_ofproto_test_conn_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_conn_LDADD = ofproto/libconnmgr.a ofproto/libopenflow.a lib/libshunt.a \
	$(CMOCKA_LIBS) $(LIBEVENT_LIBS) $(OPENSSL_LIBS)
