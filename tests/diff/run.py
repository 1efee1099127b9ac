#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential run: random modules in Petrel's interpreter, and their recorded behaviour in other engines.

`diff_record` writes a script per module with Petrel's own results, trap kinds and final memory hash. `wasmtime wast` must
pass it, and wabt's interpreter where wabt reads the module; with legacy exceptions V8 alone. Modules come from the generator beside this file and, with
--binaryen N, from `wasm-opt -ttf`. Scripts that differ are kept in BUILD/diff-findings/."""
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite, run  # noqa: E402

LEGACY = ";; legacy exceptions"
BATCH = 50  # modules recorded by one process
WASMTIME = ["wasmtime", "wast", "-W", "all-proposals=y"]
HAS_WASMTIME = shutil.which("wasmtime")
HAS_V8 = shutil.which("node") and shutil.which("wast2json")
HAS_WABT = shutil.which("wast2json") and shutil.which("spectest-interp")
# What binaryen 108 generates validly (reliability.md, section 6).
BINARYEN = ["--mvp-features", "--enable-sign-ext", "--enable-nontrapping-float-to-int", "--enable-simd",
            "--enable-bulk-memory", "--enable-multivalue", "--enable-mutable-globals", "--denan"]


def arguments(parser):
    parser.add_argument("--count", type=int, default=300, help="modules of the own generator (default 300)")
    parser.add_argument("--binaryen", type=int, default=200, help="modules of binaryen's generator (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="first seed")


class Differential:
    def __init__(self, suite):
        self.suite = suite
        self.record = suite.build / "tests" / "diff" / "diff_record"
        self.tally = {"calls": 0, "traps": 0, "exceptions": 0, "judged by wasmtime": 0, "judged by wabt": 0, "judged by V8": 0}

    def note(self, result):
        """Adds what diff_record counted; False when it failed or a module was refused."""
        ok = result.code == 0
        for line in result.out.decode().splitlines():
            words = line.split()
            ok = ok and not line.endswith("not instantiated")
            self.tally["calls"] += int(words[1])
            self.tally["traps"] += int(words[3])
            self.tally["exceptions"] += int(words[5])
        return ok

    def wasmtime(self, script):
        """Empty when wasmtime agrees."""
        if not HAS_WASMTIME:
            return ""
        self.tally["judged by wasmtime"] += 1
        done = subprocess.run([*WASMTIME, str(script)], capture_output=True, text=True, errors="replace", timeout=300)
        return done.stderr[:1500] if done.returncode else ""

    def wabt(self, script):
        """Empty when wabt's interpreter agrees, or cannot read the script: it lacks most of WebAssembly 3.0."""
        commands = script.with_suffix(".json")
        if not HAS_WABT or subprocess.run(["wast2json", "--enable-all", str(script), "-o", str(commands)],
                                          capture_output=True).returncode:
            return ""
        # wabt 1.0.32 forgets the comma between the result types of a call that traps.
        commands.write_text(commands.read_text().replace("}{", "},{"))
        self.tally["judged by wabt"] += 1
        done = subprocess.run(["spectest-interp", "--enable-all", str(commands)], capture_output=True, text=True,
                              errors="replace", timeout=300)
        passed = re.search(r"^(\d+)/\1 tests passed", done.stdout, re.MULTILINE)
        return "" if done.returncode == 0 and passed else "wabt: " + (done.stdout + done.stderr)[:1500]

    def v8(self, script):
        """Empty when V8 agrees. wasmtime has no legacy exceptions; wabt 1.0.32 forgets the locals when it unwinds."""
        commands = script.with_suffix(".json")
        if not HAS_V8:
            return ""
        made = subprocess.run(["wast2json", "--enable-all", str(script), "-o", str(commands)], capture_output=True, text=True)
        if made.returncode:
            return made.stderr[:1500]
        commands.write_text(commands.read_text().replace("}{", "},{"))
        self.tally["judged by V8"] += 1
        done = subprocess.run(["node", HERE / "v8_judge.mjs", commands], capture_output=True, text=True, timeout=300)
        return "V8: " + (done.stdout + done.stderr)[:1500] if done.returncode else ""

    def judge(self, script):
        """Empty when the other engines agree."""
        if script.read_text().startswith(LEGACY):
            complaint = self.v8(script)
        else:
            complaint = self.wasmtime(script) or self.wabt(script)
        if complaint:
            kept = self.suite.build / "diff-findings"
            kept.mkdir(exist_ok=True)
            shutil.copy(script, kept)
        return complaint

    def own(self, first, count):
        folder = self.suite.tmp / f"own-{first}"
        folder.mkdir()
        result = run([self.record, "--seed", str(first), "--count", str(count), folder], timeout=600)
        complaints = [] if self.note(result) else [str(result)[:2000]]
        complaints += [text for text in map(self.judge, sorted(folder.glob("*.wast"))) if text]
        shutil.rmtree(folder)
        return f"own generator, seeds {first} to {first + count - 1}", complaints

    def binaryen(self, seed):
        folder = self.suite.tmp / f"binaryen-{seed}"
        folder.mkdir()
        source = random.Random(seed)
        (folder / "in").write_bytes(source.randbytes(source.randrange(200, 6000)))
        made = subprocess.run(["wasm-opt", str(folder / "in"), "-ttf", *BINARYEN, "-o", str(folder / "m.wasm")],
                              capture_output=True, text=True)
        complaints = [made.stderr[:500]] if made.returncode else []
        if not complaints:
            result = run([self.record, "--seed", str(seed), "--module", folder / "m.wasm", folder], timeout=600)
            complaints = [] if self.note(result) else [str(result)[:2000]]
            complaints += [text for text in map(self.judge, sorted(folder.glob("*.wast"))) if text]
        shutil.rmtree(folder)
        return f"binaryen, seed {seed}", complaints


def main():
    suite = Suite(__doc__, arguments)
    args = suite.args
    if not HAS_WASMTIME and not HAS_WABT:
        suite.skip("differential run", "neither wasmtime nor wabt is installed")
        suite.finish()
    differential = Differential(suite)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        pending = [pool.submit(differential.own, first, min(BATCH, args.seed + args.count - first))
                   for first in range(args.seed, args.seed + args.count, BATCH)]
        if shutil.which("wasm-opt"):
            pending += [pool.submit(differential.binaryen, seed) for seed in range(args.seed, args.seed + args.binaryen)]
        else:
            suite.skip("binaryen's generator", "wasm-opt is not installed")
        for each in pending:
            name, complaints = each.result()
            suite.check(name, not complaints, "\n".join(complaints))
    print(", ".join(f"{count} {what}" for what, count in differential.tally.items()))
    suite.finish()


if __name__ == "__main__":
    main()
