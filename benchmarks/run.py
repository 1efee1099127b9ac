#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""./x bench: three tables of ratios, and exact counts.

    benchmarks/run.py BUILD [options]      cold start, compiled code, interpreter
    benchmarks/run.py BUILD counts         instructions and page faults of a start (benchmarks/counts.py)
    benchmarks/run.py BUILD programs       real programs: time to first output (benchmarks/programs.py)
    benchmarks/run.py BUILD load           validation of large modules (benchmarks/load.py)

Never run it beside a build. The column "no vector" is native code without the vectoriser. Peers on the PATH (wasmtime, node, wasmi, wasm3) are measured in the same rounds.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import build as builder
import counts
import engines
import load
import measure
import programs

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERIES_TRIES = 3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="build folder with wasmrun and wasmc")
    parser.add_argument("what", nargs="?", choices=["tables", "counts", "programs", "load"], default="tables")
    parser.add_argument("--tables", default="cold,aot,interp", help="which of cold,aot,interp (default: all)")
    parser.add_argument("--suites", default="ab", choices=["a", "b", "ab"], help="the eighteen kernels, the thirty of suite B, both (default)")
    parser.add_argument("--kernels", default="", help="only these, separated by commas")
    parser.add_argument("--rounds", type=int, default=10, help="rounds that count; one more is run first (default 10)")
    parser.add_argument("--spawns", type=int, default=500, help="starts of each program (default 500)")
    parser.add_argument("--scale", type=float, default=1.0, help="part of each kernel's default work (compiled code)")
    parser.add_argument("--interp-scale", type=float, default=0.1, help="the same for the interpreters (default 0.1)")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="what is compared (default wall)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, 30 spawns, a tenth of the work: a test of the runner, no result")
    parser.add_argument("--record", type=pathlib.Path, help="where the result goes (default BUILD/bench/records/)")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.spawns, args.scale, args.interp_scale = 3, 30, 0.1, 0.02
    elif args.rounds < 10:
        parser.error("--rounds below 10 is not a result (--quick tests the runner)")
    return args


