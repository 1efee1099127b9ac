#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds interfaces.wasm and floats.wasm, which are committed. Needs what examples/build.sh needs: clang-22, lld-22, wasm-tools, and in
# PETREL_WIT the WIT packages of WASI 0.2.12 (a folder with cli/, io/, …).
set -euo pipefail
cd "$(dirname "$0")"
wit_packages=${PETREL_WIT:-../../../../shared/wit/wasi-0.2.12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/wit/deps"
cp -r "$wit_packages"/* "$work/wit/deps/"
printf 'package petrel:tests;\nworld all { include wasi:cli/command@0.2.12; import wasi:http/types@0.2.12; import wasi:http/outgoing-handler@0.2.12; }\n' > "$work/wit/all.wit"
clang-22 --target=wasm32-unknown-unknown -O2 -std=c17 -Wall -Wextra -nostdlib -mbulk-memory -fno-ident -fno-builtin \
  -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=16384 -Wl,--strip-debug interfaces.c -o "$work/core.wasm"
wasm-tools component embed --all-features "$work/wit" -w all "$work/core.wasm" -o "$work/embedded.wasm"
wasm-tools component new "$work/embedded.wasm" -o interfaces.wasm
wasm-tools parse floats.wat -o "$work/floats.wasm"
wasm-tools strip -a "$work/floats.wasm" -o floats.wasm
