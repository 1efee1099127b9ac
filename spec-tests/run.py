#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The official core test suite in each engine, against spec-tests/expectations.

Every script of the folders in spec-tests/features runs interpreted (`wasmrun wast`) and compiled (`wasmc wast --aot=LEVEL`).
One test is one script in one engine: every command passes but those that spec-tests/expectations lists, as later by
feature and number or as failing with a reason; an unexpected pass is a failure too.
spec-tests/sources.py says where the suite is looked for. The crate's scripts are other versions: of them, any number of
commands may be later.
"""
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import sources  # noqa: E402  (beside this file)
from petrel_test import Suite, run  # noqa: E402

EXPECTATIONS = pathlib.Path(__file__).resolve().parent / "expectations"
FEATURES = pathlib.Path(__file__).resolve().parent / "features"
HEADER = """\
# What does not pass of the official suite. Scripts not named here pass in full. Lines with `later` are written by
# `spec-tests/run.py BUILD --bless` and reviewed as a diff; those with `fail` by hand, with their reason.
#
#   FILE interp|aot later FEATURE N...     N commands whose modules need a feature that the engine refuses by name
#   fail FILE:LINE ENGINE REASON           a command that is known to fail in an engine (interp, O0, O2, O3, all)
"""
TIMEOUT_S = 900  # const.wast compiles 400 modules


# Engine -> the program and its options; others are levels of the compiler.
INTERPRETERS = {"interp": [], "lazy": ["-O", "lazy-validation"]}


def engine_kind(engine):
    return "interp" if engine in INTERPRETERS else "aot"


def read_expectations():
    """({(file, engine kind): {feature: count}}, {(place, engine): reason})"""
    later, failing = {}, {}
    if not EXPECTATIONS.exists():
        return later, failing
    for line in EXPECTATIONS.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "fail":
            failing[(words[1], words[2])] = " ".join(words[3:])
            continue
        later[(words[0], words[1])] = {words[at]: int(words[at + 1]) for at in range(3, len(words), 3)}
    return later, failing


def write_expectations(later, failing):
    lines = [HEADER]
    for (name, kind), counts in sorted(later.items()):
        if counts:
            lines.append(f"{name} {kind}" + "".join(f" later {f} {n}" for f, n in sorted(counts.items())) + "\n")
    for (place, engine), reason in sorted(failing.items()):
        lines.append(f"fail {place} {engine} {reason}\n")
    EXPECTATIONS.write_text("".join(lines))


@dataclasses.dataclass
class Script:
    name: str  # as the expectations have it: relative to the suite
    path: pathlib.Path
    features: list  # options of -W


def folders(layout):
    lines = [line.split() for line in FEATURES.read_text().splitlines()]
    return {words[1] for words in lines if words and words[0] == layout}


def folder_of(name):
    return pathlib.PurePosixPath(name).parent.as_posix()


def find_scripts(suite, source):
    """The scripts of the source's layout; none without a source."""
    scripts = []
    for line in FEATURES.read_text().splitlines():
        words = line.split()
        if not words or source is None or words[0] != source.layout:
            continue
        for path in sorted((source.folder / words[1]).glob("*.wast")):
            name = path.relative_to(source.folder).as_posix()
            if suite.wants(name):
                scripts.append(Script(name, path, words[2:]))
    return scripts


def command_for(suite, engine, script):
    if engine in INTERPRETERS:
        program = [suite.wasmrun, "wast", *INTERPRETERS[engine]]
    else:
        program = [suite.wasmc, "wast", f"--aot={engine}"]
    return [*program, *[word for feature in script.features for word in ("-W", feature)], "--json", script.path]


def run_script(suite, engine, script):
    """The report of one script, or the reason why there is none."""
    result = run(command_for(suite, engine, script), timeout=TIMEOUT_S)
    if result.code not in (0, 1):
        return None, str(result)
    try:
        return json.loads(result.out)[0], ""
    except (ValueError, IndexError):
        return None, f"no report\n{result}"


def compare(name, engine, report, later, failing):
    """What differs from the expectations, as lines. `later` None: any number."""
    differences = []
    if later is None:
        later = report["later"]
    if report["later"] != later:
        differences.append(f"later {report['later']}, expected {later}")
    if report["passed"] == 0 and not later and not report["failures"]:
        differences.append("no command passed")
    known = {place for (place, where) in failing if where in (engine, "all") and place.rpartition(":")[0] == name}
    for failure in report["failures"]:
        place = f"{name}:{failure['line']}"
        if place in known:
            known.discard(place)
        else:
            differences.append(f"{place}: {failure['text']}")
    differences += [f"{place}: passed though listed as failing" for place in sorted(known)]
    return differences


def main():
    def arguments(parser):
        parser.add_argument("--engines", default="interp,lazy,O0,O2", help="of interp, lazy, O0, O2, O3 (default: interp,lazy,O0,O2)")
        parser.add_argument("--list-full", action="store_true", help="name the scripts that pass in full")

    suite = Suite(__doc__, arguments)
    source = sources.find()
    scripts = find_scripts(suite, source)
    if not scripts:
        where = f"no scripts in {source.name}" if source else "not found"
        suite.skip("official suite", f"{where}; `./x setup --spec` fetches it, or PETREL_TESTSUITE names a clone of it")
        suite.finish()
    engines = [engine for engine in suite.args.engines.split(",") if engine in INTERPRETERS or suite.has_aot()]
    later, failing = read_expectations()
    if suite.args.bless and source.layout == "clone":
        bless(suite, engines, scripts, later, failing)
    full = {script.name for script in scripts}
    if source.layout == "clone" and not suite.args.only:
        named = {name for name, _ in later} | {place.rpartition(":")[0] for place, _ in failing}
        gone = sorted(name for name in named - full if folder_of(name) not in folders("crate"))
        suite.equal("spec-tests/expectations: names of scripts that do not run", gone, [])
    messages = 0
    jobs = [(engine, script) for engine in engines for script in scripts]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = pool.map(lambda job: run_script(suite, *job), jobs)
        for (engine, script), (report, problem) in zip(jobs, reports):
            name = script.name
            if report is None:
                full.discard(name)
                suite.check(f"{name} {engine}", False, problem)
                continue
            if report["failures"] or report["later"]:
                full.discard(name)
            expected = later.get((name, engine_kind(engine)), {}) if source.layout == "clone" else None
            differences = compare(name, engine, report, expected, failing)
            messages += report["messages"]
            suite.check(f"{name} {engine}", not differences, "\n".join(differences[:20]))
    print(f"{len(full)} of {len(scripts)} scripts pass in full in {', '.join(engines)}; source: {source.name}")
    print(f"{messages} messages agree with the suite's, the others are failures")
    if suite.args.list_full:
        print(" ".join(sorted(full)))
    suite.finish()


def bless(suite, engines, scripts, later, failing):
    """Rewrites the later commands, of compiled engines from O0. Failures are never blessed."""
    for engine in [engine for engine in ("interp", "O0") if engine in engines]:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for script, (report, problem) in zip(scripts, pool.map(lambda s: run_script(suite, engine, s), scripts)):
                if report is None:
                    print(f"{script.name}: not blessed: {problem}")
                    continue
                later[(script.name, engine_kind(engine))] = report["later"]
    write_expectations(later, failing)


if __name__ == "__main__":
    main()