class Bench:
    def __init__(self, args):
        self.args = args
        self.build = args.build.resolve()
        self.folder = self.build / "bench"
        names = [name for name in args.kernels.split(",") if name]
        unknown = set(names) - set(builder.kernels())
        if unknown:
            sys.exit(f"bench: error: no kernel {', '.join(sorted(unknown))}; there are {', '.join(builder.kernels())}")
        self.names = names or builder.kernel_names(args.suites)
        built = builder.build_all(self.build, sorted({*self.names, "coremark"}))
        self.native, self.scalar, self.wasm, self.tools = (built[kind] for kind in ("native", "scalar", "wasm", "tools"))
        self.petrel = engines.Petrel(self.build)
        self.wasmtime = engines.Wasmtime()
        self.node = engines.Node()
        self.wasmi = engines.Interpreter("wasmi")
        self.wasm3 = engines.Interpreter("wasm3")
        self.reference = measure.recorded_anchors()
        self.record = {
            "machine": measure.machine(),
            "compiler": measure.first_line([builder.CLANG, "--version"]),
            "flags": {"native": builder.NATIVE_FLAGS, "no vector": builder.SCALAR_FLAGS, "wasm": builder.WASM_FLAGS, "wasmc": ["-O2"]},
            "options": {key: str(value) for key, value in vars(args).items() if key in
                        ("rounds", "spawns", "scale", "interp_scale", "clock", "quick", "kernels")},
            "engines": {engine.name: engine.version for engine in self.engines()},
            "series": {},
        }

    def engines(self):
        return [self.petrel, self.wasmtime, self.node, self.wasmi, self.wasm3]

    def anchors(self):
        shorter = {"seconds": 0, "spawns": 10} if self.args.quick else {}
        return measure.anchors(self.native["coremark"], self.tools["spawn"], self.tools["empty"], **shorter)

    def series(self, name, run_once):
        """Runs a series between two pairs of anchors; again when the machine changed its speed."""
        for attempt in range(1 if self.args.quick else SERIES_TRIES):
            before = self.anchors()
            if self.reference is None:
                self.reference = before
            result = run_once()
            after = self.anchors()
            drift = max(measure.anchor_drift(before, self.reference), measure.anchor_drift(after, self.reference))
            disturbed = drift > measure.ANCHOR_TOLERANCE
            self.record["series"][name] = {"result": result, "before": before, "after": after,
                                           "reference": self.reference, "disturbed": disturbed}
            if not disturbed:
                break
            print(f"bench: {name}: an anchor is {drift:.0%} off its record: series {attempt + 1} discarded", file=sys.stderr)
        self.print_anchors(name)
        return result

    def print_anchors(self, name):
        series = self.record["series"][name]
        line = "  ".join(f"{key[:-3]} {series['before'][key] / 1000:.0f} -> {series['after'][key] / 1000:.0f} us"
                         for key in series["reference"])
        print(f"anchors: {line}{'   DISTURBED: not a result' if series['disturbed'] else ''}")

    # --- cold start ---------------------------------------------------------------------------------
    def cold_commands(self):
        hello = ROOT / "examples/hello/hello.wasm"
        cat = ROOT / "examples/cat-p1/cat-p1.wasm"
        commands = [("empty static glibc", [self.tools["empty"]])]
        if self.petrel.present():
            if self.petrel.wasmc:
                commands.append(("petrel hello.cwasm", self.petrel.native_argv(self.petrel.compile(hello, self.folder))))
            commands.append(("petrel hello.wasm", self.petrel.interpreted_argv(hello)))
            if self.petrel.wasmc:
                commands.append(("petrel cat-p1.cwasm", self.petrel.native_argv(self.petrel.compile(cat, self.folder))))
        if self.wasmtime.present():
            commands.append(("wasmtime hello.cwasm", self.wasmtime.native_argv(self.wasmtime.compile(hello, self.folder))))
        for engine in (self.wasmi, self.wasm3):
            if engine.present():
                commands.append((f"{engine.name} cat-p1.wasm", engine.argv(cat)))
        return commands

    def cold(self):
        commands = self.cold_commands()
        samples = measure.spawn_rounds(self.tools["spawn"], self.args.spawns, [argv for _, argv in commands])
        base = [sample["wall_ns"] for sample in samples[0]]
        rows = {}
        for (label, _), each in zip(commands, samples):
            wall = [sample["wall_ns"] for sample in each]
            low, middle = measure.ratios(wall, base)
            median = lambda key: statistics.median(sample[key] for sample in each)
            rows[label] = {"ratio_min": low, "ratio_median": middle, "wall_ns_min": min(wall),
                           "wall_ns_median": statistics.median(wall), "user_us": median("user_us"), "sys_us": median("sys_us"),
                           "minor_faults": median("minor_faults"), "major_faults": median("major_faults"),
                           "max_rss_kib": median("max_rss_kib")}
        return rows

    def print_cold(self):
        rows = self.series("cold", self.cold)
        print(f"\nCold start: spawn to exit, {self.args.spawns} starts each, ratio to an empty static glibc process")
        print(f"{'':24}{'min':>7}{'median':>8}{'us min':>9}{'us med':>9}{'user us':>9}{'sys us':>8}{'faults':>8}{'RSS KiB':>9}")
        for label, row in rows.items():
            print(f"{label:24}{row['ratio_min']:7.2f}{row['ratio_median']:8.2f}{row['wall_ns_min'] / 1000:9.0f}"
                  f"{row['wall_ns_median'] / 1000:9.0f}{row['user_us']:9.0f}{row['sys_us']:8.0f}{row['minor_faults']:8.0f}"
                  f"{row['max_rss_kib']:9.0f}")
        if self.petrel.present():
            size = stripped_size(self.petrel.path, self.folder)
            self.record["wasmrun_stripped_bytes"] = size
            print(f"wasmrun, stripped: {size / 1e6:.2f} MB")
        print()

    # --- kernels ------------------------------------------------------------------------------------
    def compiled_variants(self, name):
        wasm = self.wasm[name]
        variants = [measure.Variant("native", [self.native[name]]), measure.Variant("no vector", [self.scalar[name]])]
        if self.petrel.present() and self.petrel.wasmc:
            image = self.petrel.compile(wasm, self.folder)
            variants.append(measure.Variant("petrel", self.petrel.native_argv(image)))
        if self.wasmtime.present():
            image = self.wasmtime.compile(wasm, self.folder)
            variants.append(measure.Variant("wasmtime", self.wasmtime.native_argv(image)))
        if self.node.present():
            variants.append(measure.Variant("node", self.node.argv(wasm), self_timed=True))
        return variants

    def interpreted_variants(self, name):
        wasm = self.wasm[name]
        variants = [measure.Variant("native", [self.native[name]])]
        if self.petrel.present():
            variants.append(measure.Variant("petrel", self.petrel.interpreted_argv(wasm)))
        for engine in (self.wasmi, self.wasm3):
            if engine.present():
                variants.append(measure.Variant(engine.name, engine.argv(wasm)))
        return variants

    def kernels(self, variants_of, scale):
        rows = {}
        for name in self.names:
            work = max(1, round(builder.default_rounds(name) * scale))
            try:
                variants = variants_of(name)
                measure.interleave(variants, work, self.args.rounds, self.args.clock)
            except measure.MeasurementError as problem:
                print(f"bench: {name}: {problem}", file=sys.stderr)
                rows[name] = {"error": str(problem)}
                continue
            base = variants[0].samples
            rows[name] = {"work": work, "samples_ns": {each.label: each.samples for each in variants},
                          "ratios": {each.label: measure.ratios(each.samples, base) for each in variants[1:]}}
        return rows

    def print_kernels(self, name, title, variants_of, scale):
        rows = self.series(name, lambda: self.kernels(variants_of, scale))
        good = {kernel: row for kernel, row in rows.items() if "error" not in row}
        labels = list(next(iter(good.values()))["ratios"]) if good else []
        print(f"\n{title}")
        print(f"{'':14}{'native ms':>10}" + "".join(f"{label + ' min':>14}{'median':>8}" for label in labels))
        for kernel, row in rows.items():
            if "error" in row:
                print(f"{kernel:14}  failed: {row['error'][:160]}")
                continue
            native_ms = statistics.median(row["samples_ns"]["native"]) / 1e6
            cells = "".join(f"{low:14.2f}{middle:8.2f}" for low, middle in (row["ratios"][label] for label in labels))
            print(f"{kernel:14}{native_ms:10.1f}{cells}")
        for suite, group in self.groups(good):
            means = {label: [measure.geomean(row["ratios"][label][i] for row in group.values()) for i in (0, 1)] for label in labels}
            self.record["series"][name].setdefault("geomean", {})[suite] = means
            print(f"{f'geomean of {len(group)}, {suite}':24}" +
                  "".join(f"{means[label][0]:14.2f}{means[label][1]:8.2f}" for label in labels))
        self.print_against_peers(name, good, labels)
        print()
        return len(rows) - len(good)

    def groups(self, good):
        """The rows of each suite, and of all where there are two."""
        suites = {kernel: builder.kernels()[kernel].suite for kernel in good}
        groups = [(f"suite {suite.upper()}", {kernel: row for kernel, row in good.items() if suites[kernel] == suite})
                  for suite in sorted(set(suites.values()))]
        return groups if len(groups) < 2 else [*groups, ("all", good)]

    def print_against_peers(self, name, good, labels):
        """Petrel's time over each peer's, from the rounds of the same kernel."""
        if "petrel" not in labels:
            return
        for peer in labels:
            if peer == "petrel":
                continue  # "no vector" is native code without the vectoriser: how much of a gap is vectorisation
            for suite, group in self.groups(good):
                pairs = [measure.ratios(row["samples_ns"]["petrel"], row["samples_ns"][peer]) for row in group.values()]
                low, middle = (measure.geomean(pair[i] for pair in pairs) for i in (0, 1))
                self.record["series"][name].setdefault("petrel_over", {}).setdefault(peer, {})[suite] = [low, middle]
                print(f"petrel / {peer}, {suite}: geomean of minima {low:.2f}, of medians {middle:.2f}")

    def print_absent(self):
        absent = [engine.name for engine in self.engines() if not engine.present()]
        for engine in self.engines():
            if engine.present():
                print(f"{engine.name}: {engine.version}")
        if absent:
            print(f"absent: {', '.join(absent)}")

    def run(self):
        machine = self.record["machine"]
        print(f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['kernel']}; {self.record['compiler']}")
        self.print_absent()
        failures = 0
        tables = self.args.tables.split(",")
        if "cold" in tables:
            self.print_cold()
        if "aot" in tables:
            failures += self.print_kernels(
                "aot", f"Compiled code against clang -O2 -march=x86-64-v3 native, time ratio, {self.args.rounds} rounds, start subtracted",
                self.compiled_variants, self.args.scale)
        if "interp" in tables:
            failures += self.print_kernels(
                "interp", f"Interpreters against native, time ratio, {self.args.rounds} rounds, start subtracted",
                self.interpreted_variants, self.args.interp_scale)
        self.record["compile_ns"] = {engine.name: engine.compile_ns for engine in self.engines() if engine.compile_ns}
        stamp = machine["date"].replace(":", "")
        measure.write_record(self.args.record or self.folder / "records" / f"{stamp}.json", self.record)
        return 1 if failures else 0


