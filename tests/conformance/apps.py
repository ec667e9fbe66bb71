#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ryu's applications, on os-ken, run the switch with real hosts: APPS=DIRECTORY apps.py [CASE...]

DIRECTORY is a checkout of Ryu (github.com/faucetsdn/ryu); its applications are translated to
os-ken as they are started. Neither the switch nor a controller may log an error. With APPS_TABLE
every call of a REST interface is noted in that file, a line of a Markdown table each; with
APPS_LOGS the controllers' logs stay in that directory.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../system")
from harness import Skip, case, cases, main, run, wait_for  # noqa: E402
from hosts import Host, Wire, frame  # noqa: E402

DPID = "0000000000000001"
PYTHON = "/usr/bin/python3"
APPS = ["conf_switch_key", "ofctl_rest", "rest_conf_switch", "rest_firewall", "rest_qos",
        "rest_router", "simple_monitor_13", "simple_switch_13", "simple_switch_lacp_13",
        "simple_switch_rest_13", "wsgi"]
NEEDED = "eventlet netaddr os_ken routes six tinyrpc webob"


def translate(directory):
    """The applications as a package ryu_apps for os-ken."""
    source = os.environ.get("APPS", "")
    source = next((d for d in (source, source + "/ryu/app") if os.path.exists(d + "/wsgi.py")), None)
    if not source:
        raise Skip("no applications: set APPS to a checkout of Ryu")
    missing = [m for m in NEEDED.split() if subprocess.run(
        [PYTHON, "-c", "import " + m], cwd="/", capture_output=True, check=False).returncode]
    if missing:
        raise Skip("missing Python modules: " + ", ".join(missing))
    os.mkdir(directory)
    open(directory + "/__init__.py", "w", encoding="ascii").close()
    for name in APPS:
        with open(f"{source}/{name}.py", encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"\bryu\.app\b", "ryu_apps", text)
        text = re.sub(r"\bryu\b", "os_ken", text.replace("RyuApp", "OSKenApp")
                      .replace("RyuException", "OSKenException"))
        # os-ken names reserved ports where Ryu gave numbers; Python 3 holds no copy of keys.
        text = text.replace("'OUTPUT:%d' % self.dp.ofproto.OFPP_NORMAL", "'OUTPUT:NORMAL'")
        text = text.replace("in self.vlan_list.keys()", "in list(self.vlan_list)")
        with open(f"{directory}/{name}.py", "w", encoding="utf-8") as file:
            file.write(text)
        if name == "simple_switch_13":  # rest_qos has table 0 for itself.
            text = re.sub(r"(OFPFlowMod\([^)]*)\)", r"\1, table_id=1)", text)
            with open(directory + "/qos_simple_switch_13.py", "w", encoding="utf-8") as file:
                file.write(text)


