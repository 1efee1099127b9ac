;;! run: wasmrun validate -W simd=n {file}
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:12:11: func 0 "_start": v128.const needs feature simd, which is off (-W simd)
;;! run: wasmc aot {file} -o {tmp}/u.cwasm
;;! exit: 1
;;! err: error[unsupported]: unsupported.wat:12:11: func 0 "_start": v128.const needs feature simd, which the compiler does not have
;;! run: wasmrun --interp {file}
;; An instruction of a feature that is off, or that the engine lacks, is refused by the feature's name.
(module
  ;; The interpreter has it.
  (func (export "_start")
    (drop (v128.const i32x4 0 0 0 0))))
