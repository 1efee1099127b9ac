;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[link]: link.wat: 2 imports not satisfied
;;! err:   unknown import: "env" "log": not provided
;;! err:   unknown import: "wasi_snapshot_preview1" "no_such_function": not provided
;;! run: wasmc aot {file} -o {tmp}/l.cwasm
;;! run: wasmrun {tmp}/l.cwasm
;;! exit: 1
;;! err: error[link]: {tmp}/l.cwasm: 2 imports not satisfied
;;! err:   unknown import: "env" "log": not provided
;;! err:   unknown import: "wasi_snapshot_preview1" "no_such_function": not provided
;; All imports that are not provided are listed, not only the first.
(module
  (import "env" "log" (func (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "wasi_snapshot_preview1" "no_such_function" (func))
  (func (export "_start")))
