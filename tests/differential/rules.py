# SPDX-License-Identifier: Apache-2.0
"""Random frames, random tables for them, and these tables as ovs-ofctl reads them."""
import ipaddress
import struct

import frames
from reference import N_REGS, REGISTERS, Packet, Rule

N_TABLES = 5
PORTS = (1, 2, 3, 4)
MAGIC = b"Shnt"
MACS = [bytes.fromhex(m) for m in ("020000000001", "020000000002", "02000000000a", "ffffffffffff",
                                   "01005e000001")]
ADDRESSES = [ipaddress.ip_address(a).packed for a in ("10.0.0.1", "10.0.0.2", "10.1.2.3",
                                                      "192.0.2.7")]
ADDRESSES6 = [ipaddress.ip_address(a).packed for a in ("2001:db8::1", "2001:db8::2",
                                                       "2001:db8:1:2::3")]
L4_PORTS = (53, 80, 81, 4097, 65535)
TTLS = (0, 1, 2, 64, 255)

# ---- Frames ----


def tail(number):
    """The end of every frame; its number does not show in a checksum."""
    return b"shunt---" + MAGIC + struct.pack("!II", number, number ^ 0xffffffff)


def numbered(data, number):
    return data[:-8] + struct.pack("!II", number, number ^ 0xffffffff)


def number_of(data):
    if data[-12:-8] != MAGIC:
        return None
    return struct.unpack("!I", data[-8:-4])[0]


def random_l4(rng, is_ip6):
    proto = rng.choice((frames.TCP, frames.TCP, frames.UDP, frames.UDP, 47,
                        frames.ICMP6 if is_ip6 else frames.ICMP))
    ports = struct.pack("!HH", rng.choice(L4_PORTS), rng.choice(L4_PORTS))
    end = tail(0)
    if proto == frames.TCP:
        return proto, ports + struct.pack("!IIHHHH", 1, 2, 0x5000 | rng.choice((2, 16, 18, 17)),
                                          512, 0, 0) + end
    if proto == frames.UDP:
        return proto, ports + struct.pack("!HH", 8 + len(end), rng.choice((0, 1))) + end
    kind = rng.choice(((128, 0), (129, 0)) if is_ip6 else ((8, 0), (0, 0), (3, 1)))
    return proto, struct.pack("!BBHHH", *kind, 0, 7, 1) + end


def random_ip(rng):
    proto, payload = random_l4(rng, False)
    fragment = rng.choice((0, 0, 0, 0, 0x4000, 0x2000, 0x2005, 5))
    options = b"" if rng.random() < 0.9 else b"\x94\x04\0\0"
    return struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, rng.choice((0, 1, 0x20, 0xb8)),
                       20 + len(options) + len(payload), 1, fragment, rng.choice(TTLS), proto, 0
                       ) + rng.choice(ADDRESSES) + rng.choice(ADDRESSES) + options + payload


def random_ip6(rng):
    proto, payload = random_l4(rng, True)
    first = 6 << 28 | rng.choice((0, 0x20, 0xb9)) << 20 | rng.choice((0, 5, 0xfffff))
    return struct.pack("!IHBB", first, len(payload), proto, rng.choice(TTLS)) + rng.choice(
        ADDRESSES6) + rng.choice(ADDRESSES6) + payload


def random_arp(rng):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, rng.choice((1, 2))) + rng.choice(
        MACS) + rng.choice(ADDRESSES) + rng.choice(MACS) + rng.choice(ADDRESSES) + tail(0)


def random_mpls(rng):
    n = rng.choice((1, 1, 2, 3))
    labels = b"".join(struct.pack("!I", rng.choice((0, 5, 16, 1048575)) << 12 |
                                  rng.choice((0, 3)) << 9 | (i == n - 1) << 8 | rng.choice(TTLS))
                      for i in range(n))
    return labels + random_ip(rng)


def random_frame(rng):
    eth_type, payload = rng.choice((
        (0x0800, random_ip), (0x0800, random_ip), (0x0800, random_ip), (0x86dd, random_ip6),
        (0x86dd, random_ip6), (0x0806, random_arp), (0x8847, random_mpls),
        (0x88b5, lambda _: b"x" * 40 + tail(0))))
    tags = b""
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        tags += struct.pack("!HH", rng.choice(frames.TAGS), rng.choice((0, 5, 7, 4095)) |
                            rng.choice((0, 3, 7)) << 13)
    data = rng.choice(MACS) + rng.choice(MACS) + tags + struct.pack("!H", eth_type) + payload(rng)
    return inner_checksums(data)


