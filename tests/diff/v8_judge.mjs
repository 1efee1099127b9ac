// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `node v8_judge.mjs COMMANDS.json`: the assertions of a script in V8, which has legacy exceptions. The script comes
// through wast2json, has modules that import each other's exports, and calls functions of numbers without NaNs as arguments.
// Prints each difference; the exit code is 1 if there is one.
import fs from "node:fs";
import path from "node:path";

const TRAPS = {
  unreachable: /^unreachable/,
  "out of bounds memory access": /memory access out of bounds/,
  "integer divide by zero": /divide by zero|remainder by zero/,
  "integer overflow": /divide result unrepresentable|float unrepresentable/,
  "invalid conversion to integer": /float unrepresentable/,
  "undefined element": /table index is out of bounds/,
  "uninitialized element": /null function or function signature/,
  "indirect call type mismatch": /null function or function signature/,
  "out of bounds table access": /(table index is|element segment) out of bounds/,
};

const view = new DataView(new ArrayBuffer(8));

function decode({ type, value }) {
  switch (type) {
    case "i32": return Number(value) | 0;
    case "i64": return BigInt.asIntN(64, BigInt(value));
    case "f32": view.setUint32(0, Number(value)); return view.getFloat32(0);
    default: view.setBigUint64(0, BigInt(value)); return view.getFloat64(0);
  }
}

function run(instance, command) {
  const { field, args } = command.action;
  try {
    const result = instance.exports[field](...args.map(decode));
    const results = result === undefined ? [] : Array.isArray(result) ? result : [result];
    const expected = command.expected.map(decode);
    const isEqual = command.type === "assert_return" && results.length === expected.length &&
      results.every((value, i) => Object.is(value, expected[i]));
    return isEqual ? "" : `returned ${results.join(" ")}, expected ${command.text ?? expected.join(" ")}`;
  } catch (error) {
    const kind = error instanceof WebAssembly.Exception ? "assert_exception"
      : error instanceof WebAssembly.RuntimeError ? "assert_trap"
      : error instanceof RangeError ? "assert_exhaustion" : "";
    const isSame = command.type === kind && (kind !== "assert_trap" || TRAPS[command.text]?.test(error.message));
    return isSame ? "" : `threw ${error}, expected ${command.type} ${command.text ?? ""}`;
  }
}

const file = process.argv[2];
let instance;
const registered = {};
for (const command of JSON.parse(fs.readFileSync(file, "utf8")).commands) {
  if (command.type === "module") {
    const bytes = fs.readFileSync(path.join(path.dirname(file), command.filename));
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), registered);
    continue;
  }
  if (command.type === "register") {
    registered[command.as] = instance.exports;
    continue;
  }
  const complaint = run(instance, command);
  if (complaint) {
    console.log(`line ${command.line}: ${command.action?.field}: ${complaint}`);
    process.exitCode = 1;
  }
}
