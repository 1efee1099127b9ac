;;! run: wasmrun call --interp {file} add 2 40
;;! out: 42
;;! run: wasmrun call --interp {file} add -1 1
;;! out: 0
;;! run: wasmrun call --interp {file} swap 1 -2.5
;;! out: -2.5
;;! out: 1
;;! run: wasmrun --interp --invoke add {file} 2 40
;;! out: 42
;;! run: wasmc aot {file} -o {tmp}/c.cwasm
;;! run: wasmrun call {tmp}/c.cwasm add 2 40
;;! out: 42
;;! run: wasmrun call {tmp}/c.cwasm swap 1 -2.5
;;! out: -2.5
;;! out: 1
;;! run: wasmrun call --interp {file} add 2
;;! exit: 2
;;! err: wasmrun: error: function "add" takes 2 arguments, 1 given
;;! run: wasmrun call --interp {file} add 2 x
;;! exit: 2
;;! err: wasmrun: error: argument 'x': expected a value of type i32
;;! run: wasmrun call --interp {file} ad 2 40
;;! exit: 1
;;! err: error[link]: call.wat: no exported function "ad"
;;! err: exported functions, for wasmrun call FILE NAME:
;;! err:   add
;;! err:   swap
;;! run: wasmrun call --interp {file}
;;! exit: 2
;;! err: wasmrun: error: call: expected FILE and 'FUNCTION(ARGUMENTS)' (see --help)
;; Calling exports of a core module: results, wrong arguments, unknown names, and the list of what there is.
(module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "swap") (param i64 f64) (result f64 i64)
    (local.get 1) (local.get 0)))
