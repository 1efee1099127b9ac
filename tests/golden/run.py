#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden tests: a program in text form with its commands and their exact output in one file.

Each .wat or .wast file below tests/golden/ has lines that start with `;;!`:
    ;;! run: wasmrun --interp {file} a b      a command; several may follow each other
    ;;! exit: 134                             expected exit code (0 if the line is absent)
    ;;! out: text                             one line of standard output, exactly
    ;;! err: text                             one line of standard error, exactly
    ;;! err~ text                             a line of standard error contains this text (the
                                              run's error output is then not compared exactly)
{file} is this file's name (commands run in its folder), {tmp} a scratch folder. `in: text` lines before
`exit` give standard input. A command that starts with wasmc is skipped in builds without the compiler.
--bless rewrites exit, out and err lines from what is printed now; review the difference.
"""
import pathlib
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from petrel_test import Suite, run  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MARK = ";;! "


class Case:
    """One `run:` line and what is expected of it."""

    def __init__(self, command):
        self.command = command
        self.input, self.out, self.err, self.err_contains, self.exit = [], [], [], [], 0

    def lines(self):
        yield f"run: {self.command}"
        yield from (f"in: {line}".rstrip() for line in self.input)
        if self.exit:
            yield f"exit: {self.exit}"
        yield from (f"out: {line}".rstrip() for line in self.out)
        yield from (f"err: {line}".rstrip() for line in self.err)
        yield from (f"err~ {line}" for line in self.err_contains)


def parse(path):
    """The cases of a file, in order, and its other lines."""
    cases, rest, place = [], [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith(MARK.rstrip()):
            rest.append(line)
            continue
        place = len(rest) if place is None else place
        key, _, value = line[len(MARK):].partition(" ")
        if key == "run:":
            cases.append(Case(value))
        elif not cases:
            raise SystemExit(f"{path.name}:{number}: '{key}' before the first 'run:'")
        elif key == "exit:":
            cases[-1].exit = int(value)
        elif key in ("in:", "out:", "err:", "err~"):
            {"in:": cases[-1].input, "out:": cases[-1].out, "err:": cases[-1].err,
             "err~": cases[-1].err_contains}[key].append(value)
        else:
            raise SystemExit(f"{path.name}:{number}: unknown directive '{key}'")
    return cases, rest, place or 0


def execute(suite, path, case):
    """Runs a case; the result with scratch paths replaced, as lines."""
    words = [word.replace("{file}", path.name).replace("{tmp}", str(suite.tmp))
             for word in shlex.split(case.command)]
    words[0] = str(suite.build / words[0])
    stdin = "".join(line + "\n" for line in case.input).encode()
    result = run(words, stdin=stdin, cwd=path.parent, timeout=120)
    lines = lambda data: data.decode("utf-8", "backslashreplace").replace(str(suite.tmp), "{tmp}").splitlines()
    return result.code, lines(result.out), lines(result.err)


def compare(case, code, out, err):
    """What differs, as text; empty if nothing does."""
    problems = []
    if code != case.exit:
        problems.append(f"exit: expected {case.exit}, found {code}")
    if [line.rstrip() for line in out] != [line.rstrip() for line in case.out]:
        problems += ["stdout expected:", *case.out, "stdout found:", *out]
    if case.err_contains:
        problems += [f"stderr lacks '{text}'" for text in case.err_contains
                     if not any(text in line for line in err)]
        problems += ["stderr found:", *err] if problems else []
    elif [line.rstrip() for line in err] != [line.rstrip() for line in case.err]:
        problems += ["stderr expected:", *case.err, "stderr found:", *err]
    if problems and code != case.exit:
        problems += ["stderr:", *err[:20]]
    return "\n".join(problems)


def main():
    suite = Suite(__doc__)
    files = sorted([*HERE.rglob("*.wat"), *HERE.rglob("*.wast")])
    if not files:
        suite.skip("golden", "no golden files yet")
    for path in files:
        name = str(path.relative_to(HERE))
        if not suite.wants(name):
            continue
        cases, rest, place = parse(path)
        if not cases:
            suite.check(name, False, "no ';;! run:' line")
        for index, case in enumerate(cases):
            label = f"golden {name} [{index}] {case.command}"
            if not suite.has_aot() and ("wasmc" in case.command or ".cwasm" in case.command):
                suite.skip(label, "build without the compiler")
                continue
            code, out, err = execute(suite, path, case)
            if suite.args.bless:
                case.exit, case.out = code, out
                case.err = [] if case.err_contains else err
            suite.check(label, not (problem := compare(case, code, out, err)), problem)
        if suite.args.bless:
            header = [(MARK + line).rstrip() for case in cases for line in case.lines()]
            path.write_text("\n".join([*rest[:place], *header, *rest[place:]]) + "\n")
    suite.finish()


main()
