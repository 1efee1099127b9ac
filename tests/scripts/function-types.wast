;; A function's type must be a function type, wherever it is given (found by the fuzz target decode_core).
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\03\01\5f\00"              ;; type 0: an empty structure
    "\03\02\01\00"                 ;; a function of it
    "\0a\04\01\02\00\0b")
  "type mismatch")
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\03\01\5f\00"
    "\02\07\01\01m\01f\00\00")     ;; imported
  "type mismatch")
