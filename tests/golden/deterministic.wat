;;! run: wasmrun call --deterministic {file} scalar
;;! out: 2143289344
;;! out: 2143289344
;;! out: 2143289344
;;! out: 2143289344
;;! out: 2143289344
;;! out: 9221120237041090560
;;! out: 9221120237041090560
;;! out: 9221120237041090560
;;! run: wasmrun call --deterministic {file} vector
;;! out: 4611686020570677248
;;! out: 9205357640488583168
;;! out: 9221120237041090560
;;! out: 9205357640488583168
;;! run: wasmrun call --deterministic {file} exact
;;! out: 2145461061
;;! out: 2145461061
;;! out: 2145461061
;;! out: -1105883908498756
;;! run: wasmrun call --deterministic {file} madd
;;! out: 0
;;! out: 0
;;! run: wasmrun call {file} madd
;;! out: 5.9604645e-08
;;! out: -5.9604645e-08
;;! run: wasmrun call --deterministic {file} clocks
;;! out: 1000000000
;;! out: 1000001000
;;! out: 946684801000002000
;;! out: 3000
;;! out: 1000
;;! run: wasmrun call --deterministic=7 {file} clocks
;;! out: 1000000000
;;! out: 1000001000
;;! out: 946684801000002000
;;! out: 3000
;;! out: 1000
;;! run: wasmrun call --deterministic {file} sleep
;;! out: 1
;;! out: 86400000001000
;;! run: wasmrun call --deterministic {file} random
;;! out: -2152535657050944081
;;! out: 12150260
;;! run: wasmrun call --deterministic=0 {file} random
;;! out: -2152535657050944081
;;! out: 12150260
;;! run: wasmrun call --deterministic=7 {file} random
;;! out: 7191089600892374487
;;! out: 3958300
;;! run: wasmrun call --deterministic {file} unfair
;;! out: 1000
;;! run: wasmrun call --deterministic=x {file} madd
;;! exit: 2
;;! err: wasmrun: error: --deterministic: expected a number, found 'x'
;; What --deterministic fixes: the bits of NaN results, madd in two roundings, clocks that only the guest moves, random
;; numbers by seed. Bits that the specification fixes (abs, neg, copysign, moves) stay.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $now (param $clock i32) (result i64)
    (drop (call $time (local.get $clock) (i64.const 1) (i32.const 0)))
    (i64.load (i32.const 0)))

  ;; A negative NaN with a payload goes in everywhere.
  (global $f f32 (f32.const -nan:0x612345))
  (global $d f64 (f64.const -nan:0xc123456789abc))
  (func (export "scalar") (result i32 i32 i32 i32 i32 i64 i64 i64)
    (i32.reinterpret_f32 (f32.add (global.get $f) (f32.const 1)))
    (i32.reinterpret_f32 (f32.sqrt (f32.const -1)))
    (i32.reinterpret_f32 (f32.nearest (global.get $f)))
    (i32.reinterpret_f32 (f32.min (f32.const 1) (global.get $f)))
    (i32.reinterpret_f32 (f32.demote_f64 (global.get $d)))
    (i64.reinterpret_f64 (f64.mul (global.get $d) (global.get $d)))
    (i64.reinterpret_f64 (f64.promote_f32 (global.get $f)))
    (i64.reinterpret_f64 (f64.sub (f64.const inf) (f64.const inf))))
  (func (export "vector") (result i64 i64 i64 i64)
    (local $v v128)
    (local.set $v (f32x4.add (v128.const i32x4 0xffe12345 0x3f800000 0x7fe00000 0xff800000)
                             (v128.const i32x4 0x3f800000 0x3f800000 0xffc00001 0x7f800000)))
    (i64x2.extract_lane 0 (local.get $v))
    (i64x2.extract_lane 1 (local.get $v))
    (i64x2.extract_lane 1 (f64x2.sqrt (f64x2.splat (f64.const -1))))
    (i64x2.extract_lane 0 (f32x4.demote_f64x2_zero (f64x2.splat (global.get $d)))))
  (func (export "exact") (result i32 i32 i32 i64)
    (i32.reinterpret_f32 (f32.neg (global.get $f)))
    (i32.reinterpret_f32 (f32.abs (global.get $f)))
    (i32.reinterpret_f32 (f32.copysign (global.get $f) (f32.const 1)))
    (i64x2.extract_lane 0 (f64x2.pmin (f64x2.splat (global.get $d)) (f64x2.splat (f64.const 1)))))

  ;; (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 when it is rounded once, else 0; nmadd the same of the negative.
  (func (export "madd") (result f32 f32)
    (local $v v128)
    (local.set $v (f32x4.splat (f32.const 0x1.001p0)))
    (f32x4.extract_lane 3 (f32x4.relaxed_madd
      (local.get $v) (local.get $v) (f32x4.splat (f32.const -0x1.002p0))))
    (f32x4.extract_lane 0 (f32x4.relaxed_nmadd
      (local.get $v) (local.get $v) (f32x4.splat (f32.const 0x1.002p0)))))

  (func (export "clocks") (result i64 i64 i64 i64 i64)
    (call $now (i32.const 1)) (call $now (i32.const 1)) (call $now (i32.const 0)) (call $now (i32.const 2))
    (drop (call $resolution (i32.const 1) (i32.const 0)))
    (i64.load (i32.const 0)))
  ;; A day passes at once.
  (func (export "sleep") (result i32 i64)
    (local $before i64)
    (local.set $before (call $now (i32.const 1)))
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const 86400000000000))
    (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8)))
    (i32.load (i32.const 8))
    (i64.sub (call $now (i32.const 1)) (local.get $before)))
  (func (export "random") (result i64 i64)
    (drop (call $random (i32.const 0) (i32.const 11)))
    (i64.load (i32.const 0)) (i64.load (i32.const 8)))
  ;; A loop that watches the clock ends.
  (func (export "unfair") (result i64)
    (local $end i64)
    (local.set $end (i64.add (call $now (i32.const 1)) (i64.const 100000000)))
    (loop $again (br_if $again (i64.lt_u (call $now (i32.const 1)) (local.get $end))))
    (i64.sub (call $now (i32.const 1)) (local.get $end))))
