# SPDX-License-Identifier: Apache-2.0
"""Faults inside a daemon that runs (tests/system/preload.c)."""
import ctypes
import mmap
import re

from harness import BUILD, SHUNTD, Skip, run


class _Faults(ctypes.Structure):
    """As in preload.c."""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "n_allocations", "n_bpf_calls", "bpf_command", "bpf_errno", "bpf_failed",
        "real_ahead_ns", "monotonic_ahead_ns", "n_mappings", "dies_before_promotion",
        "asleep_ns", "n_bpf_until_death")]


def sanitizer():
    """The library of the daemon's sanitizer that has an allocator, or None."""
    found = re.search(r"=> (/\S*/lib[at]san\.so\S*)", run("ldd", SHUNTD))
    return found and found[1]


def skip_if_sanitized():
    if sanitizer():
        raise Skip("a sanitizer has an allocator of its own")


class Faults:
    """Makes daemons of the switch that start from now on obey."""

    def __init__(self, switch):
        path = switch.dir + "/faults"
        with open(path, "wb+") as file:
            file.truncate(mmap.PAGESIZE)
            self.memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.now = _Faults.from_buffer(self.memory)
        self.now.bpf_command = -1
        # A sanitizer wants to be the first, and calls what comes next.
        libraries = [*filter(None, [sanitizer()]), BUILD + "/tests/system/preload.so"]
        switch.wrapper = ["env", "LD_PRELOAD=" + ":".join(libraries), f"SHUNT_FAULTS={path}"]

    def fail_allocation(self, number):
        """That one from now on; the first is 1."""
        self.now.n_allocations = -number

    def fail_bpf(self, error, number=1, command=-1):
        """That bpf(2) call from now on, of those with this command; -1: of all."""
        self.now.bpf_failed = -1
        self.now.bpf_command, self.now.n_bpf_calls, self.now.bpf_errno = command, -number, error

    def die_at_bpf(self, number):
        """The daemon is killed before that bpf(2) call from now on."""
        self.now.n_bpf_until_death = -number

    def fail_mapping(self, number):
        """The mapping of a file with that number from now on."""
        self.now.n_mappings = -number

    def none(self):
        self.now.n_allocations = self.now.n_bpf_calls = self.now.bpf_errno = 0
        self.now.n_mappings = self.now.n_bpf_until_death = 0
