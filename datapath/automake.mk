# SPDX-License-Identifier: Apache-2.0
bpf_headers = \
	actions/actions.def \
	actions/crc32c.bpf.h \
	actions/drop.bpf.h \
	actions/hash.bpf.h \
	actions/kernel.bpf.h \
	actions/meter.bpf.h \
	actions/min-size.bpf.h \
	actions/mpls.bpf.h \
	actions/output.bpf.h \
	actions/pbb.bpf.h \
	actions/recirc.bpf.h \
	actions/set.bpf.h \
	actions/trunc.bpf.h \
	actions/ttl.bpf.h \
	actions/userspace.bpf.h \
	actions/vlan.bpf.h \
	datapath/abi.h \
	datapath/ctx-tc.bpf.h \
	datapath/ctx-xdp.bpf.h \
	datapath/ctx.bpf.h \
	datapath/lookup.bpf.h \
	datapath/maps.bpf.h \
	datapath/parse.bpf.h \
	datapath/state.bpf.h \
	upcall/producer.bpf.h \
	upcall/upcall.bpf.h
noinst_HEADERS += $(bpf_headers)
EXTRA_DIST += datapath/switch.bpf.c

noinst_LIBRARIES += datapath/libdatapath.a
datapath_libdatapath_a_SOURCES = \
	datapath/attach.c \
	datapath/dp-internal.h \
	datapath/dp.c \
	datapath/dp.h \
	datapath/error.c \
	datapath/executor.c \
	datapath/parts.h \
	datapath/flow_table.c \
	datapath/layout.c \
	datapath/layout.h \
	datapath/migrate.c \
	datapath/load.c \
	datapath/masks.c \
	datapath/meter.c \
	datapath/parse.c \
	datapath/parse.h \
	datapath/port.c \
	datapath/records.c \
	datapath/segment.c \
	datapath/segment.h \
	upcall/reader.c

# One source, an object a hook, a skeleton each.
BPF_CFLAGS = $(LAYOUT_FLAGS) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -fno-strict-aliasing \
	-I$(top_srcdir) -I/usr/include/$(shell $(CC) -print-multiarch)
bpf_objects = datapath/switch-xdp.bpf.o datapath/switch-tc.bpf.o
bpf_skeletons = datapath/switch-xdp.skel.h datapath/switch-tc.skel.h

datapath/switch-xdp.bpf.o: datapath/switch.bpf.c $(bpf_headers)
	@$(MKDIR_P) datapath
	$(AM_V_CC)$(BPF_CLANG) $(BPF_CFLAGS) -DSHUNT_XDP -c $(top_srcdir)/datapath/switch.bpf.c -o $@
datapath/switch-tc.bpf.o: datapath/switch.bpf.c $(bpf_headers)
	@$(MKDIR_P) datapath
	$(AM_V_CC)$(BPF_CLANG) $(BPF_CFLAGS) -DSHUNT_TC -c $(top_srcdir)/datapath/switch.bpf.c -o $@
datapath/switch-xdp.skel.h: datapath/switch-xdp.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen object $<.linked $< && \
	  $(BPFTOOL) gen skeleton $<.linked name switch_xdp > $@.tmp && mv $@.tmp $@
datapath/switch-tc.skel.h: datapath/switch-tc.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen object $<.linked $< && \
	  $(BPFTOOL) gen skeleton $<.linked name switch_tc > $@.tmp && mv $@.tmp $@

BUILT_SOURCES += $(bpf_skeletons)
CLEANFILES += $(bpf_objects) $(bpf_skeletons) \
	datapath/switch-xdp.bpf.o.linked datapath/switch-tc.bpf.o.linked
datapath/load.$(OBJEXT): $(bpf_skeletons)
