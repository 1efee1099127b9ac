;;! run: wasmrun --interp {file}
;;! out: hello
;;! run: wasmc aot {file} -o {tmp}/h.cwasm
;;! run: wasmrun {tmp}/h.cwasm
;;! out: hello
;;! run: wasmrun --interp {tmp}/h.cwasm
;;! out: hello
;; fd_write of preview 1: interpreted, compiled, and the wasm embedded in the image interpreted.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
