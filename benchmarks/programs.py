# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real programs of 20 to 69 MB: time to the first output of `wasmrun --interp` beside `wasmtime run` without its cache.

Nothing is fetched: the programs are looked for in the folder PETREL_PROGRAMS, else ~/.cache/petrel-programs
(benchmarks/README.md says which packages they come from). Outputs and exit codes must be equal. wasmtime compiles first,
on all cores; the interpreter validates the whole file on one.
"""
import os
import pathlib
import select
import subprocess
import time
from dataclasses import dataclass

import measure


@dataclass(frozen=True)
class Program:
    label: str
    file: str
    args: tuple
    aim: float  # of wasmtime's time


PROGRAMS = [
    Program("Yosys 0.70", "yosys.wasm", ("-V",), 1 / 20),
    Program("esbuild 0.27.2", "esbuild-wasi.wasm", ("--version",), 1 / 10),
    Program("GCC 15.2 cc1", "cc1.wasm", ("--help",), 1 / 10),
    Program("CPython 3.12", "python-3.12.0.wasm", ("-V",), 1 / 10),
]


def folder():
    return pathlib.Path(os.environ.get("PETREL_PROGRAMS") or pathlib.Path.home() / ".cache" / "petrel-programs")


@dataclass
class FirstOutput:
    first_ns: int
    total_ns: int
    out: bytes
    code: int
    max_rss_kib: int


def first_output(argv):
    """Runs a command; how long its first byte of output took, standard error included."""
    read_end, write_end = os.pipe()
    start = time.perf_counter_ns()
    child = subprocess.Popen([str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=write_end, stderr=write_end)
    os.close(write_end)
    select.select([read_end], [], [])
    first_ns = time.perf_counter_ns() - start
    pieces = []
    while piece := os.read(read_end, 1 << 16):
        pieces.append(piece)
    os.close(read_end)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return FirstOutput(first_ns, time.perf_counter_ns() - start, b"".join(pieces), child.returncode, usage.ru_maxrss)


def measure_program(program, path, engines, rounds):
    """{engine: [FirstOutput]} of interleaved rounds; the first run of each file only warms the file cache."""
    commands = {name: [*argv, path, *program.args] for name, argv in engines.items()}
    expected = first_output(next(iter(commands.values())))
    samples = {name: [] for name in commands}
    for _ in range(rounds):
        for name, argv in commands.items():
            sample = first_output(argv)
            if (sample.out, sample.code) != (expected.out, expected.code):
                raise measure.MeasurementError(f"{name}: exit {sample.code}, {sample.out[:200]!r}; "
                                               f"before: exit {expected.code}, {expected.out[:200]!r}")
            samples[name].append(sample)
    return samples


def run(petrel, wasmtime, rounds):
    """Prints the table; (rows, number of failures)."""
    engines = {"petrel": [petrel.path, "--interp"]}
    if wasmtime.present():
        engines["wasmtime"] = [wasmtime.path, "run", "-C", "cache=n"]
    print(f"\nReal programs, time to the first output, {rounds} rounds; programs from {folder()}")
    print(f"{'':16}{'MB':>7}{'petrel ms':>11}{'wasmtime ms':>13}{'ratio min':>11}{'median':>8}{'aim':>7}{'petrel MB':>11}{'wasmtime MB':>13}")
    rows, failures = {}, 0
    for program in PROGRAMS:
        path = folder() / program.file
        if not path.exists():
            print(f"{program.label:16}  {program.file} is absent")
            continue
        try:
            samples = measure_program(program, path, engines, rounds)
        except measure.MeasurementError as problem:
            print(f"{program.label:16}  failed: {problem}")
            failures += 1
            continue
        times = {name: [each.first_ns for each in of] for name, of in samples.items()}
        row = {"bytes": path.stat().st_size, "args": program.args, "first_ns": times,
               "max_rss_kib": {name: max(each.max_rss_kib for each in of) for name, of in samples.items()}}
        text = f"{program.label:16}{row['bytes'] / 1e6:7.1f}{min(times['petrel']) / 1e6:11.1f}"
        if "wasmtime" in times:
            row["ratio"] = measure.ratios(times["petrel"], times["wasmtime"])
            row["aim"] = program.aim
            text += (f"{min(times['wasmtime']) / 1e6:13.0f}   1/{1 / row['ratio'][0]:6.1f} 1/{1 / row['ratio'][1]:5.1f}  1/{1 / program.aim:.0f}"
                     f"{row['max_rss_kib']['petrel'] / 1024:11.0f}{row['max_rss_kib']['wasmtime'] / 1024:13.0f}")
        print(text)
        rows[program.label] = row
    return rows, failures
