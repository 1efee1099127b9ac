;;! run: wasmrun --interp --max-memory 8MiB {file}
;;! run: wasmrun --interp --max-memory 8MiB -D gc-zeal {file} short
;; Garbage of ten times the limit passes through the heap; a ring of live nodes, an array of references and a value in a
;; local survive. With an argument (for -D gc-zeal, which collects all the time) fewer rounds.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (type $node (struct (field $next (mut (ref null $node))) (field $value i64)))
  (type $nodes (array (mut (ref null $node))))
  (type $bytes (array (mut i8)))
  (global $ring (mut (ref null $nodes)) (ref.null $nodes))
  (func $rounds (result i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (select (i32.const 200) (i32.const 2000000) (i32.gt_u (i32.load (i32.const 0)) (i32.const 1))))
  (func (export "_start")
    (local $i i32) (local $left i32) (local $kept (ref null $node)) (local $sum i64)
    (global.set $ring (array.new_default $nodes (i32.const 10)))
    (local.set $kept (struct.new $node (ref.null $node) (i64.const 7)))
    (local.set $left (call $rounds))
    (loop $round
      ;; a node that points to the previous one of the ring, whose own link is cut
      (local.set $i (i32.rem_u (local.get $left) (i32.const 10)))
      (if (ref.is_null (array.get $nodes (global.get $ring) (local.get $i)))
        (then)
        (else
          (struct.set $node $next (array.get $nodes (global.get $ring) (local.get $i))
            (ref.null $node))))
      (array.set $nodes (global.get $ring) (local.get $i)
        (struct.new $node
          (array.get $nodes (global.get $ring)
            (i32.rem_u (i32.add (local.get $i) (i32.const 1)) (i32.const 10)))
          (i64.extend_i32_u (local.get $i))))
      (drop (array.new_default $bytes (i32.and (local.get $left) (i32.const 63))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $round (local.get $left)))
    ;; 0 + 1 + … + 9 + 7
    (loop $add
      (local.set $sum (i64.add (local.get $sum)
        (struct.get $node $value (array.get $nodes (global.get $ring) (local.get $left)))))
      (local.set $left (i32.add (local.get $left) (i32.const 1)))
      (br_if $add (i32.lt_u (local.get $left) (i32.const 10))))
    (if (i64.ne (i64.add (local.get $sum) (struct.get $node $value (local.get $kept)))
          (i64.const 52))
      (then unreachable))))