def inner_checksums(data):
    """Also of a packet that stands behind labels."""
    view = frames.View(data)
    if view.eth_type not in frames.MPLS:
        return frames.with_checksums(data)
    at = view.l2 + 2
    while not view.u16(at + 2) & 0x100:
        at += 4
    inner = frames.with_checksums(bytes(12) + b"\x08\x00" + data[at + 4:])
    return data[:at + 4] + inner[14:]


FLIPPED = ("eth_dst", "eth_src", "vlan_id", "vlan_pcp", "ip_dscp", "ip_ecn", "ip_ttl", "ip_src",
           "ip_dst", "_frag", "tp_src", "tp_dst", "tcp_flags", "icmp_type", "icmp_code", "ipv6_src",
           "ipv6_dst", "ipv6_label", "arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha",
           "mpls_label", "mpls_tc", "mpls_ttl")


def variant(rng, data):
    """Differs in one bit of one field (and in checksums)."""
    view = frames.View(data)
    name = rng.choice([n for n in FLIPPED if n in view.where] + ["eth_type"])
    if name == "eth_type":
        at = view.l2 + rng.randrange(2)
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
    # Opcodes over 255 read as 0, and are not written over with 0 (datapath/abi.h).
    bits = 8 if name == "arp_op" else view.where[name][3]
    return frames.put(data, name, view.get(name) ^ 1 << rng.randrange(bits))


# ---- Text ----

MAC_FIELDS = ("eth_src", "eth_dst", "arp_sha", "arp_tha")
IP_FIELDS = ("ip_src", "ip_dst", "arp_spa", "arp_tpa")
IP6_FIELDS = ("ipv6_src", "ipv6_dst")
BITS = dict.fromkeys(MAC_FIELDS, 48) | dict.fromkeys(IP_FIELDS, 32) | dict.fromkeys(
    IP6_FIELDS, 128) | {"vlan_vid": 13, "vlan_id": 12, "vlan_pcp": 3, "ip_dscp": 6, "ip_ecn": 2,
                        "ip_ttl": 8, "ip_proto": 8, "ip_frag": 2, "tp_src": 16, "tp_dst": 16,
                        "tcp_flags": 12, "icmp_type": 8, "icmp_code": 8, "ipv6_label": 20,
                        "arp_op": 16, "mpls_label": 20, "mpls_tc": 3, "mpls_bos": 1, "mpls_ttl": 8,
                        "metadata": 64, "in_port": 32, "eth_type": 16} | {
                            f"reg{i}": 32 for i in range(N_REGS)}
MASKABLE = MAC_FIELDS + IP_FIELDS + IP6_FIELDS + ("tp_src", "tp_dst", "tcp_flags", "ipv6_label",
                                                  "metadata") + tuple(
                                                      f"reg{i}" for i in range(N_REGS))
# What registers and metadata hold, so that rules meet them.
MARKS = (0, 1, 5, 0xff00, 0xffffffff)
FRAGMENTS = {(0, 3): "no", (1, 1): "yes", (1, 3): "first", (2, 2): "later", (0, 2): "not_later"}


def value_text(name, value):
    if name in MAC_FIELDS:
        return value.to_bytes(6, "big").hex(":")
    if name in IP_FIELDS:
        return str(ipaddress.IPv4Address(value))
    if name in IP6_FIELDS:
        return str(ipaddress.IPv6Address(value))
    return hex(value)


def masked_text(name, value, mask):
    text = value_text(name, value)
    if name in IP6_FIELDS:
        return f"{text}/{mask.bit_count()}"
    return text if mask == (1 << BITS[name]) - 1 else f"{text}/{value_text(name, mask)}"


def name_text(name, l4):
    """As ovs-fields(7) calls it; `l4` is the match's (EtherType, protocol)."""
    if name in ("tp_src", "tp_dst"):
        return ("tcp" if l4[1] == frames.TCP else "udp") + name[2:]
    if name in ("icmp_type", "icmp_code") and l4[0] == frames.IP6:
        return name.replace("icmp", "icmpv6")
    return {"vlan_id": "vlan_vid", "ip_ecn": "nw_ecn", "ip_ttl": "nw_ttl", "eth_type": "dl_type",
            "ip_proto": "nw_proto"}.get(name, name)


