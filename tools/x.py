# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The developer command behind ./x: build, test, measure, check. One function per subcommand."""
import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
COUNT_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
DOCTEST_LINE = re.compile(r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped")
SUITE_TIMEOUT_S = 1200

# Build variants: folder, compiler (C, C++), meson options.
CLANG, GCC = ("clang-22", "clang++-22"), ("gcc", "g++")
VARIANTS = {
    "release": ("build", CLANG, ["-Dwerror=true"]),
    "debug": ("build-debug", CLANG, ["-Dwerror=true", "-Doptimization=0", "-Ddebug=true"]),
    "asan": ("build-asan", CLANG, ["-Dwerror=true", "-Doptimization=1", "-Ddebug=true",
                                   "-Db_sanitize=address,undefined", "-Db_lundef=false"]),
    "tsan": ("build-tsan", CLANG, ["-Dwerror=true", "-Doptimization=1", "-Ddebug=true", "-Daot=false",
                                   "-Db_sanitize=thread", "-Db_lundef=false"]),
    "fuzzers": ("build-fuzz", CLANG, ["-Dfuzzers=true", "-Daot=false", "-Doptimization=1", "-Ddebug=true",
                                      "-Db_sanitize=address,undefined", "-Db_lundef=false"]),
    "loop": ("build-loop", CLANG, ["-Dwerror=true", "-Dinterp_loop=true", "-Daot=false"]),
    "gcc": ("build-gcc", GCC, ["-Daot=false"]),
}


class Tally:
    """Passed, failed and skipped tests; what failed by name."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.failures = []

    def add(self, name, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += [name] if other.failed else []

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def fail(message):
    sys.exit(f"x: error: {message}")


def jobs():
    return str(os.environ.get("PETREL_JOBS") or len(os.sched_getaffinity(0)))


def run(command, **options):
    """Runs a command whose failure ends ./x with its exit code; its own output says why."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, **options)
    if done.returncode != 0:
        sys.exit(done.returncode if done.returncode > 0 else 1)


# --- building --------------------------------------------------------------------------------------

def build_variant(args):
    return next((name for name in VARIANTS if getattr(args, name, False)), "release")


def ensure_built(variant, targets=()):
    """Configures the variant's folder when it is new, builds, and returns the folder."""
    folder, (cc, cxx), options = VARIANTS[variant]
    build = ROOT / folder
    if not (build / "build.ninja").exists():
        launcher = "ccache " if shutil.which("ccache") else ""
        env = dict(os.environ, CC=launcher + cc, CXX=launcher + cxx)
        run(["meson", "setup", build, *options], env=env, stdout=subprocess.DEVNULL
            if os.environ.get("CI") else None)
    run(["ninja", "-C", build, "-j", jobs(), *targets])
    return build


def cmd_build(args):
    started = time.monotonic()
    build = ensure_built(build_variant(args), args.targets)
    programs = [f"{build.name}/{name}" for name in ("wasmrun", "wasmc") if (build / name).exists()]
    print(f"built {' and '.join(programs)} in {time.monotonic() - started:.0f} s")
    return 0


def cmd_install(args):
    build = ROOT / "build"
    if not (build / "wasmrun").exists():
        fail("nothing to install: run ./x build first (as yourself; only the installation may need root)")
    target = pathlib.Path(args.prefix) / "bin"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("wasmrun", "wasmc"):
        if not (build / name).exists():
            continue
        temporary = target / f".{name}.new"
        shutil.copy2(build / name, temporary)
        subprocess.run(["strip", temporary], check=True)
        temporary.rename(target / name)
        print(f"installed {target / name}")
    return 0


# --- testing ---------------------------------------------------------------------------------------

def unit_programs(build):
    listed = subprocess.run(["meson", "introspect", "--tests", str(build)], check=True,
                            capture_output=True, text=True).stdout
    return [(test["name"], test["cmd"]) for test in json.loads(listed)]


def run_unit_program(name, command, build):
    """One doctest program; a crash counts as one failure on top of what it counted. Other tests that
    meson knows are scripts: exit code 0 is passed, 77 skipped."""
    try:
        done = subprocess.run(command, cwd=build, capture_output=True, text=True, errors="replace",
                              timeout=SUITE_TIMEOUT_S)
        output, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        output, code = f"no end after {SUITE_TIMEOUT_S} s\n", 1
    if match := DOCTEST_LINE.search(output):
        tally = Tally(*map(int, match.groups()))
    elif command[0].endswith("_test"):
        tally = Tally(failed=1)
    else:
        tally = Tally(passed=int(code == 0), skipped=int(code == 77), failed=int(code not in (0, 77)))
        code = 0
    if code != 0 and tally.failed == 0:
        tally.failed = 1
    if tally.failed:
        print(output, end="" if output.endswith("\n") else "\n")
    if code < 0:
        print(f"unit {name}: ended by signal {-code}")
    print(f"unit {name}: {tally}", flush=True)
    return tally


def run_suite(script, build, arguments=(), timeout_s=SUITE_TIMEOUT_S):
    """One test program that prints its count as last line (tests/README.md)."""
    name = script.parent.name
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-B", str(script), str(build), *arguments], cwd=ROOT,
                               stdout=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        print(f"suite {name}: no end after {timeout_s} s")
    lines = output.rstrip("\n").splitlines()
    match = COUNT_LINE.match(lines[-1]) if lines else None
    tally = Tally(*(int(group or 0) for group in match.groups())) if match else Tally()
    if (process.returncode != 0 or not match) and tally.failed == 0:
        tally.failed = 1
        lines.append(f"suite {name}: ended with status {process.returncode}"
                     + ("" if match else ", without a count as last line"))
    for line in lines[:-1] if match else lines:
        print(line)
    print(f"suite {name}: {tally} ({time.monotonic() - started:.0f} s)", flush=True)
    return tally


def suite_scripts():
    return sorted(ROOT.glob("tests/*/run.py"))


def run_tests(build, names=(), arguments=()):
    total = Tally()
    units = unit_programs(build)
    known = {name for name, _ in units} | {script.parent.name for script in suite_scripts()}
    if unknown := set(names) - known:
        fail(f"no test named {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    for name, command in units:
        if not names or name in names:
            total.add(f"unit {name}", run_unit_program(name, command, build))
    for script in suite_scripts():
        if not names or script.parent.name in names:
            total.add(f"suite {script.parent.name}", run_suite(script, build, arguments))
    return total


def report(total):
    """The last line of ./x test, ./x spec, ./x ci, and the exit code."""
    if total.failures:
        print("failed: " + ", ".join(total.failures))
    print(total)
    return 1 if total.failed or total.passed == 0 else 0


def cmd_test(args):
    arguments = (["-k", args.only] if args.only else []) + (["--bless"] if args.bless else [])
    return report(run_tests(ensure_built(build_variant(args)), args.names, arguments))


def run_spec(build, arguments=()):
    """The official suite; it runs long, so its cap is longer too."""
    return run_suite(ROOT / "spec-tests/run.py", build, arguments, timeout_s=3600)


def cmd_spec(args):
    need("spec-tests/run.py", "runs the official test suite, interpreted and compiled", 3)
    total = Tally()
    total.add("spec", run_spec(ensure_built(build_variant(args)), args.arguments))
    return report(total)


def cmd_fuzz(args):
    if args.name:
        return fuzz_target(args.name, args.seconds)
    build = ensure_built("release" if args.release else "asan")
    return report(run_suite(ROOT / "tests/mutations/run.py", build, ["--count", str(args.count)], timeout_s=4 * 3600))


def fuzz_target(name, seconds):
    """One libFuzzer target, from the corpus of earlier runs (build-fuzz/corpus/NAME) and the seeds of the tree."""
    names = sorted(source.stem for source in ROOT.glob("tests/fuzz/*_core.cpp"))
    if name not in names:
        fail(f"no fuzz target named {name}; there are: {', '.join(names)}")
    build = ensure_built("fuzzers", [f"tests/fuzz/fuzz_{name}"])
    corpus = build / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    pattern = "tests/fuzz/seeds/*.wat" if name.startswith("text") else "examples/*/*.wasm"
    for seed in ROOT.glob(pattern):
        shutil.copy(seed, corpus)
    run([build / f"tests/fuzz/fuzz_{name}", corpus, f"-max_total_time={seconds}", "-max_len=65536",
         f"-artifact_prefix={build}/fuzz-{name}-", "-print_final_stats=1"])
    return 0


def cmd_diff(args):
    count = str(args.count)
    return report(run_suite(ROOT / "tests/diff/run.py", ensure_built("release"),
                            ["--count", count, "--binaryen", count, "--seed", str(args.seed)], timeout_s=4 * 3600))


def cmd_ci(args):
    build = ensure_built("release")
    total = Tally()
    total.add("lint", run_suite(ROOT / "tools" / "lint.py", build))
    total.add("test", run_tests(build))
    if (ROOT / "spec-tests/run.py").exists():
        total.add("spec", run_spec(build))
    if has_tsan():
        build = ensure_built("tsan", ["embed_test"])
        total.add("threads", run_unit_program("threads under the thread sanitizer", [str(build / "embed_test")], build))
    return report(total)


def has_tsan():
    """Is the thread sanitizer's library of the compiler installed?"""
    found = subprocess.run([CLANG[0], "-print-runtime-dir"], capture_output=True, text=True).stdout
    return any(pathlib.Path(found.strip()).glob("libclang_rt.tsan*.a"))


# --- the rest --------------------------------------------------------------------------------------

def need(path, what, issue):
    """Ends with a plain word if the part of the project that a subcommand runs is not there."""
    if not (ROOT / path).exists():
        fail(f"{path} is not in this tree yet. This command {what}; issue {issue} brings it.")


def later(what, issue):
    """A subcommand that has a name but no content yet."""
    def command(_args):
        fail(f"not there yet. This command {what}; issue {issue} brings it.")
    return command


def cmd_bench(args):
    need("benchmarks/run.py", "measures cold start, compiled code and interpreter against native code", 3)
    run([sys.executable, "-B", ROOT / "benchmarks/run.py", ensure_built("release"), *args.arguments])
    return 0


def cmd_demo(_args):
    """The main job in four commands, each shown before it runs."""
    need("examples/hello/hello.wasm", "compiles and runs an example component in both engines", 3)
    build = ensure_built("release")
    component, image = "examples/hello/hello.wasm", f"{build.name}/hello.cwasm"
    guest = ["--env", "GREETING=hi"], ["one", "two words"]
    outputs = []
    for title, command in [
        ("compile the component to native code", [f"{build.name}/wasmc", "aot", component, "-o", image]),
        ("run the native code", [f"{build.name}/wasmrun", *guest[0], image, *guest[1]]),
        ("run the same component in the interpreter", [f"{build.name}/wasmrun", "--interp", *guest[0], component, *guest[1]]),
    ]:
        print(f"\n# {title}\n$ {shlex.join(command)}", flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE)
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
        if done.returncode != 0:
            fail(f"the command above ended with {done.returncode}")
        outputs.append(done.stdout)
    native, interpreted = outputs[1:]
    if native != interpreted or not native:
        fail("the two engines print different things")
    print(f"\nBoth engines print the same {len(native)} bytes. More programs: examples/README.md")
    return 0


def source_files():
    listed = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], cwd=ROOT, check=True, text=True,
                            capture_output=True).stdout.split()
    return [name for name in listed if (ROOT / name).exists()]


