# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += slowpath/libslowpath.a
slowpath_libslowpath_a_SOURCES = \
	slowpath/audit.c \
	slowpath/audit.h \
	slowpath/changes.c \
	slowpath/changes.h \
	slowpath/execute.c \
	slowpath/format.c \
	slowpath/handler.c \
	slowpath/handler.h \
	slowpath/ids.c \
	slowpath/ids.h \
	slowpath/internal.h \
	slowpath/mac-store.c \
	slowpath/mac-store.h \
	slowpath/mac.c \
	slowpath/mac.h \
	slowpath/mailbox.c \
	slowpath/revalidator.c \
	slowpath/revalidator.h \
	slowpath/seal.c \
	slowpath/seal.h \
	slowpath/slowpath.c \
	slowpath/slowpath.h \
	slowpath/ukey.c \
	slowpath/ukey.h \
	slowpath/upcall.c \
	slowpath/upcall.h \
	slowpath/view.c \
	slowpath/xlate-action.c \
	slowpath/xlate-commit.c \
	slowpath/xlate-controller.c \
	slowpath/xlate-egress.c \
	slowpath/xlate-flow.c \
	slowpath/xlate-freeze.c \
	slowpath/xlate-group.c \
	slowpath/xlate-hash.c \
	slowpath/xlate-learn.c \
	slowpath/xlate-normal.c \
	slowpath/xlate-ops.c \
	slowpath/xlate-out.c \
	slowpath/xlate-output.c \
	slowpath/xlate-pkt.c \
	slowpath/xlate-private.h \
	slowpath/xlate-ttl.c \
	slowpath/xlate.c \
	slowpath/xlate.h
