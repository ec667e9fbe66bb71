# SPDX-License-Identifier: Apache-2.0
"""The C of a group of classes: decode, encode, choice of class, and the tables of a class."""
from emit import (call, class_id, enum_id, failure_id, group_of, inputs_of, macro,
                  source, uint_type, version_bits)
from model import VERSIONS, LoxiError


class Codec:
    def __init__(self, model, group):
        self.model, self.group = model, group
        self.out = []
        self.functions = {}     # (kind, owner, signature) -> name
        self.layout_names = {}

    def text(self):
        classes = [c for c in self.model.classes.values() if group_of(c) == self.group]
        for cls in classes:
            if not cls.oxm:
                self._class(cls)
        if self.group == "oxm":
            self._oxm_infos(classes)
        return source(inputs_of(classes), f"Codecs of OpenFlow objects: {self.group}.",
                      ["ofproto/of-codec.h", "ofproto/openflow.h"], self.out[:-1])

    # A class.

    def _class(self, cls):
        names = {}
        for version in sorted(cls.layouts):
            names[version] = self._layout(cls, version)
        fields = cls
        while self._shares_rows(fields):
            fields = fields.parent
        rows = self._field_rows(fields)
        if rows and fields is cls:
            self.out += [f"static const struct of_field_info {cls.name}_fields[] = {{"]
            self.out += rows + ["};", ""]
        self._info(cls, names, f"{fields.name}_fields" if rows else None)

    def _layout(self, cls, version):
        """Emits the layout of a version unless an earlier version has the same one."""
        layout = cls.layouts[version]
        is_oxm = cls.name in ("of_oxm", "of_oxs")
        body = []
        if layout.concrete and not is_oxm:
            body += [f"    .decode = {self._function('decode', layout)},",
                     f"    .encode = {self._function('encode', layout)},"]
        if layout.discriminator and not is_oxm:
            body += [f"    .classify = {self._function('classify', layout)},"]
        body += self._rows(layout)
        frame = [layout.length_at or 0, layout.length_size, layout.align,
                 "true" if layout.includes_align else "false", layout.min_size]
        body += [f"    .frame = {{{', '.join(map(str, frame))}}},",
                 f"    .bad_len = {failure_id(self.bad_len(layout))},"]
        key = (cls.name, tuple(body))
        if key not in self.layout_names:
            name = f"{cls.name}_v{VERSIONS[version]}"
            self.layout_names[key] = name
            self.out += [f"static const struct of_layout {name} = {{"] + body + ["};", ""]
        return self.layout_names[key]

    @staticmethod
    def _rows(layout):
        """Constants to write and failures to translate."""
        rows = []
        if layout.constants and layout.concrete:
            rows += call(4, ".constants = OF_CONSTANTS",
                         [f"{{{o}, {s}, {v:#x}}}" for o, s, v in layout.constants], ",")
        if layout.translations:
            rows += call(4, ".translations = OF_TRANSLATIONS",
                         [f"{{{failure_id(a)}, {failure_id(b)}}}" for a, b in layout.translations],
                         ",")
        return rows

    def bad_len(self, layout):
        own = layout.errors.get("bad_len")
        return own or self.model.classes["of_header"].layouts[layout.version].errors["bad_len"]

    def _info(self, cls, names, rows):
        parent = class_id(cls.parent.name) if cls.parent else "OF_NO_CLASS"
        body = [f'    .name = "{cls.name[3:]}",', f"    .parent = {parent},",
                f"    .root = {class_id(cls.root.name)},"]
        body += [f"    .size = sizeof(struct {cls.name}),"] if cls.concrete else []
        body += [f"    OF_FIELDS({rows}),"] if rows else []
        if cls.name in ("of_oxm", "of_oxs"):
            body.append(f"    .oxm_table = {1 if cls.name == 'of_oxm' else 2},")
        body += [f"    OF_LAYOUTS({r})," for r in version_ranges(names)]
        self.out += [f"const struct of_class_info {cls.name}_info = {{"] + body
        self.out += ["};"] + self._same_beginning(cls) + [""]

    @staticmethod
    def _same_beginning(cls):
        """A pointer to a struct may be used as one to the parent's: hold the compiler to it."""
        names = {f.name for f in cls.fields}
        shared = [f.name for f in cls.parent.fields if f.name in names] if cls.parent else []
        return call(0, "OF_ASSERT_SAME_PLACE", [cls.name, cls.parent.name, shared[-1]],
                    ";") if shared else []

    def _oxm_infos(self, classes):
        index = {o.name: i for i, o in enumerate(self.model.oxm_fields)}
        self.out += macro(["#define OXM_CLASS(struct_name, class_name, root_id, field)",
                           "    const struct of_class_info struct_name##_info = {",
                           "        .name = class_name,",
                           "        .parent = root_id,",
                           "        .root = root_id,",
                           "        .size = sizeof(struct struct_name),",
                           "        .oxm = &of_oxm_fields[field],",
                           "    }"])
        for cls in classes:
            if cls.oxm:
                self.out += call(0, "OXM_CLASS", [cls.name, f'"{cls.name[3:]}"',
                                                  class_id(cls.root.name),
                                                  str(index[cls.oxm.name])], ";")
        self.out.append("")

    # Rows of members.

    def _field_rows(self, cls):
        rows = []
        for f in cls.fields:
            by_type = {}
            for version, op in f.wires.items():
                key = (self._kind(f, op), op.wire.size, op.wire.enum, bool(op.cond or op.bits))
                by_type.setdefault(key, []).append(version)
            for (kind, wire, enum, conditional), versions in by_type.items():
                ref = enum_id(enum) if enum else class_id(f.cls) if f.kind in ("object", "list") \
                    else "0"
                storage = self._storage(f, wire)
                rows += call(4, "", [f'"{f.name}"', f"offsetof(struct {cls.name}, {f.name})",
                                     str(storage), str(wire if kind in WITH_WIRE_SIZE else 0), kind,
                                     f"{version_bits(versions):#x}",
                                     "true" if conditional else "false", ref], ",", "{}")
        return rows

    def _shares_rows(self, cls):
        """Are a class's members those of its parent, and is the parent in this file?"""
        parent = cls.parent
        if not parent or group_of(parent) != self.group or \
                [f.name for f in cls.fields] != [f.name for f in parent.fields]:
            return False
        for mine, theirs in zip(cls.fields, parent.fields):
            for version, op in mine.wires.items():
                other = theirs.wires.get(version)
                if not other or (op.wire, op.cond) != (other.wire, other.cond):
                    return False
        return True

    @staticmethod
    def _storage(f, wire):
        if f.kind == "uint_list":
            return f.item_size
        return f.size if f.kind not in ("octets", "object", "list") else 0

    @staticmethod
    def _kind(f, op):
        kinds = {"uint": "OF_KIND_UINT", "port": "OF_KIND_PORT", "ipv4": "OF_KIND_IPV4",
                 "string": "OF_KIND_STRING", "list": "OF_KIND_LIST"}
        if f.kind == "bytes":
            return "OF_KIND_MAC" if op.wire.mac else "OF_KIND_BYTES"
        if f.kind == "octets":
            return "OF_KIND_BITS" if op.bits else "OF_KIND_OCTETS"
        if f.kind == "object":
            return "OF_KIND_OBJECT" if f.pointer else "OF_KIND_PART"
        if f.kind == "uint_list":
            return "OF_KIND_PORTS" if op.wire.cls == "port" else "OF_KIND_UINTS"
        return kinds[op.wire.kind]

    # Functions.

    def _function(self, kind, layout):
        """The name of a layout's function, emitted the first time it is asked for. A class that
        adds nothing to its parent shares the parent's."""
        while kind != "classify" and layout.cls.parent:
            parent = layout.cls.parent.layouts[layout.version]
            if self._signature(kind, parent) != self._signature(kind, layout):
                break
            layout = parent
        key = (kind, layout.cls.name, self._signature(kind, layout))
        if key not in self.functions:
            same = [v for v, l in layout.cls.layouts.items() if self._signature(kind, l) == key[2]]
            alone = len(same) == len(layout.cls.layouts)
            name = f"{layout.cls.name}_{kind}" + ("" if alone else f"_v{VERSIONS[min(same)]}")
            self.functions[key] = name
            emit = {"decode": Decode, "encode": Encode, "classify": Classify}[kind]
            self.out += emit(self, layout, name).lines() + [""]
        return self.functions[key]

    def _signature(self, kind, layout):
        if kind == "classify":
            return (tuple(self.classify_cases(layout)), layout.discriminator_at,
                    layout.discriminator.wire.size, layout.errors["bad_type"],
                    self.bad_len(layout), layout.open)
        ops = []
        for op in layout.ops:
            role = "skip" if op.role in ("discriminator", "constant") and not self.model.is_stored(
                op, layout) and (op.role == "discriminator" or self.is_discriminator(layout, op)) \
                else "value" if self.model.is_stored(op, layout) else op.role
            wire = op.wire and (op.wire.kind, op.wire.size, op.wire.cls,
                                self.bad_value(layout, op))
            ops.append((role, op.name, wire, op.size, op.target, op.cond, op.cond_list, op.bits,
                        op.value if role == "constant" else None))
        return (tuple(ops), layout.errors.get("duplicate"), self.bad_constant(layout),
                layout.align if layout.includes_align else 1)

    def bad_constant(self, layout):
        """The failure of a constant that does not match; None: the length's."""
        checked = any(o.role == "constant" and not self.is_discriminator(layout, o)
                      for o in layout.ops)
        return layout.errors.get("bad_type") if checked else None

    @staticmethod
    def is_discriminator(layout, op):
        """Is this constant one that the choice of class has already looked at?"""
        parent = layout.cls.parent
        while parent:
            d = parent.layouts[layout.version].discriminator
            if d and d.name == op.name:
                return True
            parent = parent.parent
        return False

    def bad_value(self, layout, op):
        if not op.wire or not op.wire.enum:
            return None
        return self.model.bad_value(op.wire.enum, layout.version)

    def classify_cases(self, layout):
        cases = []
        for child in layout.cls.children:
            if layout.version in child.layouts:
                below = child.layouts[layout.version]
                target = self._function_name_of_classify(below) if below.discriminator else None
                cases.append((below.op(layout.discriminator.name).value, child.name, target))
        return sorted(cases)

    def _function_name_of_classify(self, layout):
        same = [v for v, l in layout.cls.layouts.items()
                if l.discriminator and self._signature("classify", l)
                == self._signature("classify", layout)]
        alone = len(same) == len(layout.cls.layouts)
        return f"{layout.cls.name}_classify" + ("" if alone else f"_v{VERSIONS[min(same)]}")


