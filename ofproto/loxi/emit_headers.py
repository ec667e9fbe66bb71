# SPDX-License-Identifier: Apache-2.0
"""Headers: constants, class numbers, structs, lists."""
from emit import (CONSTANTS, GROUPS, banner, class_id, enum_id, enums_of, failure_id, group_of, header, inputs_of,
                  list_type, macro, uint_type)
from model import VERSIONS, LoxiError


def constants_h(model, inputs, name):
    body = []
    for enum in enums_of(model, name):
        body += enum_lines(enum, model.enums[enum])
    return header(f"{name}.h", inputs, f"Constants of OpenFlow: {name}.", [], body[:-1])


def enum_lines(name, by_version):
    """One enum over all versions: the newest value of a name, then those that deviate."""
    values = {}
    for version in sorted(by_version):
        for item in by_version[version].items:
            values.setdefault(item.name, {})[version] = item.value
    small, large = [], []
    for item in sorted(values, key=lambda n: values[n][max(values[n])]):
        for full_name, value in names_of(item, values[item]):
            (large if value > 0xffffffff else small).append((full_name, value))
    lines = [f"#define {n} UINT64_C({number(v, True)})" for n, v in large]
    lines += [""] if large and small else []
    if small:
        hexadecimal = any(e.bitmask for e in by_version.values())
        lines += [f"enum {name} {{"]
        lines += [f"    {n} = {number(v, hexadecimal)}," for n, v in small] + ["};"]
    return lines + [""]


def names_of(name, by_version):
    newest = by_version[max(by_version)]
    yield name, newest
    for version in sorted(by_version):
        if by_version[version] != newest:
            yield f"{name}_V{VERSIONS[version]}", by_version[version]


def number(value, hexadecimal):
    return hex(value) if hexadecimal or value > 0xffff else str(value)


def classes_def(model, inputs, oxm):
    """CLASS(struct, number) for a class that there are objects of, PARENT for the others; those
    of fields in a file of their own."""
    lines = banner(inputs, "Every field's class." if oxm else
                   "Every class, for whoever defines CLASS and PARENT.")
    for name, cls in sorted(model.classes.items()):
        if bool(cls.oxm) == oxm:
            lines.append(f"{'CLASS' if cls.concrete else 'PARENT'}({name}, {class_id(name)})")
    lines += [] if oxm else ['#include "ofproto/openflow/oxm-classes.def"']
    return "\n".join(lines + [""])


def classes_h(model, inputs):
    body = ["/* The value of of_object.class_id. The numbers change with the descriptions. */",
            "enum of_class {", "#define CLASS(name, id) id,", "#define PARENT(name, id) id,",
            '#include "ofproto/openflow/classes.def"', "#undef CLASS", "#undef PARENT",
            "    OF_N_CLASSES,", "    OF_NO_CLASS = 0xffff,", "};"]
    body += ["", f"enum {{ OF_N_OXM_FIELDS = {len(model.oxm_fields)} }};"]
    body += ["", "/* Enums whose names can be printed. */", "enum of_enum {", "    OF_ENUM_NONE,"]
    body += [f"    {enum_id(n)}," for n in sorted(model.enums)] + ["    OF_N_ENUMS,", "};"]
    body += ["", "/* Why a message is refused; of_failure_codes[] has each version's numbers. */",
             "enum of_failure {", "    OF_FAIL_NONE,"]
    body += [f"    {failure_id(f)}," for f in sorted(model.failures)] + ["    OF_N_FAILURES,"]
    header_layout = next(iter(model.classes["of_header"].layouts.values()))
    body += [f"    OF_FAIL_BAD_VERSION = {failure_id(header_layout.errors['bad_version'])},", "};"]
    return header("classes.h", inputs, "Numbers of classes, enums and failures.", [], body)


def lists_h(model, inputs):
    wires = {}
    for cls in model.classes.values():
        for f in cls.fields:
            for op in f.wires.values():
                if op.wire.kind in ("list", "uint_list"):
                    wires[list_type(op.wire)] = op.wire
    body = [f"struct {w.cls};" for _, w in sorted(wires.items()) if w.kind == "list"] + [""]
    for name, wire in sorted(wires.items()):
        item = f"struct {wire.cls} **items" if wire.kind == "list" else (
            f"{'uint32_t' if wire.cls == 'port' else uint_type(wire.size)} *items")
        body += [f"{name} {{", "    size_t n;", f"    {item};", "};", ""]
    return header("lists.h", inputs, "Lists of objects and numbers.", ["ofproto/of-object.h"],
                  body[:-1])


def member_line(f):
    if f.kind in ("octets", "object", "list", "uint_list"):
        return compound_member(f)
    if f.kind == "string":
        return f"char {f.name}[{f.size} + 1];"
    if f.kind == "bytes":
        return f"uint8_t {f.name}[{f.size}];"
    return f"{uint_type(f.size)} {f.name};"


def compound_member(f):
    if f.kind == "octets":
        return f"struct of_octets {f.name};"
    if f.kind == "object":
        return f"struct {f.cls} {'*' if f.pointer else ''}{f.name};"
    return f"{f.list_type} {f.name};"


def comment(cls, f):
    """What the type does not say: the enum, and the versions when not all have the member."""
    enums = {op.wire.enum for op in f.wires.values() if op.wire.enum}
    parts = [f"enum {e}" for e in sorted(enums)]
    if f.kind == "port":
        parts.append("OFPP_*")
    if set(f.wires) != set(cls.layouts):
        parts.append(", ".join(f"{VERSIONS[v][0]}.{VERSIONS[v][1]}" for v in sorted(f.wires))
                     or "not used")
    return f" /* {'; '.join(parts)}. */" if parts else ""


