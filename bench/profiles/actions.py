# SPDX-License-Identifier: Apache-2.0
"""Action lists; one flow, 64 bytes. NAT rewrites addresses and ports, and with them the IPv4 and
UDP checksums; lists of 8 and 32 rewrite the MAC addresses again and again, then output."""
import rig
import sweep
from measure import Plot

TITLE = "Actions"
REWRITTEN = "02:00:00:00:00:04"


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
                                         checksum=name == "NAT"), actions,
                          peer=peer) for name, (actions, peer) in LISTS.items()]
    result = sweep.run(scale, TITLE, ["actions"], points)
    result.plots = [Plot(5, "ns a frame beyond the wire")]
    return result
