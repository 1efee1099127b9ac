#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The official core test suite in each engine, against spec-tests/expectations.

Every top-level script but simd_*.wast runs interpreted (`wasmrun wast`) and compiled (`wasmc wast --aot=LEVEL`).
One test is one script in one engine: it holds when the numbers of passed and later commands are exactly those
recorded and the failing commands exactly those listed with a reason, so an unexpected pass is a failure too.
The suite is looked for at $PETREL_TESTSUITE, else at ../shared/spec/testsuite beside the repository.
"""
import concurrent.futures
import json
import os
import pathlib
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from petrel_test import Suite, run  # noqa: E402

EXPECTATIONS = pathlib.Path(__file__).resolve().parent / "expectations"
HEADER = """\
# What each script of the official suite comes to; written by `spec-tests/run.py BUILD --bless`, reviewed as a diff.
#
#   FILE passed N [later FEATURE N]...      later: commands whose modules need a feature this build refuses by name
#   fail FILE:LINE ENGINE REASON            a command that is known to fail in an engine (interp, O0, O2, O3, all)
"""
TIMEOUT_S = 900  # const.wast compiles 400 modules


@dataclass
class Expected:
    passed: int = 0
    later: dict = field(default_factory=dict)


def suite_folder():
    given = os.environ.get("PETREL_TESTSUITE")
    return pathlib.Path(given) if given else ROOT.parent / "shared" / "spec" / "testsuite"


def read_expectations():
    files, failing = {}, {}
    if not EXPECTATIONS.exists():
        return files, failing
    for line in EXPECTATIONS.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "fail":
            failing[(words[1], words[2])] = " ".join(words[3:])
            continue
        expected = Expected(int(words[2]))
        for at in range(3, len(words), 3):
            expected.later[words[at + 1]] = int(words[at + 2])
        files[words[0]] = expected
    return files, failing


def write_expectations(files, failing):
    lines = [HEADER]
    for name, expected in sorted(files.items()):
        later = "".join(f" later {feature} {count}" for feature, count in sorted(expected.later.items()))
        lines.append(f"{name} passed {expected.passed}{later}\n")
    for (place, engine), reason in sorted(failing.items()):
        lines.append(f"fail {place} {engine} {reason}\n")
    EXPECTATIONS.write_text("".join(lines))


def command_for(suite, engine, script):
    if engine == "interp":
        return [suite.wasmrun, "wast", "--json", script]
    return [suite.wasmc, "wast", f"--aot={engine}", "--json", script]


def run_script(suite, engine, script):
    """The report of one script, or the reason why there is none."""
    result = run(command_for(suite, engine, script), timeout=TIMEOUT_S)
    if result.code not in (0, 1):
        return None, str(result)
    try:
        return json.loads(result.out)[0], ""
    except (ValueError, IndexError):
        return None, f"no report\n{result}"


def compare(name, engine, report, expected, failing):
    """What differs from the expectations, as lines."""
    differences = []
    if report["passed"] != expected.passed:
        differences.append(f"{report['passed']} commands passed, expected {expected.passed}")
    if report["later"] != expected.later:
        differences.append(f"later {report['later']}, expected {expected.later}")
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
        parser.add_argument("--engines", default="interp,O0,O2", help="of interp, O0, O2, O3 (default: interp,O0,O2)")
        parser.add_argument("--list-full", action="store_true", help="name the scripts that pass in full")

    suite = Suite(__doc__, arguments)
    folder = suite_folder()
    scripts = [path for path in sorted(folder.glob("*.wast"))
               if not path.name.startswith("simd_") and suite.wants(path.name)]
    if not scripts:
        suite.skip("official suite", "no scripts found; set PETREL_TESTSUITE to a clone of WebAssembly/testsuite")
        suite.finish()
    engines = [engine for engine in suite.args.engines.split(",") if engine == "interp" or suite.has_aot()]
    files, failing = read_expectations()
    if suite.args.bless:
        bless(suite, scripts, files, failing)
    full = {script.name for script in scripts}
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
            if name not in files:
                suite.check(f"{name} {engine}", False, "not in spec-tests/expectations (run with --bless)")
                continue
            differences = compare(name, engine, report, files[name], failing)
            suite.check(f"{name} {engine}", not differences, "\n".join(differences[:20]))
    print(f"{len(full)} of {len(scripts)} scripts pass in full in {', '.join(engines)}")
    if suite.args.list_full:
        print(" ".join(sorted(full)))
    suite.finish()


def bless(suite, scripts, files, failing):
    """Rewrites counts from the interpreter. Failures are listed by hand, with their reason: never blessed."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for script, (report, problem) in zip(scripts, pool.map(lambda s: run_script(suite, "interp", s), scripts)):
            if report is None:
                print(f"{script.name}: not blessed: {problem}")
                continue
            files[script.name] = Expected(report["passed"], report["later"])
    write_expectations(files, failing)


if __name__ == "__main__":
    main()
