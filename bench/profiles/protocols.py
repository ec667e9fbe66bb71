# SPDX-License-Identifier: Apache-2.0
"""IPv4 and IPv6, UDP and TCP; frames of 128 bytes, one flow. Shunt's fast path on both hooks beside
bare redirects and the bridge."""
import rig
import sweep
from measure import Plot

TITLE = "Protocols"


def run(scale):
    points = [sweep.Point([f"IPv{ip} {protocol}"],
                          rig.Load(scale.seconds, 128, ip=ip, protocol=protocol),
                          beside=sweep.OTHERS)
              for ip in (4, 6) for protocol in ("udp", "tcp")]
    result = sweep.run(scale, TITLE, ["protocol"], points)
    result.plots = [Plot(5, "ns a frame beyond the wire")]
    return result
