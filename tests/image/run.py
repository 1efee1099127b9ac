#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A .cwasm is an ordinary ELF file: what readelf, objdump and gdb see in it, for both targets; and it is the same
bytes each time."""
import hashlib
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from petrel_test import ROOT, Suite, run  # noqa: E402

EXAMPLES = ROOT / "examples"
# file, a function name that tools must show
PROGRAMS = [("fib/fib.wasm", "fib"), ("trap/trap-p1.wasm", "compute_average"), ("hello/hello.wasm", "guest_main"),
            ("wordcount/wordcount.wasm", "malloc")]
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
    suite.finish()


main()
