# SPDX-License-Identifier: Apache-2.0
"""An os-ken application that says one of everything to the switch that connects.

capture runs it once for each version, given by OSKEN_VERSION.
"""
import os

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_0, ofproto_v1_3, ofproto_v1_4, ofproto_v1_5

PROTOCOLS = {1: ofproto_v1_0, 4: ofproto_v1_3, 5: ofproto_v1_4, 6: ofproto_v1_5}
MAC = "50:54:00:00:00:01"


class Everything(app_manager.OSKenApp):
    OFP_VERSIONS = [PROTOCOLS[int(os.environ["OSKEN_VERSION"])].OFP_VERSION]

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def features(self, event):
        dp = event.msg.datapath
        dp.send_set_config(0, 65535) if hasattr(dp, "send_set_config") else None
        for build in (flows_1_0,) if dp.ofproto.OFP_VERSION == 1 else (
                flows, groups_and_meters, multiparts, others):
            for message in build(dp, dp.ofproto, dp.ofproto_parser):
                dp.send_msg(message)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, event):
        dp, parser, ofp = event.msg.datapath, event.msg.datapath.ofproto_parser, \
            event.msg.datapath.ofproto
        options = {"in_port": 1, "actions": [parser.OFPActionOutput(ofp.OFPP_FLOOD)],
                   "buffer_id": event.msg.buffer_id, "data": event.msg.data}
        if ofp.OFP_VERSION == 6:
            options["match"] = parser.OFPMatch(in_port=options.pop("in_port"))
        dp.send_msg(parser.OFPPacketOut(dp, **options))


def flows_1_0(dp, ofp, parser):
    actions = [
        parser.OFPActionVlanVid(5), parser.OFPActionVlanPcp(2), parser.OFPActionStripVlan(),
        parser.OFPActionSetDlSrc(b"\x50\x54\0\0\0\1"), parser.OFPActionSetDlDst(b"\x50\x54\0\0\0\2"),
        parser.OFPActionSetNwSrc("1.2.3.4"), parser.OFPActionSetNwDst("4.3.2.1"),
        parser.OFPActionSetNwTos(8), parser.OFPActionSetTpSrc(1), parser.OFPActionSetTpDst(2),
        parser.OFPActionEnqueue(1, 2), parser.OFPActionOutput(ofp.OFPP_CONTROLLER, 65535)]
    matches = [parser.OFPMatch(), parser.OFPMatch(in_port=1, dl_src=MAC, dl_vlan=3),
               parser.OFPMatch(dl_type=0x800, nw_proto=6, nw_src="10.0.0.0", nw_src_mask=8,
                               tp_dst=80)]
    for match in matches:
        for command in (ofp.OFPFC_ADD, ofp.OFPFC_MODIFY, ofp.OFPFC_MODIFY_STRICT,
                        ofp.OFPFC_DELETE_STRICT):
            yield parser.OFPFlowMod(dp, match=match, cookie=7, command=command, priority=9,
                                    idle_timeout=3, flags=ofp.OFPFF_SEND_FLOW_REM,
                                    actions=actions)
    yield parser.OFPFlowMod(dp, parser.OFPMatch(), 0, ofp.OFPFC_ADD, priority=0,
                            actions=actions[-1:])
    yield parser.OFPBarrierRequest(dp)
    yield parser.OFPGetConfigRequest(dp)
    yield parser.OFPDescStatsRequest(dp, 0)
    yield parser.OFPFlowStatsRequest(dp, 0, matches[0], 0xff, ofp.OFPP_NONE)
    yield parser.OFPAggregateStatsRequest(dp, 0, matches[0], 0xff, ofp.OFPP_NONE)
    yield parser.OFPTableStatsRequest(dp, 0)
    yield parser.OFPPortStatsRequest(dp, 0, ofp.OFPP_NONE)
    yield parser.OFPQueueStatsRequest(dp, 0, ofp.OFPP_ALL, ofp.OFPQ_ALL)
    yield parser.OFPQueueGetConfigRequest(dp, 1)
    yield parser.OFPPortMod(dp, 2, "00:00:00:00:00:00", 0, 0, 0)
    yield parser.OFPVendor(dp)


