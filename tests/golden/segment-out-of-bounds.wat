;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[trap]: segment-out-of-bounds.wat: wasm trap: out of bounds memory access
;;! run: wasmc aot {file} -o {tmp}/d.cwasm
;;! run: wasmrun {tmp}/d.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/d.cwasm: wasm trap: out of bounds memory access
;; A data segment that does not fit traps when the module is instantiated.
(module
  (memory 1)
  (data (i32.const 65534) "abc")
  (func (export "_start")))
