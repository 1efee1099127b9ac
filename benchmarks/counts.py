# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact counts of a start: instructions under callgrind, page faults. They repeat on any machine of one kind, so they
gate what times cannot. The record of the last accepted build lies in records/counts.json; a difference is printed.
"""
import json
import pathlib
import re
import shutil
import subprocess

import build as builder
import engines
import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = measure.RECORDS / "counts.json"


def instructions(argv, folder):
    """Instructions of one run, as callgrind collects them."""
    out = folder / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, argv)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise measure.MeasurementError(f"callgrind: {' '.join(map(str, argv))}: exit {done.returncode}: {done.stderr[-400:]}")
    return int(found.group(1))


def page_faults(argv, spawn):
    """The least minor page faults of twenty starts."""
    return min(sample["minor_faults"] for sample in measure.spawn_rounds(spawn, 20, [argv])[0])


def programs(build, tools, folder):
    petrel = engines.Petrel(build)
    yield "empty static glibc process", [tools["empty"]]
    if not petrel.present():
        return
    hello = ROOT / "examples/hello/hello.wasm"
    cat = ROOT / "examples/cat-p1/cat-p1.wasm"
    yield "wasmrun --version", [petrel.path, "--version"]
    yield "wasmrun --interp hello.wasm", petrel.interpreted_argv(hello)
    yield "wasmrun --interp cat-p1.wasm", petrel.interpreted_argv(cat)
    if petrel.wasmc:
        yield "wasmrun hello.cwasm", petrel.native_argv(petrel.compile(hello, folder))
        yield "wasmrun cat-p1.cwasm", petrel.native_argv(petrel.compile(cat, folder))


def run(build):
    folder = build / "bench"
    tools = builder.build_tools(build)
    before = json.loads(RECORD.read_text())["counts"] if RECORD.exists() else {}
    has_valgrind = shutil.which("valgrind") is not None
    if not has_valgrind:
        print("valgrind is absent: no instruction counts")
    result = {}
    status = 0
    print(f"{'':32}{'instructions':>14}{'page faults':>13}")
    for label, argv in programs(build, tools, folder):
        try:
            row = {"page_faults": page_faults(argv, tools["spawn"])}
            if has_valgrind:
                row["instructions"] = instructions(argv, folder)
        except measure.MeasurementError as problem:
            print(f"{label:32}  failed: {problem}")
            status = 1
            continue
        result[label] = row
        old = before.get(label)
        change = ""
        if old and old != row:
            change = f"   recorded: {old.get('instructions', '-')} and {old['page_faults']}"
        print(f"{label:32}{row.get('instructions', '-'):>14}{row['page_faults']:>13}{change}")
    if status == 0:
        measure.write_record(RECORD, {"counts": result, "machine": measure.machine(),
                                      "compiler": measure.first_line([builder.CLANG, "--version"])})
    return status
