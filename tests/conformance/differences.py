# SPDX-License-Identifier: Apache-2.0
"""Listed differences between what this switch says and what Open vSwitch says.

A list is a file of blocks of lines "case REGEX", "versions MINOR...", "ours REGEX", "theirs REGEX"
and "why TEXT": what is taken out of either text before they are compared. The lists say more.
"""
import collections
import re

Difference = collections.namedtuple("Difference", "case versions ours theirs reason")


def read_differences(path):
    """The blocks of a list."""
    found = []
    with open(path, encoding="ascii") as file:
        for block in re.split(r"\n\s*\n", file.read()):
            fields = dict(line.split(" ", 1) for line in block.splitlines()
                          if line and not line.startswith("#"))
            if fields:
                versions = tuple(fields.get("versions", "10 13 14 15").split())
                found.append(Difference(fields["case"], versions, fields.get("ours"),
                                        fields.get("theirs"), fields["why"]))
    return found


class Differences:
    """A list, and which of its blocks were needed."""

    def __init__(self, path):
        self.all, self.used = read_differences(path), set()

    def take_out(self, case, version, ours, theirs):
        """The texts without what is listed for the case, and the reasons."""
        texts, reasons = [ours, theirs], []
        if ours == theirs:
            return texts, reasons
        for difference in self.all:
            if version not in difference.versions or not re.search(difference.case, case):
                continue
            changed = [re.sub(p, "", t, flags=re.M) if p else t
                       for p, t in zip((difference.ours, difference.theirs), texts)]
            if changed != texts:
                texts, reasons = changed, reasons + [difference.reason]
                self.used.add(difference)
        return texts, reasons

    def unused(self):
        """A difference that is listed for nothing would hide the next one."""
        return [difference for difference in self.all if difference not in self.used]
