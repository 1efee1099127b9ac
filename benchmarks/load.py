# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Load speed on large real modules (suite C): decoding and validation with side table on one core, against V8
(`node --single-threaded`, WebAssembly.validate) and `wasm-tools validate` (one thread, its start subtracted).

The modules are looked for where programs.py looks. All engines run in turn on the same core; processor time is compared. The size of the side table and
the peak of memory, input included, are printed as parts of the code and of the file.
"""
import os
import shutil
import subprocess
import tempfile
import pathlib

import measure
import programs

HERE = pathlib.Path(__file__).resolve().parent
MODULES = [("esbuild-wasm 0.28.2", "esbuild.wasm"), ("StarlingMonkey", "starlingmonkey_embedding.wasm"),
           ("Ruby 3.4", "ruby.wasm"), ("GCC 15.2 cc1", "cc1.wasm"), ("Yosys 0.70", "yosys.wasm")]
PASSES = 3  # of one process; the least counts, so that a first pass warms code and allocator
EMPTY = bytes.fromhex("0061736d01000000")


def output(argv):
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise measure.MeasurementError(f"{argv[0]}: exit {done.returncode}: {done.stderr.strip()[:200]}")
    return done.stdout


def petrel_sample(tool, path):
    """(least ns of a pass, facts of the first line)."""
    first, times = output([tool, path, PASSES]).splitlines()
    words = first.split()
    return min(map(int, times.split())), dict(zip(words[::2], map(int, words[1::2])))


def v8_sample(node, path):
    return min(map(int, output([node, "--single-threaded", HERE / "validate.mjs", path, PASSES]).split()))


def wasm_tools_sample(tool, path, empty):
    """Processor time above that of an empty module; reading the file included, as it is for Petrel's peers in a shell."""
    def once(file):
        return measure.run_timed([tool, "validate", "--features", "all", file]).cpu_ns
    return min(once(path) for _ in range(PASSES)) - min(once(empty) for _ in range(PASSES))


def measure_module(path, tool, empty, rounds):
    node, wasm_tools = shutil.which("node"), shutil.which("wasm-tools")
    samples = {"petrel": [], **({"v8": []} if node else {}), **({"wasm-tools": []} if wasm_tools else {})}
    facts = None
    for _ in range(rounds):
        ns, facts = petrel_sample(tool, path)
        samples["petrel"].append(ns)
        if node:
            try:
                samples["v8"].append(v8_sample(node, path))
            except measure.MeasurementError:  # a feature that this V8 does not have
                node = None
                del samples["v8"]
        if wasm_tools:
            samples["wasm-tools"].append(wasm_tools_sample(wasm_tools, path, empty))
    return samples, facts


def run(build, rounds):
    """Prints the table; (rows, number of failures)."""
    tool = build / "benchmarks" / "bench-validate"
    if not tool.exists():
        subprocess.run(["ninja", "-C", str(build), "benchmarks/bench-validate"], check=True, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["RAYON_NUM_THREADS"] = "1"
    print(f"\nValidation with side table, one core, {rounds} rounds; rates relative to Petrel's (above 1: Petrel is faster)")
    print(f"{'':22}{'MB':>6}{'ms':>8}{'MB/s':>6}{'x V8 min':>10}{'median':>8}{'x wasm-tools min':>18}{'median':>8}"
          f"{'side table/code':>17}{'peak/file':>11}")
    rows, failures = {}, 0
    with tempfile.TemporaryDirectory() as temporary:
        empty = pathlib.Path(temporary) / "empty.wasm"
        empty.write_bytes(EMPTY)
        floor = petrel_sample(tool, empty)[1]["peak-kib"]
        for label, file in MODULES:
            path = programs.folder() / file
            if not path.exists():
                print(f"{label:22}  {file} is absent")
                continue
            try:
                samples, facts = measure_module(path, tool, empty, rounds)
            except measure.MeasurementError as problem:
                print(f"{label:22}  failed: {problem}")
                failures += 1
                continue
            size = path.stat().st_size
            row = {"bytes": size, "samples_ns": samples, "side_table_over_code": facts["side-table"] / facts["code"],
                   "peak_over_file": (facts["peak-kib"] - floor) * 1024 / size, "code_bytes": facts["code"]}
            least = min(samples["petrel"])
            text = f"{label:22}{size / 1e6:6.1f}{least / 1e6:8.1f}{facts['code'] / least * 1e3:6.0f}"
            for peer, width in (("v8", 10), ("wasm-tools", 18)):
                if peer in samples:
                    low, middle = measure.ratios(samples[peer], samples["petrel"])
                    row[f"rate_over_{peer}"] = [low, middle]
                    text += f"{low:{width}.2f}{middle:8.2f}"
                else:
                    text += f"{'-':>{width}}{'-':>8}"
            print(f"{text}{row['side_table_over_code']:17.2f}{row['peak_over_file']:11.2f}")
            rows[label] = row
    return rows, failures
