# SPDX-License-Identifier: Apache-2.0
# The vocabulary of OpenFlow that the switch and shuntctl share, independent of version. The parser
# is for packets that are printed.
noinst_LIBRARIES += ofproto/libofp.a
ofproto_libofp_a_SOURCES = \
	datapath/parse.c \
	ofproto/field-text.c \
	ofproto/field.c \
	ofproto/field.h \
	ofproto/fields.def \
	ofproto/flow-mod-pack.c \
	ofproto/flow-mod-pack.h \
	ofproto/flow.h \
	ofproto/match-text.c \
	ofproto/match-wire.c \
	ofproto/match.c \
	ofproto/match.h \
	ofproto/message-flow.c \
	ofproto/message-group.c \
	ofproto/message-meter.c \
	ofproto/message-monitor.c \
	ofproto/message-packet.c \
	ofproto/message-port.c \
	ofproto/message-scratch.c \
	ofproto/message-scratch.h \
	ofproto/message-stats.c \
	ofproto/messages.h \
	ofproto/ofp-names.c \
	ofproto/ofp-names.h \
	ofproto/ofp.h \
	ofproto/ofpact-codec.h \
	ofproto/ofpact-ct.c \
	ofproto/ofpact-decode-nicira.c \
	ofproto/ofpact-decode.c \
	ofproto/ofpact-encode-field.c \
	ofproto/ofpact-encode-nicira.c \
	ofproto/ofpact-encode.c \
	ofproto/ofpact-field.c \
	ofproto/ofpact-header.c \
	ofproto/ofpact-instruction.c \
	ofproto/ofpact-learn.c \
	ofproto/ofpact-nicira.c \
	ofproto/ofpact-output.c \
	ofproto/ofpact-provider.h \
	ofproto/ofpact-text.c \
	ofproto/ofpact-wire.h \
	ofproto/ofpact.c \
	ofproto/ofpact.h \
	ofproto/ofpacts.def \
	ofproto/ofperr.c \
	ofproto/ofperr.def \
	ofproto/ofperr.h \
	ofproto/parse-flow.c \
	ofproto/parse-group.c \
	ofproto/parse-monitor.c \
	ofproto/parse.h \
	ofproto/print-flow.c \
	ofproto/print-group.c \
	ofproto/print-message.c \
	ofproto/print-names.c \
	ofproto/print-nicira.c \
	ofproto/print-packet.c \
	ofproto/print-port.c \
	ofproto/print-private.h \
	ofproto/print-queue.c \
	ofproto/print-session.c \
	ofproto/print-table-features.c \
	ofproto/print-table.c \
	ofproto/print-words.c \
	ofproto/print.c \
	ofproto/print.h \
	ofproto/text.c \
	ofproto/text.h

# The state of a bridge: tables, groups, meters, ports.
noinst_LIBRARIES += ofproto/libofproto.a
ofproto_libofproto_a_SOURCES = \
	ofproto/classifier.c \
	ofproto/classifier.h \
	ofproto/cls-conjunction.c \
	ofproto/cls-conjunction.h \
	ofproto/cls-same.c \
	ofproto/cls-same.h \
	ofproto/cls-subtable.c \
	ofproto/cls-subtable.h \
	ofproto/egress.c \
	ofproto/flow-mod.c \
	ofproto/group-mod.c \
	ofproto/group.c \
	ofproto/group.h \
	ofproto/hash-slots.c \
	ofproto/hash-slots.h \
	ofproto/learned.c \
	ofproto/learned.h \
	ofproto/meter.c \
	ofproto/meter.h \
	ofproto/minimask.c \
	ofproto/ofproto-private.h \
	ofproto/ofproto-views.c \
	ofproto/ofproto.c \
	ofproto/ofproto.h \
	ofproto/port.c \
	ofproto/prefix-set.c \
	ofproto/prefix-set.h \
	ofproto/restore.c \
	ofproto/rule-actions.c \
	ofproto/rule-actions.h \
	ofproto/rule-contents.c \
	ofproto/rule-heap.c \
	ofproto/rule-heap.h \
	ofproto/rule.c \
	ofproto/save-format.h \
	ofproto/save.c \
	ofproto/save.h \
	ofproto/rule.h \
	ofproto/table.c \
	ofproto/table.h \
	ofproto/txn.c

