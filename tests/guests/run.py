#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole programs, interpreted and as .cwasm: equal output and exit code, equal to what is recorded and to wasmtime.

The programs: examples/ (examples/cases.json), the eighteen kernels of benchmarks/ and some of its suite B with little
work, and programs of real toolchains found in PETREL_GUESTS or ../shared/guests/out (guests.json; --bless records from wasmtime,
or from node where "judge" says so: wasmtime has no legacy exceptions). "aot": false marks what is only interpreted yet.
Also: 100 MB through a guest.
"""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(ROOT / "benchmarks"))
import build as kernels
from petrel_test import Suite, run

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = ROOT / "examples"
GUEST_STDIN = b"a b a\n"
GUEST_ARGS = ["x"]
STREAM_BYTES = 100 << 20
# A WASI 0.1 program in node.
NODE_RUN = """
const { WASI } = require("node:wasi");
const wasi = new WASI({ version: "preview1", args: process.argv.slice(1), returnOnExit: true });
const module = new WebAssembly.Module(require("fs").readFileSync(process.argv[1]));
process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
"""
SUITE_B = ["b-doitgen", "b-durbin", "b-gramschmidt", "b-jacobi1d", "b-deriche"]  # one of each source; ./x bench checks all


def same_frames(stderr, expected, engine):
    """True if a backtrace shows these functions, innermost first. Compiled code names the function that trapped; callers
    into which it was inlined have no frame of their own (docs/architecture.md), so the others may be fewer, in order."""
    found = re.findall(r"^ +\d+: +0x[0-9a-f]+ - .*!(.*)$", stderr, re.M)
    if engine == "native" and expected:
        rest = iter(expected)
        return found[:1] == expected[:1] and all(frame in rest for frame in found)
    return found[:len(expected)] == expected


class Guests:
    def __init__(self, suite):
        self.suite = suite
        self.images = {}
        self.wasmtime = shutil.which("wasmtime")

    def refused(self, name, wasm):
        """Checks that `wasmc aot` says of a program marked so that it does not compile it yet."""
        done = run([self.suite.wasmc, "aot", wasm, "-o", self.suite.tmp / "refused.cwasm"], timeout=600)
        self.suite.check(f"{name} [aot refuses]", done.code == 1 and b"error[unsupported]" in done.err,
                         f"compiled now? then remove its mark in guests.json\nfound {done}")

    def image(self, wasm):
        """The .cwasm of a program, or None after counting a failure."""
        if wasm not in self.images:
            out = self.suite.tmp / f"{len(self.images)}-{wasm.stem}.cwasm"
            done = run([self.suite.wasmc, "aot", wasm, "-o", out], timeout=600)
            self.images[wasm] = out if done.code == 0 else None
            if done.code != 0:
                self.suite.check(f"{wasm.name}: wasmc aot", False, done)
        return self.images[wasm]

    def engines(self, wasm, has_image=True):
        """(name, options, file) of each engine of this build."""
        yield "interp", ["--interp"], wasm
        if has_image and self.suite.has_aot():
            image = self.image(wasm)
            if image:
                yield "native", ["--require-native"], image

    def compare(self, name, wasm, expected, args=(), options=(), stdin=b"", call=None):
        """Runs a program in each engine and compares stdout, exit code, the error's pattern and the backtrace."""
        for engine, engine_options, file in self.engines(wasm, expected.get("aot", True)):
            command = [self.suite.wasmrun, *(["call"] if call else []), *engine_options, *options, file,
                       *([call] if call else []), *args]
            got = run(command, stdin=stdin, timeout=300)
            wrong = []
            if got.code != expected["exit"]:
                wrong.append(f"expected exit {expected['exit']}")
            if got.out != expected["stdout"].encode():
                wrong.append(f"expected stdout {expected['stdout']!r}")
            stderr = got.err.decode("utf-8", "replace")
            if not re.search(expected.get("stderr", "").replace(r"\.wasm", r"\.c?wasm"), stderr):
                wrong.append(f"expected stderr {expected['stderr']!r}")
            if not same_frames(stderr, expected.get("frames", []), engine):
                wrong.append(f"expected backtrace {expected['frames']}")
            self.suite.check(f"{name} [{engine}]", not wrong, "\n".join(["$ " + " ".join(map(str, command)), *wrong, f"found {got}"]))

    def live(self, name, wasm, expected, args=(), options=(), stdin=b"", call=None):
        """The same under wasmtime, where it is installed: keeps the recorded expectation honest."""
        if not self.wasmtime:
            return
        got = run([self.wasmtime, "run", *(["--invoke", call] if call else []), *options, wasm, *args], stdin=stdin,
                  env={"RUST_BACKTRACE": "0"})
        self.suite.check(f"{name} [wasmtime]", got.code == expected["exit"] and got.out == expected["stdout"].encode(),
                         f"expected {expected}\nfound {got}")


def test_examples(suite, guests):
    for case in json.loads((EXAMPLES / "cases.json").read_text())["cases"]:
        name = f"example {case['name']}"
        if not suite.wants(name):
            continue
        stdin = (EXAMPLES / case["stdin_file"]).read_bytes() if "stdin_file" in case else case.get("stdin", "").encode()
        common = dict(args=case.get("args", []), stdin=stdin, call=case.get("call"))
        wasm = EXAMPLES / case["file"]
        guests.compare(name, wasm, case, options=case.get("options", []), **common)
        guests.live(name, wasm, case, options=case.get("wasmtime", case.get("options", [])), **common)