WITH_WIRE_SIZE = ("OF_KIND_UINT", "OF_KIND_PORT", "OF_KIND_IPV4", "OF_KIND_UINTS", "OF_KIND_PORTS")


class Classify:
    def __init__(self, codec, layout, name):
        self.codec, self.layout, self.name = codec, layout, name

    def lines(self):
        layout, op = self.layout, self.layout.discriminator
        size = op.wire.size
        at = layout.discriminator_at
        get = f"in->p[{at}]" if size == 1 else f"of_get_u{8 * size}(in->p + {at})"
        static = "" if self.crosses_files() else "static "
        lines = [f"{static}int", f"{self.name}(const struct of_cursor *in)", "{",
                  f"    if (of_left(in) < {at + size})",
                  f"        return -{failure_id(self.codec.bad_len(layout))};",
                  f"    switch ({get}) {{"]
        for value, child, target in self.codec.classify_cases(layout):
            result = f"{target}(in)" if target else class_id(child)
            lines += [f"    case {value:#x}:" if value > 255 else f"    case {value}:",
                      f"        return {result};"]
        default = class_id(layout.cls.name) if layout.open else "-" + failure_id(
            layout.errors["bad_type"])
        return self.needed() + lines + ["    default:", f"        return {default};", "    }", "}"]

    def needed(self):
        """The functions of children come first, or are declared if they stand elsewhere."""
        lines = []
        for _, child, target in self.codec.classify_cases(self.layout):
            if target and group_of(self.codec.model.classes[child]) != self.codec.group:
                lines += [f"int {target}(const struct of_cursor *in);"]
            elif target:
                self.codec._function("classify",
                                     self.codec.model.classes[child].layouts[self.layout.version])
        if self.crosses_files():
            lines += [f"int {self.name}(const struct of_cursor *in);"]
        return lines + ([""] if lines else [])

    def crosses_files(self):
        parent = self.layout.cls.parent
        return parent is not None and group_of(parent) != self.codec.group


