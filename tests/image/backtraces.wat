;; Traps and calls below functions that the optimiser inlines. Each export ends in a trap whose backtrace must be the
;; same interpreted and compiled at every level (tests/image/run.py). What is kept out of line is called through $table.
(module $backtraces
  (type $unary (func (param i32) (result i32)))
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (table $table 2 2 funcref)
  (elem (i32.const 0) $far_divide $far_load)

  (func $far_divide (type $unary) (i32.div_s (i32.const 100) (local.get 0)))
  (func $far_load (type $unary) (i32.load (local.get 0)))

  (func $divide (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0)))
  (func $load (param i32) (result i32) (i32.load offset=4 (local.get 0)))
  (func $twice (param i32) (result i32)
    (i32.add (call $divide (i32.const 7)) (call $divide (local.get 0))))
  (func $indirect (param i32 i32) (result i32)
    (call_indirect $table (type $unary) (local.get 0) (local.get 1)))
  (func $middle (param i32 i32) (result i32)
    (i32.add (i32.const 1) (call $indirect (local.get 0) (local.get 1))))

  ;; The second of two copies of the same inlined function traps.
  (func (export "trap-in-leaf") (param i32) (result i32)
    (global.set $g (i32.const 1))
    (call $twice (local.get 0)))
  ;; A return address inside an inlined function, with another frame above it.
  (func (export "call-in-leaf") (param i32) (result i32)
    (i32.mul (i32.const 3) (call $middle (local.get 0) (i32.const 0))))
  (func (export "fault-below-call") (param i32) (result i32)
    (call $middle (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
  ;; The trap of the call itself, and of a builtin that the inlined function calls.
  (func (export "bad-index") (param i32) (result i32)
    (call $middle (local.get 0) (i32.const 9)))
  (func $fill (param i32 i32) (memory.fill (local.get 0) (i32.const 5) (local.get 1)))
  (func (export "builtin-in-leaf") (param i32) (result i32)
    (call $fill (local.get 0) (i32.const 10))
    (call $fill (local.get 0) (i32.const 65537))
    (local.get 0))
  (func $give_up (global.set $g (i32.const 3)) (unreachable))
  (func (export "unreachable-in-leaf") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (call $give_up)))
    (i32.const 1))

  ;; Mutual recursion: some levels of it are inlined.
  (func $even (export "mutual") (param i32) (result i32)
    (if (result i32) (i32.eq (local.get 0) (i32.const 8))
      (then (call $load (i32.const -1)))
      (else (i32.sub (call $odd (i32.add (local.get 0) (i32.const 1))) (local.get 0)))))
  (func $odd (param i32) (result i32)
    (i32.xor (call $even (i32.add (local.get 0) (i32.const 1))) (local.get 0)))

  ;; Loops that are versioned (affine addresses): inlined whole, and with an inlined body.
  (func $sum (param $at i32) (param $end i32) (result i32) (local $s i32)
    (loop $next
      (local.set $s (i32.add (local.get $s) (i32.load (local.get $at))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
    (local.get $s))
  (func (export "versioned-loop") (param i32) (result i32)
    (i32.add (call $sum (local.get 0) (i32.const 128)) (call $sum (i32.const 65000) (i32.const 70000))))
  (func $put (param $at i32) (i32.store (local.get $at) (i32.load offset=64 (local.get $at))))
  (func (export "loop-around-leaf") (param $at i32) (result i32)
    (loop $next
      (call $put (local.get $at))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 70000))))
    (local.get $at)))
