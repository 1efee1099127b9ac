#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds the .wasm files of the examples from their sources. They are committed, so nobody needs this to run them.
#
# Needs: clang-22, lld-22, wasi-libc and libclang-rt-22-dev-wasm32 (Debian packages), wasm-tools, and two things that
# are fetched, not stored:
#   PETREL_WIT      the WIT packages of WASI 0.2.12: a folder with cli/, io/, clocks/ … (default ../../shared/wit/wasi-0.2.12)
#   PETREL_ADAPTER  wasi_snapshot_preview1.command.wasm, from the folder artefacts/ of the crate
#                   wasi-preview1-component-adapter-provider 50.0.1 (only for wordcount)
set -euo pipefail
cd "$(dirname "$0")"
wit_packages=${PETREL_WIT:-../../shared/wit/wasi-0.2.12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

freestanding="--target=wasm32-unknown-unknown -O2 -std=c17 -Wall -Wextra -nostdlib -mbulk-memory -Wno-deprecated -fno-ident -fno-builtin"
link="-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=16384"
strip="-Wl,--strip-all"       # no name section
names="-Wl,--strip-debug"     # keeps the function names, for backtraces

mkdir -p "$work/command/deps"
cp -r "$wit_packages"/* "$work/command/deps/"
printf 'package petrel:examples;\nworld command { include wasi:cli/command@0.2.12; }\n' > "$work/command/command.wit"

# component SOURCE OUTPUT [flags…]: a freestanding command component
component() {
  local source=$1 output=$2
  shift 2
  local core=$work/$(basename "$output") # the name section keeps this name
  clang-22 $freestanding $link "$@" "$source" -o "$core"
  wasm-tools component embed --all-features "$work/command" -w command "$core" -o "$work/embedded.wasm"
  wasm-tools component new "$work/embedded.wasm" -o "$output"
}

# preview1 SOURCE OUTPUT [flags…]: a freestanding core module for WASI preview 1
preview1() {
  local source=$1 output=$2
  shift 2
  clang-22 $freestanding $link -DPREVIEW1 "$@" "$source" -o "$output"
}

component hello/hello.c hello/hello.wasm $names
component cat/cat.c cat/cat.wasm $strip
preview1 cat-p1/cat.c cat-p1/cat-p1.wasm -UPREVIEW1 $strip
component trap/trap.c trap/trap.wasm $names
preview1 trap/trap.c trap/trap-p1.wasm $names
component loop/loop.c loop/loop.wasm $strip
preview1 loop/loop.c loop/loop-p1.wasm $strip
component exit/exit.c exit/exit.wasm $strip
preview1 exit/exit.c exit/exit-p1.wasm $strip
clang-22 $freestanding $link $names fib/fib.c -o fib/fib.wasm

clang-22 $freestanding $link $strip calc/calc.c -o "$work/calc.wasm"
wasm-tools component embed calc/calc.wit -w calculator "$work/calc.wasm" -o "$work/embedded.wasm"
wasm-tools component new "$work/embedded.wasm" -o calc/calc.wasm

# The client of calc, composed with it: two components in one file, calling each other.
mkdir -p "$work/client/deps"
cp -r "$wit_packages"/* "$work/client/deps/"
mkdir "$work/client/deps/calc"
cp calc/calc.wit "$work/client/deps/calc/"
cp calc/client.wit "$work/client/"
clang-22 $freestanding $link $strip calc/client.c -o "$work/client.wasm"
wasm-tools component embed --all-features "$work/client" -w client "$work/client.wasm" -o "$work/embedded.wasm"
wasm-tools component new "$work/embedded.wasm" -o "$work/client.wasm"
cp calc/calc.wasm "$work/calculator.wasm"
wasm-tools compose "$work/client.wasm" -d "$work/calculator.wasm" -o calc/calc-client.wasm

if [ -n "${PETREL_ADAPTER:-}" ]; then
  clang-22 --target=wasm32-wasi --sysroot=/usr -Os -Wl,--strip-debug -Wall -Wextra -Wno-deprecated --no-wasm-opt wordcount/wordcount.c -o "$work/wordcount.wasm"
  wasm-tools component new "$work/wordcount.wasm" --adapt wasi_snapshot_preview1="$PETREL_ADAPTER" -o "$work/wordcount.component.wasm"
  wasm-tools strip --delete component-name --delete producers "$work/wordcount.component.wasm" -o wordcount/wordcount.wasm
else
  echo "wordcount: not rebuilt, PETREL_ADAPTER is not set" >&2
fi
ls -l */*.wasm
