;;! run: wasmrun validate {file}
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:10:11: func 0 "_start": v128.const needs feature simd, which this build does not have
;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:10:11: func 0 "_start": v128.const needs feature simd, which this build does not have
;; An instruction of a later feature is refused by the feature's name.
(module
  (func (export "_start")
    (drop (v128.const i32x4 0 0 0 0))))
