;;! run: wasmrun validate {file}
;;! exit: 1
;;! err: error[malformed]: syntax.wat:11:6: unknown operator i32.bogus, expected an instruction
;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[malformed]: syntax.wat:11:6: unknown operator i32.bogus, expected an instruction
;; A text that does not parse: line and column of the unexpected word.
(module
  (func (export "_start")
    (i32.const 1)
    (i32.bogus)))
