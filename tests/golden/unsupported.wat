;;! run: wasmrun validate -W simd=n {file}
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:8:11: func 0 "_start": v128.const needs feature simd, which is off (-W simd)
;;! run: wasmrun --interp {file}
;; An instruction of a feature that is off is refused by the feature's name.
(module
  (func (export "_start")
    (drop (v128.const i32x4 0 0 0 0))))
