;;! run: wasmrun --interp {file}
;;! exit: 7
;;! run: wasmc aot {file} -o {tmp}/e.cwasm
;;! run: wasmrun {tmp}/e.cwasm
;;! exit: 7
;; The guest's own exit code, silently.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 7)) unreachable))