class Controller:
    """Applications in a process of their own, and their REST interface."""

    def __init__(self, switch, title, *modules, path=HERE):
        self.switch, self.title = switch, title
        self.log = f"{os.environ.get('APPS_LOGS', switch.dir)}/{title.replace(', ', '-')}.log"
        translate(switch.dir + "/ryu_apps")
        with open(self.log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [PYTHON, HERE + "/apps_main.py", "--ofp-listen-host=127.0.0.1",
                 "--ofp-tcp-listen-port=6653", "--wsapi-host=127.0.0.1", "--wsapi-port=8080",
                 *modules], stdout=out, stderr=subprocess.STDOUT,
                env=dict(os.environ, PYTHONPATH=f"{switch.dir}:{path}"))
        switch.ctl("set-controller", "br0", "tcp:127.0.0.1:6653")
        wait_for(self.is_connected, "the controller is connected", 60)

    def is_connected(self):
        assert self.process.poll() is None, self.text()
        (bridge,) = self.switch.ctl_json("show", "br0")["bridges"]
        return bridge["controllers"][0]["connected"]

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def call(self, method, path, body=None, status=200):
        """What a REST call gives, from JSON where it is."""
        request = urllib.request.Request(
            "http://127.0.0.1:8080" + path, method=method,
            data=json.dumps(body).encode() if body is not None else None)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                got, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            got, text = error.code, error.read().decode()
        self.note(f"{method} {path}", got, status)
        assert got == status, f"{method} {path} {body}: {got} {text}"
        try:
            return json.loads(text)
        except ValueError:
            return text

    def note(self, call, got, status):
        if os.environ.get("APPS_TABLE"):
            with open(os.environ["APPS_TABLE"], "a", encoding="ascii") as file:
                outcome = "done" if got == status == 200 else (
                    "refused, as it has to be" if got == status else f"failed with {got}")
                file.write(f"| {self.title} | `{call}` | {outcome} |\n")

    def finish(self):
        """Ends the process; fails if it logged an error."""
        self.switch.expect("connection|disconnect|retry|closed")
        self.process.terminate()
        self.process.wait(20)
        wrong = [line for line in self.text().splitlines()
                 if re.search(r"OpenFlow error|Error:|ERROR|Traceback|Exception", line)]
        assert not wrong, self.text()[-6000:]


