# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += \
	datapath/abi.h \
	datapath/ctx-tc.bpf.h \
	datapath/ctx-xdp.bpf.h \
	datapath/ctx.bpf.h \
	datapath/dp.h \
	datapath/lookup.bpf.h \
	datapath/maps.bpf.h \
	datapath/parse.bpf.h \
	datapath/state.bpf.h
