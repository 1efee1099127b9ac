#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The interface tables wasi/*.def against the WIT they were written from, and WASI programs.

The WIT is no part of the project: it is read from PETREL_WIT or ../shared/wit (folder wasi-0.2.12) where present,
else that part is skipped. Compared are interfaces, resources, functions and their type keys.
"""
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
sys.path.insert(0, str(HERE))
from petrel_test import ROOT, Suite  # noqa: E402
from wit_keys import read_packages  # noqa: E402

TABLES = ("cli", "clocks", "filesystem", "http", "io", "random", "sockets")
# Exports of programs: the host does not provide them.
EXPORTS = {"wasi:cli/run", "wasi:http/incoming-handler"}


def literal(text, macros):
    """Value of adjacent string literals and macros."""
    parts = re.findall(r'"([^"]*)"|(\w+)', text)
    return "".join(macros[name] if name else piece for piece, name in parts)


def read_table(path):
    """{interface: (resources, {function: key})} of a .def file."""
    macros, found, current = {}, {}, None
    for line in path.read_text().splitlines():
        if match := re.match(r"#define (\w+) (.*)", line):
            macros[match[1]] = literal(match[2], macros)
        elif match := re.match(r"PETREL_WASI_(INTERFACE|TYPES)\(\w+, (.*)\)$", line):
            name, *resources = re.findall(r'"([^"]*)"', match[2])
            current = found[name] = (resources, {})
        elif match := re.match(r'PETREL_WASI_FUNC\("([^"]*)", (.*), \w+\)$', line):
            current[1][match[1]] = literal(match[2], macros)
        elif line.startswith("PETREL_WASI_FUNC"):
            raise SystemExit(f"{path.name}: row not understood: {line}")
    return found


def compare_with_wit(suite):
    folder = pathlib.Path(os.environ.get("PETREL_WIT", ROOT.parent / "shared" / "wit")) / "wasi-0.2.12"
    if not folder.is_dir():
        suite.skip("wit keys", "the WIT is not on this machine (set PETREL_WIT)")
        return
    wanted = {name: rows for name, rows in read_packages(folder).items() if name not in EXPORTS}
    given = {}
    for table in TABLES:
        given.update(read_table(ROOT / "wasi" / f"{table}.def"))
    suite.equal("interfaces", sorted(given), sorted(wanted))
    suite.equal("number of functions", sum(len(rows[1]) for rows in given.values()), 179)
    for name in sorted(set(given) & set(wanted)):
        resources, keys = given[name]
        suite.equal(f"{name}: resources", sorted(resources), sorted(wanted[name][0]))
        suite.equal(f"{name}: functions", sorted(keys), sorted(wanted[name][1]))
        for func in sorted(set(keys) & set(wanted[name][1])):
            suite.equal(f"{name} {func}: type key", keys[func], wanted[name][1][func])


def main():
    suite = Suite(__doc__)
    compare_with_wit(suite)
    suite.finish()


main()
