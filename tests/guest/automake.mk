# SPDX-License-Identifier: Apache-2.0
# What runs in an emulated Linux 6.1 (scripts/guest).
check_PROGRAMS += tests/verifier
tests_verifier_SOURCES = tests/verifier.c
tests_verifier_LDADD = $(LIBBPF_LIBS)

TESTS += tests/guest/verifier tests/guest/instructions tests/guest/switch
EXTRA_DIST += tests/guest/verifier tests/guest/verifier-bounds \
	tests/guest/instructions tests/guest/instructions-bounds tests/guest/switch

record-verifier: tests/verifier
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		BPF_CFLAGS='$(BPF_CFLAGS)' $(top_srcdir)/tests/guest/verifier --record
record-instructions: bench/pktgen bench/bare bench/fastpath
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		BPF_CLANG='$(BPF_CLANG)' $(top_srcdir)/tests/guest/instructions --record
.PHONY: record-verifier record-instructions

TESTS += tests/guest/client
EXTRA_DIST += tests/guest/client

# The installed unit under systemd, in a Debian image that is made once: sudo make soak-unit.
soak-unit: all
	@$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/each soak-unit.log $(top_srcdir)/tests/guest/unit
soak_parts += soak-unit
.PHONY: soak-unit
EXTRA_DIST += tests/guest/unit
DISTCLEANFILES += debian.tar
