# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += shuntd/libshuntd.a
shuntd_libshuntd_a_SOURCES = \
	shuntd/allowed.c \
	shuntd/allowed.h \
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
	shuntd/health.c \
	shuntd/health.h \
	shuntd/hold.c \
	shuntd/hold.h \
	shuntd/host.c \
	shuntd/memory.c \
	shuntd/memory.h \
	shuntd/mgmt.c \
	shuntd/mgmt.h \
	shuntd/options.c \
	shuntd/privileges.c \
	shuntd/removal.c \
	shuntd/removal.h \
	shuntd/saver.c \
	shuntd/saver.h \
	shuntd/tls.c \
	shuntd/transaction.c \
	shuntd/transaction.h \
	shuntd/verbs-bridge.c \
	shuntd/verbs-show.c \
	shuntd/verbs-slowpath.c \
	shuntd/verbs.c \
	shuntd/verbs.h
dist_man_MANS += shuntd/shuntd.8

# The unit, and the user that it runs as.
systemdsystemunitdir = $(prefix)/lib/systemd/system
nodist_systemdsystemunit_DATA = shuntd/shuntd.service
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = shuntd/shunt.conf
EXTRA_DIST += shuntd/shuntd.service.in
CLEANFILES += shuntd/shuntd.service
shuntd/shuntd.service: shuntd/shuntd.service.in Makefile
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|' -e 's|@bindir[@]|$(bindir)|' \
		$(srcdir)/shuntd/shuntd.service.in >$@

sbin_PROGRAMS += shuntd/shuntd
shuntd_shuntd_SOURCES = shuntd/main.c
shuntd_shuntd_LDADD = shuntd/libshuntd.a slowpath/libslowpath.a ofproto/libconnmgr.a \
	ofproto/libofproto.a ofproto/libofp.a ofproto/libopenflow.a datapath/libdatapath.a \
	actions/libactions.a ports/libports.a lib/libshunt.a \
	$(LIBBPF_LIBS) $(LIBMNL_LIBS) $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS) \
	$(LIBCAP_NG_LIBS) $(ZLIB_LIBS) -lm
