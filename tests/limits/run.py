#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Limits that only a whole program meets (docs/limits.md): each at the limit, and one above it with its message. Those of the
decoder are in frontend/limits_test.cpp."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite, run  # noqa: E402

PREAMBLE = b"\0asm\1\0\0\0"
KINDS = b"\x7e\x7d\x7c"  # i64, f32, f64: characters that a string of a script may hold


def leb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def section(kind, payload):
    return bytes([kind]) + leb(len(payload)) + payload


def different_types(first, count):
    """A module with function types that have thirteen parameters each, no two alike."""
    digits = [b"".join(KINDS[number // 3**at % 3:][:1] for at in range(7)) for number in range(3**7)]
    low = [word[:6] for word in digits[:3**6]]
    types = [b"\x60\x0d" + digits[number // 3**6] + low[number % 3**6] + b"\0" for number in range(first, first + count)]
    return PREAMBLE + section(1, leb(count) + b"".join(types))


def quoted(data):
    """As a string of a script."""
    text = data.decode("latin-1")
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\{ord(c):02x}" for c in text) + '"'


class Limits:
    def __init__(self, suite):
        self.suite = suite
        self.file = suite.tmp / "m.wat"

    def call(self, name, text, arguments, wanted, options=()):
        """Calls an export of a module: what it prints, or a part of the error."""
        if not self.suite.wants(name):
            return
        self.file.write_text(text)
        result = run([self.suite.wasmrun, "call", "--interp", *options, self.file, *arguments])
        if "error" in wanted or "exceed" in wanted:
            self.suite.check(name, result.code in (1, 134) and wanted in result.err.decode(), result)
        else:
            self.suite.check(name, result.code == 0 and result.out.decode() == wanted + "\n", result)

    def script(self, name, text, code, *parts):
        if not self.suite.wants(name):
            return
        path = self.suite.tmp / "s.wast"
        path.write_text(text)
        result = run([self.suite.wasmrun, "wast", path], timeout=600)
        self.suite.check(name, result.code == code and all(part in result.out.decode() for part in parts), result)


def test_types(limits):
    """A process may have 1,000,000 types of all its modules together; equal ones count once."""
    most = quoted(different_types(0, 1_000_000))
    limits.script("types of a process: at the limit, twice the same", f"(module binary {most})(module binary {most})", 0, "2 passed")
    limits.script("types of a process: above the limit",
                  f"(module binary {quoted(different_types(0, 600_000))})\n(module binary {quoted(different_types(600_000, 600_000))})\n"
                  "(module (func))", 1, "s.wast:2: module: error[limit]: more than ", " different types in this process",
                  "2 passed, 1 failed")


def test_tables(limits):
    for kind in ("", "i64 "):
        const = f"{kind.strip() or 'i32'}.const"
        table = f'(module (table {kind}%d funcref) (func (export "grow") (param {const[:3]}) (result {const[:3]})' \
            " (table.grow (ref.null func) (local.get 0))))"
        limits.call(f"table {kind}: at the limit", table % 10_000_000, ["grow", "0"], "10000000")
        limits.call(f"table {kind}: grown to the limit", table % 1, ["grow", "9999999"], "1")
        limits.call(f"table {kind}: grown above the limit", table % 1, ["grow", "10000000"], "-1")
        limits.call(f"table {kind}: above the limit", table % 10_000_001, ["grow", "0"],
                    "error[limit]: ")


def test_memories(limits):
    memory = '(module (memory %d) (memory %d) (func (export "f") (result i32) (memory.size 1)))'
    limits.call("memories: 4 GiB together", memory % (65535, 1), ["f"], "1")
    limits.call("memories: more than 4 GiB together", memory % (65535, 2), ["f"],
                "error[limit]: {file}: memory of 2 pages exceeds the memory limit (--max-memory)".replace("{file}", str(limits.file)))
    limits.call("memories: an option allows more", memory % (65535, 2), ["f"], "2", ["--max-memory", "5GiB"])


def test_frames(limits):
    """50,000 vectors of locals are a frame of 800 KB: it fits once, and never reaches the guard."""
    deep = '(module (func $f (export "f") (param i32) (result i32) (local' + " v128" * 49_999 + """)
      (if (result i32) (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))))"""
    limits.call("locals: a frame of 800 KB", deep, ["f", "0"], "7")
    limits.call("locals: many such frames", deep, ["f", "100"], "error[trap]: ")
    limits.call("locals: one above", deep.replace("(local", "(local i32", 1).replace("(local i32.get", "(local.get"), ["f", "0"],
                'func 0 "f": 50001 locals exceed limit 50000 (-L locals=N)')


def test_nesting(limits):
    """No limit: a million levels, flat and folded, are read, printed and run."""
    depth = 1_000_000
    for name, text in (("flat", "block " * depth + "end " * depth), ("folded", "(block " * depth + ")" * depth)):
        limits.call(f"nesting, {name}", f'(module (func (export "f") (result i32) {text} i32.const 3))', ["f"], "3")
    limits.call("nesting of operands", '(module (func (export "f") (result i32) ' + "(i32.eqz " * 300_000 + "(i32.const 3)"
                + ")" * 300_000 + "))", ["f"], "1")


def test_module_size(suite):
    path = suite.tmp / "size.wasm"
    path.write_bytes(PREAMBLE + section(0, b"\1x" + bytes(100)))
    size = path.stat().st_size
    for program in ("validate", "inspect"):
        at = run([suite.wasmrun if program == "validate" else suite.wasmc, program, "-L", f"module-size={size}", path])
        suite.equal(f"module-size, {program}: at the limit", at.code, 0)
        above = run([suite.wasmrun if program == "validate" else suite.wasmc, program, "-L", f"module-size={size - 1}", path])
        suite.equal(f"module-size, {program}: above the limit", above.err.decode(),
                    f"error[limit]: {path}: file exceeds limit of {size - 1} bytes (-L module-size=N)\n")


def main():
    suite = Suite(__doc__)
    limits = Limits(suite)
    test_types(limits)
    test_tables(limits)
    test_memories(limits)
    test_frames(limits)
    test_nesting(limits)
    if suite.has_aot():
        test_module_size(suite)
    suite.finish()


if __name__ == "__main__":
    main()
