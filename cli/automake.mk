# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += cli/shuntctl
cli_shuntctl_SOURCES = \
	cli/cli.h \
	cli/daemon-verbs.c \
	cli/main.c \
	cli/request.c \
	cli/show.c \
	cli/show.h
cli_shuntctl_LDADD = lib/libshunt.a $(JANSSON_LIBS)
dist_man_MANS += cli/shuntctl.8