def cmd_fmt(args):
    names = [name for name in source_files() if not args.paths or any(name.startswith(p) for p in args.paths)]
    run(["clang-format-22", "-i", *names])
    print(f"formatted {len(names)} files")
    return 0


def cmd_lint(args):
    run([sys.executable, "-B", ROOT / "tools/lint.py", *args.arguments])
    return 0


def parser():
    top = argparse.ArgumentParser(prog="./x", description="Build, test and measure Petrel.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name, function, text, variants=False):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.set_defaults(function=function)
        if variants:
            group = command.add_mutually_exclusive_group()
            group.add_argument("--debug", action="store_true", help="not optimised, with debug information (build-debug/)")
            group.add_argument("--asan", action="store_true", help="address and undefined-behaviour sanitizers (build-asan/)")
            group.add_argument("--tsan", action="store_true", help="thread sanitizer, without wasmc (build-tsan/)")
            group.add_argument("--loop", action="store_true", help="portable loop interpreter, without wasmc (build-loop/)")
            group.add_argument("--gcc", action="store_true", help="gcc, without wasmc (build-gcc/)")
        return command

    add("setup", None, "install the packages of tools/packages.txt (as root, Debian 12); "
                       "--spec: fetch the official suite instead")
    build = add("build", cmd_build, "build wasmc and wasmrun into build/", variants=True)
    build.add_argument("targets", nargs="*", metavar="TARGET", help="ninja targets, e.g. base_test (default: all)")
    add("demo", cmd_demo, "build, then run one component interpreted and compiled and compare")
    test = add("test", cmd_test, "build and run all unit, golden and program tests", variants=True)
    test.add_argument("names", nargs="*", metavar="NAME", help="unit test programs (base) or suites (golden); default all")
    test.add_argument("-k", dest="only", default="", metavar="TEXT", help="suites: only tests whose name contains TEXT")
    test.add_argument("--bless", action="store_true", help="golden tests: rewrite what is expected")
    spec = add("spec", cmd_spec, "run the official test suite", variants=True)
    spec.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARG",
                      help="passed to spec-tests/run.py: --engines interp,O2, -k TEXT, --bless …")
    bench = add("bench", cmd_bench, "measure, as ratios: cold start, compiled code, interpreter")
    bench.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARG", help="passed to benchmarks/run.py")
    diff = add("diff", cmd_diff, "compare the interpreter with wasmtime on random modules")
    diff.add_argument("count", nargs="?", type=int, default=20000, help="modules of each generator (default 20000)")
    diff.add_argument("--seed", type=int, default=1, help="first seed")
    fuzz = add("fuzz", cmd_fuzz, "feed mutated input to every entry point, in the sanitizer build")
    fuzz.add_argument("name", nargs="?", metavar="NAME", help="a target of tests/fuzz, by libFuzzer; without it mutations")
    fuzz.add_argument("seconds", nargs="?", type=int, default=1800, help="how long a target runs (default 1800)")
    fuzz.add_argument("--count", type=int, default=10000, help="number of mutations (default 10000)")
    fuzz.add_argument("--release", action="store_true", help="use the release build")
    add("soak", later("runs instances for hours and watches memory, descriptors and threads", 7),
        "long-running load (not there yet)")
    install = add("install", cmd_install, "copy stripped wasmc and wasmrun to PREFIX/bin")
    install.add_argument("--prefix", default="/usr/local", help="default /usr/local")
    fmt = add("fmt", cmd_fmt, "format C++ sources in place with clang-format-22")
    fmt.add_argument("paths", nargs="*", metavar="PATH", help="only files below these paths")
    lint = add("lint", cmd_lint, "check the house rules: includes, lengths, headers, formatting")
    lint.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARG", help="passed to tools/lint.py")
    add("ci", cmd_ci, "what the continuous integration runs: lint, test, spec in both engines")
    add("help", lambda _args: top.print_help() or 0, "this text")
    return top


def main():
    args = parser().parse_args(sys.argv[1:] or ["help"])
    try:
        return args.function(args)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
