# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Petrel and its peers: where each is found, how it compiles and runs a preview 1 module or a component."""
import pathlib
import shutil
import subprocess
import time

import measure

HERE = pathlib.Path(__file__).resolve().parent


class Engine:
    """A runtime that can be measured; `path` is None where it is absent."""

    def __init__(self, name, path, version_argv):
        self.name = name
        self.path = path
        self.version = measure.first_line([str(path), *version_argv]) if path else None
        self.compile_ns = {}

    def present(self):
        return self.path is not None

    def _compiled(self, wasm, out, argv):
        out.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter_ns()
        done = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
        if done.returncode != 0:
            raise measure.MeasurementError(f"{self.name}: {wasm.name}: {done.stderr[:400].strip()}")
        self.compile_ns[wasm.stem] = time.perf_counter_ns() - start
        return out


class Petrel(Engine):
    def __init__(self, build):
        wasmrun = build / "wasmrun"
        super().__init__("petrel", wasmrun if wasmrun.exists() else None, ["--version"])
        wasmc = build / "wasmc"
        self.wasmc = wasmc if wasmc.exists() else None

    def compile(self, wasm, folder, flags=()):
        out = folder / "petrel" / (wasm.stem + ".cwasm")
        return self._compiled(wasm, out, [self.wasmc, "aot", *flags, wasm, "-o", out])

    def native_argv(self, image):
        return [self.path, "--require-native", image]

    def interpreted_argv(self, wasm):
        return [self.path, "--interp", wasm]


class Wasmtime(Engine):
    def __init__(self):
        super().__init__("wasmtime", shutil.which("wasmtime"), ["--version"])

    def compile(self, wasm, folder):
        out = folder / "wasmtime" / (wasm.stem + ".cwasm")
        return self._compiled(wasm, out, [self.path, "compile", wasm, "-o", out])

    def native_argv(self, image):
        return [self.path, "run", "--allow-precompiled", image]


class Node(Engine):
    """V8's optimising compiler only; the guest's time is taken inside."""

    def __init__(self):
        super().__init__("node", shutil.which("node"), ["--version"])

    def argv(self, wasm):
        return [self.path, "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", HERE / "run_wasi.mjs", wasm]


class Interpreter(Engine):
    """Runs `NAME FILE ARGS…`."""

    def __init__(self, name):
        super().__init__(name, shutil.which(name), ["--version"])

    def argv(self, wasm):
        return [self.path, wasm]
