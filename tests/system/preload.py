# SPDX-License-Identifier: Apache-2.0
"""Faults inside a daemon that runs (tests/system/preload.c)."""
import ctypes
import mmap

from harness import BUILD, SHUNTD, Skip


class _Faults(ctypes.Structure):
    """As in preload.c."""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "n_allocations", "n_bpf_calls", "bpf_command", "bpf_errno", "bpf_failed",
        "real_ahead_ns", "monotonic_ahead_ns", "n_mappings", "dies_before_promotion",
        "asleep_ns")]


def skip_if_sanitized():
    with open(SHUNTD, "rb") as file:
        program = file.read()
    if b"__asan_init" in program or b"__tsan_init" in program:
        raise Skip("a sanitizer has an allocator of its own")


class Faults:
    """Makes daemons of the switch that start from now on obey."""

    def __init__(self, switch):
        skip_if_sanitized()
        path = switch.dir + "/faults"
        with open(path, "wb+") as file:
            file.truncate(mmap.PAGESIZE)
            self.memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.now = _Faults.from_buffer(self.memory)
        self.now.bpf_command = -1
        switch.wrapper = ["env", f"LD_PRELOAD={BUILD}/tests/system/preload.so",
                          f"SHUNT_FAULTS={path}"]

    def fail_allocation(self, number):
        """That one from now on; the first is 1."""
        self.now.n_allocations = -number

    def fail_bpf(self, error, number=1, command=-1):
        """That bpf(2) call from now on, of those with this command; -1: of all."""
        self.now.bpf_failed = -1
        self.now.bpf_command, self.now.n_bpf_calls, self.now.bpf_errno = command, -number, error

    def fail_mapping(self, number):
        """The mapping of a file with that number from now on."""
        self.now.n_mappings = -number

    def none(self):
        self.now.n_allocations = self.now.n_bpf_calls = self.now.bpf_errno = 0
        self.now.n_mappings = 0
