# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules in encodings that no tool would choose: numbers longer than they need to be, empty sections, groups of no
locals, long forms of types, name sections and custom sections in any order. All of them are valid."""


def leb(value, size=0):
    """Unsigned LEB128 of at least `size` bytes."""
    out = bytearray()
    while value >= 0x80 or len(out) + 1 < size:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def sleb(value, size=0):
    out = bytearray()
    while not -0x40 <= value < 0x40 or len(out) + 1 < size:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value & 0x7F])


class Shape:
    """How long numbers are: `extra` bytes more than the shortest form, five at most."""

    def __init__(self, extra):
        self.extra = extra

    def u(self, value):
        return leb(value, min(5, len(leb(value)) + self.extra))

    def s(self, value):
        return sleb(value, min(5, len(sleb(value)) + self.extra))

    def name(self, text):
        return self.u(len(text)) + text

    def section(self, kind, contents):
        return bytes([kind]) + self.u(len(contents)) + contents

    def vec(self, kind, entries):
        return self.section(kind, self.u(len(entries)) + b"".join(entries))

    def custom(self, name, contents):
        return self.section(0, self.name(name) + contents)


MAGIC = b"\0asm\1\0\0\0"
I32, FUNCREF_LONG, END = b"\x7f", b"\x63\x70", b"\x0b"


def everything(shape):
    u, s = shape.u, shape.s
    zero = b"\x41" + s(0) + END
    types = [
        b"\x4f" + u(0) + b"\x60" + u(0) + u(0),                                # (sub final) of nothing: func
        b"\x60" + u(2) + I32 + FUNCREF_LONG + u(1) + I32,
        b"\x4e" + u(1) + b"\x50" + u(0) + b"\x5f" + u(2) + b"\x78\x01" + FUNCREF_LONG + b"\x00",
        b"\x4e" + u(2) + b"\x5e\x7f\x01" + b"\x60" + u(1) + b"\x64" + s(3) + u(0),
        b"\x60" + u(1) + I32 + u(0),
    ]
    imports = [
        shape.name(b"m") + shape.name(b"f") + b"\0" + u(0),
        shape.name(b"m") + shape.name(b"t") + b"\1" + FUNCREF_LONG + b"\1" + u(1) + u(9),
        shape.name(b"m") + shape.name(b"g") + b"\3" + I32 + b"\0",
        shape.name(b"m") + shape.name(b"e") + b"\4\0" + u(5),
    ]
    tables = [FUNCREF_LONG + b"\0" + u(3), b"\x40\0\x70\1" + u(1) + u(2) + b"\xd2" + u(0) + END]
    exports = [shape.name(b"a") + b"\0" + u(1), shape.name(b"") + b"\2" + u(0)]
    elems = [
        u(0) + zero + u(1) + u(0),
        u(1) + b"\0" + u(1) + u(0),
        u(2) + u(0) + zero + b"\0" + u(1) + u(0),
        u(3) + b"\0" + u(2) + u(0) + u(1),
        u(4) + zero + u(1) + b"\xd2" + u(0) + END,
        u(5) + FUNCREF_LONG + u(1) + b"\xd0\x70" + END,
        u(6) + u(1) + zero + b"\x70" + u(0),
        u(7) + FUNCREF_LONG + u(0),
    ]
    memarg = u(2) + u(8)
    memarg_with_index = u(0x42) + u(0) + u(8)
    body = b"".join([
        b"\x02\x40", b"\x0c" + u(0), END,                                      # block br 0 end
        b"\x02" + s(0), END, b"\x02" + FUNCREF_LONG + b"\xd2" + u(0) + END + b"\x1a",
        b"\x41" + s(1) + b"\x0e" + u(2) + u(0) + u(0) + u(0),                  # br_table
        b"\x41" + s(0) + b"\x28" + memarg + b"\x1a",
        b"\x41" + s(0) + b"\x28" + memarg_with_index + b"\x1a",
        b"\x41" + s(-7) + b"\x41" + s(1) + b"\x36" + memarg_with_index,
        b"\x42" + s(5) + b"\x1a", b"\x23" + u(0) + b"\x1a", b"\x3f" + u(0) + b"\x1a",
        b"\x41" + s(0) + b"\x41" + s(0) + b"\x41" + s(0) + b"\xfc" + u(10) + u(0) + u(0),
        b"\x41" + s(0) + b"\x41" + s(0) + b"\x41" + s(0) + b"\xfc" + u(8) + u(0) + u(0),
        b"\x41" + s(0) + b"\xd0" + b"\x70" + b"\x41" + s(0) + b"\x11" + u(1) + u(0) + b"\x1a",
        b"\xd2" + u(0) + b"\xd2" + u(0) + b"\x41" + s(0) + b"\x1c" + u(1) + FUNCREF_LONG + b"\x1a",
        b"\x1f\x40" + u(1) + b"\2" + u(0) + b"\x41" + s(1) + b"\x08" + u(0) + END,
        END,
    ])
    locals_ = [u(2) + I32, u(1) + I32, u(0) + b"\x7e", u(1) + FUNCREF_LONG]
    body = u(len(locals_)) + b"".join(locals_) + body
    bodies = [u(len(body)) + body, u(len(u(0)) + 1) + u(0) + END]
    datas = [u(0) + zero + u(2) + b"ab", u(1) + u(0), u(2) + u(0) + zero + u(1) + b"\xff"]
    return MAGIC + b"".join([
        shape.custom(b"first", b"\0\1"),
        shape.vec(1, types), shape.vec(2, imports), shape.custom(b"", b""), shape.vec(3, [u(0), u(0)]),
        shape.vec(4, tables), shape.vec(5, [b"\1" + u(1) + u(2)]), shape.vec(13, [b"\0" + u(5)]),
        shape.vec(6, [FUNCREF_LONG + b"\0\xd0\x70\x0b", I32 + b"\1\x41" + s(-1) + END]),
        shape.vec(7, exports), shape.section(8, u(0)), shape.vec(9, elems),
        shape.section(12, u(3)), shape.custom(b"before code", b""), shape.vec(10, bodies), shape.vec(11, datas),
        shape.custom(b"last", b"x"),
    ])


def empty_sections(shape):
    """All there, with nothing in them; the data count too."""
    order = [1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11]
    return MAGIC + b"".join(shape.section(kind, shape.u(0)) for kind in order)


def with_customs(*customs, code=b"\0\x41\0\x04\x40\x0b\x0b"):
    """One function with an `if`, and custom sections behind it."""
    plain = Shape(0)
    return MAGIC + plain.vec(1, [b"\x60\0\0"]) + plain.vec(3, [b"\0"]) + b"".join(
        custom for custom in customs if custom.startswith(b"\0") and b"metadata" in custom) + plain.vec(
            10, [leb(len(code)) + code]) + b"".join(custom for custom in customs if b"metadata" not in custom)


def names_and_hints():
    plain, wide = Shape(0), Shape(2)
    func_f = b"\1\4\1\0\1f"
    canonical = plain.custom(b"name", func_f)
    hint = b"\1\0\1" + b"\3" + b"\1\1"
    return {
        "names": with_customs(canonical),
        "names in front of another section": with_customs(canonical, plain.custom(b"producers", b"\0")),
        "names with a long header": with_customs(wide.custom(b"name", func_f)),
        "names with long numbers": with_customs(plain.custom(b"name", b"\1\x84\x80\0\1\0\1f")),
        "names of what is not there": with_customs(plain.custom(b"name", b"\1\4\1\7\1f")),
        "names of locals that are not there": with_customs(plain.custom(b"name", b"\2\6\1\0\1\5\1x")),
        "names out of order": with_customs(plain.custom(b"name", func_f + b"\0\2\1m")),
        "names of an unknown kind": with_customs(plain.custom(b"name", b"\x63\1\0")),
        "names cut short": with_customs(plain.custom(b"name", b"\1\4\1\0\5f")),
        "an empty name section": with_customs(plain.custom(b"name", b"")),
        "two name sections": with_customs(canonical, canonical),
        "an empty name": with_customs(plain.custom(b"name", b"\1\3\1\0\0")),
        "a module's name of no bytes": with_customs(plain.custom(b"name", b"\0\1\0")),
        "names of labels": with_customs(plain.custom(b"name", b"\3\6\1\0\1\0\1l")),
        "names of labels that are not there": with_customs(plain.custom(b"name", b"\3\6\1\0\1\1\1l")),
        "names that need quotes": with_customs(plain.custom(b"name", b"\1\6\1\0\3a\"\n")),
        "hints": with_customs(plain.custom(b"metadata.code.branch_hint", hint)),
        "hints with a long header": with_customs(wide.custom(b"metadata.code.branch_hint", hint)),
        "hints with long numbers": with_customs(plain.custom(b"metadata.code.branch_hint", b"\x81\0" + hint[1:])),
        "hints between instructions": with_customs(plain.custom(b"metadata.code.branch_hint", b"\1\0\1\2\1\1")),
        "hints of no function": with_customs(plain.custom(b"metadata.code.branch_hint", b"\1\5\1\3\1\1")),
        "other metadata": with_customs(plain.custom(b"metadata.code.x", b"\1\0\2\1\0\3\2ab"),
                                       plain.custom(b"metadata.code.branch_hint", hint)),
    }


def modules():
    """Name and bytes of each."""
    out = {f"everything, numbers {extra} longer": everything(Shape(extra)) for extra in (0, 1, 4)}
    out |= {f"empty sections, numbers {extra} longer": empty_sections(Shape(extra)) for extra in (0, 3)}
    return out | names_and_hints()
