# SPDX-License-Identifier: Apache-2.0
"""What the descriptions mean: classes over all versions, their layouts, error codes.

A class is what a struct's name stands for over all versions; a layout is its bytes in one
version. Everything that a description can get wrong is found here, with file and line.
"""
import re
from dataclasses import dataclass, field
from typing import Optional

from parse import LoxiError

VERSIONS = {1: "10", 4: "13", 5: "14", 6: "15"}     # on the wire -> as the names say it
NEWEST = max(VERSIONS)

UINT_SIZES = {"uint8_t": 1, "uint16_t": 2, "uint24_t": 3, "uint32_t": 4, "uint64_t": 8}
BY_VERSION_SIZES = {"of_fm_cmd_t": (2, 1), "of_wc_bmap_t": (4, 8), "of_match_bmap_t": (4, 8)}
BYTE_SIZES = {"of_mac_addr_t": 6, "of_ipv6_t": 16, "of_uint128_t": 16}
STRING_SIZES = {"of_port_name_t": 16, "of_table_name_t": 32, "of_desc_str_t": 256,
                "of_serial_num_t": 32}
UINT_LISTS = {"of_uint8_t": "uint8_t", "of_uint16_t": "uint16_t", "of_uint32_t": "uint32_t",
              "of_uint64_t": "uint64_t", "of_port_no_t": "of_port_no_t"}


@dataclass
class Wire:
    """A member's type in one version. kind: uint, port, ipv4, bytes, string, octets, object,
    list, uint_list. size: bytes on the wire (of an element, for uint_list), 0 when it varies."""
    kind: str
    size: int = 0
    enum: str = ""
    cls: str = ""
    mac: bool = False

    def same_storage(self, other):
        if self.is_number() and other.is_number():
            return True
        return (self.kind, self.cls) == (other.kind, other.cls) and (
            self.kind in ("octets", "object", "list", "string") or self.size == other.size)

    def is_number(self):
        return self.kind in ("uint", "port", "ipv4")


@dataclass
class Op:
    """A member of a layout, resolved. role as in parse.Member, or length, version."""
    role: str
    name: str
    wire: Optional[Wire]
    pos: str
    value: Optional[int] = None     # of a constant
    size: int = 0                   # of pad and align
    target: str = ""
    cond: Optional[tuple] = None
    cond_list: str = ""
    bits: Optional[tuple] = None

    def fixed_size(self):
        """Its bytes, or None when they vary or may be absent."""
        if self.cond or self.role == "align":
            return None
        if self.role == "pad":
            return self.size
        return self.wire.size if self.wire.kind in FIXED_KINDS else None


AT_FIXED_OFFSET = ("length", "discriminator", "constant", "version", "length_of")
FIXED_KINDS = ("uint", "port", "ipv4", "bytes", "string")


@dataclass
class Layout:
    cls: "Class"
    version: int
    struct: object              # parse.Struct
    ops: list
    errors: dict = field(default_factory=dict)        # attribute -> error name text
    translations: list = field(default_factory=list)  # (from, to) error texts
    align: int = 1
    includes_align: bool = False
    discriminator: Optional[Op] = None
    discriminator_at: int = 0
    constants: list = field(default_factory=list)     # (offset, size, value)
    length_at: Optional[int] = None
    length_size: int = 0
    min_size: int = 0

    @property
    def open(self):
        return self.struct.attrs.get("open", False)

    @property
    def concrete(self):
        return self.discriminator is None or self.open

    def op(self, name):
        return next((o for o in self.ops if o.name == name and o.wire), None)


@dataclass
class CField:
    """A member of the C struct: one for all versions."""
    name: str
    wires: dict                 # version -> Op
    kind: str = ""
    size: int = 0               # of the storage
    cls: str = ""


@dataclass
class Class:
    name: str
    pos: str
    parent: Optional["Class"] = None
    layouts: dict = field(default_factory=dict)       # version -> Layout
    children: list = field(default_factory=list)
    fields: list = field(default_factory=list)        # CField, the parent's first
    oxm: Optional["OxmField"] = None

    @property
    def root(self):
        return self.parent.root if self.parent else self

    @property
    def polymorphic(self):
        return bool(self.children) or any(l.discriminator for l in self.layouts.values())

    @property
    def concrete(self):
        return self.oxm is not None or any(l.concrete for l in self.layouts.values())

    def lineage(self):
        """Names from the root to this class."""
        return (self.parent.lineage() if self.parent else []) + [self.name]


