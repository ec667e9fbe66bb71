# SPDX-License-Identifier: Apache-2.0
"""What capture lets ovs-ofctl say, and what happens while it listens.

A command that a version cannot say, or that the switch refuses, just adds less (or an error
message) to that version's captures.
"""

SETUP = [["del-flows", "SWITCH"], ["del-groups", "SWITCH"], ["del-meters", "SWITCH"]]

MATCHES = [
    "in_port=1,dl_src=50:54:00:00:00:01,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00",
    "dl_vlan=10,dl_vlan_pcp=3", "vlan_tci=0x1000/0x1000", "dl_vlan=0xffff",
    "arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.0/24,arp_sha=50:54:00:00:00:01",
    "ip,nw_src=10.0.0.0/8,nw_dst=192.168.1.1,nw_proto=6,nw_tos=32,nw_ecn=1,nw_ttl=64",
    "ip,nw_src=10.1.0.3/255.255.0.255", "ip,ip_frag=later", "ip,ip_frag=no",
    "tcp,tp_src=80,tp_dst=0x8000/0x8000,tcp_flags=+syn-ack",
    "udp,tp_src=53,tp_dst=53", "sctp,tp_src=1,tp_dst=2", "icmp,icmp_type=8,icmp_code=0",
    "ipv6,ipv6_src=2001:db8::1,ipv6_dst=2001:db8::/32,ipv6_label=0x12345",
    "icmp6,icmp_type=135,icmp_code=0,nd_target=fe80::1,nd_sll=50:54:00:00:00:01",
    "icmp6,icmp_type=136,icmp_code=0,nd_target=fe80::1,nd_tll=50:54:00:00:00:01",
    "tcp6,tp_src=1000", "mpls,mpls_label=100,mpls_tc=3,mpls_bos=1", "metadata=0x1234/0xffff",
    "tun_id=0x10", "tun_id=0x10/0xff", "tun_src=1.2.3.4,tun_dst=4.3.2.0/24", "tun_ipv6_src=::1",
    "tun_flags=+oam", "tun_gbp_id=3", "reg0=1,reg7=0x10/0xf0,reg15=15", "xreg0=0x1234567890",
    "xxreg1=0x1111222233334444555566667777", "pkt_mark=1", "ct_state=+trk+est-inv,ct_zone=5",
    "ct_mark=0x1/0xf,ct_label=0x1234", "ct_state=+trk,ip,ct_nw_src=1.2.3.4", "ct_state=+est,tcp,ct_nw_proto=6,ct_tp_dst=80",
    "conj_id=7", "recirc_id=0", "actset_output=2", "dp_hash=1/0xf", "cookie=0x55",
    "eth_type=0x1234", "packet_type=(1,0x800)",
]

