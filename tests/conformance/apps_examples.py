# SPDX-License-Identifier: Apache-2.0
"""The group and meter examples of os-ken's reference, run in their order.

They stand in the doc strings of os-ken's message classes: send_*() functions of an application,
and handlers of replies, which here only note that the reply could be read.
"""
import importlib
import os
import re
import textwrap

from os_ken.base.app_manager import OSKenApp
from os_ken.controller import ofp_event
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_3, ofproto_v1_4, ofproto_v1_5

MINOR = os.environ["EXAMPLES"]
PARSER = importlib.import_module(f"os_ken.ofproto.ofproto_v1_{MINOR}_parser")
ORDER = ["GroupMod", "MeterMod", "GroupStatsRequest", "GroupDescStatsRequest",
         "GroupFeaturesStatsRequest", "MeterStatsRequest", "MeterConfigStatsRequest",
         "MeterDescStatsRequest", "MeterFeaturesStatsRequest"]


def senders():
    """The functions of the examples, by name."""
    found = {}
    for name in ORDER:
        text = getattr(getattr(PARSER, "OFP" + name, None), "__doc__", "") or ""
        example = re.search(r"Example::\n\n(.*)", text, re.S)
        if example and "def send_" in example[1]:
            exec(textwrap.dedent(example[1]), found)  # pylint: disable=exec-used
    return {name: f for name, f in found.items() if name.startswith("send_")}


class Examples(OSKenApp):
    OFP_VERSIONS = [{"3": ofproto_v1_3, "4": ofproto_v1_4, "5": ofproto_v1_5}[MINOR].OFP_VERSION]

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)
    def on_state(self, event):
        self.add_meter(event.datapath)
        for name, send in senders().items():
            self.logger.info("sent %s", name[len("send_"):])
            send(self, event.datapath)
        parser = event.datapath.ofproto_parser
        event.datapath.send_msg(parser.OFPBarrierRequest(event.datapath))

    @staticmethod
    def add_meter(datapath):
        """The reference has no example of this."""
        ofp, parser = datapath.ofproto, datapath.ofproto_parser
        datapath.send_msg(parser.OFPMeterMod(datapath, ofp.OFPMC_ADD, ofp.OFPMF_KBPS, 1,
                                             [parser.OFPMeterBandDrop(rate=1000)]))

    @set_ev_cls(ofp_event.EventOFPBarrierReply, MAIN_DISPATCHER)
    def on_barrier(self, _event):
        self.logger.info("examples are done")


def note(event_class, name):
    def handler(self, event):
        self.logger.info("got %s: %s", name, event.msg.body)
    return set_ev_cls(event_class, MAIN_DISPATCHER)(handler)


for kind in ORDER[2:]:
    reply = getattr(ofp_event, "EventOFP" + kind.replace("Request", "Reply"), None)
    if reply:
        words = re.sub(r"(?<!^)([A-Z])", r"_\1", kind.replace("Request", "")).lower()
        setattr(Examples, "on_" + words, note(reply, words))
