# SPDX-License-Identifier: Apache-2.0
"""Reads description files into plain records; openflow_input/README.md is the grammar.

Every record carries `pos`, "file:line", for messages. Nothing is resolved here: names of types,
parents and constants stay text until model.py looks them up.
"""
import re
from dataclasses import dataclass, field
from typing import Optional


class LoxiError(Exception):
    """An error in a description: its text begins with file:line."""


@dataclass
class EnumItem:
    name: str
    value: int
    virtual: bool
    pos: str


@dataclass
class Enum:
    name: str
    wire_type: str
    bitmask: bool
    bad_value: Optional[str]
    items: list
    pos: str


@dataclass
class Member:
    """One line of a struct. `role` is one of value, discriminator, constant, length_of, count_of,
    pad, align."""
    role: str
    pos: str
    type: str = ""          # "uint8_t", "enum ofp_x", "char[16]", "list(of_x_t)", ...
    name: str = ""
    constant: object = None  # an int, or the name of a constant
    target: str = ""        # of length_of and count_of
    size: int = 0           # of pad and align
    cond: Optional[tuple] = None   # (member, mask, value or None)
    cond_list: str = ""     # of align
    bits: Optional[tuple] = None   # (member, mask)


@dataclass
class Struct:
    name: str
    parent: Optional[str]
    attrs: dict
    members: list
    pos: str


@dataclass
class Row:
    name: str
    number: int
    attrs: dict
    pos: str


@dataclass
class Fields:
    parent: str
    oxm_class: int
    experimenter: int
    rows: list
    pos: str


@dataclass
class File:
    path: str
    versions: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    structs: list = field(default_factory=list)
    fields: list = field(default_factory=list)


