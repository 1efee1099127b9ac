;;! run: wasmc encode {file} -o {tmp}/lazy.wasm
;;! run: wasmrun call --interp -O lazy-validation {tmp}/lazy.wasm good 40
;;! out: 42
;;! run: wasmrun call --interp -O lazy-validation {tmp}/lazy.wasm vectors 40
;;! out: 84
;;! run: wasmrun call --interp -O lazy-validation {tmp}/lazy.wasm bad 1
;;! exit: 1
;;! err~ func 4 "bad", offset 0x
;;! err~ type mismatch: i32.add expected i32, found an empty stack
;;! run: wasmrun call --interp -O lazy-validation {tmp}/lazy.wasm "calls bad"
;;! exit: 1
;;! err~ type mismatch: i32.add expected i32, found an empty stack
;;! run: wasmrun call --interp {tmp}/lazy.wasm good 40
;;! exit: 1
;;! err~ type mismatch: i32.add expected i32, found an empty stack
;;! run: wasmrun call --interp -O eager {file} good 40
;;! exit: 2
;;! err: wasmrun: error: -O: expected lazy-validation[=y|n], found 'eager'
;; Lazy validation: an invalid function matters when it is called, with the message of validation at load; a function with
;; vectors may be called by code that runs without.
(module
  (func $more (param i32) (result i32)
    (block (br_if 0 (local.get 0)))
    (i32.add (local.get 0) (i32.const 2)))
  (func (export "good") (param i32) (result i32) (call $more (local.get 0)))
  (func $vector (param i32) (result i32)
    (i32x4.extract_lane 3 (i32x4.splat (call $more (local.get 0)))))
  (func (export "vectors") (param i32) (result i32)
    (i32.add (call $vector (local.get 0)) (call $vector (local.get 0))))
  (func $bad (export "bad") (param i32) (result i32) (i32.add (local.get 0)))
  (func (export "calls bad") (result i32) (call $bad (i32.const 1))))
