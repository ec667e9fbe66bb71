# SPDX-License-Identifier: Apache-2.0
"""Frame sizes, the frame check sequence counted; one flow. Shunt's fast path on both hooks beside
bare redirects and the bridge."""
import rig
import sweep
from measure import Plot

TITLE = "Frame sizes"


def run(scale):
    points = [sweep.Point([size], rig.Load(scale.seconds, size), beside=sweep.OTHERS)
              for size in (64, 128, 512, 1024, 1500)]
    result = sweep.run(scale, TITLE, ["bytes"], points)
    result.plots = [Plot(2, "million frames a second", 0, [1]),
                    Plot(5, "ns a frame beyond the wire", 0, [1])]
    return result
