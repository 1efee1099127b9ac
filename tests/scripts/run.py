#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Our own test scripts (*.wast) in each engine. A script with a .expected file must fail with exactly that
output, so that the runner is known to be able to fail; the others must pass."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite, run  # noqa: E402


def passed(command):
    result = run(command, cwd=HERE)
    return result.code == 0, result


def main():
    suite = Suite(__doc__)
    engines = {"interp": [suite.wasmrun, "wast"]}
    if suite.has_aot():
        engines |= {level: [suite.wasmc, "wast", f"--aot={level}"] for level in ("O0", "O2", "O3")}
    for script in sorted(HERE.glob("*.wast")):
        if script.name.startswith("gc-") and suite.wants(f"{script.name} gc-zeal"):
            suite.check(f"{script.name} gc-zeal", *passed([suite.wasmrun, "wast", "-D", "gc-zeal", script.name]))
        expected = script.with_suffix(".expected")
        for engine, command in engines.items():
            name = f"{script.name} {engine}"
            if not suite.wants(name):
                continue
            result = run([*command, script.name], cwd=HERE)
            if not expected.exists():
                suite.check(name, result.code == 0, result)
                continue
            if suite.args.bless and engine == "interp":
                expected.write_bytes(result.out)
            suite.equal(f"{name}: exit code", result.code, 1)
            suite.equal(f"{name}: output", result.out.decode(), expected.read_text())
    suite.finish()


if __name__ == "__main__":
    main()
