# SPDX-License-Identifier: Apache-2.0
# The vocabulary of OpenFlow that the switch and shuntctl share, independent of version.
noinst_LIBRARIES += ofproto/libofp.a
ofproto_libofp_a_SOURCES = \
	ofproto/field.h \
	ofproto/fields.def \
	ofproto/flow.h \
	ofproto/match.h \
	ofproto/messages.h \
	ofproto/ofp-names.h \
	ofproto/ofp.h \
	ofproto/ofpact.h \
	ofproto/ofpacts.def \
	ofproto/ofperr.c \
	ofproto/ofperr.def \
	ofproto/ofperr.h \
	ofproto/parse.h

# The state of a bridge: tables, groups, meters, ports.
noinst_LIBRARIES += ofproto/libofproto.a
ofproto_libofproto_a_SOURCES = \
	ofproto/classifier.c \
	ofproto/classifier.h \
	ofproto/cls-conjunction.c \
	ofproto/cls-conjunction.h \
	ofproto/cls-subtable.c \
	ofproto/cls-subtable.h \
	ofproto/group.h \
	ofproto/hash-counts.h \
	ofproto/meter.h \
	ofproto/minimask.c \
	ofproto/ofproto.h \
	ofproto/prefix-set.c \
	ofproto/prefix-set.h \
	ofproto/rule-heap.h \
	ofproto/rule.h \
	ofproto/table.h
