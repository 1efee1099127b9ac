#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The measuring tools work: each table is printed and stored, outputs are compared. No figure is judged."""
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(ROOT / "benchmarks"))
import build as builder
import measure
from petrel_test import Suite, run


def test_tables(suite):
    record = suite.tmp / "record.json"
    result = run([sys.executable, "-B", ROOT / "benchmarks/run.py", suite.build, "--quick", "--kernels", "fib,lz",
                  "--record", record], timeout=600)
    if not suite.equal("bench: exit code", result.code, 0):
        print(result)
        return
    series = json.loads(record.read_text())["series"]
    suite.equal("bench: series", sorted(series), ["aot", "cold", "interp"])
    suite.check("bench: cold start has the floor and ours", {"empty static glibc", "petrel hello.wasm"} <= set(series["cold"]["result"]))
    compiled = "petrel" if suite.has_aot() else "no vector"
    for name, label in (("aot", compiled), ("interp", "petrel")):
        rows = series[name]["result"]
        suite.check(f"bench: {name} has a ratio for each kernel", all(label in rows[kernel]["ratios"] for kernel in ("fib", "lz")), rows)


def test_method(suite):
    """Ratios are taken within rounds, and a wrong output is a failure."""
    suite.equal("ratios: minimum and median of the rounds", measure.ratios([2, 9, 8], [1, 3, 2]), (2.0, 3.0))
    suite.equal("geomean", round(measure.geomean([1, 4, 16]), 9), 4.0)
    printing = lambda text: measure.Variant(text, [sys.executable, "-c", f"print({text!r})"])
    try:
        measure.interleave([printing("one"), printing("two")], 1, 1, "wall")
        suite.check("different outputs are a failure", False, "accepted")
    except measure.MeasurementError as problem:
        suite.check("different outputs are a failure", "two" in str(problem) and "one" in str(problem), problem)
    drift = measure.anchor_drift({"a_ns": 130, "b_ns": 100}, {"a_ns": 100, "b_ns": 100})
    suite.equal("drift of anchors", round(drift, 9), 0.3)


def main():
    suite = Suite(__doc__)
    test_method(suite)
    lacking = builder.missing_wasm_toolchain() or (None if shutil.which("strip") else "strip is not installed")
    if lacking:
        suite.skip("bench", lacking)
    else:
        test_tables(suite)
    suite.finish()


if __name__ == "__main__":
    main()
