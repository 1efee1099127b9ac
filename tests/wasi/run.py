#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The interface tables wasi/*.def against the WIT they were written from, and programs that use WASI.

Programs run interpreted and, in builds with the compiler, as `.cwasm`.

The WIT is no part of the project: it is read from PETREL_WIT or ../shared/wit (folder wasi-0.2.12) where present,
else that part is skipped. Compared are interfaces, resources, functions and their type keys.
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
sys.path.insert(0, str(HERE))
from petrel_test import ROOT, Suite, run  # noqa: E402
from wit_keys import read_packages  # noqa: E402

TABLES = ("cli", "clocks", "filesystem", "http", "io", "random", "sockets")
# Exports of programs: the host does not provide them.
EXPORTS = {"wasi:cli/run", "wasi:http/incoming-handler"}


def literal(text, macros):
    """Value of adjacent string literals and macros."""
    parts = re.findall(r'"([^"]*)"|(\w+)', text)
    return "".join(macros[name] if name else piece for piece, name in parts)


def read_table(path):
    """{interface: (resources, {function: key})} of a .def file."""
    macros, found, current = {}, {}, None
    for line in path.read_text().splitlines():
        if match := re.match(r"#define (\w+) (.*)", line):
            macros[match[1]] = literal(match[2], macros)
        elif match := re.match(r"PETREL_WASI_(INTERFACE|TYPES)\(\w+, (.*)\)$", line):
            name, *resources = re.findall(r'"([^"]*)"', match[2])
            current = found[name] = (resources, {})
        elif match := re.match(r'PETREL_WASI_FUNC\("([^"]*)", (.*), \w+\)$', line):
            current[1][match[1]] = literal(match[2], macros)
        elif line.startswith("PETREL_WASI_FUNC"):
            raise SystemExit(f"{path.name}: row not understood: {line}")
    return found


def compare_with_wit(suite):
    folder = pathlib.Path(os.environ.get("PETREL_WIT", ROOT.parent / "shared" / "wit")) / "wasi-0.2.12"
    if not folder.is_dir():
        suite.skip("wit keys", "the WIT is not on this machine (set PETREL_WIT)")
        return
    wanted = {name: rows for name, rows in read_packages(folder).items() if name not in EXPORTS}
    given = {}
    for table in TABLES:
        given.update(read_table(ROOT / "wasi" / f"{table}.def"))
    suite.equal("interfaces", sorted(given), sorted(wanted))
    suite.equal("number of functions", sum(len(rows[1]) for rows in given.values()), 179)
    for name in sorted(set(given) & set(wanted)):
        resources, keys = given[name]
        suite.equal(f"{name}: resources", sorted(resources), sorted(wanted[name][0]))
        suite.equal(f"{name}: functions", sorted(keys), sorted(wanted[name][1]))
        for func in sorted(set(keys) & set(wanted[name][1])):
            suite.equal(f"{name} {func}: type key", keys[func], wanted[name][1][func])


INTERFACES_OUT = """\
working directory: 0
terminal: 0
UTC offset: 0
directories: 0
random bytes: 1048576
written under a permit
ready: 3
  index: 1
  index: 2
  index: 3
far future ready: 0
from sspliced: 6
create-tcp-socket refused: 1
create-tcp-socket error: 1
create-udp-socket error: 1
resolve-addresses refused: 1
resolve-addresses error: 1
append content-length refused: 0
append host refused: 1
set-authority refused: 0
body write refused: 0
body finish refused: 0
request refused: 1
request error: 15
"""
# Argument of interfaces.wasm, the trap it must end with.
MISBEHAVIOUR = {
    "c": "resource has children",
    "p": "empty poll list",
    "w": "write exceeds what check-write permitted",
    "b": "blocking-write-and-flush of more than 4096 bytes",
    "r": "more than 16 MiB of random bytes in one call",
    "s": "unknown handle index 7",
}


