;;! run: wasmrun call --interp --max-memory 1MiB {file} grow 15
;;! out: 1
;;! run: wasmrun call --interp --max-memory 1MiB {file} grow 16
;;! out: -1
;;! run: wasmc aot {file} -o {tmp}/g.cwasm
;;! run: wasmrun call --max-memory 1MiB {tmp}/g.cwasm grow 15
;;! out: 1
;;! run: wasmrun call --max-memory 1MiB {tmp}/g.cwasm grow 16
;;! out: -1
;; memory.grow up to --max-memory succeeds, beyond it answers -1.
(module
  (memory 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