def network(switch, n_hosts, version="OpenFlow13", addresses=None):
    """Hosts 1 to n on ports 1 to n of br0."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "datapath-id=" + DPID, "protocols=" + version)
    hosts = [Host(f"h{i}", i) for i in range(1, n_hosts + 1)]
    for host, address in zip(hosts, addresses or []):
        host.run("ip", "addr", "flush", "dev", "eth0")
        host.run("ip", "addr", "add", address, "dev", "eth0")
        host.address = address.split("/", maxsplit=1)[0]
    for i, host in enumerate(hosts, 1):
        switch.ctl("add-port", "br0", host.device, f"ofport={i}")
    return hosts


def all_reach_all(hosts):
    for a in hosts:
        for b in hosts:
            if a is not b:
                assert a.ping(b, 2), f"{a.name} does not reach {b.name}"


def reaches_in_time(a, b):
    wait_for(lambda: a.ping(b, timeout=1), f"{a.name} reaches {b.name}", 20)


# ---- Switches ----

@case
def simple_switch_13(switch):
    hosts = network(switch, 4)
    controller = Controller(switch, "simple_switch_13", "ryu_apps.simple_switch_13")
    reaches_in_time(hosts[0], hosts[1])
    all_reach_all(hosts)
    assert switch.ctl("dump-flows", "br0").count("priority=1,") >= 12
    controller.finish()


@case
def simple_switch_rest_13(switch):
    hosts = network(switch, 2)
    controller = Controller(switch, "simple_switch_rest_13", "ryu_apps.simple_switch_rest_13")
    reaches_in_time(hosts[0], hosts[1])
    table = controller.call("GET", f"/simpleswitch/mactable/{DPID}")
    assert table == {hosts[0].mac: 1, hosts[1].mac: 2}, table
    # The application looks for a switch of another kind of number, and so changes nothing.
    assert controller.call("PUT", f"/simpleswitch/mactable/{DPID}",
                           {"mac": "02:00:00:00:00:77", "port": 3}) == table
    controller.finish()


@case
def simple_monitor_13(switch):
    hosts = network(switch, 2)
    controller = Controller(switch, "simple_monitor_13", "ryu_apps.simple_monitor_13")
    reaches_in_time(hosts[0], hosts[1])
    wait_for(lambda: switch.ctl("dump-flows", "br0").count("dl_src=") == 2,
             "the application added a flow each way")
    switch.ctl("del-flows", "br0", "table=9")  # Ends with a barrier: the fast path has them.
    assert hosts[0].ping(hosts[1], 20)
    flow = rf"{DPID}\s+1 {hosts[1].mac}\s+2\s+(\d+)\s+(\d+)"

    def counted():
        found = re.findall(flow, controller.text())
        return found and int(found[-1][0]) >= 20
    wait_for(counted, "the monitor tells of 20 packets", 40)
    assert re.search(rf"{DPID}\s+1\s+\d+\s+\d+\s+0\s+\d+\s+\d+\s+0", controller.text())
    controller.finish()


# ---- ofctl_rest, with each of its calls ----

class OfctlRest:
    def __init__(self, switch, version):
        self.hosts = network(switch, 3, version)
        self.switch, self.v10 = switch, version == "OpenFlow10"
        self.since14, self.since15 = version >= "OpenFlow14", version == "OpenFlow15"
        self.controller = Controller(switch, f"ofctl_rest, {version}", "ryu_apps.ofctl_rest")
        self.call = self.controller.call
        wait_for(lambda: self.get("/stats/switches") == [1], "the switch is known")

    def get(self, path):
        return self.call("GET", path)

    def one(self, path):
        """The only value of what is keyed by the datapath id."""
        reply = self.get(path)
        assert list(reply) == ["1"], reply
        return reply["1"]

    def post(self, path, **body):
        self.call("POST", path, dict(body, dpid=1))

    @staticmethod
    def out(port):
        return [{"type": "OUTPUT", "port": port}]

    def flowentry(self, command, actions=None, **body):
        """1.4 and later take instructions."""
        if actions is not None and self.since14:
            meters = [a for a in actions if a["type"] == "METER" and not self.since15]
            others = [a for a in actions if a not in meters]
            body["instructions"] = meters + [{"type": "APPLY_ACTIONS", "actions": others}]
        elif actions is not None:
            body["actions"] = actions
        self.post("/stats/flowentry/" + command, **body)

    def describes(self):
        assert self.one("/stats/desc/1")["mfr_desc"] == "Shunt"
        tables = self.one("/stats/table/1")
        assert len(tables) == 254, len(tables)
        ports = self.one("/stats/port/1")
        assert {p["port_no"] for p in ports} == {1, 2, 3, "LOCAL"}, ports
        assert [p["port_no"] for p in self.one("/stats/port/1/2")] == [2]
        described = self.one("/stats/portdesc/1")
        assert {p["name"] for p in described} == {"h1", "h2", "h3", "br0"}, described
        if self.since15:
            assert [p["name"] for p in self.one("/stats/portdesc/1/2")] == ["h2"]
        if not self.v10:
            features = self.one("/stats/tablefeatures/1")
            assert len(features) == 254, len(features)
            assert self.one("/stats/role/1")[0]["role"] == "EQUAL"

    def has_queues(self):
        for path in ("queue/1", "queue/1/1", "queue/1/ALL", "queue/1/1/ALL"):
            self.one("/stats/" + path)
        if self.v10:
            return
        config = "queuedesc" if self.since14 else "queueconfig"
        self.one(f"/stats/{config}/1")
        self.one(f"/stats/{config}/1/1")

    def flows(self, **match):
        flows = self.call("POST", "/stats/flow/1", match) if match else self.get("/stats/flow/1")
        return {(flow["priority"], json.dumps(flow["match"])) for flow in flows["1"]}

    def changes_flows(self):
        match = {"in_port": 1, "dl_type": 2048, "nw_dst": "10.0.0.2"}
        self.flowentry("add", priority=11, cookie=7, match=match, actions=self.out(2),
                  idle_timeout=300, flags=1)
        self.flowentry("add", priority=12, match={"in_port": 2}, actions=self.out(1))
        wait_for(lambda: len(self.flows()) == 2, "two flows")
        assert len(self.flows(match={"in_port": 2})) == 1
        aggregate = self.one("/stats/aggregateflow/1")
        aggregate = aggregate[0] if isinstance(aggregate, list) else aggregate
        assert aggregate.get("stats", aggregate)["flow_count"] == 2, aggregate
        self.call("POST", "/stats/aggregateflow/1", {"match": {"in_port": 2}})
        self.flowentry("modify", match={"in_port": 2}, actions=self.out(3))
        wait_for(lambda: "in_port=2 actions=output:3" in self.dump(), "modified")
        self.flowentry("modify_strict", priority=11, match=match, actions=self.out(3))
        wait_for(lambda: self.dump().count("actions=output:3") == 2, "strictly modified")
        self.flowentry("delete_strict", priority=12, match={"in_port": 2})
        wait_for(lambda: "priority=12" not in self.dump(), "strictly deleted")
        self.flowentry("delete", match={"in_port": 1})
        wait_for(lambda: "actions=" not in self.dump(), "deleted")
        self.flowentry("add", priority=1, match={}, actions=[])
        wait_for(lambda: "actions=drop" in self.dump(), "a drop")
        self.call("DELETE", "/stats/flowentry/clear/1")
        wait_for(lambda: "actions=" not in self.dump(), "cleared")

    def dump(self):
        return self.switch.ctl("dump-flows", "br0")

    def changes_groups(self):
        bucket = {"actions": self.out(2)}
        if self.since15:
            bucket["bucket_id"] = 1
        entry = "/stats/groupentry/"
        self.post(entry + "add", type="ALL", group_id=5, buckets=[dict(bucket)])
        desc = wait_for(lambda: self.one("/stats/groupdesc/1"), "a group")
        assert desc[0]["group_id"] == 5 and desc[0]["type"] == "ALL", desc
        if self.since15:
            assert self.one("/stats/groupdesc/1/5")[0]["group_id"] == 5
        self.flowentry("add", priority=9, match={"in_port": 1},
                       actions=[{"type": "GROUP", "group_id": 5}])
        self.flowentry("add", priority=9, match={"in_port": 2}, actions=self.out(1))
        reaches_in_time(self.hosts[0], self.hosts[1])
        stats = self.one("/stats/group/1")
        assert stats[0]["packet_count"] > 0 and stats[0]["ref_count"] == 1, stats
        assert len(self.one("/stats/group/1/5")) == 1
        self.post(entry + "modify", type="INDIRECT", group_id=5, buckets=[dict(bucket)])
        wait_for(lambda: self.one("/stats/groupdesc/1")[0]["type"] == "INDIRECT", "modified")
        features = self.one("/stats/groupfeatures/1")
        assert "SELECT" in json.dumps(features), features
        self.post(entry + "delete", group_id=5)
        wait_for(lambda: not self.one("/stats/groupdesc/1"), "deleted")
        self.call("DELETE", "/stats/flowentry/clear/1")

    def changes_meters(self):
        entry, config = "/stats/meterentry/", "meterdesc" if self.since15 else "meterconfig"
        band = {"type": "DROP", "rate": 1000}
        self.post(entry + "add", flags="KBPS", meter_id=3, bands=[band])
        wait_for(lambda: "rate=1000" in self.switch.ctl("dump-meters", "br0"), "a meter")
        found = self.one(f"/stats/{config}/1")  # The application does not hear the reply of 1.5.
        assert self.since15 or found[0]["bands"][0]["rate"] == 1000, found
        self.one(f"/stats/{config}/1/3")
        self.flowentry("add", priority=9, match={"in_port": 1},
                       actions=[{"type": "METER", "meter_id": 3}] + self.out(2))
        self.flowentry("add", priority=9, match={"in_port": 2}, actions=self.out(1))
        reaches_in_time(self.hosts[0], self.hosts[1])
        assert self.one("/stats/meter/1")[0]["packet_in_count"] > 0
        self.one("/stats/meter/1/3")
        self.post(entry + "modify", flags=["PKTPS"], meter_id=3, bands=[dict(band, rate=77)])
        wait_for(lambda: "rate=77" in self.switch.ctl("dump-meters", "br0"), "modified")
        assert self.one("/stats/meterfeatures/1")[0]["max_bands"] > 0
        self.post(entry + "delete", meter_id=3)
        wait_for(lambda: "rate=" not in self.switch.ctl("dump-meters", "br0"), "deleted")
        self.call("DELETE", "/stats/flowentry/clear/1")

    def changes_ports_and_roles(self):
        # What the application would take from the switch's description os-ken cannot read.
        ethernet = {"properties": [{"type": "ETHERNET", "advertise": 0}]} if self.since14 else {}
        self.post("/stats/portdesc/modify", port_no=3, config=1, mask=1, **ethernet)
        wait_for(lambda: "state UP" not in run("ip", "link", "show", "h3"), "port 3 is down")
        self.post("/stats/portdesc/modify", port_no=3, config=0, mask=1, **ethernet)
        wait_for(lambda: "state UP" in run("ip", "link", "show", "h3"), "port 3 is up")
        if not self.v10:
            self.post("/stats/role", role="MASTER")
            wait_for(lambda: self.one("/stats/role/1")[0]["role"] == "MASTER", "master")
        self.call("GET", "/stats/desc/9", status=404)

    def all(self):
        self.describes()
        self.has_queues()
        self.changes_flows()
        if not self.v10:
            self.changes_groups()
            self.changes_meters()
        self.changes_ports_and_roles()
        self.controller.finish()


def ofctl_rest(version):
    def test(switch):
        OfctlRest(switch, version).all()
    test.__name__ = "ofctl_rest_" + version
    return test


cases += [ofctl_rest(v) for v in ("OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15")]


# ---- Firewall, quality of service, router ----

def switches_are(controller, path, value):
    """A configuring call, once the application knows the switch."""
    return wait_for(lambda: value in json.dumps(controller.call("GET", path)), value, 30)


@case
def rest_firewall(switch):
    hosts = network(switch, 3)
    controller = Controller(switch, "rest_firewall", "ryu_apps.rest_firewall")
    switches_are(controller, "/firewall/module/status", "disable")
    assert not hosts[0].ping(hosts[1], timeout=1)
    controller.call("PUT", f"/firewall/module/enable/{DPID}")
    switches_are(controller, "/firewall/module/status", '"enable"')
    rules = "/firewall/rules/" + DPID
    for a, b in (("10.0.0.1/32", "10.0.0.2/32"), ("10.0.0.2/32", "10.0.0.1/32")):
        controller.call("POST", rules, {"nw_src": a, "nw_dst": b, "nw_proto": "ICMP"})
    reaches_in_time(hosts[0], hosts[1])
    controller.call("PUT", f"/firewall/log/enable/{DPID}")
    assert "enable" in json.dumps(controller.call("GET", "/firewall/log/status"))
    assert not hosts[0].ping(hosts[2], timeout=1)
    wait_for(lambda: "[FW]" in controller.text() or "Blocked packet" in controller.text(),
             "what is blocked is logged")
    controller.call("POST", rules, {"nw_src": "10.0.0.1/32", "nw_dst": "10.0.0.2/32",
                                    "nw_proto": "ICMP", "actions": "DENY", "priority": "10"})
    wait_for(lambda: not hosts[0].ping(hosts[1], timeout=1), "denied")
    shown = controller.call("GET", rules)
    assert len(shown[0]["access_control_list"][0]["rules"]) == 3, shown
    controller.call("DELETE", rules, {"rule_id": "3"})
    reaches_in_time(hosts[0], hosts[1])
    controller.call("POST", rules + "/7", {"nw_src": "10.0.0.1/32", "nw_proto": "UDP"})
    wait_for(lambda: "udp,dl_vlan=7,nw_src=10.0.0.1" in switch.ctl("dump-flows", "br0"), "a tag's")
    controller.call("GET", rules + "/7")
    controller.call("DELETE", rules + "/7", {"rule_id": "all"})
    controller.call("DELETE", rules, {"rule_id": "all"})
    controller.call("PUT", f"/firewall/log/disable/{DPID}")
    controller.call("PUT", f"/firewall/module/disable/{DPID}")
    controller.finish()


@case
def rest_qos(switch):
    hosts = network(switch, 2)
    controller = Controller(switch, "rest_qos", "ryu_apps.qos_simple_switch_13",
                            "ryu_apps.rest_qos", "ryu_apps.rest_conf_switch")
    wait_for(lambda: DPID in json.dumps(controller.call("GET", "/qos/rules/all")),
             "the switch is known", 30)
    assert controller.call("GET", "/v1.0/conf/switches") == []
    reaches_in_time(hosts[0], hosts[1])
    controller.call("POST", f"/qos/meter/{DPID}", {
        "meter_id": "1", "flags": "KBPS", "bands": [{"type": "DROP", "rate": "10000"}]})
    wait_for(lambda: "rate=10000" in switch.ctl("dump-meters", "br0"), "the meter")
    controller.call("POST", f"/qos/rules/{DPID}", {
        "match": {"nw_dst": "10.0.0.2", "nw_proto": "ICMP"}, "actions": {"meter": "1"}})
    controller.call("POST", f"/qos/rules/{DPID}", {
        "match": {"nw_dst": "10.0.0.1", "nw_proto": "UDP"}, "actions": {"mark": "26"}})
    shown = json.dumps(controller.call("GET", f"/qos/rules/{DPID}"))
    assert "10.0.0.2" in shown and "10.0.0.1" in shown, shown
    reaches_in_time(hosts[0], hosts[1])
    stats = json.dumps(controller.call("GET", f"/qos/meter/{DPID}"))
    assert re.search(r'"packet_in_count": [1-9]', stats), stats
    controller.call("GET", f"/qos/queue/status/{DPID}")
    controller.call("POST", f"/qos/rules/{DPID}/7", {
        "match": {"nw_dst": "10.0.0.2", "nw_proto": "TCP"}, "actions": {"mark": "10"}})
    controller.call("DELETE", f"/qos/rules/{DPID}/7", {"qos_id": "all"})
    controller.call("DELETE", f"/qos/rules/{DPID}", {"qos_id": "all"})
    controller.call("DELETE", f"/qos/meter/{DPID}", {"meter_id": "1"})
    controller.finish()


@case
def rest_router(switch):
    addresses = ["172.16.20.10/24", "172.16.10.10/24", "192.168.30.10/24"]
    hosts = network(switch, 3, addresses=addresses)
    for host in hosts:
        gateway = host.address.rsplit(".", 1)[0] + ".1"
        host.run("ip", "route", "add", "default", "via", gateway)
    controller = Controller(switch, "rest_router", "ryu_apps.rest_router")
    router = "/router/" + DPID
    wait_for(lambda: DPID in json.dumps(controller.call("GET", "/router/all")), "known", 30)
    for address in ("172.16.20.1/24", "172.16.10.1/24", "192.168.30.1/24"):
        controller.call("POST", router, {"address": address})
    reaches_in_time(hosts[0], hosts[1])
    reaches_in_time(hosts[2], hosts[0])
    assert hosts[0].ping("172.16.20.1"), "the router answers"
    controller.call("POST", router, {"destination": "10.9.0.0/24", "gateway": "172.16.10.10"})
    controller.call("POST", router, {"gateway": "172.16.10.10"})
    hosts[1].run("ip", "addr", "add", "10.9.0.1/32", "dev", "lo")
    wait_for(lambda: hosts[0].ping("10.9.0.1", timeout=1), "the static route", 20)
    shown = json.dumps(controller.call("GET", router))
    assert "10.9.0.0/24" in shown and "0.0.0.0/0" in shown and "192.168.30.1/24" in shown, shown
    controller.call("POST", router + "/7", {"address": "172.17.0.1/24"})
    assert "172.17.0.1/24" in json.dumps(controller.call("GET", router + "/7"))
    controller.call("DELETE", router + "/7", {"address_id": "all"})
    controller.call("DELETE", router, {"route_id": "all"})
    controller.call("DELETE", router, {"address_id": "all"})
    wait_for(lambda: not hosts[0].ping(hosts[1], timeout=1), "no router")
    controller.finish()



# ---- Link aggregation ----

LACPDU = """
import sys
from os_ken.lib.packet import ethernet, packet, slow
on = dict.fromkeys(("state_" + s for s in ("activity", "timeout", "aggregation")), 1)
off = dict.fromkeys(("state_" + s for s in (
    "synchronization", "collecting", "distributing", "defaulted", "expired")), 0)
