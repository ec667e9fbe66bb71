# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += tests/ofproto/random.h

check_PROGRAMS += tests/ofproto/test-prefix-set
TESTS += tests/ofproto/test-prefix-set
tests_ofproto_test_prefix_set_SOURCES = tests/ofproto/test-prefix-set.c
tests_ofproto_test_prefix_set_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_prefix_set_LDADD = ofproto/libofproto.a lib/libshunt.a $(CMOCKA_LIBS)

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

ofproto_bridge = tests/ofproto/bridge.c tests/ofproto/bridge.h
ofproto_libs = ofproto/libofproto.a ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/ofproto/test-flow-mod
TESTS += tests/ofproto/test-flow-mod
tests_ofproto_test_flow_mod_SOURCES = tests/ofproto/test-flow-mod.c $(ofproto_bridge)
tests_ofproto_test_flow_mod_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_flow_mod_LDADD = $(ofproto_libs)

check_PROGRAMS += tests/ofproto/test-group
TESTS += tests/ofproto/test-group
tests_ofproto_test_group_SOURCES = tests/ofproto/test-group.c $(ofproto_bridge)
tests_ofproto_test_group_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_group_LDADD = $(ofproto_libs)

check_PROGRAMS += tests/ofproto/test-bridge
TESTS += tests/ofproto/test-bridge
tests_ofproto_test_bridge_SOURCES = tests/ofproto/test-bridge.c $(ofproto_bridge)
tests_ofproto_test_bridge_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_bridge_LDADD = $(ofproto_libs)

check_PROGRAMS += tests/ofproto/test-threads
TESTS += tests/ofproto/test-threads
tests_ofproto_test_threads_SOURCES = tests/ofproto/test-threads.c $(ofproto_bridge)
tests_ofproto_test_threads_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_threads_LDADD = $(ofproto_libs)

# Conversions: fields, matches, actions, messages; text and wire.
noinst_HEADERS += tests/ofproto/wire.h
EXTRA_DIST += tests/ofproto/flow-lines.txt
ofproto_wire_libs = ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/ofproto/test-message-size
TESTS += tests/ofproto/test-message-size
tests_ofproto_test_message_size_SOURCES = tests/ofproto/test-message-size.c
tests_ofproto_test_message_size_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_message_size_LDADD = $(ofproto_wire_libs)

check_PROGRAMS += tests/ofproto/test-flow-text
TESTS += tests/ofproto/test-flow-text
tests_ofproto_test_flow_text_SOURCES = tests/ofproto/test-flow-text.c
tests_ofproto_test_flow_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_flow_text_LDADD = $(ofproto_wire_libs)

check_PROGRAMS += tests/ofproto/test-field
TESTS += tests/ofproto/test-field
tests_ofproto_test_field_SOURCES = tests/ofproto/test-field.c
tests_ofproto_test_field_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_field_LDADD = $(ofproto_wire_libs)

check_PROGRAMS += tests/ofproto/test-message
TESTS += tests/ofproto/test-message
tests_ofproto_test_message_SOURCES = tests/ofproto/test-message.c
tests_ofproto_test_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_ofproto_test_message_LDADD = $(ofproto_wire_libs)

# Fuzz targets for these are in tests/fuzz.