def l4_of(match):
    return match.get("eth_type", (0,))[0], match.get("ip_proto", (0,))[0]


def match_text(match):
    words = []
    for name, (value, mask) in match.items():
        if name == "ip_frag":
            words.append(f"ip_frag={FRAGMENTS[value, mask]}")
        elif name == "in_port":
            words.append(f"in_port={value}")
        else:
            words.append(f"{name_text(name, l4_of(match))}={masked_text(name, value, mask)}")
    return words


def action_text(action, l4):
    kind, *rest = action
    if kind == "set":
        name, value, mask = rest
        if name == "vlan_id":
            return f"set_field:{value | 0x1000:#x}->vlan_vid"
        return f"set_field:{masked_text(name, value, mask)}->{name_text(name, l4)}"
    if kind == "move":
        (source, low, bits), (target, target_low) = rest
        return (f"move:{MOVED[source]}[{low}..{low + bits - 1}]->"
                f"{MOVED[target]}[{target_low}..{target_low + bits - 1}]")
    if kind in ("push_vlan", "push_mpls", "pop_mpls"):
        return f"{kind}:{rest[0]:#06x}"
    if kind == "clone":
        return f"clone({actions_text(rest[0], l4)})"
    if kind == "resubmit":
        return f"resubmit(,{rest[0]})"
    return kind + "".join(f":{value}" for value in rest)


def actions_text(actions, l4):
    return ",".join(action_text(action, l4) for action in actions)


def rule_key_text(rule):
    return ",".join([f"table={rule.table}", f"priority={rule.priority}"] + match_text(rule.match))


def rule_text(rule):
    l4 = l4_of(rule.match)
    words = [actions_text(rule.actions, l4)] if rule.actions else []
    if rule.clear:
        words.append("clear_actions")
    if rule.write:
        words.append(f"write_actions({actions_text(rule.write, l4)})")
    if rule.metadata:
        words.append(f"write_metadata:{rule.metadata[0]:#x}/{rule.metadata[1]:#x}")
    if rule.goto is not None:
        words.append(f"goto_table:{rule.goto}")
    return f"{rule_key_text(rule)},actions={','.join(words) or 'drop'}"


def group_text(group_id, group):
    kind, buckets = group
    return f"group_id={group_id},type={kind}" + "".join(
        f",bucket=bucket_id:{i},{actions_text(bucket, (0, 0))}" for i, bucket in enumerate(buckets))


# ---- Tables ----

def is_later_fragment(match):
    return match.get("ip_frag", (0, 0))[0] & 2


MOVED = {"eth_src": "NXM_OF_ETH_SRC", "eth_dst": "NXM_OF_ETH_DST", "ip_src": "NXM_OF_IP_SRC",
         "ip_dst": "NXM_OF_IP_DST"} | {f"reg{i}": f"NXM_NX_REG{i}" for i in range(N_REGS)}


def tags_of(context):
    """As many as ovs-ofctl counts, to which a label leaves tags where they are, and as there are."""
    return context["tags"], context.get("seen", context["tags"])


def change_tags(context, change):
    n, seen = tags_of(context)
    context.update(tags=n + change, seen=seen + change)


