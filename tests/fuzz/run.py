#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fuzz targets over their seeds and a fixed number of mutations of each; a few seconds.

Seeds are the modules of examples/ and seeds/*.wat, encoded; the text target takes the .wat files as they are.
`./x fuzz NAME` searches further, with coverage. A finding is kept in BUILD/fuzz-findings/."""
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from petrel_test import Suite, run  # noqa: E402

TEXT_TARGETS = {"text_core"}


def arguments(parser):
    parser.add_argument("--mutations", type=int, default=3000, help="of each seed (default 3000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other mutations")


def main():
    suite = Suite(__doc__, arguments)
    texts = sorted((HERE / "seeds").glob("*.wat"))
    modules = sorted((ROOT / "examples").glob("*/*.wasm"))
    for text in texts if suite.has_aot() else []:
        module = suite.tmp / (text.stem + ".wasm")
        encoded = run([suite.wasmc, "encode", text, "-o", module])
        if suite.check(f"{text.name}: encode", encoded.code == 0, encoded):
            modules.append(module)
    for source in sorted(HERE.glob("*_core.cpp")):
        program = suite.build / "tests" / "fuzz" / f"fuzz_{source.stem}"
        if not suite.wants(source.stem):
            continue
        seeds = texts if source.stem in TEXT_TARGETS else modules
        result = run([program, "--mutations", str(suite.args.mutations), "--seed", str(suite.args.seed), *seeds],
                     cwd=suite.tmp, timeout=600)
        finding = suite.tmp / "finding"
        if finding.exists():
            kept = suite.build / "fuzz-findings"
            kept.mkdir(exist_ok=True)
            shutil.copy(finding, kept / source.stem)
        runs = len(seeds) * (suite.args.mutations + 1)
        suite.check(f"{source.stem}: {len(seeds)} seeds", result.code == 0 and result.out == b"%d inputs\n" % runs, result)
    suite.finish()


if __name__ == "__main__":
    main()