def real_modules(args):
    """The tables of real programs and of large modules, which have a record each."""
    build = args.build.resolve()
    petrel, wasmtime = engines.Petrel(build), engines.Wasmtime()
    record = {"machine": measure.machine(), "engines": {each.name: each.version for each in (petrel, wasmtime)}}
    if args.what == "programs":
        record["programs"], failures = programs.run(petrel, wasmtime, 1 if args.quick else 3)
    else:
        record["engines"].update({tool: measure.first_line([tool, "--version"]) for tool in ("node", "wasm-tools")})
        record["load"], failures = load.run(build, 1 if args.quick else args.rounds)
    stamp = record["machine"]["date"].replace(":", "")
    measure.write_record(args.record or build / "bench" / "records" / f"{stamp}-{args.what}.json", record)
    return 1 if failures else 0


def stripped_size(program, folder):
    out = folder / "wasmrun.stripped"
    subprocess.run(["strip", "-o", str(out), str(program)], check=True)
    return out.stat().st_size


def main():
    args = parse_arguments()
    if args.what in ("programs", "load"):
        return real_modules(args)
    lacking = builder.missing_wasm_toolchain()
    if lacking:
        sys.exit(f"bench: error: {lacking} (./x setup installs it)")
    if args.what == "counts":
        return counts.run(args.build.resolve())
    return Bench(args).run()


if __name__ == "__main__":
    sys.exit(main())
