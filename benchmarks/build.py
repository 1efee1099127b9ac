#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds what the measurements run: kernels as native programs and as wasm, the spawner, the empty process.

    benchmarks/build.py BUILD        results in BUILD/bench/{native,native-scalar,wasm}/ and BUILD/bench/{spawn,empty}

A file is built again when it, its header or this recipe is newer. Importable: build_all(), build_wasm().
"""
import functools
import pathlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
KERNELS = HERE / "kernels"
POLY = HERE / "poly"
CLANG = "clang-22"
NATIVE_FLAGS = ["-O2", "-march=x86-64-v3"]
SCALAR_FLAGS = [*NATIVE_FLAGS, "-fno-vectorize", "-fno-slp-vectorize"]
WASM_FLAGS = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-s", "-Wno-deprecated", "--no-wasm-opt"]
STATIC_FLAGS = ["-O2", "-static"]


@dataclass(frozen=True)
class Kernel:
    name: str
    suite: str  # "a": a file of kernels/, "b": a KERNEL of a file of poly/
    source: pathlib.Path
    rounds: int  # the default
    flags: tuple = ()

    def inputs(self):
        return [self.source, *self.source.parent.glob("*.h"), KERNELS / "bench.h"]


@functools.cache
def kernels():
    """All kernels by name: the eighteen, then suite B."""
    found = {}
    for path in sorted(KERNELS.glob("*.c")):
        rounds = re.search(r"^#define KERNEL_ROUNDS (\d+)$", path.read_text(), re.M).group(1)
        found[path.stem] = Kernel(path.stem, "a", path, int(rounds))
    for path in sorted(POLY.glob("*.c")):
        for name, rounds in re.findall(r"^KERNEL\((\w+), (\d+)\)", path.read_text(), re.M):
            label = f"b-{name}"
            found[label] = Kernel(label, "b", path, int(rounds), (
                f'-DKERNEL_NAME="{label}"', f"-DKERNEL_ROUNDS={rounds}", f"-Dround_{name}=kernel_round",
                "-fno-math-errno"))  # a root is one instruction
    return found


def kernel_names(suites="a"):
    return [kernel.name for kernel in kernels().values() if kernel.suite in suites]


def default_rounds(name):
    return kernels()[name].rounds


def _compile(output, sources, command):
    newest = max(path.stat().st_mtime for path in [*sources, pathlib.Path(__file__)])
    if output.exists() and output.stat().st_mtime >= newest:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".partial")
    subprocess.run([*command, str(sources[0]), "-o", str(partial)], check=True)
    partial.rename(output)


def missing_wasm_toolchain():
    """What a wasm build lacks on this machine, or None."""
    if not shutil.which(CLANG):
        return f"{CLANG} is not installed"
    if not pathlib.Path("/usr/lib/wasm32-wasi/libc.a").exists():
        return "wasi-libc is not installed"
    if not shutil.which("wasm-ld-22"):
        return "lld-22 is not installed"
    return None


def build_wasm(build, names=None):
    """The kernels as preview 1 modules: {name: path}."""
    out = pathlib.Path(build) / "bench" / "wasm"
    paths = {}
    for name in names or kernel_names():
        paths[name] = out / f"{name}.wasm"
        kernel = kernels()[name]
        _compile(paths[name], kernel.inputs(), [CLANG, *WASM_FLAGS, *kernel.flags])
    return paths


def build_native(build, names=None, vectorised=True):
    """The kernels as native programs: {name: path}."""
    out = pathlib.Path(build) / "bench" / ("native" if vectorised else "native-scalar")
    flags = NATIVE_FLAGS if vectorised else SCALAR_FLAGS
    paths = {}
    for name in names or kernel_names():
        paths[name] = out / name
        kernel = kernels()[name]
        _compile(paths[name], kernel.inputs(), [CLANG, *flags, *kernel.flags])
    return paths


def build_tools(build):
    """The spawner and the empty process: {name: path}."""
    out = pathlib.Path(build) / "bench"
    paths = {}
    for name in ("spawn", "empty"):
        paths[name] = out / name
        _compile(paths[name], [HERE / f"{name}.c"], [CLANG, *STATIC_FLAGS])
    return paths


def build_all(build, names=None):
    return {"native": build_native(build, names), "scalar": build_native(build, names, vectorised=False),
            "wasm": build_wasm(build, names), "tools": build_tools(build)}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lacking = missing_wasm_toolchain()
    if lacking:
        sys.exit(f"build.py: {lacking}")
    build_all(sys.argv[1], kernel_names("ab"))
