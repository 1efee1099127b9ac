;;! run: wasmrun --interpp {file}
;;! exit: 2
;;! err: wasmrun: error: unknown option '--interpp' (did you mean '--interp'?)
;;! run: wasmrun --fuel 10 {file}
;;! exit: 2
;;! err: wasmrun: error: unknown option '--fuel' (did you mean '--help'?)
;;! run: wasmrun
;;! exit: 2
;;! err~ usage:
;;! run: wasmrun --timeout soon {file}
;;! exit: 2
;;! err: wasmrun: error: --timeout: expected a time like 500ms, 2s or 5m, found 'soon'
;;! run: wasmrun --interp no-such-file.wasm
;;! exit: 1
;;! err: error[io]: no-such-file.wasm: cannot open: No such file or directory
;;! run: wasmc no-such-command
;;! exit: 2
;;! err: wasmc: error: unknown command 'no-such-command' (see --help)
;;! run: wasmc aot
;;! exit: 2
;;! err: wasmc: error: aot: FILE is missing (see --help)
;; Mistakes on the command line: exit code 2 and the nearest match; a file that is not there: 1.
(module (func (export "_start")))
