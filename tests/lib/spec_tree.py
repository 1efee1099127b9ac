# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A copy of what runs the official suite, somewhere else: its expectations and features can be changed there."""
import shutil
import sys

from petrel_test import ROOT, run


class Tree:
    def __init__(self, suite, name):
        self.root = suite.tmp / name / "petrel"
        shutil.copytree(ROOT / "spec-tests", self.root / "spec-tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "tests" / "lib", self.root / "tests" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        self.expect("")
        self.cargo = suite.tmp / name / "cargo"
        self.env = {"CARGO_HOME": str(self.cargo), "PETREL_TESTSUITE": "", "PETREL_TESTSUITE_UPSTREAM": "",
                    "PETREL_TESTSUITE_COMMIT": ""}

    def expect(self, lines):
        (self.root / "spec-tests" / "expectations").write_text(lines)

    def expected(self):
        lines = (self.root / "spec-tests" / "expectations").read_text().splitlines()
        return [line for line in lines if not line.startswith("#")]

    def sources(self, *arguments, **env):
        return run([sys.executable, "-B", self.root / "spec-tests" / "sources.py", *arguments], env={**self.env, **env})

    def spec(self, suite, *arguments, **env):
        return run([sys.executable, "-B", self.root / "spec-tests" / "run.py", suite.build, "--engines", "interp", *arguments],
                   env={**self.env, **env})
