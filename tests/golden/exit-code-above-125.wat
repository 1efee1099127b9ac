;;! run: wasmrun --interp {file}
;;! exit: 1
;;! err: error[exit]: exit-code-above-125.wat: invalid exit status
;; Preview 1 exit codes above 125 would read as a signal in a shell.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 126))))