TOKEN = re.compile(r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<int>0x[0-9a-fA-F]+\b|[0-9]+\b)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<punct>==|[{}()\[\];:,=?&|\#])
""", re.VERBOSE | re.DOTALL)

ENUM_ATTRS = {"wire_type", "bitmask", "bad_value", "complete", "stable"}
STRUCT_ATTRS = {"align", "length_includes_align", "open", "bad_type", "bad_len", "bad_version",
                "bad_mask", "bad_wildcards", "bad_value", "duplicate"}
FIELDS_ATTRS = {"class", "experimenter"}
ROW_ATTRS = {"type", "mask", "bits", "variable"}
ERROR_NAME = re.compile(r"(OFP|NX)[A-Z0-9]*_[A-Z0-9_]+$")


class Reader:
    def __init__(self, path, text):
        self.path = path
        self.tokens = []        # (kind, text, line)
        self.at = 0
        self._scan(text)

    def _scan(self, text):
        offset, line = 0, 1
        while offset < len(text):
            m = TOKEN.match(text, offset)
            if not m:
                raise LoxiError(f"{self.path}:{line}: unexpected character {text[offset]!r}")
            if m.lastgroup != "space":
                self.tokens.append((m.lastgroup, m.group(), line))
            line += m.group().count("\n")
            offset = m.end()
        self.tokens.append(("end", "end of file", line))

    # The cursor.

    def pos(self):
        return f"{self.path}:{self.tokens[self.at][2]}"

    def fail(self, what):
        raise LoxiError(f"{self.pos()}: {what}")

    def peek(self, text):
        return self.tokens[self.at][1] == text and self.tokens[self.at][0] != "end"

    def take(self, text):
        if self.peek(text):
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.take(text):
            self.fail(f"expected '{text}', found '{self.tokens[self.at][1]}'")

    def word(self, what):
        kind, text, _ = self.tokens[self.at]
        if kind != "word":
            self.fail(f"expected {what}, found '{text}'")
        self.at += 1
        return text

    def int(self):
        kind, text, _ = self.tokens[self.at]
        if kind != "int":
            self.fail(f"expected a number, found '{text}'")
        self.at += 1
        return int(text, 0)

    # Files and statements.

    def file(self):
        result = File(self.path)
        while self.take("#"):
            self._version(result)
        if not result.versions:
            self.fail("a file begins with '#version N'")
        while self.tokens[self.at][0] != "end":
            if self.peek("enum"):
                result.enums.append(self.enum())
            elif self.peek("struct"):
                result.structs.append(self.struct())
            elif self.peek("fields"):
                result.fields.append(self.fields())
            else:
                self.fail("expected 'enum', 'struct' or 'fields', "
                          f"found '{self.tokens[self.at][1]}'")
        return result

    def _version(self, result):
        if self.word("'version'") != "version":
            self.at -= 1
            self.fail("the only directive is '#version N'")
        pos, version = self.pos(), self.int()
        if version not in (1, 4, 5, 6):
            raise LoxiError(f"{pos}: version {version} is not one of 1, 4, 5, 6")
        result.versions.append(version)

    def attrs(self, known, errors=False):
        """(name=value, ...) with values as text or int; True and False as bool."""
        result = {}
        if not self.take("("):
            return result
        while not self.take(")"):
            pos, name = self.pos(), self.word("an attribute")
            if name not in known and not (errors and ERROR_NAME.match(name)):
                raise LoxiError(f"{pos}: unknown attribute '{name}'")
            if name in result:
                raise LoxiError(f"{pos}: attribute '{name}' comes twice")
            self.expect("=")
            result[name] = self.type() if name == "type" else self._attr_value()
            if not self.peek(")"):
                self.expect(",")
        return result

    def _attr_value(self):
        if self.tokens[self.at][0] == "int":
            return self.int()
        text = self.word("a value")
        if text in ("True", "False"):
            return text == "True"
        while self.take("|"):
            text += "|" + self.word("an error code")
        return text

    def enum(self):
        pos = self.pos()
        self.expect("enum")
        name = self.word("an enum's name")
        attrs = self.attrs(ENUM_ATTRS)
        if attrs.get("wire_type") not in ("uint8_t", "uint16_t", "uint32_t", "uint64_t"):
            raise LoxiError(f"{pos}: enum {name} needs wire_type=uint8_t, 16, 32 or 64")
        result = Enum(name, attrs["wire_type"], attrs.get("bitmask", False),
                      attrs.get("bad_value"), [], pos)
        self.expect("{")
        while not self.take("}"):
            result.items.append(self._enum_item())
            if not self.peek("}"):
                self.expect(",")
        self.expect(";")
        if not result.items:
            raise LoxiError(f"{pos}: enum {name} is empty")
        return result

    def _enum_item(self):
        pos, name = self.pos(), self.word("a constant's name")
        attrs = self.attrs({"virtual"})
        self.expect("=")
        return EnumItem(name, self.int(), attrs.get("virtual", False), pos)

    def struct(self):
        pos = self.pos()
        self.expect("struct")
        name = self.word("a struct's name")
        attrs = self.attrs(STRUCT_ATTRS, errors=True)
        parent = self.word("a parent's name") if self.take(":") else None
        self.expect("{")
        members = []
        while not self.take("}"):
            members.append(self.member())
        self.expect(";")
        return Struct(name, parent, attrs, members, pos)

    def fields(self):
        pos = self.pos()
        self.expect("fields")
        parent = self.word("of_oxm or of_oxs")
        attrs = self.attrs(FIELDS_ATTRS)
        if "class" not in attrs:
            raise LoxiError(f"{pos}: fields {parent} needs class=N")
        result = Fields(parent, attrs["class"], attrs.get("experimenter", 0), [], pos)
        self.expect("{")
        while not self.take("}"):
            row_pos, name = self.pos(), self.word("a field's name")
            row_attrs = self.attrs(ROW_ATTRS)
            self.expect("=")
            result.rows.append(Row(name, self.int(), row_attrs, row_pos))
            if not self.peek("}"):
                self.expect(",")
        self.expect(";")
        return result

    # Members.

    def type(self):
        word = self.word("a type")
        if word == "enum":
            return "enum " + self.word("an enum's name")
        if word == "list":
            self.expect("(")
            word = f"list({self.word('a type')})"
            self.expect(")")
        elif self.take("["):
            word = f"{word}[{self.int()}]"
            self.expect("]")
        return word

    def member(self):
        pos = self.pos()
        if self.peek("pad") or self.peek("align"):
            result = self._filler(pos)
        else:
            result = Member("value", pos, type=self.type(), name=self.word("a member's name"))
            if self.take("=="):
                self._fixed(result)
            else:
                self._bits(result)
                self._condition(result)
        self.expect(";")
        return result

    def _filler(self, pos):
        role = self.word("pad")
        self.expect("(")
        result = Member(role, pos, size=self.int())
        self.expect(")")
        if role == "align" and self.take("if"):
            result.cond_list = self.word("a list's name")
        return result

    def _fixed(self, member):
        if self.take("?"):
            member.role = "discriminator"
        elif self.tokens[self.at][0] == "int":
            member.role, member.constant = "constant", self.int()
        elif self.tokens[self.at + 1][1] == "(":
            function = self.word("length or count")
            if function not in ("length", "count"):
                self.at -= 1
                self.fail(f"unknown function '{function}': length(x) and count(x) are known")
            self.expect("(")
            member.role, member.target = function + "_of", self.word("a member's name")
            self.expect(")")
        else:
            member.role, member.constant = "constant", self.word("a constant")

    def _bits(self, member):
        if self.take("bits"):
            self.expect("(")
            name = self.word("a member's name")
            self.expect("&")
            member.bits = (name, self.int())
            self.expect(")")

    def _condition(self, member):
        if self.take("if"):
            name = self.word("a member's name")
            self.expect("&")
            mask = self.int()
            member.cond = (name, mask, self.int() if self.take("==") else None)


def parse_file(path, shown_path=None):
    with open(path, encoding="utf-8") as f:
        return Reader(shown_path or path, f.read()).file()
