# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += slowpath/libslowpath.a
slowpath_libslowpath_a_SOURCES = \
	slowpath/ids.c \
	slowpath/ids.h \
	slowpath/mac.c \
	slowpath/mac.h
noinst_HEADERS += \
	slowpath/slowpath.h \
	slowpath/xlate.h
