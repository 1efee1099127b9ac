#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The lint test's own test: a small tree that keeps every rule, then one broken rule at a time."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from petrel_test import ROOT, Suite, run  # noqa: E402

SPDX = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
DOC = """# Architecture
| folder | what it holds | may include |
|---|---|---|
| `base/` | bytes | – |
| `ir/` | contracts | base |
| `aot/` | compiler | base ir |
| `cli/` | programs | base; aot in `wasmc` only |
"""
GOOD = {
    "docs/architecture.md": DOC,
    "docs/README.md": "# docs\n[architecture](architecture.md)\n",
    "base/README.md": "# base\n", "ir/README.md": "# ir\n", "aot/README.md": "# aot\n",
    "tools/README.md": "# tools\n",
    "tools/lint-exceptions.txt": "# RULE:PLACE REASON\nformat:all these snippets are not about it\n",
    "base/a.h": SPDX + "#pragma once\n",
    "ir/b.cpp": SPDX + '#include "ir/b.h"\n\n#include "base/a.h"\n\nint f() { return 1; }\n',
    "ir/b.h": SPDX + "#pragma once\nint f();\n",
}


def long_function(lines, head="int g(int x)"):
    return head + " {\n" + "  x += 1;\n" * (lines - 3) + "  return x;\n}\n"


def body(text):
    return SPDX + text


# name, rule, files that differ, part of the message; no rule: must be accepted.
CASES = [
    ("include of a higher folder", "includes", {"base/x.cpp": body('#include "ir/b.h"\n')},
     "base/x.cpp:2: includes: ir/b.h: base/ may include only itself"),
    ("include of a sibling above", "includes", {"ir/x.cpp": body('#include "aot/c.h"\n')},
     "ir/x.cpp:2: includes: aot/c.h: ir/ may include only base"),
    ("LLVM header outside aot/", "includes", {"ir/x.cpp": body("#include <llvm/IR/Module.h>\n")},
     "ir/x.cpp:2: includes: llvm/IR/Module.h: LLVM headers belong in aot/"),
    ("LLVM header in aot/", None, {"aot/x.cpp": body("#include <llvm/IR/Module.h>\n")}, ""),
    ("include without folder", "includes", {"ir/x.cpp": body('#include "b.h"\n')},
     "ir/x.cpp:2: includes: b.h: includes are written from the root"),
    ("unit test may look up", None, {"ir/x_test.cpp": body('#include "aot/c.h"\n')}, ""),
    ("iostream", "headers", {"ir/x.cpp": body("#include <iostream>\n")}, "ir/x.cpp:2: headers: <iostream>"),
    ("long file", "lengths", {"ir/x.cpp": body("int a;\n" * 1000)}, "ir/x.cpp:1001: lengths: 1001 lines"),
    ("file at the limit", None, {"ir/x.cpp": body("int a;\n" * 999)}, ""),
    ("long table", None, {"ir/x.def": body("ROW(a)\n" * 2000)}, ""),
    ("long function", "lengths", {"ir/x.cpp": body(long_function(101))},
     "ir/x.cpp:2: lengths: function g has 101 lines, the limit is 100"),
    ("function at the limit", None, {"ir/x.cpp": body(long_function(100))}, ""),
    ("long method in a class in a namespace", "lengths",
     {"ir/x.h": body("namespace n {\nstruct S {\n" + long_function(120, "int m(int x) const noexcept") + "};\n}\n")},
     "ir/x.h:4: lengths: function m has 120 lines"),
    ("long class of short functions", None,
     {"ir/x.h": body("struct S {\n" + "  int f() { return 1; }\n" * 300 + "};\n")}, ""),
    ("long data table", None, {"ir/x.cpp": body("const int t[] = {\n" + "  1,\n" * 300 + "};\n")}, ""),
    ("braces in literals and comments", None,
     {"ir/x.cpp": body('int f() { /* { */ return "{"[0] + \'{\'; } // {\n' + "int a;\n" * 200)}, ""),
    ("braces in both branches of #if", None,
     {"ir/x.cpp": body("#if A\nint f() {\n#else\nint g() {\n#endif\n  return 1;\n}\n" + "int a;\n" * 200)}, ""),
    ("long function with an exception", None,
     {"ir/x.cpp": body(long_function(150)), "tools/lint-exceptions.txt": "lengths:ir/x.cpp:g one step a line\n"}, ""),
    ("an exception without a reason", "lengths",
     {"ir/x.cpp": body(long_function(150)), "tools/lint-exceptions.txt": "lengths:ir/x.cpp:g\n"}, "function g has"),
    ("no licence line", "spdx", {"ir/x.cpp": "int a;\n"}, "ir/x.cpp:1: spdx:"),
    ("no licence line in a table", "spdx", {"ir/x.def": "ROW(a)\n"}, "ir/x.def:1: spdx:"),
    ("folder without README", "readmes", {"wasi/x.h": body("#pragma once\n")}, "wasi/README.md:1: readmes: missing"),
    ("long README", "readmes", {"ir/README.md": "line\n" * 41}, "ir/README.md:41: readmes: 41 lines"),
    ("registry host", "places", {"tools/get.sh": "# " + SPDX[3:] + "curl https://pypi" + ".org/simple\n"},
     "tools/get.sh:2: places: registry host"),
    ("machine path", "places", {"docs/x.md": "see /ro" + "ot/build/out\n"}, "docs/x.md:1: places: machine path"),
    ("machine path in a binary", "places", {"ir/x.bin": "\0\0 /ho" + "me/me/src\0"}, "ir/x.bin:1: places: machine path"),
    ("path inside a project", None, {"docs/x.md": "`proc/self/ro" + "ot/x` and `a/ho" + "me/b`\n"}, ""),
    ("note to finish later", "words", {"ir/x.cpp": body("// TO" + "DO: this\n")}, "ir/x.cpp:2: words:"),
    ("aot in a file of wasmc", None, {"cli/wasmc_x.cpp": body('#include "aot/c.h"\n'), "cli/README.md": "# cli\n"}, ""),
    ("aot in a file of wasmrun", "includes",
     {"cli/run.cpp": body('#include "aot/c.h"\n'), "cli/README.md": "# cli\n"}, "cli/ may include only base"),
    ("broken link", "links", {"docs/x.md": "[a](gone.md)\n"}, "docs/x.md:1: links: link to gone.md"),
]