class RuleMaker:
    """Rules that the frames of a pool meet often."""

    def __init__(self, rng, pool):
        self.rng, self.pool = rng, pool

    def mask(self, name):
        bits, rng = BITS[name], self.rng
        whole = (1 << bits) - 1
        if name not in MASKABLE or rng.random() < 0.4:
            return whole
        if name in IP6_FIELDS or rng.random() < 0.5:
            return whole ^ (1 << rng.randrange(bits)) - 1
        return rng.getrandbits(bits) or whole

    def any_value(self, name):
        if name in ("ip_ttl", "mpls_ttl"):
            return self.rng.choice(TTLS)
        if name == "in_port":
            return self.rng.choice(PORTS)
        if name == "arp_op":
            return self.rng.choice((0, 1, 2, 255))  # ovs-ofctl takes no others.
        if name in REGISTERS:
            return self.rng.choice(MARKS)
        return self.rng.getrandbits(BITS[name])

    def prerequisites(self, values):
        match = {}
        if self.rng.random() < 0.75:
            match["eth_type"] = (values["eth_type"], 0xffff)
            if "ip_proto" in values and self.rng.random() < 0.6:
                match["ip_proto"] = (values["ip_proto"], 0xff)
        return match

    def candidates(self, match, values):
        names = ["in_port", "eth_src", "eth_dst", "metadata"] + [f"reg{i}" for i in range(N_REGS)]
        eth_type, proto = l4_of(match)
        if eth_type in (frames.IP, frames.IP6):
            names += ["ip_dscp", "ip_ecn", "ip_ttl", "ip_frag"]
        names += {frames.IP: ["ip_src", "ip_dst"], frames.IP6: ["ipv6_src", "ipv6_dst",
                                                                "ipv6_label"],
                  frames.ARP: ["arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha"],
                  0x8847: ["mpls_label", "mpls_tc", "mpls_bos", "mpls_ttl"]}.get(eth_type, [])
        if proto in (frames.TCP, frames.UDP):
            names += ["tp_src", "tp_dst"] * 2 + ["tcp_flags"] * (proto == frames.TCP)
        elif proto == (frames.ICMP6 if eth_type == frames.IP6 else frames.ICMP):
            names += ["icmp_type", "icmp_code"]
        return names

    def add_vlan(self, match, values):
        rng, vid = self.rng, values["vlan_vid"]
        roll = rng.random()
        if roll < 0.6:
            return
        if roll < 0.7:
            match["vlan_vid"] = (vid & 0x1000, 0x1000 if vid else 0x1fff)
        else:
            match["vlan_vid"] = (vid, 0x1fff)
        if vid and rng.random() < 0.4:
            match["vlan_pcp"] = (values["vlan_pcp"], 7)

    def match(self):
        packet = Packet(self.rng.choice(self.pool), self.rng.choice(PORTS))
        values = packet.fields()
        match = self.prerequisites(values)
        names = self.candidates(match, values)
        for name in self.rng.sample(names, min(len(names), self.rng.choice((0, 1, 1, 2, 3)))):
            if name == "ip_frag":
                match[name] = self.rng.choice([f for f in FRAGMENTS
                                               if values["ip_frag"] & f[1] == f[0]])
            else:
                mask = self.mask(name)
                value = values.get(name, 0) if self.rng.random() < 0.8 else self.any_value(name)
                match[name] = (value & mask, mask)
        self.add_vlan(match, values)
        if is_later_fragment(match):  # Without layer 4.
            for name in ("tp_src", "tp_dst", "tcp_flags", "icmp_type", "icmp_code"):
                match.pop(name, None)
        return match

    # ---- Actions ----

    def setter(self, name, is_masked=True):
        mask = self.mask(name) if is_masked and name != "ipv6_label" else (1 << BITS[name]) - 1
        values = [frames.View(data).get(name) for data in self.pool]
        value = self.rng.choice(values) if self.rng.random() < 0.6 else self.any_value(name)
        return ("set", name, value & mask, mask)

    def settable(self, context):
        names = ["eth_src", "eth_dst", "reg0", "reg1", "reg2"]
        eth_type, proto = context["l4"]
        if eth_type in (frames.IP, frames.IP6):
            names += ["ip_dscp", "ip_ecn", "ip_ttl"]
        names += {frames.IP: ["ip_src", "ip_dst"] * 2,
                  frames.IP6: ["ipv6_src", "ipv6_dst", "ipv6_label"],
                  frames.ARP: ["arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha"],
                  0x8847: ["mpls_label", "mpls_tc", "mpls_ttl"]}.get(eth_type, [])
        if proto in (frames.TCP, frames.UDP):
            names += ["tp_src", "tp_dst"] * 2
        return names + ["vlan_id", "vlan_pcp"] * bool(min(tags_of(context)))

    def move(self, context):
        names = ["eth_src", "eth_dst", "reg0", "reg1", "reg2"]
        names += ["ip_src", "ip_dst"] * (context["l4"][0] == frames.IP)
        source, target = self.rng.sample(names, 2)
        bits = self.rng.choice((1, 8, 16, 32))
        return ("move", (source, self.rng.randrange(BITS[source] - bits + 1), bits),
                (target, self.rng.randrange(BITS[target] - bits + 1)))

    def retag(self, context):
        """A header comes or goes; what may be done behind it is kept in `context`."""
        rng = self.rng
        eth_type, _ = context["l4"]
        roll = rng.random()
        if roll < 0.35 and max(tags_of(context)) < 2:  # ovs-ofctl refuses what must be a third.
            change_tags(context, 1)
            return ("push_vlan", rng.choice(frames.TAGS))
        if roll < 0.6 and min(tags_of(context)):
            change_tags(context, -1)
            return ("pop_vlan",)
        if eth_type == 0x8847 and context["bos"] is not None and rng.random() < 0.7:
            inner = frames.IP if context["bos"] else 0x8847
            if context.get("hidden_tags"):  # The bottom label is before tags.
                inner = rng.choice((*frames.TAGS, inner))
            tags = int(inner in frames.TAGS)
            context.update(l4=(0 if tags else inner, 0), bos=None, hidden_tags=False)
            context["seen"] = tags_of(context)[1] + tags
            return ("pop_mpls", inner)
        if eth_type in (frames.IP, 0x8847):
            is_outer = tags_of(context)[1] > 0
            context.update(bos=eth_type == frames.IP or is_outer, l4=(0x8847, 0), hidden_tags=is_outer,
                           seen=0)
            return ("push_mpls", 0x8847)
        return ("output", rng.choice(PORTS))

    def action(self, context, table, groups, depth):
        rng = self.rng
        roll = rng.random()
        if roll < 0.3:
            return ("output", rng.choice(PORTS))
        if roll < 0.36:
            return rng.choice((("in_port",), ("all",)))
        if roll < 0.58:
            return self.setter(rng.choice(self.settable(context)))
        if roll < 0.63:
            return self.move(context)
        if roll < 0.72:
            return self.retag(context)
        if roll < 0.8 and context["l4"][0] in (frames.IP, frames.IP6):
            return ("dec_ttl",)
        if roll < 0.8 and context["l4"][0] == 0x8847:
            return ("dec_mpls_ttl",)
        if roll < 0.86 and table + 1 < N_TABLES:
            return ("resubmit", rng.randrange(table + 1, N_TABLES))
        if roll < 0.91 and groups:
            return ("group", rng.choice(groups))
        if roll < 0.96 and depth < 2:
            return ("clone", self.actions(dict(context), table, groups, depth + 1))
        return self.setter(rng.choice(self.settable(context)))

    def actions(self, context, table, groups, depth=0):
        return [self.action(context, table, groups, depth)
                for _ in range(self.rng.choice((1, 1, 2, 3, 5)))]

    def set_actions(self, context, groups):
        """For write_actions and buckets."""
        rng = self.rng
        actions = [self.setter(rng.choice(self.settable(context)), False)
                   for _ in range(rng.choice((0, 0, 1, 2)))]
        if rng.random() < 0.15 and max(tags_of(context)) < 2:
            actions.append(("push_vlan", 0x8100))
        if rng.random() < 0.15 and context["l4"][0] in (frames.IP, frames.IP6):
            actions.append(("dec_ttl",))
        if groups and rng.random() < 0.2:
            actions.append(("group", rng.choice(groups)))
        actions.append(("output", rng.choice(PORTS)) if rng.random() < 0.9 else ("in_port",))
        return actions

    def rule(self, table, priority, groups, match=None):
        rng = self.rng
        if match is None:
            match = self.match() if priority else {}
        eth_type, proto = l4_of(match)
        context = {"l4": (eth_type, 0 if is_later_fragment(match) else proto),
                   "tags": match.get("vlan_vid", (0,))[0] >> 12,
                   "bos": match.get("mpls_bos", (None,))[0]}
        rule = Rule(table, priority, match)
        if rng.random() < 0.85:
            rule.actions = self.actions(context, table, groups)
        if rng.random() < 0.35:
            rule.write = self.set_actions(context, groups)
        rule.clear = rng.random() < 0.05
        if rng.random() < 0.2:
            mask = rng.choice((0xff, 0xffff00, (1 << 64) - 1))
            rule.metadata = (rng.choice(MARKS) & mask, mask)
        if table + 1 < N_TABLES and rng.random() < 0.5:
            rule.goto = rng.randrange(table + 1, N_TABLES)
        return rule

    def group(self):
        kind = self.rng.choice(("all", "all", "indirect", "select"))
        n = 1 if kind == "indirect" else self.rng.choice((1, 2, 3))
        return kind, [self.set_actions({"l4": (0, 0), "tags": 0}, []) for _ in range(n)]
