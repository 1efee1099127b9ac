;; Tail calls of every kind, a million deep, with signatures that differ in number and kind of parameters: the stack must
;; not grow. A callee that makes no tail call itself may be called and returned from.
(module $even
  (type $step (func (param i32) (result i32 i64 f64)))
  (type $wide (func (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i64 i64 i64 i64 v128) (result i32 i64 f64)))
  (table $t (export "t") 4 funcref)
  (global $next (export "next") (mut (ref null $step)) (ref.null $step))

  (func $narrow (export "direct") (param $n i32) (result i32 i64 f64)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1) (i64.const 2) (f64.const 3))))
    (return_call $wide (i32.sub (local.get $n) (i32.const 1))
      (i64.const 1) (f32.const 2) (f64.const 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
      (i32.const 8) (i64.const 9) (f32.const 10) (f64.const 11) (i64.const 12) (i64.const 13) (i64.const 14)
      (i64.const 15) (v128.const i64x2 16 17)))
  (func $wide (type $wide)
    ;; an argument that was not passed on would be noticed here
    (if (i64.ne (i64.add (local.get 15) (i64x2.extract_lane 1 (local.get 16))) (i64.const 32)) (then (unreachable)))
    (return_call $narrow (local.get 0)))

  (elem (table $t) (i32.const 0) func $through_table $through_ref)
  (elem declare func $through_ref)
  (func $through_table (export "indirect") (type $step)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 4) (i64.const 5) (f64.const 6))))
    (return_call_indirect $t (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.and (local.get 0) (i32.const 1))))
  (func $through_ref (export "reference") (type $step)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 7) (i64.const 8) (f64.const 9))))
    (return_call_ref $step (i32.sub (local.get 0) (i32.const 1)) (ref.func $through_ref)))

  (func $plain (type $step) (i32.const 10) (i64.const 11) (f64.const 12))
  (func (export "to-plain") (param i32) (result i32 i64 f64) (return_call $plain (local.get 0)))
  (func (export "to-global") (param i32) (result i32 i64 f64)
    (return_call_ref $step (local.get 0) (global.get $next)))

  (func (export "call-then") (param i32) (result i32)
    (drop (drop (call $narrow (local.get 0))))))
(assert_return (invoke "direct" (i32.const 1000001)) (i32.const 1) (i64.const 2) (f64.const 3))
(assert_return (invoke "indirect" (i32.const 1000000)) (i32.const 7) (i64.const 8) (f64.const 9))
(assert_return (invoke "reference" (i32.const 1000000)) (i32.const 7) (i64.const 8) (f64.const 9))
(assert_return (invoke "to-plain" (i32.const 0)) (i32.const 10) (i64.const 11) (f64.const 12))
(assert_return (invoke "call-then" (i32.const 10)) (i32.const 1))
(assert_trap (invoke "to-global" (i32.const 0)) "null function reference")
(register "even" $even)

;; Between two instances: each has a context of its own, which must be the callee's afterwards, and the caller's again
;; when everything returned.
(module $odd
  (type $step (func (param i32) (result i32 i64 f64)))
  (import "even" "t" (table $t 4 funcref))
  (import "even" "direct" (func $direct (type $step)))
  (import "spectest" "print_i32" (func $print (param i32)))
  (global $mine (mut i32) (i32.const 77))
  (elem (table $t) (i32.const 2) func $back)
  (func $back (type $step)
    (if (i32.eqz (local.get 0)) (then (return (global.get $mine) (i64.const 0) (f64.const 0))))
    (return_call_indirect $t (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 3)))
  (func (export "import") (type $step) (return_call $direct (local.get 0)))
  (func (export "host") (param i32) (return_call $print (local.get 0)))
  (func (export "ping") (param i32) (result i32)
    (local $sum i32)
    (call $back (local.get 0))
    (drop) (drop)
    (i32.add (global.get $mine)))) ;; of this instance, whatever was called in between
(module $third
  (type $step (func (param i32) (result i32 i64 f64)))
  (import "even" "t" (table $t 4 funcref))
  (global $mine (mut i32) (i32.const 5))
  (elem (table $t) (i32.const 3) func $forth)
  (func $forth (type $step)
    (if (i32.eqz (local.get 0)) (then (return (global.get $mine) (i64.const 0) (f64.const 0))))
    (return_call_indirect $t (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 2))))
(assert_return (invoke $odd "import" (i32.const 1000000)) (i32.const 1) (i64.const 2) (f64.const 3))
(assert_return (invoke $odd "host" (i32.const 3)))
(assert_return (invoke $odd "ping" (i32.const 1000000)) (i32.const 154))
(assert_return (invoke $odd "ping" (i32.const 1000001)) (i32.const 82))

;; A trap behind tail calls leaves globals and memory as they were then.
(module
  (memory 1)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func $store (param i32 i32) (global.set $g (local.get 0)) (return_call $fault (i32.const -1)))
  (func $fault (param i32) (drop (i32.load (local.get 0))) (global.set $g (i32.const 0)) (return_call $end))
  (func $end (return_call $end2)) (func $end2)
  (func (export "f") (param i32) (return_call $store (local.get 0) (i32.const 0)))
  (func (export "endless") (param i32) (result i32) (call $grow (local.get 0)))
  (func $grow (param i32) (result i32) (i32.add (call $grow (local.get 0)) (i32.const 1))))
(assert_trap (invoke "f" (i32.const 9)) "out of bounds memory access")
(assert_return (get "g") (i32.const 9))
(assert_exhaustion (invoke "endless" (i32.const 0)) "call stack exhausted")