ACTIONS = [
    "1,2,3", "in_port", "all", "flood", "normal", "local", "controller", "controller:100", "drop",
    "controller(max_len=20,id=2,reason=invalid_ttl)",
    "controller(userdata=01.02.03,pause,reason=action)", "controller(userdata=01.02,meter_id=1)",
    "mod_vlan_vid:5,mod_vlan_pcp:6,strip_vlan", "push_vlan:0x8100,set_field:4101->vlan_vid",
    "mod_dl_src:50:54:00:00:00:09,mod_dl_dst:50:54:00:00:00:0a",
    "mod_nw_src:1.1.1.1,mod_nw_dst:2.2.2.2,mod_nw_tos:4,mod_nw_ttl:9", "set_field:2->ip_ecn",
    "mod_tp_src:1,mod_tp_dst:2", "enqueue(1,2)", "set_queue:5,1,pop_queue", "group:1",
    "dec_ttl", "dec_ttl(1,2,3)", "dec_mpls_ttl", "set_mpls_label:5,set_mpls_tc:2,set_mpls_ttl:9",
    "push_mpls:0x8847", "pop_mpls:0x0800", "set_tunnel:0x55", "set_tunnel64:0x1122334455667788",
    "resubmit:2", "resubmit(,5)", "resubmit(3,6)", "resubmit(,7,ct)", "goto_table:3",
    "move:NXM_OF_IN_PORT[]->NXM_NX_REG0[0..15]", "move:reg0[]->reg1[]", "load:5->reg2[0..7]",
    "load:0xffff->NXM_OF_VLAN_TCI[]", "set_field:0x5/0xf->reg3", "set_field:1.2.3.4->ip_dst",
    "set_field:fe80::1->ipv6_src", "set_field:1->tun_id", "set_field:0x77->xreg1",
    "push:NXM_NX_REG0[],pop:NXM_NX_REG1[0..15]", "output:NXM_NX_REG0[0..15]",
    "output(port=1,max_len=100)", "output:reg1", "note:11.22.33.44.55.66.77",
    "multipath(eth_src,50,modulo_n,4,0,NXM_NX_REG0[0..3])",
    "bundle(symmetric_l4,0,hrw,ofport,slaves:1,2,3)",
    "bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[],slaves:1,2)",
    "learn(table=1,hard_timeout=60,NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
    "output:NXM_OF_IN_PORT[])",
    "learn(table=2,idle_timeout=1,cookie=5,priority=9,send_flow_rem,delete_learned,"
    "fin_idle_timeout=3,dl_type=0x800,nw_proto=6,load:0x10->NXM_NX_REG0[],"
    "load:NXM_OF_IN_PORT[]->NXM_NX_REG1[0..15])",
    "learn(table=3,limit=5,result_dst=NXM_NX_REG0[3],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
    "output:NXM_OF_IN_PORT[])",
    "exit", "fin_timeout(idle_timeout=2,hard_timeout=3)", "write_metadata:0x12/0xff",
    "sample(probability=10,collector_set_id=1,obs_domain_id=2,obs_point_id=3)",
    "sample(probability=10,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=1)",
    "sample(probability=1,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=1,"
    "egress)",
    "ct", "ct(commit,zone=3,table=4)", "ct(commit,force,exec(set_field:1->ct_mark),alg=ftp)",
    "ct(zone=NXM_NX_REG0[0..15])", "ct(commit,nat(src=10.0.0.1-10.0.0.9:100-200,random))",
    "ct(commit,nat(dst=[fe80::1]-[fe80::9],hash,persistent))", "ct(nat)", "ct_clear",
    "clone(set_field:1->reg0,2),1", "check_pkt_larger(100)->NXM_NX_REG0[0]",
    "encap(nsh(md_type=1))", "encap(ethernet)", "decap", "decap(packet_type(ns=0,type=0))",
    "dec_nsh_ttl", "meter:1,2", "clear_actions",
    "write_actions(set_field:1->reg0,output:1)", "clear_actions,goto_table:9",
]


def flow_matches():
    return [["add-flow", "SWITCH", f"{m},actions=drop"] for m in MATCHES if "cookie" not in m]


def flow_actions():
    needs = {"alg=ftp": "tcp", "[fe80": "ipv6", "mod_nw": "ip", "mod_tp": "tcp", "dec_ttl": "ip",
             "ip_dst": "ip", "ip_ecn": "ip", "ipv6": "ipv6", "mpls": "mpls", "pop_mpls": "mpls",
             "fin_timeout": "tcp", "nat": "ip", "ct": "ip", "meter": "ip"}
    commands = []
    for a in ACTIONS:
        for key, match in needs.items():
            if key in a and "push_mpls" not in a:
                commands.append(["add-flow", "SWITCH", f"{match},actions={a}"])
                break
        commands.append(["add-flow", "SWITCH", f"actions={a}"])
    return commands


