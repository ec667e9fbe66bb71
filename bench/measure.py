# SPDX-License-Identifier: Apache-2.0
"""Rounds, medians, and the form that every profile's result has."""
import dataclasses
import math
import statistics
import sys
import time

import rig


@dataclasses.dataclass
class Scale:
    """How much to measure."""
    full: bool = False  # All that a profile knows, not only what goals need.
    rounds: int = 3
    seconds: float = 0.5  # Of load, each time.


@dataclasses.dataclass
class Plot:
    """Of a result's rows, by numbers of their columns. Without x: a bar a row."""
    y: int
    title: str
    x: int = None
    series: list = dataclasses.field(default_factory=list)  # Columns that name a line, for x.
    log: str = ""  # Axes: x, y, xy.


@dataclasses.dataclass
class Result:
    columns: list
    rows: list  # Texts and numbers.
    values: dict = dataclasses.field(default_factory=dict)  # What goals.py reads: one a round.
    plots: list = dataclasses.field(default_factory=list)
    failed: dict = dataclasses.field(default_factory=dict)  # Contestant: why.
    runs: object = None  # All figures as measured.


def progress(text):
    """On a terminal in one line; else a line a minute."""
    now = time.monotonic()
    if sys.stderr.isatty():
        print(f"\r{text:<70.70}", end="", file=sys.stderr, flush=True)
    elif text and now - progress.told_at >= 60:
        print(text, file=sys.stderr, flush=True)
        progress.told_at = now


progress.told_at = time.monotonic()


def in_rounds(contestants, n_rounds, title=""):
    """Calls {name: function} in turn in each round. Gives rounds of {name: what it returned}, and
    {name: why} of those that failed, which are in no round."""
    rounds, failed = [], {}
    for number in range(n_rounds):
        one = {}
        for name, contestant in contestants.items():
            if name in failed:
                continue
            progress(f"{title}: round {number + 1} of {n_rounds}: {name}")
            try:
                one[name] = contestant()
            except (rig.Failed, OSError, ValueError, KeyError) as error:
                failed[name] = " ".join(str(error).split())
        rounds.append(one)
    progress("")
    return ([{name: one[name] for name in one if name not in failed} for one in rounds],
            {str(name): why for name, why in failed.items()})


MIN_INTERVAL = 6  # Values, for an interval of 95 %.


def interval(values):
    """Where the median lies at 95 %, whatever the distribution: between two of the values; of fewer
    than six between the least and the most."""
    ordered, outside, n_left_out = sorted(values), 0, 0
    for n_below in range(len(values) // 2):
        outside += 2 * math.comb(len(values), n_below) / 2 ** len(values)
        if outside > 0.05:
            break
        n_left_out = n_below
    return ordered[n_left_out], ordered[-1 - n_left_out]


def rate(result):
    """Frames a microsecond, so million a second."""
    return result["received"] / result["seconds"] / 1e6


def net_ns(result, wire):
    """Nanoseconds a frame beyond the generator's and the sink's own, of one round."""
    return 1e3 / max(rate(result), 1e-9) - 1e3 / rate(wire)


def each(rounds, function):
    """`function` of every round that has what it asks for."""
    values = []
    for one in rounds:
        try:
            values.append(function(one))
        except KeyError:
            pass
    return values


def rate_ratios(rounds, ours, theirs):
    return each(rounds, lambda one: rate(one[ours]) / rate(one[theirs]))


RATE_COLUMNS = ["contestant", "Mpps", "least", "most", "ns net", "lost", "lost %"]


def rate_row(rounds, name, wire="wire"):
    rates = [rate(one[name]) for one in rounds]
    offered = sum(one[name]["offered"] for one in rounds)
    lost = max(offered - sum(one[name]["received"] for one in rounds), 0)
    return [name, statistics.median(rates), min(rates), max(rates),
            statistics.median(net_ns(one[name], one[wire]) for one in rounds), lost,
            100 * lost / offered]
