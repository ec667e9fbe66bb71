# SPDX-License-Identifier: Apache-2.0
"""Whether the daemon's main loop stalls: how long its answers take while something else goes on."""
import json
import os
import socket
import threading
import time


class Watch(threading.Thread):
    """Asks for list-br all the time, as long as the block lasts: how long did the slowest answer take?"""

    def __init__(self, switch, what):
        super().__init__(daemon=True)
        self.path, self.what, self.goes_on, self.slowest = (
            switch.dir + "/shuntd.sock", what, True, 0)
        self.new = switch.dir + "/br0.flows.new"
        self.slowest_beside_a_base = 0

    def run(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)
            while self.goes_on:
                base = os.path.exists(self.new)
                began = time.monotonic()
                client.sendall(b'{"verb": "list-br"}\n')
                assert json.loads(client.recv(65536))["ok"]
                took = time.monotonic() - began
                self.slowest = max(self.slowest, took)
                if base or os.path.exists(self.new):
                    self.slowest_beside_a_base = max(self.slowest_beside_a_base, took)
                time.sleep(0.001)

    def __enter__(self):
        self.began = time.monotonic()
        self.start()
        return self

    def __exit__(self, *_):
        self.goes_on = False
        self.join()
        print(f"# {self.what}: {time.monotonic() - self.began:.1f} s; slowest answer "
              f"{1000 * self.slowest:.0f} ms, beside a base {1000 * self.slowest_beside_a_base:.0f} ms",
              flush=True)