def test_example_files(suite):
    for path in sorted(EXAMPLES.glob("*/*.wasm")):
        name = f"example file {path.name}"
        if not suite.wants(name):
            continue
        data = path.read_bytes()
        suite.check(f"{name}: below 60 KB", len(data) < 60000, f"{len(data)} bytes")
        found = re.findall(rb"/(?:home|root|tmp|usr|work)/[\w./-]*", data)
        suite.check(f"{name}: no path of a machine", not found, found)


def guest_folder():
    """Where the programs of real toolchains are, or None."""
    folder = pathlib.Path(os.environ.get("PETREL_GUESTS") or ROOT.parent / "shared" / "guests" / "out")
    return folder if folder.is_dir() else None


def judge_command(expected, wasm):
    """How another engine runs a guest, or None where it is not installed."""
    judge = expected.get("judge", "wasmtime")
    if not shutil.which(judge):
        return None
    command = ["node", "--no-warnings", "-e", NODE_RUN] if judge == "node" else ["wasmtime", "run", *expected.get("wasmtime", [])]
    return [*command, wasm, *GUEST_ARGS]


def record_guests(folder, recorded):
    """Writes guests.json from what the other engines do."""
    for name, expected in recorded.items():
        command = judge_command(expected, folder / f"{name}.wasm")
        if command:
            done = run(command, stdin=GUEST_STDIN)
            expected.update(stdout=done.out.decode(), exit=done.code)
    (HERE / "guests.json").write_text(json.dumps(recorded, indent=1) + "\n")


def test_guests(suite, guests):
    recorded = json.loads((HERE / "guests.json").read_text())
    folder = guest_folder()
    if suite.args.bless and folder:
        record_guests(folder, recorded)
    for guest, expected in recorded.items():
        name = f"guest {guest}"
        if not suite.wants(name):
            continue
        if folder is None or not (folder / f"{guest}.wasm").exists():
            suite.skip(name, "not on this machine (PETREL_GUESTS names the folder)")
            continue
        wasm = folder / f"{guest}.wasm"
        guests.compare(name, wasm, expected, args=GUEST_ARGS, stdin=GUEST_STDIN)
        if not expected.get("aot", True) and suite.has_aot():
            guests.refused(name, wasm)
        command = judge_command(expected, wasm)
        if command:
            got = run(command, stdin=GUEST_STDIN, env={"RUST_BACKTRACE": "0"})
            judge = expected.get("judge", "wasmtime")
            suite.check(f"{name} [{judge}]", got.code == expected["exit"] and got.out == expected["stdout"].encode(),
                        f"expected {expected}\nfound {got}")


def test_kernels(suite, guests):
    lacking = kernels.missing_wasm_toolchain()
    for kernel in [*kernels.kernel_names(), *SUITE_B]:
        name = f"kernel {kernel}"
        if not suite.wants(name):
            continue
        if lacking:
            suite.skip(name, lacking)
            continue
        native = kernels.build_native(suite.build, [kernel])[kernel]
        wasm = kernels.build_wasm(suite.build, [kernel])[kernel]
        done = run([native, "2"])
        if not suite.equal(f"{name} [clang]", done.code, 0):
            continue
        expected = {"stdout": done.out.decode(), "exit": 0}
        guests.compare(name, wasm, expected, args=["2"])
        guests.live(name, wasm, expected, args=["2"])


def stream_digest(command, source):
    """Exit code and SHA-256 of what a command makes of a file, without holding either in memory."""
    digest = hashlib.sha256()
    with open(source, "rb") as stdin:
        process = subprocess.Popen([str(part) for part in command], stdin=stdin, stdout=subprocess.PIPE)
        while piece := process.stdout.read(1 << 16):
            digest.update(piece)
        return process.wait(), digest.hexdigest()


def test_stream(suite, guests):
    names = {"cat": EXAMPLES / "cat/cat.wasm", "cat-p1": EXAMPLES / "cat-p1/cat-p1.wasm"}
    if not any(suite.wants(f"100 MB through {name}") for name in names):
        return
    source = suite.tmp / "stream"
    generator = random.Random(3)
    digest = hashlib.sha256()
    with open(source, "wb") as out:
        for _ in range(STREAM_BYTES >> 20):
            piece = generator.randbytes(1 << 20)
            digest.update(piece)
            out.write(piece)
    for name, wasm in names.items():
        if not suite.wants(f"100 MB through {name}"):
            continue
        for engine, options, file in guests.engines(wasm):
            got = stream_digest([suite.wasmrun, *options, file], source)
            suite.equal(f"100 MB through {name} [{engine}]", got, (0, digest.hexdigest()))
    source.unlink()


def main():
    suite = Suite(__doc__)
    guests = Guests(suite)
    test_examples(suite, guests)
    test_example_files(suite)
    test_guests(suite, guests)
    test_kernels(suite, guests)
    test_stream(suite, guests)
    suite.finish()


if __name__ == "__main__":
    main()
