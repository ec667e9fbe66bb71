# SPDX-License-Identifier: Apache-2.0
"""Flows under several masks, in random order: 1,024 flows stay in the microflow cache, of 131,072
hardly any packet finds itself there. "masks" is how many a miss of the cache tries."""
import rig
import sweep
from measure import Plot

TITLE = "Masks"
WARM, COLD = 1 << 10, 1 << 17


def run(scale):
    numbers = (1, 4, 16, 64, 128) if scale.full else (1, 16, 128)
    points = {(flows, masks): sweep.Point([masks, flows], rig.Load(scale.seconds, flows=flows,
                                                                  order="random"), n_masks=masks)
              for flows in (WARM, COLD) for masks in numbers}
    result = sweep.run(scale, TITLE, ["masks", "flows"], list(points.values()))
    for hook in ("xdp", "tc"):
        for text, flows, masks in (("16 cold", COLD, 16), ("128 warm", WARM, 128)):
            result.values[f"{text} {hook}"] = sweep.ratios(result, points[flows, masks],
                                                           points[flows, 1], hook)
    result.plots = [Plot(3, "million frames a second", 0, [2, 1], "xy")]
    return result
