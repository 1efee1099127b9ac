;;! run: wasmrun --interp --max-stack 256KiB {file}
;;! exit: 134
;;! err~ error[trap]: stack-exhausted.wat: func 0 "down"
;;! err~ wasm trap: call stack exhausted
;;! err~ - <unknown>!down
;;! run: wasmc aot {file} -o {tmp}/s.cwasm
;;! run: wasmrun --max-stack 256KiB {tmp}/s.cwasm
;;! exit: 134
;;! err~ wasm trap: call stack exhausted
;;! err~ - <unknown>!down
;; Endless recursion is a trap. How deep it gets differs between engines, so the backtrace is not compared whole.
(module
  (func $down (param i32) (result i32)
    (i32.add (i32.const 1) (call $down (i32.add (local.get 0) (i32.const 1)))))
  (func (export "_start") (drop (call $down (i32.const 0)))))
