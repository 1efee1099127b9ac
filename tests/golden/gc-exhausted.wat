;;! run: wasmrun --interp --max-memory 4MiB {file}
;;! exit: 134
;;! err: error[trap]: gc-exhausted.wat: func 0 "fill", offset 0x3a: wasm trap: allocation size too large
;;! err: error while executing at wasm backtrace:
;;! err:     0:    0x3a - <unknown>!fill
;;! err:     1:    0x45 - <unknown>!<wasm function 1>
;; A list that never ends: the heap is charged to --max-memory, and exhaustion is a trap. (Without the reference that keeps
;; it, ten times as much passes through: gc-churn.wat.)
(module
  (type $node (struct (field (ref null $node)) (field i64)))
  (global $list (mut (ref null $node)) (ref.null $node))
  (func $fill
    (loop $more
      (global.set $list (struct.new $node (global.get $list) (i64.const 1)))
      (br $more)))
  (func (export "_start") (call $fill)))
