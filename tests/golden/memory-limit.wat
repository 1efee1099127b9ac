;;! run: wasmrun --interp --max-memory 1MiB {file}
;;! exit: 1
;;! err: error[limit]: memory-limit.wat: memory of 17 pages exceeds the memory limit (--max-memory)
;;! run: wasmrun --interp {file}
;; A memory larger than the limit: the message names the option. Within the limit grow answers -1 only at the cap.
(module
  (memory 17)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const 17)) (then unreachable))))
