# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the test programs tests/*/run.py share: arguments, running a command, counting.

The contract with ./x test is in tests/README.md: argument 1 is the build folder, the last line of
standard output is `N passed, M failed[, K skipped]`, the exit code is 0 only if nothing failed.
Python standard library only.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Result:
    """How a command ended. `code` is the exit code, or minus the signal; None after a timeout."""
    code: "int | None"
    out: bytes
    err: bytes

    @property
    def ended_by(self):
        if self.code is None:
            return "timeout"
        return f"exit {self.code}" if self.code >= 0 else signal.Signals(-self.code).name

    def __str__(self):
        text = lambda data: data.decode("utf-8", "backslashreplace")[:4000]
        return f"{self.ended_by}\n--- stdout\n{text(self.out)}\n--- stderr\n{text(self.err)}"


def run(command, stdin=b"", timeout=120, env=None, cwd=None):
    """Runs a command to its end. `env` adds to the environment. Never raises for what the command does."""
    full_env = dict(os.environ, **(env or {}))
    try:
        done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True,
                              timeout=timeout, env=full_env, cwd=cwd)
        return Result(done.returncode, done.stdout, done.stderr)
    except subprocess.TimeoutExpired as expired:
        return Result(None, expired.stdout or b"", expired.stderr or b"")
    except OSError as problem:
        return Result(127, b"", str(problem).encode())


class Suite:
    """Arguments and the count of one test program."""

    def __init__(self, description, arguments=None):
        parser = argparse.ArgumentParser(description=description,
                                         formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("build", type=pathlib.Path, help="build folder, with wasmrun and wasmc")
        parser.add_argument("-k", dest="only", default="", metavar="TEXT",
                            help="only tests whose name contains TEXT")
        parser.add_argument("-v", "--verbose", action="store_true", help="name passed tests too")
        parser.add_argument("--bless", action="store_true",
                            help="rewrite expected results from what is printed now (golden tests)")
        if arguments:
            arguments(parser)
        self.args = parser.parse_args()
        self.build = self.args.build.resolve()
        self.wasmrun = self.build / "wasmrun"
        self.wasmc = self.build / "wasmc"
        self.passed = self.failed = self.skipped = 0
        self._scratch = tempfile.TemporaryDirectory(prefix="petrel-test-")
        self.tmp = pathlib.Path(self._scratch.name).resolve()

    def wants(self, name):
        """False if -k leaves this test out."""
        return self.args.only in name

    def has_aot(self):
        """False in builds without the compiler (./x build --gcc)."""
        return self.wasmc.exists()

    def check(self, name, ok, detail=""):
        """Counts one test; prints `detail` if it failed."""
        if ok:
            self.passed += 1
            if self.args.verbose:
                print(f"ok   {name}")
        else:
            self.failed += 1
            print(f"FAIL {name}")
            for line in str(detail).splitlines():
                print(f"     {line}")
        sys.stdout.flush()
        return bool(ok)

    def equal(self, name, got, want):
        """Counts one test that compares a value with what is expected."""
        return self.check(name, got == want, f"expected {want!r}\nfound    {got!r}")

    def skip(self, name, reason):
        """Counts a test that cannot run here; the reason is printed, so nothing disappears silently."""
        self.skipped += 1
        print(f"skip {name}: {reason}")

    def finish(self):
        """Prints the count and leaves with the exit code that belongs to it."""
        if self.passed + self.failed + self.skipped == 0 and not self.args.only:
            self.check("the suite has tests", False, "no test ran")
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}")
        sys.exit(1 if self.failed else 0)