# A command's argument of this name is a file with these lines.
FILES = {
    "BUNDLE-FILE": [
        "add table=1,priority=5,ip,actions=1", "modify table=1,ip,actions=2",
        "modify_strict table=1,priority=5,ip,actions=3", "delete table=2",
        "delete_strict table=1,priority=5,ip"],
    "FLOW-FILE": ["table=3,ip,actions=1", "table=4,reg0=1,actions=drop"],
    "MIXED-FILE": [
        "group add group_id=7,type=all,bucket=output:1", "flow add ip,actions=group:7",
        "packet-out in_port=1,packet=505400000001505400000002123400112233,actions=2",
        "group delete group_id=7"],
}

SCENARIOS = {
    "match": flow_matches(),
    "action": flow_actions(),
    "flow": [
        ["add-flow", "SWITCH", "table=0,priority=7,cookie=0x99,idle_timeout=5,hard_timeout=60,"
         "send_flow_rem,check_overlap,importance=3,ip,actions=1"],
        ["add-flow", "SWITCH", "reset_counts,no_packet_counts,no_byte_counts,actions=2"],
        ["add-flow", "-F", "NXM", "SWITCH", "table=5,priority=1,reg1=1,actions=2"],
        ["add-flow", "-F", "NXM+table_id", "SWITCH", "table=6,tcp,actions=2"],
        ["mod-flows", "SWITCH", "cookie=0x99/-1,ip,actions=3"],
        ["--strict", "mod-flows", "SWITCH", "priority=7,ip,actions=1"],
        ["dump-flows", "SWITCH"],
        ["dump-flows", "SWITCH", "table=0,out_port=1"],
        ["dump-flows", "SWITCH", "cookie=0x99/-1"],
        ["dump-flows", "SWITCH", "out_group=5"],
        ["dump-aggregate", "SWITCH"],
        ["dump-aggregate", "SWITCH", "ip"],
        ["-F", "NXM", "dump-flows", "SWITCH", "reg1=1"],
        ["-F", "NXM", "dump-aggregate", "SWITCH", "reg1=1"],
        ["--strict", "del-flows", "SWITCH", "priority=7,ip"],
        ["del-flows", "SWITCH", "out_port=2"],
        ["add-flow", "SWITCH", "table=200,actions=resubmit(,999)"],
        ["add-flow", "SWITCH", "priority=1,actions=output:9999"],
    ],
    "group": [
        ["add-group", "SWITCH", "group_id=1,type=all,bucket=output:1,bucket=output:2"],
        ["add-group", "SWITCH", "group_id=2,type=select,bucket=bucket_id:5,weight:3,"
         "set_field:1->reg0,output:1,bucket=weight:7,output:2"],
        ["add-group", "SWITCH", "group_id=3,type=indirect,bucket=dec_ttl,output:1"],
        ["add-group", "SWITCH", "group_id=4,type=ff,bucket=watch_port:1,output:1,"
         "bucket=watch_group:1,output:2"],
        ["add-group", "SWITCH", "group_id=5,type=select,selection_method=hash,"
         "selection_method_param=9,fields(eth_dst,ip_dst=255.255.255.0),bucket=output:1"],
        ["add-group", "SWITCH", "group_id=6,type=select,selection_method=dp_hash,bucket=1"],
        ["add-group", "SWITCH", "group_id=1,type=all,bucket=output:1"],
        ["mod-group", "SWITCH", "group_id=1,type=all,bucket=output:3"],
        ["--may-create", "mod-group", "SWITCH", "group_id=9,type=all,bucket=output:3"],
        ["insert-buckets", "SWITCH", "group_id=2,command_bucket_id=last,bucket=bucket_id:9,1"],
        ["remove-buckets", "SWITCH", "group_id=2,command_bucket_id=5"],
        ["add-flow", "SWITCH", "actions=group:1"],
        ["dump-groups", "SWITCH"],
        ["dump-groups", "SWITCH", "2"],
        ["dump-group-stats", "SWITCH"],
        ["dump-group-stats", "SWITCH", "group_id=2"],
        ["dump-group-features", "SWITCH"],
        ["del-groups", "SWITCH", "group_id=4"],
        ["del-groups", "SWITCH"],
    ],
    "meter": [
        ["add-meter", "SWITCH", "meter=1,kbps,burst,stats,bands=type=drop,rate=10,burst_size=20"],
        ["add-meter", "SWITCH", "meter=2,pktps,bands=type=dscp_remark,rate=9,prec_level=2"],
        ["mod-meter", "SWITCH", "meter=1,kbps,bands=type=drop,rate=7"],
        ["add-meter", "SWITCH", "meter=1,kbps,bands=type=drop,rate=7"],
        ["add-meter", "SWITCH", "meter=slowpath,pktps,bands=type=drop,rate=7"],
        ["add-flow", "SWITCH", "actions=meter:1,1"],
        ["dump-meters", "SWITCH"],
        ["dump-meter", "SWITCH", "meter=1"],
        ["meter-stats", "SWITCH"],
        ["meter-stats", "SWITCH", "meter=1"],
        ["meter-features", "SWITCH"],
        ["del-meter", "SWITCH", "meter=1"],
        ["del-meters", "SWITCH"],
    ],
    "port": [
        ["show", "SWITCH"],
        ["dump-ports-desc", "SWITCH"],
        ["dump-ports-desc", "SWITCH", "1"],
        ["dump-ports", "SWITCH"],
        ["dump-ports", "SWITCH", "1"],
        ["mod-port", "SWITCH", "1", "down"],
        ["mod-port", "SWITCH", "1", "up"],
        ["mod-port", "SWITCH", "2", "no-flood"],
        ["mod-port", "SWITCH", "2", "no-packet-in"],
        ["mod-port", "SWITCH", "2", "packet-in"],
        ["queue-stats", "SWITCH"],
        ["queue-stats", "SWITCH", "1", "2"],
        ["queue-get-config", "SWITCH", "1"],
        ["queue-get-config", "SWITCH"],
    ],
    "switch": [
        ["probe", "SWITCH"],
        ["ping", "SWITCH", "32"],
        ["dump-desc", "SWITCH"],
        ["dump-tables", "SWITCH"],
        ["dump-table-features", "SWITCH"],
        ["dump-table-desc", "SWITCH"],
        ["mod-table", "SWITCH", "1", "evict"],
        ["mod-table", "SWITCH", "1", "noevict"],
        ["mod-table", "SWITCH", "2", "vacancy:20,80"],
        ["mod-table", "SWITCH", "2", "novacancy"],
        ["mod-table", "SWITCH", "3", "controller"],
        ["mod-table", "SWITCH", "3", "name:first"],
        ["dump-table-desc", "SWITCH"],
        ["set-frags", "SWITCH", "drop"],
        ["get-frags", "SWITCH"],
        ["set-frags", "SWITCH", "normal"],
        ["bundle-features", "SWITCH"],
        ["dump-ipfix-bridge", "SWITCH"],
        ["dump-ipfix-flow", "SWITCH"],
        ["ct-flush-zone", "SWITCH", "5"],
        ["ct-flush", "SWITCH", "zone=5"],
        ["ct-flush", "SWITCH", "zone=5", "ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=6,"
         "ct_tp_src=1,ct_tp_dst=2", "ct_nw_src=10.0.0.2"],
        ["add-tlv-map", "SWITCH", "{class=0xffff,type=0,len=4}->tun_metadata0,"
         "{class=0xffff,type=1,len=8}->tun_metadata1"],
        ["dump-tlv-map", "SWITCH"],
        ["add-flow", "SWITCH", "tun_metadata0=0x12/0xff,actions=set_field:5->tun_metadata1,"
         "delete_field:tun_metadata0"],
        ["dump-flows", "SWITCH"],
        ["del-flows", "SWITCH"],
        ["del-tlv-map", "SWITCH", "{class=0xffff,type=1,len=8}->tun_metadata1"],
        ["del-tlv-map", "SWITCH"],
    ],
    "packet-out": [
        ["packet-out", "SWITCH", "in_port=1,packet=505400000001505400000002123400112233,"
         "actions=output:2"],
        ["packet-out", "SWITCH", "in_port=controller,metadata=5,packet=50540000000150540000000212"
         "340011223344,actions=set_field:1->reg0,table"],
        ["packet-out", "SWITCH", "none", "1,2", "505400000001505400000002123400112233"],
        ["packet-out", "SWITCH", "in_port=65530,packet=505400000001505400000002123400112233,"
         "actions=1"],
    ],
    "bundle": [
        ["--bundle", "add-flow", "SWITCH", "ip,actions=1"],
        ["--bundle", "add-flows", "SWITCH", "BUNDLE-FILE"],
        ["--bundle", "del-flows", "SWITCH", "table=0"],
        ["--bundle", "add-group", "SWITCH", "group_id=1,type=all,bucket=output:1"],
        ["--bundle", "add-flow", "SWITCH", "actions=resubmit(,999)"],
        ["replace-flows", "SWITCH", "FLOW-FILE"],
        ["--bundle", "replace-flows", "SWITCH", "FLOW-FILE"],
        ["bundle", "SWITCH", "MIXED-FILE"],
    ],
}

