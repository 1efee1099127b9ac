;; The legacy form of exceptions: try with all its parts, nested in them; delegate and rethrow to every kind of label.
(module
  (tag $empty)
  (tag $int (param i32))
  (func $catches (param i32) (result i32)
    (try $outer (result i32)
      (do
        (local.get 0)
        (try $inner (param i32) (result i32)
          (do (throw $int))
          (catch $int (br_if $outer (local.get 0)))
          (catch_all
            (try (do (rethrow $inner)) (catch_all (rethrow 0)))
            (i32.const 1))))
      (catch $int
        (block
          (try (do (nop)) (catch $empty (rethrow $outer)) (catch $int (return)))))
      (catch_all (rethrow $outer))))
  (func $delegates (result i64)
    loop $l
      try $a
        block $b
          try throw $empty delegate $a
          try nop delegate $b
          try (br_table 0 1 2 (i32.const 1)) delegate $l
          try throw $empty delegate 3
        end
      catch $empty
        try nop delegate $a
        try rethrow 1 delegate $l
      end
    end
    i64.const 5
    try (param i64) (result i64)
      i64.eqz
      drop
      i64.const 4
    catch_all
      i64.const 3
    end))
