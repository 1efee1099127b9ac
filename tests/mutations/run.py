#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damaged input: mutations of the example files, and one component cut at every byte.

Each goes through `wasmc validate`, `wasmrun --interp --timeout 2s --max-memory 64MiB`, and, as a compiled image, the
loader (`wasmrun inspect`: mapped and checked, not run; then `--interp` for the wasm inside). Each must end in: accepted (the guest's own result or a trap), or
one `error[class]` line that names the file, is at most 300 bytes long and has an offset where its class asks for one.
Never a signal, a sanitizer report, an internal error, or more than 60 s. Where wasm-tools is installed, `validate` must
agree with it. A failing input is kept in BUILD/mutations-failed/.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(HERE))
from mutate import mutated
from petrel_test import Suite, run

CLASSES = {"malformed", "invalid", "unsupported", "limit", "link", "artifact", "io", "exit", "trap", "timeout", "fuel"}
NEED_OFFSET = {"malformed", "invalid", "limit"}
EXIT_OF_CLASS = {"trap": 134, "timeout": 134, "fuel": 134}
LONGEST_LINE = 300
SLOWEST_SECONDS = 60
RUN_OPTIONS = ["--timeout", "2s", "--max-memory", "64MiB"]
# Signs of our own bug on standard error, whatever the exit code is.
BUG = re.compile(r"internal error|AddressSanitizer|runtime error:|UndefinedBehaviorSanitizer|LeakSanitizer|Assertion")


def arguments(parser):
    parser.add_argument("--count", type=int, default=200, help="mutations of each kind of input (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other mutations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="programs run at a time")
    parser.add_argument("--number", type=int, help="only this mutation")


def judge(result, file, offset_needed=True):
    """(class or None when accepted, complaint or None) of one run."""
    if result.code is None:
        return None, f"took more than {SLOWEST_SECONDS} s"
    text = result.err.decode("utf-8", "backslashreplace")
    if result.code < 0 or BUG.search(text):
        return None, f"ended by our own bug: {result}"
    line = next((each for each in text.splitlines() if each.startswith("error[")), None)
    if line is None:
        return None, None if result.code != 134 else f"exit 134 without error[trap]: {result}"
    match = re.match(r"error\[([a-z]+)\]: (.*)", line)
    kind = match.group(1) if match else None
    complaint = None
    if kind not in CLASSES:
        complaint = "unknown class"
    elif len(line.encode()) > LONGEST_LINE:
        complaint = f"first line has {len(line.encode())} bytes"
    elif not match.group(2).startswith(str(file)) and file.name not in match.group(2):
        complaint = "first line does not name the file"
    elif result.code != EXIT_OF_CLASS.get(kind, 1):
        complaint = f"exit {result.code} for class {kind}"
    elif offset_needed and kind in NEED_OFFSET and not re.search(r"offset 0x[0-9a-f]+", line):
        complaint = "no offset"
    return kind, f"{complaint}: {line}" if complaint else None


class Mutations:
    def __init__(self, suite):
        self.suite = suite
        self.validator = [suite.wasmc if suite.has_aot() else suite.wasmrun, "validate"]
        self.wasm_tools = shutil.which("wasm-tools")
        self.modules = sorted((ROOT / "examples").glob("*/*.wasm"))
        self.images = []
        self.tally = {}

    def compile_images(self):
        if not self.suite.has_aot():
            return
        for wasm in self.modules:
            image = self.suite.tmp / (wasm.stem + ".cwasm")
            done = run([self.suite.wasmc, "aot", wasm, "-o", image], timeout=600)
            if self.suite.check(f"{wasm.name}: wasmc aot", done.code == 0, done):
                self.images.append(image)

    def check_validate(self, file):
        """Complaints about the verdict on a file."""
        result = run([*self.validator, file], timeout=SLOWEST_SECONDS)
        kind, complaint = judge(result, file)
        if complaint:
            return [f"validate: {complaint}"]
        self.count(f"validate: {kind or 'accepted'}")
        if (result.code == 0) != (kind is None):
            return [f"validate: exit {result.code} with {kind}"]
        if not self.wasm_tools or kind in ("unsupported", "limit"):
            return []
        theirs = run([self.wasm_tools, "validate", file], timeout=SLOWEST_SECONDS, env={"RUST_BACKTRACE": "0"})
        if (theirs.code == 0) != (kind is None):
            return [f"validate: we say {kind or 'accepted'}, wasm-tools says exit {theirs.code}\n{result}\n{theirs}"]
        return []

    def check_run(self, file):
        result = run([self.suite.wasmrun, "--interp", *RUN_OPTIONS, file], timeout=SLOWEST_SECONDS)
        kind, complaint = judge(result, file)
        self.count(f"run: {kind or 'accepted'}")
        return [f"run: {complaint}"] if complaint else []

    def check_image(self, file):
        """The loader maps and checks; then the wasm inside is interpreted."""
        complaints = []
        for title, command in (("image", ["inspect"]), ("image, interpreted", ["--interp", *RUN_OPTIONS])):
            result = run([self.suite.wasmrun, *command, file], timeout=SLOWEST_SECONDS)
            kind, complaint = judge(result, file, offset_needed=False)
            self.count(f"{title}: {kind or 'accepted'}")
            complaints += [f"{title}: {complaint}"] if complaint else []
        return complaints

    def count(self, what):
        self.tally[what] = self.tally.get(what, 0) + 1

    def one(self, name, file, data, checks):
        """Writes one input, runs the checks, keeps it if one complains. Returns (name, complaints)."""
        file.write_bytes(data)
        complaints = [each for check in checks for each in check(file)]
        if complaints:
            kept = self.suite.build / "mutations-failed"
            kept.mkdir(exist_ok=True)
            shutil.copy(file, kept / f"{name}{file.suffix}")
        file.unlink()
        return name, complaints

    def inputs(self):
        """(name, file, bytes, checks) of every input."""
        args, tmp = self.suite.args, self.suite.tmp
        numbers = range(args.count) if args.number is None else [args.number]
        contents = {path: path.read_bytes() for path in [*self.modules, *self.images]}
        for number in numbers:
            source = self.modules[number % len(self.modules)]
            kinds, data = mutated(contents[source], args.seed, number)
            name = f"{source.stem}-{args.seed}-{number}-{kinds}"
            yield name, tmp / f"m{number}.wasm", data, [self.check_validate, self.check_run]
            if self.images:
                source = self.images[number % len(self.images)]
                kinds, data = mutated(contents[source], args.seed, number)
                name = f"{source.stem}-image-{args.seed}-{number}-{kinds}"
                yield name, tmp / f"i{number}.cwasm", data, [self.check_image]
        if args.number is None:
            source = ROOT / "examples/exit/exit.wasm"
            data = source.read_bytes()
            for length in range(len(data)):
                yield f"exit-cut-{length}", tmp / f"t{length}.wasm", data[:length], [self.check_validate]

    def run_all(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=self.suite.args.jobs) as pool:
            pending = [pool.submit(self.one, *each) for each in self.inputs() if self.suite.wants(each[0])]
            for each in pending:
                name, complaints = each.result()
                self.suite.check(name, not complaints, "\n".join(complaints))
        print(", ".join(f"{what} {count}" for what, count in sorted(self.tally.items())))


def main():
    suite = Suite(__doc__, arguments)
    mutations = Mutations(suite)
    if not mutations.wasm_tools:
        suite.skip("verdicts equal wasm-tools", "wasm-tools is not installed")
    mutations.compile_images()
    mutations.run_all()
    suite.finish()


if __name__ == "__main__":
    main()
