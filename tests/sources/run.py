#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the official suite is looked for (spec-tests/sources.py), in trees and repositories made here; no network."""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite  # noqa: E402
from spec_tree import Tree  # noqa: E402

SCRIPT = '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 1))\n'


def write_script(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.wast").write_text(SCRIPT)
    return folder


def bare_repository(folder):
    """(repository, commit) that holds one script."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-C", str(folder)]
    write_script(folder)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one script"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    bare = folder.with_suffix(".git")
    subprocess.run(["git", "clone", "-q", "--bare", str(folder), str(bare)], check=True, capture_output=True)
    return bare, commit


def found(suite, name, tree, where, **env):
    """The tree's suite is `where`, and its one script passes from there."""
    suite.equal(f"{name}: named", tree.sources(**env).out.decode(), f"official suite: {where}\n")
    result = tree.spec(suite, **env)
    suite.check(f"{name}: runs", result.code == 0 and b"1 of 1 scripts pass in full" in result.out, str(result))


def fetching(suite):
    if not shutil.which("git"):
        suite.skip("./x setup --spec", "git is not installed")
        return
    bare, commit = bare_repository(suite.tmp / "upstream")
    tree = Tree(suite, "fetched")
    wrong = tree.sources("--fetch", PETREL_TESTSUITE_UPSTREAM=str(suite.tmp / "nowhere"),
                         PETREL_TESTSUITE_COMMIT=commit, PATH=path_without("cargo", suite))
    suite.check("fetch: no repository", wrong.code == 1 and b"no official suite: cargo is not installed" in wrong.err, str(wrong))
    suite.equal("fetch: nothing is left behind", list((tree.root / ".cache").iterdir()), [])
    done = tree.sources("--fetch", PETREL_TESTSUITE_UPSTREAM=str(bare), PETREL_TESTSUITE_COMMIT=commit)
    suite.equal("fetch: exit code", done.code, 0)
    found(suite, "fetched", tree, ".cache/testsuite")


def path_without(command, suite):
    """A PATH on which git is, and `command` is not."""
    folder = suite.tmp / f"no-{command}"
    folder.mkdir()
    (folder / "git").symlink_to(shutil.which("git"))
    return str(folder)


def main():
    suite = Suite(__doc__)
    nothing = Tree(suite, "nothing")
    suite.equal("nothing: named", nothing.sources().out.decode(), "official suite: none\n")
    result = nothing.spec(suite)
    lines = result.out.decode().splitlines()
    suite.check("nothing: one line says so, nothing fails",
                result.code == 0 and len(lines) == 2 and "official suite" in lines[0] and "./x setup --spec" in lines[0]
                and lines[1] == "0 passed, 0 failed, 1 skipped", str(result))

    given = Tree(suite, "given")
    found(suite, "$PETREL_TESTSUITE", given, "$PETREL_TESTSUITE", PETREL_TESTSUITE=str(write_script(suite.tmp / "clone")))
    shared = Tree(suite, "shared")
    write_script(shared.root.parent / "shared" / "spec" / "testsuite")
    found(suite, "../shared", shared, "../shared/spec/testsuite")
    fetching(suite)
    crate = Tree(suite, "crate")
    sys.path.insert(0, str(crate.root / "spec-tests"))
    import sources
    release = f"{sources.CRATE}-{sources.CRATE_VERSION}"
    write_script(crate.cargo / "registry" / "src" / "index" / release / "data" / "wasm-v3")
    found(suite, "crate", crate, f"crate {sources.CRATE} {sources.CRATE_VERSION}")
    suite.finish()


if __name__ == "__main__":
    main()