class Function:
    """Common to decode and encode: walks the members in runs of fixed size."""

    def __init__(self, codec, layout, name):
        self.codec, self.layout, self.name = codec, layout, name
        self.body, self.locals = [], []
        self.uses_m = False

    def m(self, name):
        self.uses_m = True
        return f"m->{name}"

    def declare(self, line):
        if line not in self.locals:
            self.locals.append(line)

    def walk(self):
        run = []
        for op in self.layout.ops:
            size = op.fixed_size()
            if size is not None:
                run.append((op, size))
                continue
            if run:
                self.fixed(run)
            run = []
            self.variable(op)
        if run:
            self.fixed(run)

    def condition(self, op):
        """As C; with the condition of the member that it speaks of."""
        name, mask, value = op.cond
        test = f"{self.m(name)} & {mask:#x}"
        test = f"({test})" if value is None else f"({test}) == {value:#x}"
        base = self.layout.op(name)
        return f"{self.condition(base)} && {test}" if base.cond else test

    def stored(self, op):
        return self.codec.model.is_stored(op, self.layout)

    def field(self, op):
        return next(f for f in self.layout.cls.fields if f.name == op.name)

    def target_op(self, op, role):
        """The length_of or count_of member that speaks of `op`."""
        return next((o for o in self.layout.ops if o.role == role and o.target == op.name), None)

    def returns(self, expression_lines):
        """error = ...; if (error) return error;"""
        self.declare("int error;")
        self.body += expression_lines + ["    if (error)", "        return error;"]

    def finish(self):
        """`return f();` in place of the last check."""
        tail = ["    if (error)", "        return error;"]
        if self.body[-2:] == tail:
            start = max(i for i, l in enumerate(self.body) if l.startswith("    error = "))
            if all(l.startswith("      ") for l in self.body[start + 1:-2]):
                shift = len("error = ") - len("return ")
                moved = [self.body[start].replace("error = ", "return ", 1)]
                moved += [l[shift:] for l in self.body[start + 1:-2]]
                self.body[start:] = moved
                self.drop_error()
                return
        self.body.append("    return 0;")
        self.drop_error()

    def drop_error(self):
        if "int error;" in self.locals and not any("error = " in l for l in self.body):
            self.locals.remove("int error;")

    def assemble(self, signature, cast):
        self.walk()
        self.finish()
        lines = ["static int"] + signature + ["{"]
        first = broken(f"    {cast}") if self.uses_m else []
        first += [f"    {l}" for l in self.locals]
        unused = [] if self.uses_m else ["    (void)object;"]
        unused += self.unused()
        return lines + first + ([""] if first else []) + unused + self.body + ["}"]

    def unused(self):
        return []


