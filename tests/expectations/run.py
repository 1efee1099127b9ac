#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How spec-tests/run.py judges against spec-tests/expectations and spec-tests/features: on a suite made here, with scripts
that pass, fail and are later."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite  # noqa: E402
from spec_tree import Tree  # noqa: E402

SCRIPTS = {
    "good.wast": """(module (func (export "f") (result i32) (i32.const 1)))
(assert_return (invoke "f") (i32.const 1))
(assert_invalid (module (func (result i32))) "type mismatch")
""",
    "bad.wast": """(module (func (export "f") (result i32) (i32.const 1)))
(assert_return (invoke "f") (i32.const 2))
(assert_return (invoke "f") (i32.const 1))
(assert_invalid (module (func (result i32))) "unknown type")
""",
    "later.wast": "(module)\n(component)\n(component)\n",
    # Holds with the -W options of spec-tests/features only.
    "proposals/threads/one-memory.wast": '(assert_invalid (module (memory 1) (memory 1)) "multiple memories")\n',
    "proposals/wide-arithmetic/wide.wast":
        "(module (func (param i64 i64 i64 i64) (result i64 i64)\n"
        "  (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))\n",
}
BAD_2 = "fail bad.wast:2 interp the reason\n"
BAD_4 = "fail bad.wast:4 all another reason\n"
LATER = "later.wast interp later component-model 2\n"


def main():
    suite = Suite(__doc__)
    tree = Tree(suite, "tree")
    folder = suite.tmp / "suite"
    for name, text in SCRIPTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    def judge(name, expectations, code, *parts):
        """Runs the suite: its exit code, and what it must print."""
        tree.expect(expectations)
        result = tree.spec(suite, PETREL_TESTSUITE=str(folder))
        suite.equal(f"{name}: exit code", result.code, code)
        for part in parts:
            suite.check(f"{name}: says {part!r}", part in result.out.decode(), result)

    judge("as listed", BAD_2 + BAD_4 + LATER, 0, "3 of 5 scripts pass in full", "2 messages agree", "6 passed, 0 failed")
    judge("a failure that is not listed", BAD_2 + LATER, 1, "FAIL bad.wast interp",
          "bad.wast:4: assert_invalid: expected error[invalid]: unknown type, found error[invalid]: 4:43:", "5 passed, 1 failed")
    judge("a failure listed for another engine", BAD_2.replace("interp", "O2") + BAD_4 + LATER, 1, "FAIL bad.wast interp",
          'bad.wast:2: assert_return: "f": expected values (i32.const 2), found values (i32.const 1)')
    judge("an unexpected pass", BAD_2 + BAD_4 + LATER + "fail good.wast:2 interp it was so\n", 1,
          "good.wast:2: passed though listed as failing", "5 passed, 1 failed")
    judge("later commands that are not listed", BAD_2 + BAD_4, 1,
          "later {'component-model': 2}, expected {}", "5 passed, 1 failed")
    judge("fewer later commands than listed", BAD_2 + BAD_4 + LATER.replace("2", "3"), 1, "expected {'component-model': 3}")
    judge("later commands of a script that passes", BAD_2 + BAD_4 + LATER + "good.wast interp later gc 1\n", 1,
          "later {}, expected {'gc': 1}")
    judge("a script that is not there", BAD_2 + BAD_4 + LATER + "fail gone.wast:1 all gone\n", 1,
          "names of scripts that do not run", "['gone.wast']")

    tree.expect(BAD_2)
    tree.spec(suite, "--bless", PETREL_TESTSUITE=str(folder))
    suite.equal("bless: later commands are listed, failures are not", tree.expected(), [LATER.strip(), BAD_2.strip()])
    features = tree.root / "spec-tests" / "features"
    features.write_text(features.read_text().replace(" multi-memory=n", "").replace(" wide-arithmetic\n", "\n"))
    judge("features: without the options of a folder", BAD_2 + BAD_4 + LATER, 1,
          "FAIL proposals/threads/one-memory.wast interp", "FAIL proposals/wide-arithmetic/wide.wast interp", "4 passed, 2 failed")
    suite.finish()


if __name__ == "__main__":
    main()
