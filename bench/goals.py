# SPDX-License-Identifier: Apache-2.0
"""What Shunt must reach: a row for each figure, which a profile's `values` has by name."""
import dataclasses
import statistics

import measure


@dataclasses.dataclass
class Goal:
    profile: str
    value: str
    bound: float
    text: str
    unit: str = ""
    at_most: bool = False
    limit: str = ""  # The value of what cannot be bettered here, measured in the same rounds.

    def met(self, figure):
        return figure <= self.bound if self.at_most else figure >= self.bound


def least(profile, value, bound, text, unit=""):
    return Goal(profile, value, bound, text, unit)


def most(profile, value, bound, text, unit="", limit=""):
    return Goal(profile, value, bound, text, unit, True, limit)


GOALS = [
    least("forward", "xdp / bare xdp", 0.85, "XDP, 64 B, 1 flow: of bare XDP redirect"),
    least("forward", "xdp / bridge", 3.3, "the same: of the Linux bridge"),
    least("forward", "tc / bare tcx", 0.93, "TC, 64 B, 1 flow: of bare redirect, tcx"),
    least("forward", "tc / bare clsact", 0.93, "the same: of bare redirect, clsact"),
    least("forward", "tc egress / bare tcx", 0.93, "TC with peer=off: of bare redirect, tcx"),
    least("forward", "tc / bridge", 1.15, "TC: of the Linux bridge without bridge netfilter"),
    least("forward", "tc egress / bridge", 1.15, "TC with peer=off: of the same bridge"),
    least("tcp", "1 stream / bare", 0.95, "TCP, 1 stream: of bare TC redirect"),
    least("tcp", "8 streams / bare", 0.95, "TCP, 8 streams: of bare TC redirect"),
    least("tcp", "1 stream / bridge", 1, "TCP, 1 stream: of the Linux bridge"),
    least("tcp", "8 streams / bridge", 1, "TCP, 8 streams: of the Linux bridge"),
    most("instructions", "tc", 0.68, "instructions, TC: of OVS's kernel module"),
    most("instructions", "tc mac", 0.68, "instructions, TC, MAC rewrite: of the same"),
    most("instructions", "xdp", 0.18, "instructions, XDP: of the same"),
    most("flows", "xdp 1M ns", 200, "1,000,000 exact flows, random, XDP: more than 1", "ns",
         limit="2 reads 1M ns"),
    least("masks", "16 cold xdp", 0.6, "16 masks without cache hits, XDP: of one mask's rate"),
    least("masks", "16 cold tc", 0.6, "16 masks without cache hits, TC: of one mask's rate"),
    least("masks", "128 warm xdp", 0.85, "128 masks, warm cache, XDP: of one mask's rate"),
    least("masks", "128 warm tc", 0.85, "128 masks, warm cache, TC: of one mask's rate"),
    least("new_flows", "a core", 250000, "new flows a second of one handler's processor time", "/s"),
    least("new_flows", "by the clock", 250000, "the same by the clock, one handler", "/s"),
    least("new_flows", "/ ovs afxdp", 1, "new flows: of what OVS on AF_XDP answers"),
    most("new_flow_instructions", "user", 25000, "user-space instructions a new flow"),
    least("flow_mods", "single / ovs", 3, "100,000 flow-mods a second: of ovs-vswitchd"),
    least("flow_mods", "bundle / ovs", 3, "the same in a bundle"),
    most("flow_mods", "single memory", 0.5, "memory a flow: of ovs-vswitchd"),
    most("flow_mods", "bundle memory", 0.5, "the same after a bundle"),
    most("revalidate", "200k ms", 50, "revalidating 200,000 flows, nothing changed", "ms"),
    most("revalidate", "1M ms", 300, "revalidating 1,000,000 flows", "ms"),
    most("revalidate", "unrelated ms", 100, "change that touches none of 100,000", "ms"),
    most("revalidate", "idle %", 1, "idle with 100,000 installed flows", "%"),
    most("revalidate", "1M MiB", 1024, "memory of 1,000,000 installed flows", "MiB"),
]


def number(figure):
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.0f}" if figure >= 100 else f"{figure:.2f}"


def figures_of(result, value):
    return (result.values.get(value) if result else None) or []


def verdict(goal, figures):
    """Of few figures the median decides; of many one that is missed may be met as well, when the
    interval in which the median lies says so."""
    if goal.met(statistics.median(figures)):
        return "met"
    is_sure = len(figures) < measure.MIN_INTERVAL or not any(map(goal.met, measure.interval(figures)))
    return "MISSED" if is_sure else "not told apart"


def judge(results):
    """Rows of text, goal, median, spread, limit, verdict; `results` is {profile: its Result}."""
    rows = []
    for goal in GOALS:
        result = results.get(goal.profile)
        figures, limits = figures_of(result, goal.value), figures_of(result, goal.limit)
        bound = f"{'<=' if goal.at_most else '>='} {number(goal.bound)}{goal.unit}"
        if not figures:
            rows.append([goal.text, bound, "", "", "", "not measured"])
            continue
        median = statistics.median(figures)
        least_, most_ = measure.interval(figures)
        rows.append([goal.text, bound, number(median) + goal.unit,
                     f"{number(least_)} to {number(most_)}",
                     number(statistics.median(limits)) + goal.unit if limits else "",
                     verdict(goal, figures)])
    return rows