def flows(dp, ofp, parser):
    actions = [
        parser.OFPActionPushVlan(0x8100), parser.OFPActionSetField(vlan_vid=4097),
        parser.OFPActionPopVlan(), parser.OFPActionPushMpls(0x8847),
        parser.OFPActionSetField(mpls_label=5), parser.OFPActionSetMplsTtl(3),
        parser.OFPActionDecMplsTtl(), parser.OFPActionPopMpls(0x800),
        parser.OFPActionPushPbb(0x88e7), parser.OFPActionSetField(pbb_isid=5),
        parser.OFPActionPopPbb(), parser.OFPActionCopyTtlIn(), parser.OFPActionCopyTtlOut(),
        parser.OFPActionSetNwTtl(3), parser.OFPActionDecNwTtl(), parser.OFPActionSetQueue(2),
        parser.OFPActionGroup(1), parser.OFPActionSetField(ipv6_dst="fe80::1"),
        parser.NXActionResubmitTable(table_id=3),
        parser.NXActionRegMove("reg0", "reg1", 8, 0, 0),
        parser.OFPActionOutput(ofp.OFPP_CONTROLLER, ofp.OFPCML_NO_BUFFER)]
    matches = [
        parser.OFPMatch(in_port=1, eth_dst=(MAC, "ff:ff:ff:00:00:00"), vlan_vid=4097, vlan_pcp=2),
        parser.OFPMatch(eth_type=0x800, ip_proto=6, ipv4_src=("10.0.0.0", "255.0.0.0"), tcp_dst=80,
                        ip_dscp=3, ip_ecn=1),
        parser.OFPMatch(eth_type=0x86dd, ipv6_dst="fe80::1", ipv6_flabel=5, ipv6_exthdr=(1, 1)),
        parser.OFPMatch(eth_type=0x806, arp_op=1, arp_tpa="1.2.3.4", arp_sha=MAC),
        parser.OFPMatch(eth_type=0x8847, mpls_label=5, mpls_tc=1, mpls_bos=1),
        parser.OFPMatch(eth_type=0x88e7, pbb_isid=(5, 0xff)),
        parser.OFPMatch(metadata=5, tunnel_id=(6, 0xff), reg0=9)]
    for match in matches:
        for action in actions:
            yield parser.OFPFlowMod(dp, match=match, cookie=9, priority=3, instructions=[
                parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, [action])])
        actions = actions[-1:]
    instructions = [parser.OFPInstructionGotoTable(3), parser.OFPInstructionWriteMetadata(5, 7),
                    parser.OFPInstructionActions(ofp.OFPIT_WRITE_ACTIONS, actions),
                    parser.OFPInstructionActions(ofp.OFPIT_CLEAR_ACTIONS, [])]
    if ofp.OFP_VERSION < 6:
        instructions.append(parser.OFPInstructionMeter(1))
    for command in (ofp.OFPFC_ADD, ofp.OFPFC_MODIFY, ofp.OFPFC_MODIFY_STRICT,
                    ofp.OFPFC_DELETE_STRICT):
        yield parser.OFPFlowMod(dp, match=matches[0], command=command, hard_timeout=60,
                                instructions=instructions, out_port=ofp.OFPP_ANY,
                                out_group=ofp.OFPG_ANY)
    yield parser.OFPFlowMod(dp, match=parser.OFPMatch(), priority=0, instructions=[
        parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions)])


def groups_and_meters(dp, ofp, parser):
    output = [parser.OFPActionOutput(1)]
    if ofp.OFP_VERSION == 6:
        buckets = [parser.OFPBucket(bucket_id=1, actions=output, properties=[
            parser.OFPGroupBucketPropWeight(type_=ofp.OFPGBPT_WEIGHT, weight=3)])]
    else:
        buckets = [parser.OFPBucket(3, ofp.OFPP_ANY, ofp.OFPG_ANY, output)]
    for command in (ofp.OFPGC_ADD, ofp.OFPGC_MODIFY):
        yield parser.OFPGroupMod(dp, command=command, type_=ofp.OFPGT_SELECT, group_id=1,
                                 buckets=buckets)
    bands = [parser.OFPMeterBandDrop(rate=10, burst_size=20),
             parser.OFPMeterBandDscpRemark(rate=5, burst_size=2, prec_level=1)]
    for command in (ofp.OFPMC_ADD, ofp.OFPMC_MODIFY):
        yield parser.OFPMeterMod(dp, command, ofp.OFPMF_KBPS | ofp.OFPMF_BURST, 1, bands[:1])
    yield parser.OFPMeterMod(dp, ofp.OFPMC_ADD, ofp.OFPMF_PKTPS, 2, bands)


