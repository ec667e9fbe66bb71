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
