# SPDX-License-Identifier: Apache-2.0
check_LIBRARIES = tests/openflow/librandom.a
tests_openflow_librandom_a_SOURCES = tests/openflow/random.c tests/openflow/random.h

check_PROGRAMS += tests/openflow/test-roundtrip
TESTS += tests/openflow/test-roundtrip
tests_openflow_test_roundtrip_SOURCES = tests/openflow/test-roundtrip.c
tests_openflow_test_roundtrip_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_roundtrip_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a lib/libshunt.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-malformed
TESTS += tests/openflow/test-malformed
tests_openflow_test_malformed_SOURCES = tests/openflow/test-malformed.c
tests_openflow_test_malformed_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_malformed_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a lib/libshunt.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-object
TESTS += tests/openflow/test-object
tests_openflow_test_object_SOURCES = tests/openflow/test-object.c
tests_openflow_test_object_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_object_LDADD = ofproto/libopenflow.a lib/libshunt.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-frame
TESTS += tests/openflow/test-frame
tests_openflow_test_frame_SOURCES = tests/openflow/test-frame.c
tests_openflow_test_frame_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_frame_LDADD = ofproto/libopenflow.a lib/libshunt.a $(CMOCKA_LIBS)

TESTS += tests/openflow/test-loxi
EXTRA_DIST += tests/openflow/test-loxi

# Needs Debian's openvswitch-common.
TESTS += tests/openflow/test-ofp-parse
EXTRA_DIST += tests/openflow/test-ofp-parse tests/openflow/ofp-parse-differences

# Fuzz targets for these are in tests/fuzz.
