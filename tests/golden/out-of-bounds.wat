;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[trap]: out-of-bounds.wat: func 0 "probe", offset 0x2f: wasm trap: out of bounds memory access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x2f - <unknown>!probe
;;! err:     1:    0x40 - <unknown>!<wasm function 1>
;;! run: wasmc aot {file} -o {tmp}/m.cwasm
;;! run: wasmrun {tmp}/m.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/m.cwasm: func 0 "probe", offset 0x2f: wasm trap: out of bounds memory access
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x2f - <unknown>!probe
;;! err:     1:    0x40 - <unknown>!<wasm function 1>
;; A load whose result is dropped must still trap, in the first byte behind the memory.
(module
  (memory 1)
  (func $probe (param i32) (drop (i32.load8_u (local.get 0))))
  (func (export "_start")
    (call $probe (i32.const 65535))
    (call $probe (i32.const 65536))))