@dataclass
class OxmField:
    name: str                   # without of_oxm_
    parent: str
    oxm_class: int
    number: int
    experimenter: int
    wire: Wire
    mask: bool
    bits: int
    variable: bool
    versions: list
    pos: str


class Model:
    def __init__(self, files):
        self.files = files
        self.enums = {}         # name -> version -> parse.Enum
        self.constants = {v: {} for v in VERSIONS}    # version -> name -> (value, Enum)
        self.structs = {v: {} for v in VERSIONS}      # version -> class name -> parse.Struct
        self.classes = {}
        self.oxm_fields = []
        self.failures = {}      # error code's name -> version -> (type, code)
        self._collect()
        self._build_classes()
        for cls in self.classes.values():
            self._build_layouts(cls)
        for cls in self.classes.values():
            for layout in cls.layouts.values():
                self._place(layout)
        self._build_oxm()
        for cls in self.classes.values():
            self._check_class(cls)
        for cls in self.classes.values():
            self._unify(cls)
        self._check_errors()

    # Collecting names.

    def _collect(self):
        for f in self.files:
            for version in f.versions:
                for enum in f.enums:
                    self._add_enum(version, enum)
                for struct in f.structs:
                    name = class_name(struct.name)
                    self._once(self.structs[version], name, struct, "struct", version)

    def _add_enum(self, version, enum):
        self._once(self.enums.setdefault(enum.name, {}), version, enum, "enum", version)
        limit = 1 << 8 * UINT_SIZES[enum.wire_type]
        for item in enum.items:
            if item.value >= limit and not item.virtual:
                raise LoxiError(f"{item.pos}: {item.name} does not fit in {enum.wire_type}")
            old = self.constants[version].get(item.name)
            if old:
                raise LoxiError(f"{item.pos}: {item.name} is defined before in enum {old[1].name}"
                                f" ({old[1].pos})")
            self.constants[version][item.name] = (item.value, enum)

    @staticmethod
    def _once(table, key, thing, what, version):
        if key in table:
            raise LoxiError(f"{thing.pos}: {what} {thing.name} is described before for version "
                            f"{version} at {table[key].pos}")
        table[key] = thing

    def _build_classes(self):
        for version in VERSIONS:
            for name, struct in self.structs[version].items():
                self.classes.setdefault(name, Class(name, struct.pos))
        for version in VERSIONS:
            for name, struct in self.structs[version].items():
                self._set_parent(self.classes[name], struct, version)
        self.classes = dict(sorted(self.classes.items(), key=lambda kv: len(kv[1].lineage())))

    def _set_parent(self, cls, struct, version):
        parent = None
        if struct.parent:
            parent = self.classes.get(class_name(struct.parent))
            if not parent or parent.name not in self.structs[version]:
                raise LoxiError(f"{struct.pos}: parent {struct.parent} is not described for "
                                f"version {version}")
        if cls.parent is not parent and (cls.parent or cls.layouts):
            raise LoxiError(f"{struct.pos}: {cls.name} has another parent in another version")
        cls.layouts[version] = None
        if parent and cls not in parent.children:
            cls.parent = parent
            parent.children.append(cls)
            if cls.name in parent.lineage():
                raise LoxiError(f"{struct.pos}: {cls.name} descends from itself")

    # Layouts.

    def _build_layouts(self, cls):
        for version in cls.layouts:
            struct = self.structs[version][cls.name]
            parent = cls.parent.layouts[version] if cls.parent else None
            layout = Layout(cls, version, struct, [])
            cls.layouts[version] = layout
            for member in struct.members:
                layout.ops.append(self._resolve(layout, member))
            self._take_attrs(layout, parent)
            if parent:
                self._check_inherits(layout, parent)

    def _resolve(self, layout, m):
        names = [o.name for o in layout.ops if o.name]
        if m.name and m.name in names:
            raise LoxiError(f"{m.pos}: member {m.name} comes twice")
        op = Op(m.role, m.name, None, m.pos, size=m.size, target=m.target, cond=m.cond,
                cond_list=m.cond_list, bits=m.bits)
        if m.role in ("pad", "align"):
            if m.size < 1:
                raise LoxiError(f"{m.pos}: {m.role}({m.size}) is not positive")
            return op
        op.wire = self._wire(m, layout.version)
        if m.role == "value":
            self._resolve_value(layout, op, m)
        elif op.wire.kind != "uint":
            raise LoxiError(f"{m.pos}: {m.name} must be an unsigned integer")
        if m.role == "discriminator":
            if layout.discriminator:
                raise LoxiError(f"{op.pos}: a second discriminator in one struct")
            layout.discriminator = op
        if m.role == "constant":
            op.value = self._constant(m.constant, layout.version, m.pos)
            if op.value >= 1 << 8 * op.wire.size:
                raise LoxiError(f"{m.pos}: {op.value} does not fit in {m.type}")
        if m.role in ("length_of", "count_of"):
            self._check_target(layout.struct, m)
        return op

    def _resolve_value(self, layout, op, m):
        for use in (m.cond, m.bits):
            earlier = layout.op(use[0]) if use else None
            if use and (not earlier or earlier.wire.kind != "uint" or earlier.role != "value"):
                raise LoxiError(f"{m.pos}: {use[0]} is not an earlier integer member")
        if m.bits and (op.wire.kind != "octets" or not m.bits[1] & 1):
            raise LoxiError(f"{m.pos}: bits() is for of_octets_t, its mask begins at bit 0")
        if m.cond and op.wire.kind not in FIXED_KINDS and not m.bits:
            raise LoxiError(f"{m.pos}: {m.type} cannot be conditional")
        if m.name in ("len", "length") and op.wire.kind == "uint" and not m.cond:
            op.role = "length"
        if m.name == "version" and layout.cls.root.name == "of_header":
            op.role = "version"

    @staticmethod
    def _check_target(struct, m):
        later = [x for x in struct.members if x.role == "value" and x.name == m.target]
        if not later or struct.members.index(later[0]) < struct.members.index(m):
            raise LoxiError(f"{m.pos}: {m.target} is not a later member")

    def _constant(self, constant, version, pos):
        if isinstance(constant, int):
            return constant
        if constant not in self.constants[version]:
            raise LoxiError(f"{pos}: constant {constant} is not defined for version {version}")
        return self.constants[version][constant][0]

    def _wire(self, m, version):
        t = m.type
        if t in UINT_SIZES:
            return Wire("uint", UINT_SIZES[t])
        if t in BY_VERSION_SIZES:
            return Wire("uint", BY_VERSION_SIZES[t][version != 1])
        if t == "of_port_no_t":
            return Wire("port", 2 if version == 1 else 4)
        if t == "of_ipv4_t":
            return Wire("ipv4", 4)
        if t in BYTE_SIZES:
            return Wire("bytes", BYTE_SIZES[t], mac=t == "of_mac_addr_t")
        if t in STRING_SIZES:
            return Wire("string", STRING_SIZES[t])
        if t == "of_octets_t":
            return Wire("octets")
        return self._compound_wire(m, t, version)

    def _compound_wire(self, m, t, version):
        if t.startswith("enum "):
            enum = self.enums.get(t[5:], {}).get(version)
            if not enum:
                raise LoxiError(f"{m.pos}: enum {t[5:]} is not described for version {version}")
            return Wire("uint", UINT_SIZES[enum.wire_type], enum=enum.name)
        array = re.fullmatch(r"(char|uint8_t)\[(\d+)\]", t)
        if array:
            return Wire("string" if array[1] == "char" else "bytes", int(array[2]))
        element = re.fullmatch(r"list\((\w+)\)", t)
        if element and element[1] in UINT_LISTS:
            inner = self._wire(type(m)("value", m.pos, type=UINT_LISTS[element[1]]), version)
            return Wire("uint_list", inner.size, cls=inner.kind)
        name = re.fullmatch(r"(of_\w+)_t", element[1] if element else t)
        if not name or class_name(name[1]) not in self.structs[version]:
            raise LoxiError(f"{m.pos}: unknown type '{t}' for version {version}")
        return Wire("list" if element else "object", cls=class_name(name[1]))

    def _take_attrs(self, layout, parent):
        attrs = layout.struct.attrs
        layout.align = attrs.get("align", parent.align if parent else 1)
        layout.includes_align = attrs.get("length_includes_align",
                                          parent.includes_align if parent else False)
        if layout.align not in (1, 2, 4, 8):
            raise LoxiError(f"{layout.struct.pos}: align={layout.align} is not 1, 2, 4 or 8")
        inherited = parent.errors.get("bad_len") if parent else None
        if inherited:
            layout.errors["bad_len"] = inherited
        version, pos = layout.version, layout.struct.pos
        for name, value in attrs.items():
            if name.startswith("bad_") or name == "duplicate":
                layout.errors[name] = self.failure(value, version, pos)
            elif name.isupper():
                layout.translations.append((self.failure(name, version, pos),
                                            self.failure(value, version, pos)))

    def _check_inherits(self, layout, parent):
        """A child begins with its parent's members; a tail of bytes it may replace."""
        theirs = list(parent.ops)
        if theirs and theirs[-1].wire and theirs[-1].wire.kind == "octets":
            theirs = theirs[:-1]
        if parent.discriminator is None:
            raise LoxiError(f"{layout.struct.pos}: parent {parent.cls.name} has no discriminator")
        for i, old in enumerate(theirs):
            new = layout.ops[i] if i < len(layout.ops) else None
            if old is parent.discriminator:
                fits = new and new.role == "constant" and new.name == old.name
            else:
                fits = new and (new.role, new.name, new.size, new.value) == (
                    old.role, old.name, old.size, old.value)
            if not fits or new.wire != old.wire:
                raise LoxiError(f"{new.pos if new else layout.struct.pos}: {layout.cls.name} does "
                                f"not repeat member {i + 1} of {parent.cls.name} "
                                f"({old.name or old.role}, {old.pos})")

    def _place(self, layout):
        """Offsets of length, discriminator and constants; the smallest size."""
        offset, open_ended = 0, False
        for op in layout.ops:
            size = op.fixed_size()
            if op.role in AT_FIXED_OFFSET and offset is None:
                raise LoxiError(f"{op.pos}: {op.name} must stand at a fixed offset")
            if op.role == "length":
                layout.length_at, layout.length_size = offset, op.wire.size
            elif op is layout.discriminator:
                layout.discriminator_at = offset
            elif op.role == "constant":
                layout.constants.append((offset, op.wire.size, op.value))
            if size is None:
                size = self._part_size(op, layout.version)
            layout.min_size += size or 0
            offset = None if size is None or offset is None else offset + size
            if open_ended:
                raise LoxiError(f"{op.pos}: nothing can follow a member that has no length")
            open_ended = self._is_open_ended(layout, op)
            if open_ended and layout.length_at is None:
                raise LoxiError(f"{op.pos}: {op.name} has no end: {layout.cls.name} has no length")
        if layout.discriminator and "bad_type" not in layout.errors:
            raise LoxiError(f"{layout.struct.pos}: {layout.cls.name} has a discriminator and "
                            "needs bad_type=CODE")
        if layout.open and layout.discriminator is None:
            raise LoxiError(f"{layout.struct.pos}: open=True is for structs with a discriminator")

    def _part_size(self, op, version):
        """The bytes of an embedded object, or None when they vary."""
        if op.role != "value" or op.wire.kind != "object":
            return None
        layout = self.classes[op.wire.cls].layouts[version]
        if layout.cls.polymorphic or any(o.role == "length" for o in layout.ops):
            return None
        sizes = [o.fixed_size() or self._part_size(o, version) for o in layout.ops]
        return None if None in sizes else sum(sizes)

    @staticmethod
    def _is_open_ended(layout, op):
        if op.role != "value" or op.wire.kind not in ("octets", "list", "uint_list") or op.bits:
            return False
        return not any(o.target == op.name for o in layout.ops)

    # OXM and OXS.

    def _build_oxm(self):
        taken = {}
        for f in self.files:
            for table in f.fields:
                parent = self.classes.get(table.parent)
                if table.parent not in ("of_oxm", "of_oxs") or not parent:
                    raise LoxiError(f"{table.pos}: fields of '{table.parent}': of_oxm and of_oxs "
                                    "are known, and must be described")
                for row in table.rows:
                    self._add_oxm(f, table, row, parent, taken)

    def _add_oxm(self, f, table, row, parent, taken):
        if "type" not in row.attrs:
            raise LoxiError(f"{row.pos}: {row.name} needs type=...")
        if not 0 <= row.number < 128:
            raise LoxiError(f"{row.pos}: field number {row.number} is above 127")
        wire = self._wire(MemberAt(row.attrs["type"], row.pos), NEWEST)
        if wire.kind not in ("uint", "port", "ipv4", "bytes") or wire.enum:
            raise LoxiError(f"{row.pos}: {row.attrs['type']} cannot be a field's type")
        variable = row.attrs.get("variable", False)
        limit = 252 - 4 * bool(table.experimenter)
        if wire.size > (limit // 2 if row.attrs.get("mask") else limit):
            raise LoxiError(f"{row.pos}: {row.name} is too long for its header")
        oxm = OxmField(row.name, parent.name, table.oxm_class, row.number, table.experimenter,
                       wire, row.attrs.get("mask", False),
                       row.attrs.get("bits", 8 * wire.size), variable, f.versions, row.pos)
        for version in f.versions:
            key = (version, oxm.oxm_class, oxm.number, oxm.experimenter)
            if key in taken:
                raise LoxiError(f"{row.pos}: {row.name} has the number of {taken[key].name} "
                                f"({taken[key].pos})")
            taken[key] = oxm
            if version not in parent.layouts:
                raise LoxiError(f"{table.pos}: {parent.name} is not described for version "
                                f"{version}")
        self._add_oxm_class(oxm, parent)

    def _add_oxm_class(self, oxm, parent):
        name = f"{parent.name}_{oxm.name}"
        old = self.classes.get(name)
        if old:
            mine = (oxm.oxm_class, oxm.number, oxm.experimenter, oxm.wire, oxm.mask, oxm.bits)
            o = old.oxm
            if not o or mine != (o.oxm_class, o.number, o.experimenter, o.wire, o.mask, o.bits):
                raise LoxiError(f"{oxm.pos}: {name} is described otherwise at {old.pos}")
            o.versions = sorted(set(o.versions) | set(oxm.versions))
            return
        oxm.versions = sorted(oxm.versions)
        self.oxm_fields.append(oxm)
        for suffix in ("", "_masked") if oxm.mask else ("",):
            cls = Class(name + suffix, oxm.pos, parent, oxm=oxm)
            parent.children.append(cls)
            self.classes[cls.name] = cls

    # Checks over a whole class.

    def _check_class(self, cls):
        if cls.oxm or cls.name in ("of_oxm", "of_oxs"):
            return
        for version, layout in cls.layouts.items():
            if cls.polymorphic and cls.parent is None and layout.length_at is None:
                raise LoxiError(f"{layout.struct.pos}: {cls.name} has children and needs a length")
            root = cls.root.layouts[version]
            outer = 1 if layout.includes_align else layout.align
            if outer != (1 if root.includes_align else root.align):
                raise LoxiError(f"{layout.struct.pos}: {cls.name} is aligned otherwise than "
                                f"{cls.root.name}")
            self._check_discriminators(cls, version)
            for op in layout.ops:
                if op.wire and op.wire.enum:
                    self.bad_value(op.wire.enum, version)

    def _check_discriminators(self, cls, version):
        seen = {}
        op = cls.layouts[version].discriminator
        for child in cls.children if op else ():
            if version not in child.layouts:
                continue
            value = child.layouts[version].op(op.name).value
            if value in seen:
                raise LoxiError(f"{child.layouts[version].struct.pos}: {child.name} has the "
                                f"{op.name} of {seen[value].name} in version {version}")
            seen[value] = child

    def bad_value(self, enum_name, version):
        """The failure of a value that the enum lacks, or None."""
        enum = self.enums[enum_name][version]
        return self.failure(enum.bad_value, version, enum.pos) if enum.bad_value else None

    def failure(self, text, version, pos):
        """The first of the error codes A|B that a version has; remembers its numbers."""
        for name in str(text).split("|"):
            if name in self.constants[version]:
                self.failures.setdefault(name, {})[version] = self._error_pair(name, version, pos)
                return name
        raise LoxiError(f"{pos}: error code {text} is not defined for version {version}")

    def _error_pair(self, name, version, pos):
        code, enum = self.constants[version][name]
        m = re.fullmatch(r"ofp_(\w+)_code", enum.name)
        type_name = f"OFPET_{m[1].upper()}" if m else ""
        if type_name not in self.constants[version]:
            raise LoxiError(f"{pos}: {name} is in enum {enum.name}, which has no error type "
                            f"{type_name or 'OFPET_*'} in version {version}")
        return (self.constants[version][type_name][0], code)

    def _check_errors(self):
        header = self.classes.get("of_header")
        if not header:
            raise LoxiError(f"{self.files[0].path}:1: of_header is not described")
        for layout in header.layouts.values():
            for name in ("bad_version", "bad_type", "bad_len"):
                if name not in layout.errors:
                    raise LoxiError(f"{layout.struct.pos}: of_header needs {name}=CODE")
        for name, needed in (("of_oxm", ("bad_type", "bad_len", "bad_mask", "bad_wildcards",
                                         "bad_value")), ("of_oxs", ("bad_type", "bad_len"))):
            if name in self.classes:
                for layout in self.classes[name].layouts.values():
                    for attr in needed:
                        if attr not in layout.errors:
                            raise LoxiError(f"{layout.struct.pos}: {name} needs {attr}=CODE")

    # One C struct for all versions.

    def _unify(self, cls):
        if cls.oxm or cls.name in ("of_oxm", "of_oxs"):
            return
        inherited = self._inherited_fields(cls)
        fields = {name: CField(name, {}, f.kind, f.size, f.cls) for name, f in inherited.items()}
        for version in sorted(cls.layouts, reverse=True):
            layout = cls.layouts[version]
            for op in layout.ops:
                if self.is_stored(op, layout):
                    self._merge(cls, fields, op, version)
        for name, old in inherited.items():
            f = fields[name]
            if (f.kind, f.size) != (old.kind, old.size):
                raise LoxiError(f"{next(iter(f.wires.values())).pos}: {name} has another type here "
                                f"than in {cls.parent.name}")
        cls.fields = list(fields.values())

    def _inherited_fields(self, cls):
        """All of the parent's members, so that the structs begin alike, but for a tail of bytes
        that the child replaces."""
        fields = {f.name: f for f in cls.parent.fields} if cls.parent else {}
        last = list(fields.values())[-1] if fields else None
        if last and last.kind == "octets" and not any(l.op(last.name)
                                                      for l in cls.layouts.values()):
            del fields[last.name]
        return fields

    @staticmethod
    def is_stored(op, layout):
        """Does this op have a place in the C struct?"""
        if op is None:
            return False
        if op.role == "discriminator":
            return layout.open
        if op.role == "constant":
            parent = layout.cls.parent
            up = parent.layouts[layout.version] if parent else None
            return bool(up and up.open and up.discriminator.name == op.name)
        return op.role == "value"

    @staticmethod
    def _merge(cls, fields, op, version):
        f = fields.setdefault(op.name, CField(op.name, {}))
        for other in f.wires.values():
            if not op.wire.same_storage(other.wire):
                raise LoxiError(f"{op.pos}: {cls.name}.{op.name} has a type that cannot share a "
                                f"member with that of {other.pos}")
        if f.kind and not f.wires and not op.wire.same_storage(Wire(f.kind, f.size, cls=f.cls)):
            raise LoxiError(f"{op.pos}: {cls.name}.{op.name} has another type than in its parent")
        f.wires[version] = op
        size = 4 if op.wire.kind == "port" else storage_size(op.wire.size)
        f.size = max(f.size, size if op.wire.is_number() else op.wire.size)
        f.kind = "port" if "port" in (f.kind, op.wire.kind) else f.kind or op.wire.kind
        f.cls = op.wire.cls


@dataclass
class MemberAt:
    type: str
    pos: str


def storage_size(size):
    return 4 if size == 3 else size


def class_name(struct_name):
    return re.sub(r"_v\d+$", "", struct_name)
