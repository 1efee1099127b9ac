;; Every command of the script language, each holding.

(module $calc
  (global (export "answer") i32 (i32.const 42))
  (global (export "pi") f64 (f64.const 0x1.921fb54442d18p1))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "pair") (param i64 f32) (result f32 i64) (local.get 1) (local.get 0))
  (func (export "sqrt") (param f64) (result f64) (f64.sqrt (local.get 0)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $forever (export "forever") (call $forever))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "null-func") (result funcref) (ref.null func))
  (func $self (export "self") (result funcref) (ref.func $self)))

(assert_return (invoke "add" (i32.const 1) (i32.const -2)) (i32.const 0xffffffff))
(assert_return (invoke "pair" (i64.const 1) (f32.const -0)) (f32.const -0) (i64.const 1))
(assert_return (invoke "sqrt" (f64.const -1)) (f64.const nan:canonical))
(assert_return (invoke "sqrt" (f64.const nan:0x4)) (f64.const nan:arithmetic))
(assert_return (invoke "sqrt" (f64.const 4)) (either (f64.const 1) (f64.const 2)))
(assert_return (get "answer") (i32.const 42))
(assert_return (get $calc "pi") (f64.const 3.141592653589793))
(assert_return (invoke "same" (ref.extern 7)) (ref.extern 7))
(assert_return (invoke "same" (ref.null extern)) (ref.null extern))
(assert_return (invoke "null-func") (ref.null func))
(assert_return (invoke "self") (ref.func))
(assert_trap (invoke "div" (i32.const 1) (i32.const 0)) "integer divide by zero")
(assert_exhaustion (invoke "forever") "call stack exhausted")
(invoke "add" (i32.const 1) (i32.const 2))

(register "calc" $calc)
(module $user
  (import "calc" "add" (func $add (param i32 i32) (result i32)))
  (import "spectest" "print_i32" (func $print (param i32)))
  (import "spectest" "global_i32" (global $g i32))
  (import "spectest" "memory" (memory 1 2))
  (import "spectest" "table" (table 10 20 funcref))
  (func (export "twice") (result i32) (call $print (i32.const 1)) (call $add (global.get $g) (global.get $g))))
(assert_return (invoke "twice") (i32.const 1332))
(assert_return (invoke $calc "add" (i32.const 1) (i32.const 1)) (i32.const 2))

(module definition $counter
  (global $n (mut i32) (i32.const 0))
  (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
(module instance $c1 $counter)
(module instance $c2 $counter)
(assert_return (invoke $c1 "next") (i32.const 1))
(assert_return (invoke $c1 "next") (i32.const 2))
(assert_return (invoke $c2 "next") (i32.const 1))

(module binary "\00asm" "\01\00\00\00")
(module quote "(func (export \"q\") (result i32) " "(i32.const 3))")
(assert_return (invoke "q") (i32.const 3))

(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func (result i32") "unexpected token")
(assert_malformed (module binary "\00asm" "\01\00\00") "unexpected end")
(assert_unlinkable (module (import "calc" "nothing" (func))) "unknown import")
(assert_unlinkable (module (import "calc" "add" (func))) "incompatible import type")
(assert_trap (module (func $f unreachable) (start $f)) "unreachable")

;; A feature that is not in this build refuses the module by name; what depends on it waits.
(module $vectors (func (export "v") (result v128) (v128.const i64x2 1 2)))
(assert_return (invoke "v") (v128.const i64x2 1 2))
