;; Threads of scripts: each has a Store of its own, shared memories are what they have in common.
(module $Mem
  (memory (export "shared") 1 1 shared)
  (func (export "private") (result i32) (i32.const 1)))

(thread $T1 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "run") (result i32)
      (i32.atomic.store (i32.const 0) (i32.const 42))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 10)))
      (i32.atomic.load (i32.const 4))))
  (invoke "run"))

(thread $T2 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "run") (result i32)
      (loop $again
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000000)))
        (br_if $again (i32.eqz (i32.atomic.load (i32.const 0)))))
      (i32.atomic.load (i32.const 0))))
  (assert_return (invoke "run") (i32.const 42)))

(wait $T1)
(wait $T2)

(register "mem" $Mem)
(module $Check
  (memory (import "mem" "shared") 1 1 shared)
  (func (export "check") (result i32) (i32.load (i32.const 0))))
(assert_return (invoke $Check "check") (i32.const 42))

;; A name is free again after wait; a thread that nobody waits for counts all the same.
(thread $T1 (shared (module $Mem))
  (register "mem" $Mem)
  (assert_unlinkable
    (module (func (import "mem" "private") (result i32)))
    "unknown import"))
