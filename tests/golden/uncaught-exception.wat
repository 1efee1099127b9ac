;;! run: wasmrun --interp {file}
;;! exit: 134
;;! err: error[exception]: uncaught-exception.wat: func 0 "fails", offset 0x69: uncaught exception: tag 0 "oops" (i32 42, f64 2.5)
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x69 - <unknown>!fails
;;! err:     1:    0x73 - <unknown>!middle
;;! err:     2:    0xa8 - <unknown>!<wasm function 4>
;;! run: wasmrun call --interp {file} try-it 7
;;! out: 8
;;! out: 2.5
;;! run: wasmrun call --interp {file} legacy 7
;;! out: 8
;; Exceptions through frames: caught with their payload, in both forms, and an error with a backtrace when nobody does.
(module
  (tag $oops (export "oops") (param i32 f64))
  (func $fails (param $x i32)
    (throw $oops (local.get $x) (f64.const 2.5)))
  (func $middle (param $x i32)
    (call $fails (i32.add (local.get $x) (i32.const 1))))
  (func (export "try-it") (param $x i32) (result i32 f64)
    (block $handler (result i32 f64)
      (try_table (catch $oops $handler)
        (call $middle (local.get $x)))
      (i32.const 0) (f64.const 0)))
  (func (export "legacy") (param $x i32) (result i32)
    (try (result i32)
      (do (call $middle (local.get $x)) (i32.const 0))
      (catch $oops (drop))
      (catch_all (i32.const -1))))
  (func (export "_start")
    (call $middle (i32.const 41))))
