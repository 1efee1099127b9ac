;;! run: wasmc aot {file} -o {tmp}/d.cwasm
;;! run: wasmrun call --deterministic {tmp}/d.cwasm nan
;;! out: 9221120237041090560
;;! err: note: {tmp}/d.cwasm was built without --deterministic; interpreting
;;! run: wasmrun call --deterministic --interp {tmp}/d.cwasm nan
;;! out: 9221120237041090560
;;! run: wasmrun call --deterministic --require-native {tmp}/d.cwasm nan
;;! exit: 1
;;! err: error[artifact]: {tmp}/d.cwasm: was built without --deterministic
;;! run: wasmc wast --aot --deterministic {file}
;;! exit: 2
;;! err: wasmc: error: wast: --deterministic interprets, so not with --aot
;; Native code is not built for --deterministic, so the wasm inside an image is interpreted, with one line saying so.
(module
  (func (export "nan") (result i64)
    (i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0)))))
