#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A .cwasm is an ordinary ELF file: what readelf, objdump and gdb see in it, for both targets; it is the same bytes
each time; and its backtraces are those of the interpreter, whatever was inlined."""
import hashlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from petrel_test import ROOT, Suite, run  # noqa: E402

EXAMPLES = ROOT / "examples"
# file, a function name that tools must show
PROGRAMS = [("fib/fib.wasm", "fib"), ("trap/trap-p1.wasm", "compute_average"), ("hello/hello.wasm", "guest_main"),
            ("wordcount/wordcount.wasm", "malloc")]
BACKTRACES = pathlib.Path(__file__).resolve().parent / "backtraces.wat"
LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"]
TARGETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}


def compile_to(suite, source, target, name):
    image = suite.tmp / f"{name}.cwasm"
    result = run([suite.wasmc, "aot", "--target", target, source, "-o", image], timeout=600)
    return image if suite.check(f"{name}: compiles", result.code == 0, result) else None


def check_elf(suite, name, image):
    relocations = run(["readelf", "-rW", image]).out.decode()
    suite.check(f"{name}: no dynamic relocation", "no relocations" in relocations, relocations)
    symbols = run(["readelf", "-sW", image]).out.decode()
    undefined = [line for line in symbols.splitlines() if " UND " in line and not line.strip().startswith("0:")]
    suite.check(f"{name}: no undefined symbol", not undefined, "\n".join(undefined))
    segments = run(["readelf", "-lW", image]).out.decode()
    writable = re.findall(r"^\s*LOAD.* (?:RW|RWE|WE)\s.*$", segments, re.M)
    suite.check(f"{name}: no writable or writable and executable segment", not writable, segments)
    suite.check(f"{name}: no dynamic loader", "INTERP" not in segments, segments)


def check_names(suite, name, image, function):
    listing = run(["objdump", "-d", "--no-show-raw-insn", image]).out.decode()
    suite.check(f"{name}: objdump names {function}", re.search(rf"^[0-9a-f]+ <[^>]*{function}>:", listing, re.M),
                "\n".join(re.findall(r"^[0-9a-f]+ <.*>:", listing, re.M)[:40]))
    if not shutil.which("gdb"):
        suite.skip(f"{name}: gdb names {function}", "gdb is not installed")
        return
    shown = run(["gdb", "-nx", "-batch", "-ex", f"info functions {function}", image])
    suite.check(f"{name}: gdb names {function}", function in shown.out.decode(), shown)


def trap_of(suite, program, export, options=()):
    """Exit code and message of a call that traps; the program's name is left out."""
    result = run([suite.wasmrun, *options, "--invoke", export, program, "0"])
    return result.code, result.err.decode("utf-8", "replace").replace(str(program), "PROGRAM")


def test_backtraces(suite):
    exports = re.findall(r'\(export "([^"]+)"\)', BACKTRACES.read_text())
    wanted = {export: trap_of(suite, BACKTRACES, export, ["--interp"]) for export in exports}
    for export, (code, message) in wanted.items():
        suite.check(f"backtrace {export}: the interpreter traps", code == 134 and "1:" in message, message)
    for level in LEVELS:
        image = suite.tmp / f"backtraces{level}.cwasm"
        if not suite.wants(f"backtrace {level}") or run([suite.wasmc, "aot", level, BACKTRACES, "-o", image]).code:
            suite.check(f"backtrace {level}: compiles", not suite.wants(f"backtrace {level}"))
            continue
        for export in exports:
            suite.equal(f"backtrace {level} {export}", trap_of(suite, image, export), wanted[export])


