;;! run: wasmrun call --interp -W wide-arithmetic {file} add -1 0 1 0
;;! out: 0
;;! out: 1
;;! run: wasmrun call --interp -W wide-arithmetic {file} sub 0 0 1 0
;;! out: -1
;;! out: -1
;;! run: wasmrun call --interp -W wide-arithmetic {file} mul_s -1 2
;;! out: -2
;;! out: -1
;;! run: wasmrun call --interp -W wide-arithmetic {file} mul_u -1 2
;;! out: -2
;;! out: 1
;;! run: wasmc aot -W wide-arithmetic {file} -o {tmp}/w.cwasm
;;! run: wasmrun call -W wide-arithmetic {tmp}/w.cwasm add -1 0 1 0
;;! out: 0
;;! out: 1
;;! run: wasmrun call -W wide-arithmetic {tmp}/w.cwasm sub 0 0 1 0
;;! out: -1
;;! out: -1
;;! run: wasmrun call -W wide-arithmetic {tmp}/w.cwasm mul_s -1 2
;;! out: -2
;;! out: -1
;;! run: wasmrun call -W wide-arithmetic {tmp}/w.cwasm mul_u -1 2
;;! out: -2
;;! out: 1
;;! run: wasmrun call --interp {file} add 1 2 3 4
;;! exit: 1
;;! err: error[unsupported]: wide-arithmetic.wat:32:5: func 0 "add": i64.add128 needs feature wide-arithmetic, which is off (-W wide-arithmetic)
;; Two i64 make a 128-bit integer, low half first, in both engines; off by default.
(module
  (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "sub") (param i64 i64 i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "mul_s") (param i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1)))
  (func (export "mul_u") (param i64 i64) (result i64 i64)
    (i64.mul_wide_u (local.get 0) (local.get 1))))
