# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += shuntd/libshuntd.a
shuntd_libshuntd_a_SOURCES = \
	shuntd/bridge-meter.c \
	shuntd/bridge-ofport.c \
	shuntd/bridge-ofproto.c \
	shuntd/bridge-peer.c \
	shuntd/bridge-port.c \
	shuntd/bridge.c \
	shuntd/bridge.h \
	shuntd/config-text.c \
	shuntd/config.c \
	shuntd/config.h \
	shuntd/daemon.h \
	shuntd/error.h \
	shuntd/hold.c \
	shuntd/hold.h \
	shuntd/host.c \
	shuntd/mgmt.c \
	shuntd/mgmt.h \
	shuntd/options.c \
	shuntd/tls.c \
	shuntd/verbs-bridge.c \
	shuntd/verbs-show.c \
	shuntd/verbs-slowpath.c \
	shuntd/verbs.c \
	shuntd/verbs.h
dist_man_MANS += shuntd/shuntd.8

sbin_PROGRAMS += shuntd/shuntd
shuntd_shuntd_SOURCES = shuntd/main.c
shuntd_shuntd_LDADD = shuntd/libshuntd.a slowpath/libslowpath.a ofproto/libconnmgr.a \
	ofproto/libofproto.a ofproto/libofp.a ofproto/libopenflow.a datapath/libdatapath.a \
	actions/libactions.a ports/libports.a lib/libshunt.a \
	$(LIBBPF_LIBS) $(LIBMNL_LIBS) $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS) -lm