# OpenFlow messages: a runtime, and codecs generated from the descriptions in openflow_input/.
noinst_LIBRARIES += ofproto/libopenflow.a
ofproto_libopenflow_a_SOURCES = \
	ofproto/frame.c \
	ofproto/frame.h \
	ofproto/hello.c \
	ofproto/hello.h \
	ofproto/of-arena.c \
	ofproto/of-arena.h \
	ofproto/of-buf.c \
	ofproto/of-buf.h \
	ofproto/of-class.c \
	ofproto/of-codec.h \
	ofproto/of-decode.c \
	ofproto/of-encode.c \
	ofproto/of-object.h \
	ofproto/of-oxm.c \
	ofproto/of-print.c \
	ofproto/openflow.h \
	$(openflow_generated)

openflow_generated = \
	ofproto/openflow/action-experimenter.c \
	ofproto/openflow/action-experimenter.h \
	ofproto/openflow/action-nicira-ct.c \
	ofproto/openflow/action-nicira-ct.h \
	ofproto/openflow/action-nicira-field.c \
	ofproto/openflow/action-nicira-field.h \
	ofproto/openflow/action-nicira-header.c \
	ofproto/openflow/action-nicira-header.h \
	ofproto/openflow/action-nicira-learn.c \
	ofproto/openflow/action-nicira-learn.h \
	ofproto/openflow/action-push.c \
	ofproto/openflow/action-push.h \
	ofproto/openflow/action-set.c \
	ofproto/openflow/action-set.h \
	ofproto/openflow/action-ttl.c \
	ofproto/openflow/action-ttl.h \
	ofproto/openflow/action.c \
	ofproto/openflow/action.h \
	ofproto/openflow/all.h \
	ofproto/openflow/async-property-port.c \
	ofproto/openflow/async-property-port.h \
	ofproto/openflow/async-property.c \
	ofproto/openflow/async-property.h \
	ofproto/openflow/bundle.c \
	ofproto/openflow/bundle.h \
	ofproto/openflow/classes.def \
	ofproto/openflow/classes.h \
	ofproto/openflow/common.c \
	ofproto/openflow/common.h \
	ofproto/openflow/config.c \
	ofproto/openflow/config.h \
	ofproto/openflow/constants-error.c \
	ofproto/openflow/constants-error.h \
	ofproto/openflow/constants-experimenter.c \
	ofproto/openflow/constants-experimenter.h \
	ofproto/openflow/constants.c \
	ofproto/openflow/constants.h \
	ofproto/openflow/experimenter-nicira-flow.c \
	ofproto/openflow/experimenter-nicira-flow.h \
	ofproto/openflow/experimenter-nicira.c \
	ofproto/openflow/experimenter-nicira.h \
	ofproto/openflow/experimenter-onf.c \
	ofproto/openflow/experimenter-onf.h \
	ofproto/openflow/flow-stats.c \
	ofproto/openflow/flow-stats.h \
	ofproto/openflow/flow-update.c \
	ofproto/openflow/flow-update.h \
	ofproto/openflow/flow.c \
	ofproto/openflow/flow.h \
	ofproto/openflow/group-property.c \
	ofproto/openflow/group-property.h \
	ofproto/openflow/group.c \
	ofproto/openflow/group.h \
	ofproto/openflow/instruction.c \
	ofproto/openflow/instruction.h \
	ofproto/openflow/lists.h \
	ofproto/openflow/match.c \
	ofproto/openflow/match.h \
	ofproto/openflow/message.c \
	ofproto/openflow/message.h \
	ofproto/openflow/meter.c \
	ofproto/openflow/meter.h \
	ofproto/openflow/nicira-controller.c \
	ofproto/openflow/nicira-controller.h \
	ofproto/openflow/nicira-ct-tuple.c \
	ofproto/openflow/nicira-ct-tuple.h \
	ofproto/openflow/nicira-ct.c \
	ofproto/openflow/nicira-ct.h \
	ofproto/openflow/nicira-flow-update.c \
	ofproto/openflow/nicira-flow-update.h \
	ofproto/openflow/nicira-packet.c \
	ofproto/openflow/nicira-packet.h \
	ofproto/openflow/onf-flow-update.c \
	ofproto/openflow/onf-flow-update.h \
	ofproto/openflow/oxm-classes.def \
	ofproto/openflow/oxm-table.c \
	ofproto/openflow/oxm.c \
	ofproto/openflow/oxm.h \
	ofproto/openflow/packet.c \
	ofproto/openflow/packet.h \
	ofproto/openflow/port-property.c \
	ofproto/openflow/port-property.h \
	ofproto/openflow/port-stats.c \
	ofproto/openflow/port-stats.h \
	ofproto/openflow/port.c \
	ofproto/openflow/port.h \
	ofproto/openflow/queue-property.c \
	ofproto/openflow/queue-property.h \
	ofproto/openflow/queue.c \
	ofproto/openflow/queue.h \
	ofproto/openflow/role.c \
	ofproto/openflow/role.h \
	ofproto/openflow/session.c \
	ofproto/openflow/session.h \
	ofproto/openflow/stats-reply-experimenter-group.c \
	ofproto/openflow/stats-reply-experimenter-group.h \
	ofproto/openflow/stats-reply-experimenter.c \
	ofproto/openflow/stats-reply-experimenter.h \
	ofproto/openflow/stats-reply-group.c \
	ofproto/openflow/stats-reply-group.h \
	ofproto/openflow/stats-reply-port.c \
	ofproto/openflow/stats-reply-port.h \
	ofproto/openflow/stats-reply.c \
	ofproto/openflow/stats-reply.h \
	ofproto/openflow/stats-request-experimenter.c \
	ofproto/openflow/stats-request-experimenter.h \
	ofproto/openflow/stats-request-group.c \
	ofproto/openflow/stats-request-group.h \
	ofproto/openflow/stats-request-port.c \
	ofproto/openflow/stats-request-port.h \
	ofproto/openflow/stats-request.c \
	ofproto/openflow/stats-request.h \
	ofproto/openflow/table-features.c \
	ofproto/openflow/table-features.h \
	ofproto/openflow/table-property-miss.c \
	ofproto/openflow/table-property-miss.h \
	ofproto/openflow/table-property.c \
	ofproto/openflow/table-property.h \
	ofproto/openflow/table.c \
	ofproto/openflow/table.h \
	ofproto/openflow/tables.c

