;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[trap]: trap.wat: func 0 "divide", offset 0x34: wasm trap: integer divide by zero
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x34 - trap!divide
;;! err:     1:    0x3d - trap!average
;;! err:     2:    0x44 - trap!main
;;! run: wasmc aot {file} -o {tmp}/trap.cwasm
;;! run: wasmrun {tmp}/trap.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/trap.cwasm: func 0 "divide", offset 0x34: wasm trap: integer divide by zero
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x34 - trap!divide
;;! err:     1:    0x3d - trap!average
;;! err:     2:    0x44 - trap!main
;;! run: wasmc aot -O0 {file} -o {tmp}/trap0.cwasm
;;! run: wasmrun {tmp}/trap0.cwasm
;;! exit: 134
;;! err: error[trap]: {tmp}/trap0.cwasm: func 0 "divide", offset 0x34: wasm trap: integer divide by zero
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x34 - trap!divide
;;! err:     1:    0x3d - trap!average
;;! err:     2:    0x44 - trap!main
;; An explicit trap three calls deep: class, place, message, and a backtrace with names.
(module $trap
  (func $divide (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $average (param $n i32) (result i32)
    (call $divide (i32.const 100) (local.get $n)))
  (func $main (export "_start")
    (drop (call $average (i32.const 0)))))
