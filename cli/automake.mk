# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += cli/shuntctl
cli_shuntctl_SOURCES = \
	cli/capture.c \
	cli/capture.h \
	cli/cli.h \
	cli/daemon-verbs.c \
	cli/main.c \
	cli/of-capture.c \
	cli/of-client.c \
	cli/of-client.h \
	cli/of-config.c \
	cli/of-echo.c \
	cli/of-flows.c \
	cli/of-flowset.c \
	cli/of-groups.c \
	cli/of-json.c \
	cli/of-json.h \
	cli/of-parse.c \
	cli/of-ports.c \
	cli/of-verbs.h \
	cli/of-watch.c \
	cli/request.c \
	cli/show.c \
	cli/show.h \
	cli/tcp-stream.c \
	cli/tcp-stream.h
cli_shuntctl_LDADD = ofproto/libconnmgr.a ofproto/libofp.a ofproto/libopenflow.a \
	lib/libshunt.a $(JANSSON_LIBS) $(LIBEVENT_LIBS) $(OPENSSL_LIBS)
dist_man_MANS += cli/shuntctl.8
