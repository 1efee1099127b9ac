;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[trap]: unreachable.wat: func 0, offset 0x23: wasm trap: wasm `unreachable` instruction executed
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x23 - <unknown>!<wasm function 0>
;;! run: wasmc aot {file} -o {tmp}/u.cwasm
;;! run: wasmrun {tmp}/u.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/u.cwasm: func 0, offset 0x23: wasm trap: wasm `unreachable` instruction executed
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x23 - <unknown>!<wasm function 0>
;; A module without a name section for its functions.
(module
  (func (export "_start") unreachable))