def engines(suite, path):
    """(name, command that runs the program) for each engine of this build."""
    yield "interp", [suite.wasmrun, "--interp", path]
    yield "deterministic", [suite.wasmrun, "--deterministic=7", path]
    if not suite.has_aot():
        suite.skip(f"{path.name} compiled", "build without the compiler")
        return
    image = suite.tmp / (path.stem + ".cwasm")
    built = run([suite.wasmc, "aot", path, "-o", image])
    if suite.check(f"{path.name}: compiled", built.code == 0, built):
        yield "aot", [suite.wasmrun, image]


def interfaces(suite):
    for engine, command in engines(suite, HERE / "guests" / "interfaces.wasm"):
        result = run(command, stdin=b"from stdin\n")
        suite.equal(f"interfaces ({engine}): output", result.out.decode(), INTERFACES_OUT)
        suite.equal(f"interfaces ({engine}): exit", result.code, 0)
        for argument, trap in MISBEHAVIOUR.items():
            result = run([*command, argument])
            suite.check(f"interfaces {argument} ({engine})",
                        result.code == 134 and f"wasm trap: {trap}\n" in result.err.decode(), result)


def not_utf8(suite):
    for options, argument, what in (([], b"a\xff", "argument 1"), (["--env", b"A=\xff"], "a", "variable A")):
        result = run_bytes([suite.wasmrun, *options, ROOT / "examples/hello/hello.wasm", argument])
        suite.equal(f"{what} is not UTF-8: exit", result.returncode, 2)
        suite.check(f"{what} is not UTF-8: message", f"{what}: expected UTF-8" in result.stderr.decode(), result.stderr)


def floats(suite):
    """NaNs between components: as they are, canonical in a deterministic run."""
    path = HERE / "guests" / "floats.wasm"
    for options, code in ((["--interp"], 1), (["--deterministic"], 0)):
        suite.equal(f"floats {options[0]}: exit", run([suite.wasmrun, *options, path]).code, code)


def run_bytes(command):
    return subprocess.run([os.fsencode(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def stdio(suite):
    """Ends of standard streams, for both versions of WASI."""
    data = bytes(range(256)) * (16 << 10)  # 4 MiB
    shell = lambda command, line, **more: run(["sh", "-c", line, "sh", *command], timeout=60, **more)
    for path in (ROOT / "examples/cat/cat.wasm", ROOT / "examples/cat-p1/cat-p1.wasm"):
        for engine, command in engines(suite, path):
            name = f"{path.stem} ({engine})"
            result = run(command, stdin=data)
            suite.check(f"{name}: 4 MiB arrive", result.code == 0 and result.out == data, result.ended_by)
            result = shell(command, '"$@" <&-')
            suite.check(f"{name}: no stdin is an empty one", (result.code, result.out) == (0, b""), result)
            result = shell(command, '"$@" >&-', stdin=b"x")
            suite.check(f"{name}: no stdout takes everything", result.code == 0, result)
            result = shell(command, '"$@" >/dev/full', stdin=b"x")
            suite.check(f"{name}: a full disk is an error", result.code == 1, result)
            result = shell(command, 'yes | { "$@"; echo $? >&2; } | head -c 2')
            suite.check(f"{name}: a reader that left ends the program", (result.out, result.err) == (b"y\n", b"1\n"),
                        result)
            code, err = run_without_input([command[0], "--timeout", "100ms", *command[1:]])
            suite.check(f"{name}: a wait for input ends at the timeout", code == 134 and b"interrupt" in err, err)


def run_without_input(command):
    """Exit code and error output of a program whose stdin stays open and empty."""
    read_end, write_end = os.pipe()
    try:
        done = subprocess.run([str(part) for part in command], stdin=read_end, capture_output=True, timeout=60)
        return done.returncode, done.stderr
    finally:
        os.close(read_end)
        os.close(write_end)


def main():
    suite = Suite(__doc__)
    compare_with_wit(suite)
    interfaces(suite)
    not_utf8(suite)
    floats(suite)
    stdio(suite)
    suite.finish()


main()