def struct_lines(cls):
    parent = "OF_PARENT " if cls.polymorphic else ""
    versions = ", ".join(f"{VERSIONS[v][0]}.{VERSIONS[v][1]}" for v in sorted(cls.layouts))
    lines = [f"/* {class_id(cls.name)}: OpenFlow {versions}."
             + ("" if cls.concrete else " The beginning of its children.") + " */"]
    lines += [f"struct {parent}{cls.name} {{", "    struct of_object object;"]
    return lines + aligned([(member_line(f), comment(cls, f)) for f in cls.fields]) + ["};", ""]


def aligned(pairs):
    """Lines of code and comment; the comments of neighbours in one column."""
    lines, i = [], 0
    while i < len(pairs):
        j = i
        while j < len(pairs) and pairs[j][1]:
            j += 1
        width = max((len(code) for code, _ in pairs[i:j]), default=0)
        lines += [f"    {code:<{width}}{comment}" for code, comment in pairs[i:max(j, i + 1)]]
        i = max(j, i + 1)
    return lines


def check_includes(model):
    """Headers hold each other's structs by value: that must not go in circles."""
    uses = {}
    for cls in model.classes.values():
        for f in cls.fields:
            if f.kind == "object" and not f.pointer:
                uses.setdefault(group_of(cls), set()).add(group_of(model.classes[f.cls]))

    def visit(group, path):
        if group in path:
            raise LoxiError("emit.py: the headers " + ", ".join(path) + " need each other: give the "
                            "struct that they embed a file of its own in FILES")
        for other in sorted(uses.get(group, set()) - {group}):
            visit(other, path + [group])

    for group in sorted(uses):
        visit(group, [])


def group_h(model, group):
    classes = [c for c in model.classes.values() if group_of(c) == group]
    includes, forward = {"ofproto/openflow/lists.h"}, set()
    order, done = [], set()

    def place(cls):
        if cls.name in done:
            return
        done.add(cls.name)
        for f in cls.fields:
            if f.kind != "object":
                continue
            other = model.classes[f.cls]
            if f.pointer:
                forward.add(f.cls)
            elif group_of(other) == group:
                place(other)
            else:
                includes.add(f"ofproto/openflow/{group_of(other)}.h")
        order.append(cls)

    for cls in classes:
        place(cls)
    body = [f"struct {n};" for n in sorted(forward)] + ([""] if forward else [])
    for cls in order:
        body += struct_lines(cls)
    return header(f"{group}.h", inputs_of(classes), f"OpenFlow objects: {group}.", sorted(includes), body[:-1])


OXM_MACROS = [
    ["#define OF_OXM(name, type)",
     "    struct name {",
     "        struct of_object object;",
     "        type value;",
     "    }"],
    ["#define OF_OXM_MASKABLE(name, type)",
     "    OF_OXM(name, type);",
     "    struct name##_masked {",
     "        struct of_object object;",
     "        type value, value_mask;",
     "    }"],
    ["#define OF_OXM_BYTES(name, n)",
     "    struct name {",
     "        struct of_object object;",
     "        uint8_t value[n];",
     "    }"],
    ["#define OF_OXM_BYTES_MASKABLE(name, n)",
     "    OF_OXM_BYTES(name, n);",
     "    struct name##_masked {",
     "        struct of_object object;",
     "        uint8_t value[n], value_mask[n];",
     "    }"],
]


def oxm_h(model, inputs):
    body = ["/* The struct of a field: exact, or also with a mask. A bit of the value where the",
            " * mask has none is an error. Byte strings of variable length: object.n_value. */"]
    for lines in OXM_MACROS:
        body += macro(lines)
    body.append("")
    for name in ("of_oxm", "of_oxs"):
        if name in model.classes:
            body += [f"/* Any field: look at it with of_oxm_view() or by its class. */",
                     f"struct OF_PARENT {name} {{", "    struct of_object object;", "};", ""]
    for oxm in model.oxm_fields:
        number_like = oxm.wire.is_number()
        kind = ("OF_OXM" if number_like else "OF_OXM_BYTES") + ("_MASKABLE" if oxm.mask else "")
        arg = uint_type(4 if oxm.wire.size == 3 else oxm.wire.size) if number_like \
            else oxm.wire.size
        body.append(f"{kind}({oxm.parent}_{oxm.name}, {arg});")
    return header("oxm.h", inputs, "Match fields (OXM and NXM) and statistics fields (OXS).",
                  ["ofproto/of-object.h"], body)


def all_h(inputs):
    includes = ["ofproto/openflow/classes.h", "ofproto/openflow/lists.h"]
    includes += [f"ofproto/openflow/{name}.h" for name, _ in CONSTANTS]
    includes += [f"ofproto/openflow/{g}.h" for g in GROUPS]
    body = ["/* of_flow_add_new(arena, version): a zeroed object, or NULL when memory ran out or the",
            " * version has no such class. */"]
    body += macro(["#define CLASS(name, id)",
                   "    static inline struct name *name##_new(struct of_arena *arena, uint8_t version)",
                   "    {",
                   "        return (struct name *)of_object_new(arena, id, version);",
                   "    }"])
    body += ["#define PARENT(name, id)",
            '#include "ofproto/openflow/classes.def"', "#undef CLASS", "#undef PARENT"]
    return header("all.h", inputs, "Every object, and how to make one.", includes, body)