def side(name, system):
    values = dict(on, **off, system_priority=65535, system=system, key=15, port_priority=255,
                  port=int(sys.argv[1]))
    return {name + "_" + key: value for key, value in values.items()}
p = packet.Packet()
p.add_protocol(ethernet.ethernet(slow.SLOW_PROTOCOL_MULTICAST, "02:00:00:00:00:0" + sys.argv[1],
                                 0x8809))
p.add_protocol(slow.lacp(version=1, collector_max_delay=0, **side("actor", "02:00:00:00:00:01"),
                         **side("partner", "00:00:00:00:00:00")))
p.serialize()
print(p.data.hex())
"""


def lacpdu(port):
    return bytes.fromhex(run(PYTHON, "-c", LACPDU, str(port)))


@case
def simple_switch_lacp_13(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "datapath-id=" + DPID, "protocols=OpenFlow13")
    wires = [Wire(f"p{i}") for i in (1, 2, 3)]
    for i, wire in enumerate(wires, 1):
        switch.ctl("add-port", "br0", wire.port, f"ofport={i}")
    controller = Controller(switch, "simple_switch_lacp_13", "ryu_apps.simple_switch_lacp_13")
    wait_for(lambda: "CONTROLLER" in switch.ctl("dump-flows", "br0"), "its first flow")
    for i, wire in enumerate(wires[:2], 1):
        wire.send(lacpdu(i))
        reply = wire.receive(10)
        assert reply and reply[12:14] == bytes.fromhex("8809"), reply
        assert reply[14:16] == b"\x01\x01", reply.hex()
    assert controller.text().count("the slave i/f has just been up") == 2, controller.text()
    assert re.search(r"idle_timeout=\d+.*dl_src=02:00:00:00:00:01,dl_type=0x8809",
                     switch.ctl("dump-flows", "br0"))
    sent = frame(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
    wires[0].send(sent)
    assert wires[2].receive() == sent
    controller.finish()


# ---- The examples of os-ken's reference ----

def examples(version, number):
    """Group and meter examples of the reference: os-ken has them as comments of its classes."""
    def test(switch):
        switch.start()
        switch.ctl("add-br", "br0", "fail-mode=secure", "datapath-id=" + DPID,
                   "protocols=" + version)
        wires = [Wire(f"p{i}") for i in (1, 2)]
        for i, wire in enumerate(wires, 1):
            switch.ctl("add-port", "br0", wire.port, f"ofport={i}")
        os.environ["EXAMPLES"] = number
        controller = Controller(switch, "examples, " + version, "apps_examples")
        wait_for(lambda: "examples are done" in controller.text(), "the examples", 30)
        assert "group_id=1,type=select" in switch.ctl("dump-groups", "br0")
        for reply in re.findall(r"sent (\w+)_request", controller.text()):
            assert "got " + reply in controller.text(), f"{reply}: {controller.text()[-3000:]}"
        controller.finish()
    test.__name__ = "examples_" + version
    return test


cases += [examples("OpenFlow13", "3"), examples("OpenFlow14", "4"), examples("OpenFlow15", "5")]
main()
