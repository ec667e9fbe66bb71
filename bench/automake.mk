# SPDX-License-Identifier: Apache-2.0
BENCH_BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -Wall -I$(top_srcdir) \
	-I/usr/include/$(shell $(CC) -print-multiarch)

bench/%.bpf.o: bench/%.bpf.c
	@$(MKDIR_P) bench
	$(AM_V_GEN)$(BPF_CLANG) $(BENCH_BPF_CFLAGS) -c $< -o $@

bench/%.skel.h: bench/%.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton $< name $*_bpf >$@.tmp && mv $@.tmp $@

.SECONDARY: bench/traffic.bpf.o bench/bare.bpf.o

noinst_LIBRARIES += bench/libbench.a
bench_libbench_a_SOURCES = bench/program.h bench/program.c bench/attach.c \
	bench/test-run.c

check_PROGRAMS += bench/pktgen bench/bare bench/roundtrip bench/fastpath
bench_pktgen_SOURCES = bench/pktgen.c
nodist_bench_pktgen_SOURCES = bench/traffic.skel.h
bench_pktgen_LDADD = bench/libbench.a lib/libshunt.a $(LIBBPF_LIBS)
bench/pktgen.$(OBJEXT): bench/traffic.skel.h

bench_bare_SOURCES = bench/bare.c
nodist_bench_bare_SOURCES = bench/bare.skel.h
bench_bare_LDADD = bench/libbench.a lib/libshunt.a $(LIBBPF_LIBS)
bench/bare.$(OBJEXT): bench/bare.skel.h

bench_roundtrip_SOURCES = bench/roundtrip.c
bench_roundtrip_LDADD = bench/libbench.a

bench_fastpath_SOURCES = bench/fastpath.c
bench_fastpath_LDADD = bench/libbench.a datapath/libdatapath.a actions/libactions.a lib/libshunt.a $(LIBBPF_LIBS)

EXTRA_DIST += bench/traffic.bpf.c bench/bare.bpf.c bench/instructions bench/tcp-instructions bench/bench.py \
	bench/contestants.py bench/goals.py bench/measure.py bench/ofwire.py bench/page.py \
	bench/rig.py bench/sweep.py bench/switches.py bench/turns.py bench/profiles
CLEANFILES += bench/traffic.bpf.o bench/traffic.skel.h bench/bare.bpf.o bench/bare.skel.h

# The floor under a table of a million flows.
noinst_PROGRAMS += bench/memory
bench_memory_SOURCES = bench/memory.c
bench_memory_LDADD = lib/libshunt.a

noinst_PROGRAMS += bench/classifier
bench_classifier_SOURCES = bench/classifier.c
bench_classifier_LDADD = bench/libbench.a ofproto/libofproto.a lib/libshunt.a

# OpenFlow flow mods a second, and heap allocations each.
noinst_PROGRAMS += bench/ofp-codec
bench_ofp_codec_SOURCES = bench/ofp-codec.c
bench_ofp_codec_LDADD = bench/libbench.a ofproto/libopenflow.a lib/libshunt.a
bench_ofp_codec_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc

noinst_PROGRAMS += bench/flow-table
bench_flow_table_SOURCES = bench/flow-table.c
bench_flow_table_LDADD = bench/libbench.a ofproto/libofproto.a ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a

# Every goal beside what is measured (minutes), and everything that bench/profiles knows; results go
# to _build/bench/results. BENCH_FLAGS: see bench/bench.py --help.
bench bench-full: all bench/pktgen bench/bare bench/roundtrip bench/fastpath
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/bench.py $(if $(filter bench-full,$@),--full) $(BENCH_FLAGS)
.PHONY: bench bench-full
