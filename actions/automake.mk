# SPDX-License-Identifier: Apache-2.0
# The user halves; the kernel halves (FILE.bpf.h) are part of the BPF programs in datapath/.
noinst_LIBRARIES += actions/libactions.a
actions_libactions_a_SOURCES = \
	actions/actions.c actions/actions.def actions/actions.h \
	actions/cursor.c \
	actions/drop.c \
	actions/fields.c actions/fields.def actions/fields.h \
	actions/hash.c actions/hash.h \
	actions/meter.c \
	actions/mpls.c \
	actions/ops.h \
	actions/output.c \
	actions/pbb.c \
	actions/recirc.c \
	actions/set.c \
	actions/trunc.c \
	actions/ttl.c \
	actions/userspace.c \
	actions/vlan.c
