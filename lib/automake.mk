# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += lib/libshunt.a
lib_libshunt_a_SOURCES = \
	lib/boot.c \
	lib/boot.h \
	lib/buf.c \
	lib/buf.h \
	lib/chunk.c \
	lib/chunk.h \
	lib/durable.c \
	lib/durable.h \
	lib/hash.h \
	lib/journal.c \
	lib/journal.h \
	lib/heap.c \
	lib/heap.h \
	lib/hmap.h \
	lib/list.h \
	lib/log-limit.c \
	lib/log-limit.h \
	lib/log.c \
	lib/log.h \
	lib/tally.c \
	lib/tally.h \
	lib/util.c \
	lib/util.h
