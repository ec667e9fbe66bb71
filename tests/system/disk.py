# SPDX-License-Identifier: Apache-2.0
"""A disk that is soon full."""
import os

from harness import run


class SmallDisk:
    """256 KiB, which can be filled."""

    def __init__(self, switch):
        self.path = switch.dir + "/disk"
        os.mkdir(self.path)
        run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", self.path)
        switch.at_end.append(lambda: run("umount", "-l", self.path))

    def fill(self):
        with open(self.path + "/filler", "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)) == 4096:
                    pass
            except OSError:
                pass

    def empty(self):
        os.unlink(self.path + "/filler")

    def read(self, name):
        with open(self.path + "/" + name, "rb") as file:
            return file.read()