FRAME = "505400000001505400000002080045000028000000004006000001020304050607080001000200000000"
TCP = ("in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x0800),"
       "ipv4(src=192.168.0.1,dst=192.168.0.2,proto=6,tos=0,ttl=64,frag=no),tcp(src=8,dst=9)")
EVENTS = [
    ["add-flow", "SWITCH", "priority=9,tcp,actions=set_field:5->reg1,"
     "controller(reason=action,userdata=01.02.03,pause),2"],
    ["add-flow", "SWITCH", "priority=1,cookie=0x7,actions=controller"],
    ["appctl", "netdev-dummy/receive", "p1", TCP],
    ["appctl", "netdev-dummy/receive", "p1", "in_port(1),eth(src=50:54:00:00:00:05,"
     "dst=50:54:00:00:00:07),eth_type(0x1234)"],
    ["packet-out", "SWITCH", "in_port=controller,packet=505400000001505400000002123400112233,"
     "actions=controller"],
    ["add-flow", "SWITCH", "priority=2,udp,send_flow_rem,idle_timeout=1,actions=drop"],
    ["add-flow", "SWITCH", "priority=2,sctp,send_flow_rem,hard_timeout=1,actions=drop"],
    ["add-flow", "SWITCH", "priority=3,reg1=5,send_flow_rem,cookie=9,actions=drop"],
    ["mod-flows", "SWITCH", "reg1=5,actions=1"],
    ["del-flows", "SWITCH", "reg1=5"],
    ["add-group", "SWITCH", "group_id=1,type=all,bucket=output:1"],
    ["add-flow", "SWITCH", "priority=4,send_flow_rem,actions=group:1"],
    ["del-groups", "SWITCH"],
    ["mod-port", "SWITCH", "3", "down"],
    ["mod-port", "SWITCH", "3", "up"],
    ["vsctl", "add-port", "br0", "p9", "--", "set", "interface", "p9", "type=dummy"],
    ["vsctl", "del-port", "p9"],
]

MONITORS = {
    "monitor": (["monitor", "SWITCH", "65534"], EVENTS),
    "monitor-nxt": (["-P", "nxt_packet_in", "monitor", "SWITCH", "65534"], EVENTS),
    "monitor-nxt2": (["-P", "nxt_packet_in2", "monitor", "SWITCH", "65534"], EVENTS),
    "monitor-resume": (["-P", "nxt_packet_in2", "monitor", "SWITCH", "65534", "resume"], EVENTS),
    "monitor-watch": (["monitor", "SWITCH", "watch:"], EVENTS),
    "monitor-watch-own": (["monitor", "SWITCH", "watch:!initial,!own,table=0,out_port=1"], EVENTS),
    "monitor-async": (["monitor", "SWITCH", "65534", "watch:ip"], EVENTS[:4]),
    "snoop": (["snoop", "SWITCH"], []),
}
