# SPDX-License-Identifier: Apache-2.0
# Hostile bytes. In an ordinary build a target is a program that runs files through itself, and
# "make check" runs each on its corpus. "make fuzz FUZZ_SECONDS=60" builds them with clang's libFuzzer
# under ASan and UBSan in fuzzing/ and lets one after the other look for new inputs, each for so many
# seconds of a processor, which take longer where there is other work. "make fuzz-ofp" runs one,
# "make soak-fuzz" each for an hour, as many at once as there are processors. What they find on the way
# stays in fuzzing/corpus for the next run, what fails in fuzzing/found.
fuzz_targets = ofp message flow-syntax parse translation config mgmt saved
fuzz_programs = tests/fuzz/fuzz-ofp tests/fuzz/fuzz-message tests/fuzz/fuzz-flow-syntax \
	tests/fuzz/fuzz-parse tests/fuzz/fuzz-translation tests/fuzz/fuzz-config tests/fuzz/fuzz-mgmt \
	tests/fuzz/fuzz-saved
check_PROGRAMS += $(fuzz_programs) tests/fuzz/message-seeds
TESTS += tests/fuzz/replay
EXTRA_DIST += tests/fuzz/replay tests/fuzz/run tests/fuzz/seeds tests/fuzz/corpus \
	tests/fuzz/flow-syntax.dict tests/fuzz/translation.dict
noinst_HEADERS += tests/fuzz/hold.h

if FUZZING
fuzz_engine =
fuzz_link = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_engine = tests/fuzz/replay-main.c
fuzz_link = $(AM_LDFLAGS)
endif

tests_fuzz_fuzz_ofp_SOURCES = tests/fuzz/fuzz-ofp.c $(fuzz_engine)
tests_fuzz_fuzz_ofp_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_ofp_LDADD = ofproto/libopenflow.a lib/libshunt.a

tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c $(fuzz_engine)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_message_LDADD = ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a

tests_fuzz_fuzz_flow_syntax_SOURCES = tests/fuzz/fuzz-flow-syntax.c $(fuzz_engine)
tests_fuzz_fuzz_flow_syntax_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_flow_syntax_LDADD = ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a

tests_fuzz_fuzz_parse_SOURCES = tests/fuzz/fuzz-parse.c $(fuzz_engine)
tests_fuzz_fuzz_parse_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_parse_LDADD = lib/libshunt.a

tests_fuzz_fuzz_translation_SOURCES = tests/fuzz/fuzz-translation.c $(translation_fixture) \
	$(fuzz_engine)
tests_fuzz_fuzz_translation_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_translation_LDADD = $(translation_libs)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c $(fuzz_engine)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_config_LDADD = shuntd/libshuntd.a ofproto/libconnmgr.a lib/libshunt.a \
	$(JANSSON_LIBS) $(ZLIB_LIBS)

tests_fuzz_fuzz_saved_SOURCES = tests/fuzz/fuzz-saved.c $(translation_fixture) $(fuzz_engine)
tests_fuzz_fuzz_saved_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_saved_LDADD = $(translation_libs) $(ZLIB_LIBS)

# The protocol and the verbs are real; bridges, devices and the datapath below are not.
tests_fuzz_fuzz_mgmt_SOURCES = tests/fuzz/fuzz-mgmt.c tests/fuzz/fake-bridges.c \
	tests/fuzz/fake-bridges.h tests/fuzz/fake-dp.c $(translation_fixture) $(fuzz_engine)
tests_fuzz_fuzz_mgmt_LDFLAGS = $(fuzz_link) -Wl,--allow-multiple-definition
tests_fuzz_fuzz_mgmt_LDADD = shuntd/libshuntd.a ofproto/libconnmgr.a $(translation_libs) \
	ports/libports.a $(LIBMNL_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS) $(ZLIB_LIBS)

# One random message of each class and version.
tests_fuzz_message_seeds_SOURCES = tests/fuzz/message-seeds.c
tests_fuzz_message_seeds_LDADD = tests/openflow/librandom.a ofproto/libopenflow.a lib/libshunt.a

FUZZ_CLANG = clang
FUZZ_SECONDS = 60
fuzzing/Makefile:
	@$(MKDIR_P) fuzzing
	cd fuzzing && $(abs_top_srcdir)/configure -q CC=$(FUZZ_CLANG) CFLAGS='-g -O1' --enable-fuzzing
fuzz-build: fuzzing/Makefile
	@$(MAKE) -s -C fuzzing fuzz-inputs && $(MAKE) -s -C fuzzing $(fuzz_programs) tests/fuzz/message-seeds
fuzz-inputs: $(BUILT_SOURCES)

$(fuzz_targets:%=fuzz-%): fuzz-build
	@$(top_srcdir)/tests/fuzz/run $(top_srcdir) fuzzing $(@:fuzz-%=%) $(FUZZ_SECONDS)
fuzz: fuzz-build
	@set -e; for target in $(fuzz_targets); do \
		$(top_srcdir)/tests/fuzz/run $(top_srcdir) fuzzing $$target $(FUZZ_SECONDS); \
	done
.PHONY: fuzz fuzz-build fuzz-inputs $(fuzz_targets:%=fuzz-%)

SOAK_FUZZ_SECONDS = 3600
soak-fuzz: fuzz-build
	@$(MAKE) -s -k -j"$$(nproc)" FUZZ_SECONDS='$(SOAK_FUZZ_SECONDS)' $(fuzz_targets:%=fuzz-%)
soak_parts += soak-fuzz
.PHONY: soak-fuzz
clean-local: clean-fuzzing
clean-fuzzing:
	rm -rf fuzzing
