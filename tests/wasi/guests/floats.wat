;; Passes NaNs with payloads to another component, in a list and flat, and succeeds when they arrive as canonical NaNs
;; (wasmrun --deterministic); without the option it fails, the bits pass as they are. Built by build.sh.
(component
  (component $callee
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "look") (param $list i32) (param $count i32) (param $d f64) (result i32)
        (i32.and
          (i32.and (i32.eq (i32.load (local.get $list)) (i32.const 0x3f800000))
                   (i32.eq (i32.load offset=4 (local.get $list)) (i32.const 0x7fc00000)))
          (i64.eq (i64.reinterpret_f64 (local.get $d)) (i64.const 0x7ff8000000000000)))))
    (core instance $i (instantiate $m))
    (func (export "look") (param "list" (list f32)) (param "d" f64) (result bool)
      (canon lift (core func $i "look") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $callee (instantiate $callee))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func $look (canon lower (func $callee "look") (memory (core memory $libc "memory"))))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "callee" "look" (func $look (param i32 i32 f64) (result i32)))
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 0x3f800000))
      (i32.store (i32.const 4) (i32.const 0xffe12345))
      (i32.eqz (call $look (i32.const 0) (i32.const 2) (f64.const -nan:0xc123456789abc)))))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "callee" (instance (export "look" (func $look))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
