;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[invalid]: invalid.wat:17:5: func 1 "parse": type mismatch: i32.add expected i32, found f64
;;! run: wasmrun validate {file}
;;! exit: 1
;;! err: error[invalid]: invalid.wat:17:5: func 1 "parse": type mismatch: i32.add expected i32, found f64
;;! run: wasmc validate {file}
;;! exit: 1
;;! err: error[invalid]: invalid.wat:17:5: func 1 "parse": type mismatch: i32.add expected i32, found f64
;;! run: wasmc aot {file} -o {tmp}/x.cwasm
;;! exit: 1
;;! err: error[invalid]: invalid.wat:17:5: func 1 "parse": type mismatch: i32.add expected i32, found f64
;; A type error: the same words from every command, with the function, the offset, what was expected and found.
(module
  (func $first)
  (func $parse (result i32)
    (i32.add (i32.const 1) (f64.const 2))))