class Decode(Function):
    def lines(self):
        cls = self.layout.cls.name
        return self.assemble(call(0, self.name, ["struct of_decoder *d", "struct of_cursor *in",
                                                 "struct of_object *object"], ""),
                             f"struct {cls} *m = (struct {cls} *)object;")

    def unused(self):
        return [] if any("d," in l or "d->" in l for l in self.body) else ["    (void)d;"]

    def fixed(self, run):
        total = sum(size for _, size in run)
        reads, offset = [], 0
        for op, size in run:
            reads += self.read(op, offset)
            offset += size
        if reads:
            self.declare("const uint8_t *p;")
            self.body += [f"    p = of_take(in, {total});", "    if (!p)"]
        else:
            self.body.append(f"    if (!of_take(in, {total}))")
        self.body += ["        return of_short(d, in);"] + reads

    @staticmethod
    def get(op, offset):
        at = f"p + {offset}" if offset else "p"
        if op.wire.kind == "port":
            return f"of_get_port16({at})" if op.wire.size == 2 else f"of_get_u32({at})"
        return f"p[{offset}]" if op.wire.size == 1 else f"of_get_u{8 * op.wire.size}({at})"

    def read(self, op, offset, indent="    "):
        if op.role in ("length_of", "count_of"):
            self.declare(f"size_t {op.name};")
            return [f"{indent}{op.name} = {self.get(op, offset)};"]
        if op.role == "constant" and not self.stored(op):
            return self.check_constant(op, offset)
        if not self.stored(op):
            return []
        if op.wire.kind in ("bytes", "string"):
            at = f"p + {offset}" if offset else "p"
            return [f"{indent}memcpy({self.m(op.name)}, {at}, {op.wire.size});"]
        lines = [f"{indent}{self.m(op.name)} = {self.get(op, offset)};"]
        bad = self.codec.bad_value(self.layout, op)
        if bad:
            lines += [f"{indent}if (!of_enum_has({enum_id(op.wire.enum)}, d->index, "
                      f"m->{op.name}))",
                      f"{indent}    return of_fail(d, {f'p + {offset}' if offset else 'p'}, "
                      f"{failure_id(bad)});"]
        return lines

    def check_constant(self, op, offset):
        if self.codec.is_discriminator(self.layout, op):
            return []
        bad = self.layout.errors.get("bad_type")
        at = f"p + {offset}" if offset else "p"
        result = f"of_fail(d, {at}, {failure_id(bad)})" if bad else "of_short(d, in)"
        return [f"    if ({self.get(op, offset)} != {op.value:#x})", f"        return {result};"]

    def variable(self, op):
        if op.role == "align":
            self.align(op)
        elif op.bits:
            self.bits(op)
        elif op.cond:
            self.conditional(op)
        else:
            self.compound(op)

    def align(self, op):
        if op.cond_list:
            self.body.append("    if (of_left(in) && !of_take(in, -(size_t)(in->p - in->start) & "
                             f"{op.size - 1}))")
            self.body.append("        return of_short(d, in);")
        else:
            self.returns([f"    error = of_decode_align(d, in, {op.size});"])

    def conditional(self, op):
        self.declare("const uint8_t *p;")
        self.body += [f"    if ({plain(self.condition(op))}) {{",
                      f"        p = of_take(in, {op.wire.size});", "        if (!p)",
                      "            return of_short(d, in);"]
        self.body += self.read(op, 0, "        ") + ["    }"]

    def bits(self, op):
        name, mask = op.bits
        indent = "    "
        if op.cond:
            self.body.append(f"    if ({plain(self.condition(op))}) {{")
            indent = "        "
        x = self.m(op.name)
        self.body += [f"{indent}{x}.size = of_bits_size({self.m(name)} & {mask:#x});",
                      f"{indent}{x}.data = of_take(in, {x}.size);",
                      f"{indent}if (!{x}.data)",
                      f"{indent}    return of_short(d, in);"]
        self.body += ["    }"] if op.cond else []

    def compound(self, op):
        cursor, length = "in", self.target_op(op, "length_of")
        count = self.target_op(op, "count_of")
        if length:
            cursor = "&part"
            self.declare("struct of_cursor part;")
            self.returns(call(4, "error = of_decode_part_size",
                              ["d", "in", length.name, "&part"], ";"))
        x = self.m(op.name)
        if op.wire.kind == "octets":
            self.body.append(f"    {x} = of_take_rest({cursor});")
        elif op.wire.kind == "uint_list":
            self.uints(op, cursor, count)
        elif op.wire.kind == "list" and count:
            self.returns(call(4, "error = of_decode_n", ["d", cursor, class_id(op.wire.cls),
                                                         count.name, f"&{x}"], ";"))
        elif op.wire.kind == "list":
            slack = self.layout.align if self.layout.includes_align and not length else 0
            self.returns(call(4, "error = of_decode_list", ["d", cursor, class_id(op.wire.cls),
                                                            str(slack), f"&{x}"], ";"))
            self.unique(op, cursor, x)
        else:
            self.object(op, cursor, x)
        if length and op.wire.kind in ("uint_list", "object"):
            self.returns(["    error = of_decode_end(d, &part);"])

    def unique(self, op, cursor, x):
        if op.wire.cls == "of_oxm" and "duplicate" in self.layout.errors:
            self.returns(call(4, "error = of_check_unique", [
                "d", cursor, f"&{x}", failure_id(self.layout.errors["duplicate"])], ";"))

    def uints(self, op, cursor, count):
        size = op.wire.size
        left = f"of_left({cursor})" + (f" / {size}" if size > 1 else "")
        self.returns(call(4, "error = of_decode_uints", [
            "d", cursor, str(size), str(self.field(op).item_size), count.name if count else left,
            f"&{self.m(op.name)}"], ";"))

    def object(self, op, cursor, x):
        if self.field(op).pointer:
            self.returns(call(4, "error = of_decode_object", ["d", cursor, class_id(op.wire.cls),
                                                              f"&{x}"], ";"))
        else:
            self.returns(call(4, "error = of_decode_part", ["d", cursor, class_id(op.wire.cls),
                                                            f"&{x}.object"], ";"))


