#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential run: random modules in Petrel's interpreter, and their recorded behaviour in other engines.

`diff_record` writes a script per module with Petrel's own results, trap kinds and final memory hash. `wasmtime wast` must
pass it, or wabt's interpreter where wasmtime is missing. Modules come from the generator beside this file and, with
--binaryen N, from `wasm-opt -ttf`. Scripts that differ are kept in BUILD/diff-findings/."""
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite, run  # noqa: E402

BATCH = 50  # modules recorded by one process
WASMTIME = ["wasmtime", "wast", "-W", "all-proposals=y"]
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
        self.tally = {"calls": 0, "traps": 0}

    def note(self, result):
        """Adds what diff_record counted; False when it failed or a module was refused."""
        ok = result.code == 0
        for line in result.out.decode().splitlines():
            words = line.split()
            ok = ok and not line.endswith("not instantiated")
            self.tally["calls"] += int(words[1])
            self.tally["traps"] += int(words[3])
        return ok

    def judge(self, script):
        """Empty when the other engine agrees."""
        done = subprocess.run([*WASMTIME, str(script)], capture_output=True, text=True, errors="replace", timeout=300)
        if done.returncode == 0:
            return ""
        kept = self.suite.build / "diff-findings"
        kept.mkdir(exist_ok=True)
        shutil.copy(script, kept)
        return done.stderr[:1500]

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
    if not shutil.which("wasmtime"):
        suite.skip("differential run", "wasmtime is not installed")
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
    print(f"{differential.tally['calls']} calls, {differential.tally['traps']} of them trapped or threw")
    suite.finish()


if __name__ == "__main__":
    main()
