# SPDX-License-Identifier: Apache-2.0
check_LIBRARIES = tests/openflow/librandom.a
tests_openflow_librandom_a_SOURCES = tests/openflow/random.c tests/openflow/random.h

check_PROGRAMS += tests/openflow/test-roundtrip
TESTS += tests/openflow/test-roundtrip
tests_openflow_test_roundtrip_SOURCES = tests/openflow/test-roundtrip.c
tests_openflow_test_roundtrip_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_roundtrip_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-malformed
TESTS += tests/openflow/test-malformed
tests_openflow_test_malformed_SOURCES = tests/openflow/test-malformed.c
tests_openflow_test_malformed_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_malformed_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-object
TESTS += tests/openflow/test-object
tests_openflow_test_object_SOURCES = tests/openflow/test-object.c
tests_openflow_test_object_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_object_LDADD = ofproto/libopenflow.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/openflow/test-frame
TESTS += tests/openflow/test-frame
tests_openflow_test_frame_SOURCES = tests/openflow/test-frame.c
tests_openflow_test_frame_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_openflow_test_frame_LDADD = ofproto/libopenflow.a $(CMOCKA_LIBS)

TESTS += tests/openflow/test-loxi
EXTRA_DIST += tests/openflow/test-loxi

# make fuzz-ofp FUZZ_SECONDS=60: bytes of a peer, under ASan and UBSan. What it finds on the way
# stays in the build tree's tests/openflow/corpus for the next run.
FUZZ_SECONDS = 60
FUZZ_CLANG = clang
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

EXTRA_PROGRAMS += tests/openflow/fuzz-seeds
tests_openflow_fuzz_seeds_SOURCES = tests/openflow/fuzz-seeds.c
tests_openflow_fuzz_seeds_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a

tests/openflow/fuzz-ofp: tests/openflow/fuzz-ofp.c $(ofproto_libopenflow_a_SOURCES)
	$(AM_V_CC)$(FUZZ_CLANG) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(FUZZ_CFLAGS) \
	$(filter %.c,$^) -o $@

fuzz-ofp: tests/openflow/fuzz-ofp tests/openflow/fuzz-seeds
	@$(MKDIR_P) tests/openflow/corpus tests/openflow/seeds
	tests/openflow/fuzz-seeds tests/openflow/seeds
	tests/openflow/fuzz-ofp -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 \
	tests/openflow/corpus tests/openflow/seeds \
	$(wildcard $(srcdir)/tests/openflow/messages/*/ $(srcdir)/tests/openflow/captures/*/)
.PHONY: fuzz-ofp

EXTRA_DIST += tests/openflow/fuzz-ofp.c
CLEANFILES += tests/openflow/fuzz-ofp tests/openflow/fuzz-seeds
clean-local: clean-fuzz
clean-fuzz:
	rm -rf tests/openflow/corpus tests/openflow/seeds
