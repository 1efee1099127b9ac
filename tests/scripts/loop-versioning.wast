;; Loops whose accesses are affine: the compiler versions them behind a range check. Whatever way is taken, memory
;; afterwards is what a plain loop leaves, up to the access that traps.
(module
  (memory 1 2)
  ;; stores v to n words upwards from at
  (func (export "up") (param $at i32) (param $n i32) (param $v i32)
    (loop $next
      (i32.store offset=4 (local.get $at) (local.get $v))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  ;; downwards
  (func (export "down") (param $at i32) (param $n i32) (param $v i32)
    (loop $next
      (i32.store (local.get $at) (local.get $v))
      (local.set $at (i32.sub (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  ;; copies bytes, regions may overlap
  (func (export "copy") (param $to i32) (param $from i32) (param $n i32)
    (local $i i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (i32.store8 (i32.add (local.get $to) (local.get $i)) (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
  ;; sums words; the dropped load may trap
  (func (export "sum") (param $at i32) (param $n i32) (result i32)
    (local $s i32)
    (loop $next
      (local.set $s (i32.add (local.get $s) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "touch") (param $at i32) (param $n i32)
    (loop $next
      (drop (i32.load (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  ;; a store after the loop, then a trap
  (func (export "then_trap") (param $at i32) (param $n i32)
    (loop $next
      (i32.store (local.get $at) (i32.const 7))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (unreachable))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "get") (param i32) (result i32) (i32.load (local.get 0))))

(invoke "up" (i32.const 0) (i32.const 100) (i32.const 1))
(assert_return (invoke "get" (i32.const 0)) (i32.const 0))
(assert_return (invoke "get" (i32.const 4)) (i32.const 1))
(assert_return (invoke "get" (i32.const 400)) (i32.const 1))
(assert_return (invoke "get" (i32.const 404)) (i32.const 0))
(assert_return (invoke "sum" (i32.const 0) (i32.const 102)) (i32.const 100))
(assert_return (invoke "sum" (i32.const 0) (i32.const 16384)) (i32.const 100))
(assert_trap (invoke "sum" (i32.const 0) (i32.const 16385)) "out of bounds memory access")
(assert_trap (invoke "touch" (i32.const 0) (i32.const 16385)) "out of bounds memory access")
(invoke "touch" (i32.const 0) (i32.const 16384))
;; exactly to the end, then one more
(invoke "up" (i32.const 65128) (i32.const 101) (i32.const 2))
(assert_return (invoke "get" (i32.const 65532)) (i32.const 2))
(assert_trap (invoke "up" (i32.const 65128) (i32.const 102) (i32.const 3)) "out of bounds memory access")
(assert_return (invoke "get" (i32.const 65532)) (i32.const 3))
(assert_return (invoke "get" (i32.const 65132)) (i32.const 3))
;; downwards through 0: wraps to the top and traps
(assert_trap (invoke "down" (i32.const 40) (i32.const 12) (i32.const 5)) "out of bounds memory access")
(assert_return (invoke "get" (i32.const 0)) (i32.const 5))
(assert_return (invoke "get" (i32.const 40)) (i32.const 5))
(invoke "down" (i32.const 40) (i32.const 11) (i32.const 6))
(assert_return (invoke "get" (i32.const 0)) (i32.const 6))
;; n = 0 counts 2^32 times round
(assert_trap (invoke "up" (i32.const 60000) (i32.const 0) (i32.const 9)) "out of bounds memory access")
(assert_return (invoke "get" (i32.const 60004)) (i32.const 9))
(assert_return (invoke "get" (i32.const 65532)) (i32.const 9))
;; upwards through 2^32
(assert_trap (invoke "up" (i32.const 0xfffffff0) (i32.const 8) (i32.const 9)) "out of bounds memory access")
;; overlapping copies, both ways, and one that runs out
(invoke "up" (i32.const 996) (i32.const 1) (i32.const 0x04030201))
(invoke "copy" (i32.const 1001) (i32.const 1000) (i32.const 20))
(assert_return (invoke "get" (i32.const 1016)) (i32.const 0x01010101))
(invoke "up" (i32.const 1996) (i32.const 1) (i32.const 0x04030201))
(invoke "copy" (i32.const 1999) (i32.const 2000) (i32.const 8))
(assert_return (invoke "get" (i32.const 1999)) (i32.const 0x04030201))
(invoke "copy" (i32.const 0) (i32.const 0xffffffff) (i32.const 0))
(assert_trap (invoke "copy" (i32.const 65530) (i32.const 2000) (i32.const 100)) "out of bounds memory access")
(assert_return (invoke "get" (i32.const 65530)) (i32.const 0x00040302))
;; stores of the loop are there when what follows traps
(assert_trap (invoke "then_trap" (i32.const 3000) (i32.const 50)) "unreachable")
(assert_return (invoke "get" (i32.const 3000)) (i32.const 7))
(assert_return (invoke "get" (i32.const 3196)) (i32.const 7))
;; after growth the same addresses are inside
(assert_return (invoke "grow") (i32.const 1))
(invoke "up" (i32.const 65128) (i32.const 200) (i32.const 4))
(assert_return (invoke "get" (i32.const 65928)) (i32.const 4))
