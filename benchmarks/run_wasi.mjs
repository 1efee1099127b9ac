// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a preview 1 module in node and prints to standard error how long the guest ran, in ns: node itself takes 100 ms
// or more to start, which is not what is compared.
//
//   node --no-warnings run_wasi.mjs FILE [ARGS…]
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [file, ...args], returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(file));
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const start = process.hrtime.bigint();
const status = wasi.start(instance);
console.error(`guest-ns ${process.hrtime.bigint() - start}`);
process.exitCode = status;
