;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[trap]: start-traps.wat: func 0 "boot", offset 0x30: wasm trap: out of bounds memory access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x30 - <unknown>!boot
;;! run: wasmc aot {file} -o {tmp}/st.cwasm
;;! run: wasmrun {tmp}/st.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/st.cwasm: func 0 "boot", offset 0x30: wasm trap: out of bounds memory access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x30 - <unknown>!boot
;; A trap during instantiation, in the start function.
(module
  (memory 1)
  (func $boot (i32.store (i32.const -4) (i32.const 1)))
  (start $boot)
  (func (export "_start")))
