#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs applications on os-ken with the REST server of Ryu: apps_main.py [OPTION...] MODULE...

os-ken has no applications of its own. apps.py translates those of Ryu, among them the server
(ryu_apps/wsgi.py), which os-ken's own manager does not start any more. Every error message of the
switch is logged as an error.
"""
import logging
import os
import sys

sys.path = [path for path in sys.path if not path.startswith("/root")]  # Debian's packages only.
from os_ken.cmd import manager  # First: it has eventlet patch the library.  # noqa: E402
from os_ken import cfg, log  # noqa: E402
from os_ken.base.app_manager import AppManager, OSKenApp  # noqa: E402
from os_ken.controller import ofp_event  # noqa: E402
from os_ken.controller.handler import (  # noqa: E402
    CONFIG_DISPATCHER, HANDSHAKE_DISPATCHER, MAIN_DISPATCHER, set_ev_cls)
from os_ken.lib import hub  # noqa: E402
from ryu_apps import wsgi  # noqa: E402


class Refusals(OSKenApp):
    """Logs what the switch refuses."""

    @set_ev_cls(ofp_event.EventOFPErrorMsg,
                [HANDSHAKE_DISPATCHER, CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def on_error(self, event):
        self.logger.error("OpenFlow error type %s code %s: %s", event.msg.type, event.msg.code,
                          event.msg.data[:64].hex())


def main():
    modules = [arg for arg in sys.argv[1:] if not arg.startswith("-")]
    cfg.CONF([arg for arg in sys.argv[1:] if arg.startswith("-")], project="os_ken")
    log.init_log()
    logging.getLogger().setLevel(logging.INFO)
    hub.patch(thread=True)
    apps = AppManager.get_instance()
    apps.load_apps([os.path.splitext(os.path.basename(__file__))[0], *modules])
    services = apps.instantiate_apps(**apps.create_contexts())
    server = wsgi.start_service(apps)
    if server:
        services.append(hub.spawn(server))
    hub.joinall(services)


if __name__ == "__main__":
    assert manager
    main()
