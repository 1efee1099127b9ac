;;! run: wasmrun validate {file}
;;! err: warning[malformed]: custom-section.wat: offset 0x24: custom section name: malformed
;; What is wrong in a custom section leaves the module valid: a warning, and it runs.
(module
  (@custom "name" "\01\03\01\00\7f")
  (func (export "_start")))
