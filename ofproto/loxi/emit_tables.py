# SPDX-License-Identifier: Apache-2.0
"""Tables over everything: classes, failures, names of constants, OXM fields."""
import re

from emit import call, class_id, enum_id, enums_of, failure_id, source, version_bits
from model import VERSIONS

INCLUDES = ["ofproto/of-codec.h", "ofproto/openflow.h"]


def tables_c(model, inputs):
    body = ["#define CLASS(name, id) extern const struct of_class_info name##_info;",
            "#define PARENT(name, id) CLASS(name, id)",
            '#include "ofproto/openflow/classes.def"', "#undef CLASS", "",
            "const struct of_class_info *const of_class_infos[OF_N_CLASSES] = {",
            "#define CLASS(name, id) [id] = &name##_info,",
            '#include "ofproto/openflow/classes.def"', "};", ""]
    return source(inputs, "All classes and failures.", INCLUDES,
                  body + failures(model) + enum_infos(model) + error_enums(model))


def failures(model):
    lines = ["const struct of_failure_code of_failure_codes[OF_N_FAILURES][OF_N_VERSIONS] = {"]
    for name in sorted(model.failures):
        pairs = [model.failures[name].get(v) for v in VERSIONS]
        row = ", ".join(f"{{{p[0]}, {p[1]}}}" if p else "{0, 0}" for p in pairs)
        lines.append(f"    [{failure_id(name)}] = {{{row}}},")
    return lines + ["};", ""]


def error_enums(model):
    """Which enum holds the codes of an error type."""
    lines = ["const struct of_error_enum of_error_enums[] = {"]
    for name in sorted(model.enums):
        m = re.fullmatch(r"ofp_(\w+)_code", name)
        by_type = {}
        for version in model.enums[name] if m else ():
            item = model.constants[version].get(f"OFPET_{m[1].upper()}")
            if item:
                by_type.setdefault(item[0], []).append(version)
        lines += [f"    {{{t}, {enum_id(name)}, {version_bits(v):#x}}},"
                  for t, v in by_type.items()]
    return lines + ["};",
                    "const size_t of_n_error_enums = sizeof of_error_enums / sizeof *of_error_enums;"]


def constants_c(model, inputs, name):
    body = ["/* One constant a line. */", "/* clang-format off */", ""]
    for enum in enums_of(model, name):
        bitmask = any(e.bitmask for e in model.enums[enum].values())
        body += [f"static const struct of_enum_item {enum}_items[] = {{"]
        body += enum_items(model.enums[enum])
        body += ["};", f"OF_ENUM({enum}, {'true' if bitmask else 'false'});", ""]
    return source(inputs, f"Names of constants: {name}.", INCLUDES, body[:-1])


def enum_infos(model):
    """The table of all enums."""
    lines = [f"extern const struct of_enum_info {name}_enum;" for name in sorted(model.enums)]
    lines += ["", "const struct of_enum_info *const of_enum_infos[OF_N_ENUMS] = {"]
    for name in sorted(model.enums):
        line = f"    [{enum_id(name)}] = &{name}_enum,"
        lines += [line]
    return lines + ["};", ""]


def enum_items(by_version):
    items = {}
    for version, enum in by_version.items():
        for item in enum.items:
            if not item.virtual:
                items.setdefault((item.value, item.name), []).append(version)
    return [f"    OF_ITEM({name}, {value:#x}, {version_bits(versions):#x}),"
            for (value, name), versions in items.items()] or ["    {0, NULL, 0},"]


def oxm_table_c(model, inputs):
    body = ["const struct of_oxm_field of_oxm_fields[] = {"]
    for oxm in model.oxm_fields:
        body += oxm_row(oxm)
    body += ["};", "const size_t of_n_oxm_fields = sizeof of_oxm_fields / sizeof *of_oxm_fields;",
             ""] + oxm_classes(model) + oxm_failures(model)
    return source(inputs, "Match and statistics fields.", INCLUDES, body)


STORAGE = {"uint": "OF_OXM_UINT", "port": "OF_OXM_PORT", "ipv4": "OF_OXM_IPV4"}


def oxm_row(oxm):
    length = oxm.wire.size + (4 if oxm.experimenter else 0)
    type_len = oxm.oxm_class << 16 | oxm.number << 9 | length
    name = class_id(f"{oxm.parent}_{oxm.name}")
    storage = STORAGE.get(oxm.wire.kind, "OF_OXM_MAC" if oxm.wire.mac else "OF_OXM_BYTES")
    return call(4, "", [f'"{oxm.name}"', f"{type_len:#010x}", f"{oxm.experimenter:#x}",
                        class_id(oxm.parent), name,
                        name + "_MASKED" if oxm.mask else "OF_NO_CLASS", str(oxm.bits),
                        str(oxm.wire.size), storage, f"{version_bits(oxm.versions):#x}",
                        "true" if oxm.variable else "false"], ",", "{}")


def oxm_classes(model):
    tables = {}
    for i, oxm in enumerate(model.oxm_fields):
        layer = 0       # A number that means another field in another version: one more table.
        while oxm.number in tables.setdefault((layer, oxm.oxm_class, oxm.experimenter), {}):
            layer += 1
        tables[layer, oxm.oxm_class, oxm.experimenter][oxm.number] = i + 1
    lines = ["/* clang-format off */", "const struct of_oxm_class of_oxm_classes[] = {"]
    for (_, oxm_class, experimenter), numbers in sorted(
            tables.items(), key=lambda kv: (kv[0][1] != 0x8000, kv[0])):
        lines += ["    {", f"        .oxm_class = {oxm_class:#06x},",
                  f"        .experimenter = {experimenter:#x},", "        .fields ="]
        lines += wrap([f"[{n}] = {i}" for n, i in sorted(numbers.items())]) + ["    },"]
    return lines + ["};", "/* clang-format on */",
                    "const size_t of_n_oxm_classes = sizeof of_oxm_classes / sizeof *of_oxm_classes;",
                    ""]


def wrap(items):
    lines, line = ["            {"], "                "
    for item in items:
        if len(line) + len(item) + 2 > 100:
            lines.append(line.rstrip())
            line = "                "
        line += item + ", "
    return lines + [line.rstrip(), "            },"]


def oxm_failures(model):
    lines = ["const struct of_oxm_failures of_oxm_failures[2][OF_N_VERSIONS] = {"]
    for name in ("of_oxm", "of_oxs"):
        lines.append("    {")
        layouts = model.classes[name].layouts if name in model.classes else {}
        for i, version in enumerate(VERSIONS):
            if version in layouts:
                errors = layouts[version].errors
                ids = [failure_id(errors.get(a, errors["bad_len"])) for a in (
                    "bad_type", "bad_len", "bad_mask", "bad_wildcards", "bad_value")]
                lines += call(8, f"[{i}] = ", ids, ",", "{}")
        lines.append("    },")
    return lines + ["};"]