def test_damaged_maps(suite):
    """Whatever the maps say, the program runs and ends as it did; only the backtrace may be wrong."""
    image = suite.tmp / "damaged.cwasm"
    if not suite.check("damaged maps: compiles", run([suite.wasmc, "aot", BACKTRACES, "-o", image]).code == 0):
        return
    good = image.read_bytes()
    header = struct.unpack_from("<Q", good, 24)[0]  # e_entry; in the first segment addresses are file offsets
    module = struct.unpack_from("<I", good, header + 0x68)[0]
    for name, at in (("func_maps", 64), ("map_entries", 72), ("inline_sites", 80)):
        start, size = struct.unpack_from("<II", good, module + at)
        suite.check(f"damaged {name}: there is something to damage", 0 < size < len(good) and start < len(good))
        for word in (0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff):
            bad = bytearray(good)
            for offset in range(start, start + size, 4):
                struct.pack_into("<I", bad, offset, word)
            image.write_bytes(bad)
            for export in ("trap-in-leaf", "fault-below-call"):
                code, message = trap_of(suite, image, export)
                suite.check(f"damaged {name} {word:#x} {export}", code == 134 and "wasm trap: " in message, message)


def module_of(functions, data_bytes):
    """A module with so many functions, all of them named and in the table, and so much data."""
    names = [f"$f{i}" for i in range(functions)]
    bodies = "".join(f"(func {name} (param i32) (result i32) (i32.add (local.get 0) (i32.const {i})))\n" for i, name in enumerate(names))
    return f"""(module (memory 1000) (table {functions} funcref) (type $t (func (param i32) (result i32)))
        {bodies} (elem (i32.const 0) {" ".join(names)}) (data (i32.const 1024) "{"petrel.." * (data_bytes // 8)}")
        (func (export "_start")
          (if (i32.ne (call_indirect (type $t) (i32.const 1) (i32.const {functions - 1})) (i32.const {functions})) (then (unreachable)))
          (if (i32.ne (i32.load8_u (i32.const {data_bytes + 1016})) (i32.const 112)) (then (unreachable)))))"""


def page_faults(command):
    """The fewest of some runs; None when one fails."""
    fewest = None
    for _ in range(5):
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status != 0:
            return None
        fewest = min(fewest or usage.ru_minflt, usage.ru_minflt)
    return fewest


def test_load(suite):
    """Loading and instantiating take no time for functions, elements and data that the run does not touch."""
    faults = {}
    for name, functions, data_bytes in (("small", 20, 1024), ("large", 5000, 4 << 20)):
        text, image = suite.tmp / f"{name}.wat", suite.tmp / f"{name}.cwasm"
        text.write_text(module_of(functions, data_bytes))
        if not suite.check(f"load {name}: compiles", run([suite.wasmc, "aot", "-O0", text, "-o", image]).code == 0):
            return
        faults[name] = page_faults([suite.wasmrun, "--require-native", image])
        suite.check(f"load {name}: runs", faults[name] is not None)
    if None not in faults.values():
        suite.check("load: page faults do not grow with the image", faults["large"] <= faults["small"] * 1.2, f"{faults}")


def main():
    suite = Suite(__doc__)
    if not suite.has_aot():
        suite.skip("images", "build without the compiler")
        suite.finish()
    for file, function in PROGRAMS:
        for machine, target in TARGETS.items():
            name = f"{pathlib.Path(file).stem}.{machine}"
            if not suite.wants(name) or not (image := compile_to(suite, EXAMPLES / file, target, name)):
                continue
            header = run(["readelf", "-hW", image]).out.decode().lower().replace("-", "_")
            suite.check(f"{name}: ELF for {machine}", machine in header, header)
            check_elf(suite, name, image)
            if machine == "x86_64":
                check_names(suite, name, image, function)
        first, again = (compile_to(suite, EXAMPLES / file, TARGETS["x86_64"], f"{pathlib.Path(file).stem}.{turn}")
                        for turn in ("first", "again"))
        if first and again:
            digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, again)}
            suite.check(f"{file}: compiling twice gives the same bytes", len(digests) == 1)
    test_backtraces(suite)
    test_damaged_maps(suite)
    test_load(suite)
    suite.finish()


main()
