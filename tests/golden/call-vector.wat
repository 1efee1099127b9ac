;;! run: wasmrun call --interp {file} add 'i32x4 1 2 3 -4' 'i32x4:0x10,0x20,0x30,0x40'
;;! out: i32x4 0x00000011 0x00000022 0x00000033 0x0000003c
;;! run: wasmrun call --interp {file} 'add(i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -1, i16x8 1 0 0 0 0 0 0 0)'
;;! out: i32x4 0x04030202 0x08070605 0x0c0b0a09 0xff0f0e0d
;;! run: wasmrun call --interp {file} add 'f32x4 1 -0 nan:0x200001 inf' 'i64x2 0 0'
;;! out: i32x4 0x3f800000 0x80000000 0x7fa00001 0x7f800000
;;! run: wasmrun call --interp {file} add 'f64x2 1.5 0x1p-1' 'i64x2 0 -1'
;;! out: i32x4 0x00000000 0x3ff80000 0xffffffff 0x3fdfffff
;;! run: wasmrun call --interp {file} lane 'i64x2 5 0'
;;! out: 5
;;! out: i32x4 0x00000005 0x00000000 0x00000000 0x00000000
;;! run: wasmrun call --interp {file} lane 'i32x4 1 2 3'
;;! exit: 2
;;! err: wasmrun: error: argument 'i32x4 1 2 3': expected a value of type v128
;;! run: wasmrun call --interp {file} lane 'i32x4 1 2 3 4 5'
;;! exit: 2
;;! err: wasmrun: error: argument 'i32x4 1 2 3 4 5': expected a value of type v128
;;! run: wasmrun call --interp {file} lane 'i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'
;;! exit: 2
;;! err: wasmrun: error: argument 'i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0': expected a value of type v128
;;! run: wasmrun call --interp {file} lane 5
;;! exit: 2
;;! err: wasmrun: error: argument '5': expected a value of type v128
;; Vectors as arguments and results: the text format's shapes, lanes between spaces or commas.
(module
  (func (export "add") (param v128 v128) (result v128)
    (i32x4.add (local.get 0) (local.get 1)))
  (func (export "lane") (param v128) (result i64 v128)
    (i64x2.extract_lane 0 (local.get 0)) (local.get 0)))
