;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[link]: nothing-to-run.wat: nothing to run: the module exports neither _start nor _initialize
;;! err: exported functions, for wasmrun call FILE NAME:
;;! err:   area
;; Nothing to run: the message lists what could be called.
(module
  (memory (export "memory") 1)
  (func (export "area") (param f64 f64) (result f64) (f64.mul (local.get 0) (local.get 1))))
