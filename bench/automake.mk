# SPDX-License-Identifier: Apache-2.0
BENCH_BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -Wall -I$(top_srcdir) \
	-I/usr/include/$(shell $(CC) -print-multiarch)

bench/traffic.bpf.o: bench/traffic.bpf.c
	@$(MKDIR_P) bench
	$(AM_V_GEN)$(BPF_CLANG) $(BENCH_BPF_CFLAGS) -c $< -o $@

bench/traffic.skel.h: bench/traffic.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton $< name traffic_bpf >$@.tmp && mv $@.tmp $@

check_PROGRAMS += bench/pktgen bench/fastpath
bench_pktgen_SOURCES = bench/pktgen.c
nodist_bench_pktgen_SOURCES = bench/traffic.skel.h
bench_pktgen_LDADD = lib/libshunt.a $(LIBBPF_LIBS)
bench/pktgen.$(OBJEXT): bench/traffic.skel.h

bench_fastpath_SOURCES = bench/fastpath.c
bench_fastpath_LDADD = datapath/libdatapath.a actions/libactions.a lib/libshunt.a $(LIBBPF_LIBS)

EXTRA_DIST += bench/traffic.bpf.c bench/forward.py bench/rig.py bench/instructions \
	bench/profiles.py bench/flow-mods.py bench/new-flows.py \
	bench/revalidate.py bench/ofwire.py bench/ovs.py
CLEANFILES += bench/traffic.bpf.o bench/traffic.skel.h

noinst_PROGRAMS += bench/classifier
bench_classifier_SOURCES = bench/classifier.c
bench_classifier_LDADD = ofproto/libofproto.a lib/libshunt.a

# OpenFlow flow mods a second, and heap allocations each.
noinst_PROGRAMS += bench/ofp-codec
bench_ofp_codec_SOURCES = bench/ofp-codec.c
bench_ofp_codec_LDADD = ofproto/libopenflow.a
bench_ofp_codec_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc

noinst_PROGRAMS += bench/flow-table
bench_flow_table_SOURCES = bench/flow-table.c
bench_flow_table_LDADD = ofproto/libofproto.a ofproto/libofp.a ofproto/libopenflow.a lib/libshunt.a

# Forwarding rates beside bare programs and Linux's own forwarding; sudo make bench.
bench: all bench/pktgen bench/fastpath
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/forward.py $(BENCH_FLAGS)

# The same over sizes, flows, masks and actions, and instructions a packet beside Open vSwitch.
bench-full: bench
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/profiles.py
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/instructions
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/flow-mods.py
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/new-flows.py --instructions
	top_builddir='$(abs_top_builddir)' $(top_srcdir)/bench/revalidate.py
.PHONY: bench bench-full
