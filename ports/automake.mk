# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += ports/libports.a
ports_libports_a_SOURCES = \
	ports/far.c \
	ports/link.c \
	ports/link.h \
	ports/medium.c \
	ports/ports-private.h \
	ports/ports.c \
	ports/ports.h \
	ports/request.c
