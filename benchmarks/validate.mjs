// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How long V8 takes to validate a module: node --single-threaded validate.mjs FILE TIMES prints nanoseconds of processor time each.
import { readFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);
const times = [];
for (let i = 0; i < Number(process.argv[3]); i++) {
  const start = process.cpuUsage();
  if (!WebAssembly.validate(bytes)) {
    console.error("invalid");
    process.exit(1);
  }
  const spent = process.cpuUsage(start);
  times.push(1000 * (spent.user + spent.system));
}
console.log(times.join(" "));
