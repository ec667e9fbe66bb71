#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""loxi.py INPUT-DIR OUTPUT-DIR: writes C for the descriptions INPUT-DIR/*.loxi.

loxi.py --check INPUT-DIR: only reads them. Errors are one line, file:line: what is wrong.
loxi.py --list: the names of the files that it writes, for ofproto/automake.mk.
A file whose contents would not change is left alone, so that make does not compile it again.
"""
import glob
import os
import sys

import emit
import emit_codec
import emit_headers
import emit_tables
import model
import parse


def read(input_dir):
    paths = sorted(glob.glob(os.path.join(input_dir, "*.loxi")))
    if not paths:
        raise parse.LoxiError(f"{input_dir}: no descriptions (*.loxi) here")
    return model.Model([parse.parse_file(path) for path in paths])


def complete(meaning):
    """What the emitters want to know of a C member, settled over all versions."""
    for cls in meaning.classes.values():
        for f in cls.fields:
            f.pointer = f.kind == "object" and meaning.classes[f.cls].polymorphic
            wires = all_wires(cls, f)
            if f.kind in ("list", "uint_list"):
                f.list_type = emit.list_type(wires[0])
                f.item_size = 4 if wires[0].cls == "port" else max(w.size for w in wires)


def all_wires(cls, f):
    """The types of a member, from an ancestor if this class never has it."""
    while cls:
        own = next((x for x in cls.fields if x.name == f.name), None)
        if own and own.wires:
            return [op.wire for op in own.wires.values()]
        cls = cls.parent
    return []


def outputs(meaning, inputs):
    emit_headers.check_includes(meaning)
    files = {
        "classes.def": emit_headers.classes_def(meaning, inputs, False),
        "oxm-classes.def": emit_headers.classes_def(meaning, inputs, True),
        "classes.h": emit_headers.classes_h(meaning, inputs),
        "lists.h": emit_headers.lists_h(meaning, inputs),
        "oxm.h": emit_headers.oxm_h(meaning, inputs),
        "all.h": emit_headers.all_h(inputs),
        "tables.c": emit_tables.tables_c(meaning, inputs),
        "oxm-table.c": emit_tables.oxm_table_c(meaning, inputs),
    }
    for name, _ in emit.CONSTANTS:
        files[f"{name}.h"] = emit_headers.constants_h(meaning, inputs, name)
        files[f"{name}.c"] = emit_tables.constants_c(meaning, inputs, name)
    for group in emit.GROUPS:
        if group != "oxm":
            files[f"{group}.h"] = emit_headers.group_h(meaning, group)
        files[f"{group}.c"] = emit_codec.Codec(meaning, group).text()
    return files


def write(path, text):
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(args):
    if args == ["--list"]:
        print("\n".join(emit.outputs()))
        return
    if len(args) != 2:
        sys.exit("usage: loxi.py INPUT-DIR OUTPUT-DIR | --check INPUT-DIR | --list")
    try:
        if args[0] == "--check":
            read(args[1])
            return
        meaning = read(args[0])
        complete(meaning)
        inputs = [os.path.basename(f.path) for f in meaning.files]
        os.makedirs(args[1], exist_ok=True)
        for name, text in outputs(meaning, inputs).items():
            write(os.path.join(args[1], name), text)
    except (parse.LoxiError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
