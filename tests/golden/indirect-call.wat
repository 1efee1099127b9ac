;;! run: wasmrun call --interp {file} go 0
;;! out: 42
;;! run: wasmrun call --interp {file} go 1
;;! exit: 134
;;! err: error[trap]: indirect-call.wat: func 2, offset 0x47: wasm trap: indirect call type mismatch
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;;! run: wasmrun call --interp {file} go 2
;;! exit: 134
;;! err: error[trap]: indirect-call.wat: func 2, offset 0x47: wasm trap: uninitialized element
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;;! run: wasmrun call --interp {file} go 3
;;! exit: 134
;;! err: error[trap]: indirect-call.wat: func 2, offset 0x47: wasm trap: undefined element: out of bounds table access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;;! run: wasmc aot {file} -o {tmp}/i.cwasm
;;! run: wasmrun call {tmp}/i.cwasm go 0
;;! out: 42
;;! run: wasmrun call {tmp}/i.cwasm go 1
;;! exit: 134
;;! err: error[trap]: {tmp}/i.cwasm: func 2, offset 0x47: wasm trap: indirect call type mismatch
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;;! run: wasmrun call {tmp}/i.cwasm go 2
;;! exit: 134
;;! err: error[trap]: {tmp}/i.cwasm: func 2, offset 0x47: wasm trap: uninitialized element
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;;! run: wasmrun call {tmp}/i.cwasm go 3
;;! exit: 134
;;! err: error[trap]: {tmp}/i.cwasm: func 2, offset 0x47: wasm trap: undefined element: out of bounds table access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x47 - <unknown>!<wasm function 2>
;; The four ends of call_indirect: a result, another type, an empty entry, an index behind the table.
(module
  (type $t (func (result i32)))
  (table 3 funcref)
  (elem (i32.const 0) $right $wrong)
  (func $right (result i32) (i32.const 42))
  (func $wrong (result i64) (i64.const 42))
  (func (export "go") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))
