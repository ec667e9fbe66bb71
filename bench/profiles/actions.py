# SPDX-License-Identifier: Apache-2.0
"""Action lists; one flow, 64 bytes. NAT rewrites addresses and ports, and with them the IPv4 and
UDP checksums; lists of 8 and 32 rewrite the MAC addresses again and again, then output. Shunt's fast
path runs the list as it stands; Open vSwitch's, on AF_XDP and its own processor, makes one rewrite
of many."""
import functools

import contestants
import rig
import sweep
from measure import Plot

TITLE = "Actions"
REWRITTEN = "02:00:00:00:00:04"


AND_OUT = ",output:2"


def ovs(flow):
    return contestants.Contestant(functools.partial(contestants.ovs, "afxdp", flow=flow),
                                  skbs=False, threads=True)


def mod_macs(number):
    return f"mod_dl_src:02:00:00:00:00:{number + 3:02x},mod_dl_dst:{REWRITTEN}"


# Open vSwitch's flow for each of LISTS.
FLOWS = {
    "output": "in_port=1,actions=output:2",
    "rewrite MACs": f"in_port=1,actions={mod_macs(0)}{AND_OUT}",
    "push VLAN": f"in_port=1,actions=push_vlan:0x8100,set_field:4101->vlan_vid{AND_OUT}",
    "NAT": "in_port=1,udp,actions=mod_nw_src:12.0.0.1,mod_nw_dst:13.0.0.1,mod_tp_src:3000,"
           f"mod_tp_dst:4000{AND_OUT}",
    "8 actions": f"in_port=1,actions={','.join(map(mod_macs, range(7)))}{AND_OUT}",
    "32 actions": f"in_port=1,actions={','.join(map(mod_macs, range(31)))}{AND_OUT}",
}


def macs(number):
    return f"set(eth(src=02:00:00:00:00:{number + 3:02x},dst={REWRITTEN}))"


# Name: (list, destination's address when the frame leaves).
LISTS = {
    "output": ("2", rig.SINK_MAC),
    "rewrite MACs": (macs(0) + ",2", REWRITTEN),
    "push VLAN": ("push_vlan(vid=5,pcp=0),2", rig.SINK_MAC),
    "NAT": ("set(ipv4(src=12.0.0.1,dst=13.0.0.1)),set(udp(src=3000,dst=4000)),2", rig.SINK_MAC),
    "8 actions": (",".join(map(macs, range(7))) + ",2", REWRITTEN),
    "32 actions": (",".join(map(macs, range(31))) + ",2", REWRITTEN),
}


def run(scale):
    points = [sweep.Point([name], rig.Load(scale.seconds, restore=name != "output",
                                         checksum=name == "NAT"), actions, peer=peer,
                          beside={"ovs-afxdp": ovs(FLOWS[name])})
              for name, (actions, peer) in LISTS.items()]
    result = sweep.run(scale, TITLE, ["actions"], points)
    result.plots = [Plot(5, "ns a frame beyond the wire")]
    return result
