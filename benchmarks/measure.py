# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How anything is measured here: interleaved rounds, per-round ratios, anchors, records.

On a noisy shared machine an absolute time says little. So the variants run in turn (A, B, C, A, B, C, …), the first
round is dropped, and what is reported is the minimum and the median of the ratios within each round. Anchors, two
known programs measured before and after a series, tell whether the machine changed its speed meanwhile.
"""
import datetime
import json
import math
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
RECORDS = HERE / "records"
ANCHOR_TOLERANCE = 0.20
ANCHOR_SPAWNS = 200
ANCHOR_SECONDS = 2.0


class MeasurementError(Exception):
    """A program failed or printed something else than its peers."""


@dataclass
class Timing:
    wall_ns: int
    cpu_ns: int
    out: str
    err: str


def run_timed(argv):
    """One run of a command that must succeed. Wall time includes its start and end; CPU time is the child's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter_ns()
    done = subprocess.run([str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="backslashreplace")
    wall_ns = time.perf_counter_ns() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise MeasurementError(f"{' '.join(map(str, argv))}: exit {done.returncode}: {done.stderr[:400].strip()}")
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return Timing(wall_ns, int(cpu * 1e9), done.stdout, done.stderr)


@dataclass
class Variant:
    """One way to run a program: `argv` is completed with the number of rounds."""
    label: str
    argv: list
    self_timed: bool = False  # the program prints "guest-ns N" to standard error
    start_ns: int = 0  # what an empty run takes; subtracted
    samples: list = field(default_factory=list)

    def sample(self, rounds, clock):
        timing = run_timed([*self.argv, str(rounds)])
        if self.self_timed:
            spent = int(timing.err.split("guest-ns ")[1].split()[0])
        else:
            spent = timing.cpu_ns if clock == "cpu" else timing.wall_ns
        return max(spent - self.start_ns, 1), timing.out

    def calibrate(self, clock):
        """Measures the start: the least of five runs without work."""
        self.start_ns = 0
        if not self.self_timed:
            self.start_ns = min(self.sample(0, clock)[0] for _ in range(5))


def interleave(variants, work, rounds, clock):
    """Fills `samples` of each variant, `rounds` entries after the dropped first one; checks equal output."""
    for variant in variants:
        variant.calibrate(clock)
        variant.samples = []
    for number in range(rounds + 1):
        expected = None
        for variant in variants:
            spent, out = variant.sample(work, clock)
            if expected is None:
                expected = out
            if out != expected:
                raise MeasurementError(f"{variant.label} printed {out!r}, {variants[0].label} {expected!r}")
            if number > 0:
                variant.samples.append(spent)


def ratios(samples, base_samples):
    """(minimum, median) of the per-round ratios."""
    each = [value / base for value, base in zip(samples, base_samples)]
    return min(each), statistics.median(each)


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def spawn_rounds(spawn, rounds, commands):
    """Runs benchmarks/spawn.c; per command a list of dicts, the first round dropped."""
    argv = [str(spawn), str(rounds + 1)]
    for command in commands:
        argv += ["--", *map(str, command)]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    keys = ("status", "wall_ns", "user_us", "sys_us", "minor_faults", "major_faults", "max_rss_kib")
    samples = [[] for _ in commands]
    for line in lines:
        which, number, *values = map(int, line.split())
        sample = dict(zip(keys, values))
        if sample["status"] != 0:
            raise MeasurementError(f"{' '.join(map(str, commands[which]))}: wait status {sample['status']:#x}")
        if number > 0:
            samples[which].append(sample)
    return samples


def anchors(native_coremark, spawn, empty, seconds=ANCHOR_SECONDS, spawns=ANCHOR_SPAWNS):
    """Median time of the native CoreMark-like program over two seconds, median of 200 spawns of an empty process."""
    times = []
    end = time.monotonic() + seconds
    while not times or time.monotonic() < end:
        times.append(run_timed([native_coremark, 400]).wall_ns)
    walls = [sample["wall_ns"] for sample in spawn_rounds(spawn, spawns, [[empty]])[0]]
    return {"coremark_ns": int(statistics.median(times)), "spawn_ns": int(statistics.median(walls))}


def anchor_drift(anchor, reference):
    """The largest relative distance of an anchor from its reference."""
    return max(abs(anchor[key] / reference[key] - 1) for key in reference)


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def first_line(argv):
    """The first line a command prints, or None where it is absent."""
    if not shutil.which(argv[0]) and not pathlib.Path(argv[0]).exists():
        return None
    done = subprocess.run(argv, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0] if (done.stdout or done.stderr).strip() else None


def recorded_anchors():
    """Anchors kept for this CPU, or None."""
    path = RECORDS / "anchors.json"
    return json.loads(path.read_text()).get(cpu_model()) if path.exists() else None


def machine():
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
    }


def write_record(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    try:
        shown = path.resolve().relative_to(pathlib.Path.cwd())
    except ValueError:
        shown = path
    print(f"recorded in {shown}")