openflow_generator = \
	ofproto/loxi/emit.py \
	ofproto/loxi/emit_codec.py \
	ofproto/loxi/emit_headers.py \
	ofproto/loxi/emit_tables.py \
	ofproto/loxi/loxi.py \
	ofproto/loxi/model.py \
	ofproto/loxi/parse.py

# The stamp is older than what was generated with it, so that a release, which ships both, needs
# no Python. What would not change is left alone and not compiled again.
ofproto/openflow.stamp: $(wildcard $(srcdir)/ofproto/openflow_input/*.loxi) $(openflow_generator)
	$(AM_V_GEN)$(MKDIR_P) ofproto/openflow && : > $@.tmp && \
	$(PYTHON) -B $(srcdir)/ofproto/loxi/loxi.py $(srcdir)/ofproto/openflow_input ofproto/openflow && \
	mv $@.tmp $@
$(openflow_generated): ofproto/openflow.stamp
	@test -f $@ || { rm -f ofproto/openflow.stamp; $(MAKE) $(AM_MAKEFLAGS) ofproto/openflow.stamp; }

BUILT_SOURCES += $(openflow_generated)
$(ofproto_libopenflow_a_OBJECTS): ofproto/openflow.stamp
MAINTAINERCLEANFILES = $(openflow_generated) ofproto/openflow.stamp
EXTRA_DIST += $(openflow_generator) ofproto/openflow_input ofproto/openflow.stamp

dist-hook: dist-openflow
dist-openflow:
	touch $(distdir)/ofproto/openflow.stamp
	touch $(distdir)/ofproto/openflow/*

# Connections, and the answers to requests.
noinst_LIBRARIES += ofproto/libconnmgr.a
ofproto_libconnmgr_a_SOURCES = \
	ofproto/acceptor.c \
	ofproto/acceptor.h \
	ofproto/async.c \
	ofproto/conn.c \
	ofproto/conn.h \
	ofproto/connmgr.c \
	ofproto/connmgr.h \
	ofproto/controller-status.c \
	ofproto/describe.c \
	ofproto/endpoint.c \
	ofproto/endpoint.h \
	ofproto/flow-monitor.c \
	ofproto/flow-monitor.h \
	ofproto/forward.c \
	ofproto/handle-basic.c \
	ofproto/handle-bundle.c \
	ofproto/handle-mods.c \
	ofproto/handle-nicira.c \
	ofproto/handle-stats.c \
	ofproto/handle-table-features.c \
	ofproto/handle-tables.c \
	ofproto/ofconn.c \
	ofproto/ofconn.h \
	ofproto/packet-in-limit.c \
	ofproto/packet-in-limit.h \
	ofproto/pktbuf.c \
	ofproto/pktbuf.h
