# SPDX-License-Identifier: Apache-2.0
# Translation on tables in memory: no root, no datapath.
translation_libs = slowpath/libslowpath.a actions/libactions.a ofproto/libofproto.a \
	ofproto/libofp.a ofproto/libopenflow.a datapath/libdatapath.a lib/libshunt.a \
	$(LIBEVENT_LIBS) $(LIBBPF_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS) -lm
translation_fixture = tests/translation/fixture.c tests/translation/fixture.h

translation_tests = tests/translation/test-choice tests/translation/test-property \
	tests/translation/test-table
check_PROGRAMS += $(translation_tests)
TESTS += $(translation_tests)
tests_translation_test_choice_SOURCES = $(translation_fixture) tests/translation/test-choice.c
tests_translation_test_choice_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_translation_test_choice_LDADD = $(translation_libs)
tests_translation_test_table_SOURCES = $(translation_fixture) tests/translation/test-table.c \
	tests/translation/rows.def
tests_translation_test_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_translation_test_table_LDADD = $(translation_libs)
tests_translation_test_property_SOURCES = $(translation_fixture) \
	tests/translation/test-property.c
tests_translation_test_property_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_translation_test_property_LDADD = $(translation_libs)