class Encode(Function):
    def lines(self):
        cls = self.layout.cls.name
        if any(o.role in ("length_of", "align") for o in self.layout.ops):
            self.locals.append("size_t start = e->buf->size;")
        return self.assemble(call(0, self.name, ["struct of_encoder *e",
                                                 "const struct of_object *object"], ""),
                             f"const struct {cls} *m = (const struct {cls} *)object;")

    def fixed(self, run):
        total = sum(size for _, size in run)
        checks, writes, offset = [], [], 0
        for op, size in run:
            checks += self.check(op)
            writes += self.write(op, offset)
            offset += size
        if writes:
            self.declare("uint8_t *p;")
            self.body += checks + [f"    p = of_put(e, {total});", "    if (!p)",
                                   "        return ENOBUFS;"] + writes
        else:
            self.body += [f"    if (!of_put(e, {total}))", "        return ENOBUFS;"]

    def check(self, op, indent="    "):
        """Refuses what the wire's type cannot hold."""
        if op.role == "count_of":
            test = f"{self.m(op.target)}.n > {limit(op.wire.size)}"
        elif not self.stored(op) or not op.wire.is_number():
            return []
        elif op.wire.kind == "port" and op.wire.size == 2:
            test = f"!of_port_fits_u16({self.m(op.name)})"
        elif op.wire.size < self.field(op).size:
            test = f"{self.m(op.name)} > {limit(op.wire.size)}"
        else:
            return []
        return [f"{indent}if ({test})", f"{indent}    return ERANGE;"]

    def write(self, op, offset, indent="    "):
        at = f"p + {offset}" if offset else "p"
        if op.role == "version":
            return [f"{indent}p[{offset}] = e->version;"]
        if op.role == "count_of":
            return [f"{indent}{put(at, offset, op.wire.size, self.m(op.target) + '.n', True)}"]
        if not self.stored(op):
            return []
        x = self.m(op.name)
        if op.wire.kind in ("bytes", "string"):
            return [f"{indent}memcpy({at}, {x}, {op.wire.size});"]
        wider = op.wire.size < self.field(op).size and op.wire.size != 3
        return [f"{indent}{put(at, offset, op.wire.size, x, wider)}"]

    def variable(self, op):
        if op.role == "align":
            self.align(op)
        elif op.bits:
            self.bits(op)
        elif op.cond:
            self.declare("uint8_t *p;")
            self.body += [f"    if ({plain(self.condition(op))}) {{"] + self.check(op, "        ")
            self.body += [f"        p = of_put(e, {op.wire.size});", "        if (!p)",
                          "            return ENOBUFS;"]
            self.body += self.write(op, 0, "        ") + ["    }"]
        else:
            self.compound(op)

    def align(self, op):
        if op.cond_list:
            self.body += [f"    if ({self.m(op.cond_list)}.n && "
                          f"of_encode_align(e, start, {op.size}))", "        return ENOBUFS;"]
        else:
            self.returns([f"    error = of_encode_align(e, start, {op.size});"])

    def bits(self, op):
        name, mask = op.bits
        size = f"of_bits_size({self.m(name)} & {mask:#x})"
        self.declare("int error;")
        indent = "    "
        if op.cond:
            self.body.append(f"    if ({plain(self.condition(op))}) {{")
            indent = "        "
        self.body += call(len(indent), "error = of_encode_octets_in",
                          ["e", f"&{self.m(op.name)}", size], ";")
        self.body += [f"{indent}if (error)", f"{indent}    return error;"]
        self.body += ["    }"] if op.cond else []

    def compound(self, op):
        length = self.target_op(op, "length_of")
        if length:
            self.declare(f"size_t {op.name}_at;")
            self.body.append(f"    {op.name}_at = e->buf->size;")
        x = self.m(op.name)
        wire = op.wire
        if wire.kind == "octets":
            lines = [f"    error = of_encode_octets(e, &{x});"]
        elif wire.kind == "uint_list":
            lines = call(4, "error = of_encode_uints", [
                "e", str(wire.size), str(self.field(op).item_size), f"&{x}"], ";")
        elif wire.kind == "list":
            lines = call(4, "error = of_encode_list", ["e", class_id(wire.cls), f"&{x}"], ";")
        elif self.field(op).pointer:
            lines = call(4, "error = of_encode_object", ["e", class_id(wire.cls), x], ";")
        else:
            lines = call(4, "error = of_encode_part", ["e", class_id(wire.cls), f"&{x}.object"],
                         ";")
        self.returns(lines)
        if length:
            self.returns(call(4, "error = of_encode_patch", [
                "e", f"start + {self.offset_of(length)}", str(length.wire.size),
                f"e->buf->size - {op.name}_at"], ";"))

    def offset_of(self, wanted):
        offset = 0
        for op in self.layout.ops:
            if op is wanted:
                return offset
            offset += op.fixed_size()
        raise LoxiError(f"{wanted.pos}: {wanted.name} has no fixed offset")


def plain(test):
    """Without brackets around the whole."""
    return test[1:-1] if test.startswith("(") and test.find(")") == len(test) - 1 else test


def broken(line):
    """A declaration with its initializer on a second line if it is too long."""
    if len(line) <= 100:
        return [line]
    head, tail = line.split(" = ")
    return [f"{head} =", f"        {tail}"]


def version_ranges(names):
    """{version: layout} as "first, last, layout", neighbours with one layout together."""
    ranges, order = [], {v: i for i, v in enumerate(VERSIONS)}
    for version in sorted(names):
        last = ranges[-1] if ranges else None
        if last and last[2] == names[version] and order[version] == order[last[1]] + 1:
            last[1] = version
        else:
            ranges.append([version, version, names[version]])
    return [f"OF_V{VERSIONS[a]}, OF_V{VERSIONS[b]}, {name}" for a, b, name in ranges]


def limit(size):
    return "0xffffff" if size == 3 else f"UINT{8 * size}_MAX"


def put(at, offset, size, x, narrow):
    cast = f"({uint_type(size)})" if narrow else ""
    if size == 1:
        return f"p[{offset}] = {cast}{x};"
    return f"of_put_u{8 * size}({at}, {cast}{x});"