def lint(suite, name, files):
    """A git tree with these files; the lint test's result."""
    root = suite.tmp / "tree"
    shutil.rmtree(root, ignore_errors=True)
    for path, text in {**GOOD, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    shutil.copy(ROOT / ".clang-format", root)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return run([sys.executable, "-B", ROOT / "tools/lint.py", "--root", root])


def main():
    suite = Suite(__doc__)
    for name, rule, files, message in [("a tree that keeps the rules", None, {}, ""), *CASES]:
        if not suite.wants(name):
            continue
        result = lint(suite, name, files)
        printed = result.out.decode()
        rules = {line.split(": ")[1] for line in printed.splitlines() if line.count(": ") >= 2}
        if rule is None:
            suite.check(f"lint accepts {name}", result.code == 0 and not rules, result)
        else:
            suite.check(f"lint refuses {name}", result.code == 1 and message in printed and rules == {rule}, result)
    if shutil.which("clang-format-22"):
        result = lint(suite, "unformatted",
                      {"ir/x.cpp": body("int   a ;\n"), "tools/lint-exceptions.txt": "\n"})
        suite.check("lint refuses unformatted code", b"ir/x.cpp:2: format:" in result.out and result.code == 1, result)
    else:
        suite.skip("lint refuses unformatted code", "clang-format-22 is not installed")
    suite.finish()


main()