def multiparts(dp, ofp, parser):
    everything = (0, ofp.OFPTT_ALL, ofp.OFPP_ANY, ofp.OFPG_ANY, 0, 0, parser.OFPMatch())
    yield parser.OFPDescStatsRequest(dp, 0)
    if ofp.OFP_VERSION == 6:
        yield parser.OFPFlowDescStatsRequest(dp, *everything)
    yield parser.OFPFlowStatsRequest(dp, *everything)
    yield parser.OFPAggregateStatsRequest(dp, *everything)
    yield parser.OFPTableStatsRequest(dp, 0)
    yield parser.OFPPortStatsRequest(dp, 0, ofp.OFPP_ANY)
    yield parser.OFPQueueStatsRequest(dp, 0, ofp.OFPP_ANY, ofp.OFPQ_ALL)
    yield parser.OFPGroupStatsRequest(dp, 0, ofp.OFPG_ALL)
    yield parser.OFPGroupDescStatsRequest(dp, 0)
    yield parser.OFPGroupFeaturesStatsRequest(dp, 0)
    yield parser.OFPMeterStatsRequest(dp, 0, ofp.OFPM_ALL)
    yield parser.OFPMeterFeaturesStatsRequest(dp, 0)
    if ofp.OFP_VERSION == 6:
        yield parser.OFPMeterDescStatsRequest(dp, 0, ofp.OFPM_ALL)
    else:
        yield parser.OFPMeterConfigStatsRequest(dp, 0, ofp.OFPM_ALL)
    yield parser.OFPTableFeaturesStatsRequest(dp, 0)
    yield parser.OFPPortDescStatsRequest(dp, 0)
    if ofp.OFP_VERSION >= 5:
        yield parser.OFPTableDescStatsRequest(dp, 0)
        yield parser.OFPQueueDescStatsRequest(dp, 0, ofp.OFPP_ANY, ofp.OFPQ_ALL)
        yield parser.OFPFlowMonitorRequest(dp, 0, 1, ofp.OFPP_ANY, ofp.OFPG_ANY,
                                           ofp.OFPFMF_INITIAL | ofp.OFPFMF_ADD, 0xff,
                                           ofp.OFPFMC_ADD, parser.OFPMatch(in_port=1))


def others(dp, ofp, parser):
    yield parser.OFPGetConfigRequest(dp)
    yield parser.OFPBarrierRequest(dp)
    yield parser.OFPGetAsyncRequest(dp)
    if ofp.OFP_VERSION == 6:
        yield parser.OFPRoleRequest(dp, ofp.OFPCR_ROLE_NOCHANGE, 0, 0)
    else:
        yield parser.OFPRoleRequest(dp, ofp.OFPCR_ROLE_EQUAL, 0)
        yield parser.OFPRoleRequest(dp, ofp.OFPCR_ROLE_MASTER, 5)
    if ofp.OFP_VERSION == 4:
        yield parser.OFPSetAsync(dp, [7, 1], [7, 7], [15, 1])
        yield parser.OFPQueueGetConfigRequest(dp, ofp.OFPP_ANY)
        yield parser.OFPTableMod(dp, 1, 0)
        yield parser.OFPPortMod(dp, 2, "00:00:00:00:00:00", 0, 0, 0)
    else:
        yield parser.OFPSetAsync(dp, [parser.OFPAsyncConfigPropReasons(
            ofp.OFPACPT_PACKET_IN_MASTER, 8, 0x3f)])
        yield parser.OFPTableMod(dp, 1, ofp.OFPTC_EVICTION, [
            parser.OFPTableModPropEviction(ofp.OFPTMPT_EVICTION, flags=ofp.OFPTMPEF_OTHER)])
        for kind in (ofp.OFPBCT_OPEN_REQUEST, ofp.OFPBCT_CLOSE_REQUEST, ofp.OFPBCT_DISCARD_REQUEST):
            yield parser.OFPBundleCtrlMsg(dp, 5, kind, ofp.OFPBF_ATOMIC, [])
    yield parser.OFPExperimenter(dp, 0x123456, 7, b"hello")
