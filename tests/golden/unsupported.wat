;;! run: wasmrun validate -W simd=n {file}
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:15:11: func 2 "_start": v128.const needs feature simd, which is off (-W simd)
;;! run: wasmc aot {file} -o {tmp}/u.cwasm
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:12:40: func 1 "choose": return_call needs feature tail-call, which the compiler does not have
;;! run: wasmrun --interp {file}
;; An instruction of a feature that is off, or that the engine lacks, is refused by the feature's name.
(module
  ;; The interpreter has both.
  (func $f (param i32) (result i32) (local.get 0))
  (func (export "choose") (result i32) (return_call $f (i32.const 1)))
  (func (export "_start")
    ;; one that can be switched off
    (drop (v128.const i32x4 0 0 0 0))))
