#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the machine code of the tail-call interpreter's handlers.

usage: asm_test.py LIBRARY

A handler must be what the design says: registers in, registers out, one indirect jump. Where that is a
matter of correctness it is checked for every handler that accesses guest memory: the fault handler resumes
at `memory_fault` with the stack pointer as it was, so none of them may have moved it. Where it is a matter of speed it
is checked for the hot families. Skips (exit 77) without objdump or with the loop build.
"""
import re
import shutil
import statistics
import subprocess
import sys

# May use the native stack: they call out of line, or are cold.
COLD = re.compile(
    r"^(op_illegal|op_select_t|op_table_\w+|op_elem_drop|op_memory_(grow|size|copy|fill|init)"
    r"|op_data_drop|op_ref_func|op_ref_null|memory_fault|trap|numeric_trap|fc_failed|poll_and_go|branch_motion"
    r"|br_table_slow|br_table_long|return_many|call_slow|call_func_slow|call_host_func|call_ref_slow|call_indirect_slow"
    r"|load_long|store_long|load_any|store_any|(op_)?atomic_\w+|const_long|local_\w+_slow|global_\w+_slow|op_prefix_f[bce]|block_slow|br_if_fall_slow"
    r"|prefix_fd_long|simd_memarg_long|simd_shuffle|simd_\w+_any"
    r"|op_throw_|op_throw_ref|op_rethrow|throw_any|throw_again_any|unwind_pending|op_return_call\w*|call_ref_any|tail_call_\w+|gc_\w+|canonical_\w+|op_prefix_fd_canonical)$")
# Vector instructions whose function needs the stack: tables of bytes, calls of libm.
COLD_FUNCTION = re.compile(r"i8x16_(relaxed_)?swizzle|relaxed_n?madd")
# Allocation in the Store's free run: no call (a register may be saved).
INLINE_ALLOCATION = re.compile(r"^gc_new_(struct|array|fixed_array)$")
ACCESS = re.compile(r"^((load|store)(_slow|_at)?|simd_(load|store)(_lane)?)$")


def handlers(library):
    text = subprocess.run(["objdump", "-d", "-C", "--no-show-raw-insn", "-j", "petrel_interp", library],
                          check=True, capture_output=True, text=True).stdout
    name = None
    found = {}
    for line in text.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        if head:
            name = head.group(1)
            found[name] = []
        elif name and re.match(r"^\s+[0-9a-f]+:\t", line):
            instruction = line.split("\t", 1)[1].strip()
            if not re.match(r"(data16 |cs |nop|int3|xchg +%ax,%ax)", instruction):
                found[name].append(instruction)
    return found


def short(name):
    """`load` of `bool petrel::interp::(anonymous namespace)::load<0u, …>(…)`, also when mangled."""
    mangled = re.match(r"^_ZN6petrel6interp12_GLOBAL__N_1L?(\d+)(\w+)", name)
    if mangled:
        return mangled.group(2)[:int(mangled.group(1))]
    plain = re.search(r"(?:anonymous namespace\)::)(\w+)", name)
    return plain.group(1) if plain else name


def problems_of(name, code):
    touches = [i for i in code if re.search(r"%[er]?sp\b|^(push|pop|call)", i)]
    cold = COLD.match(short(name)) or COLD_FUNCTION.search(name)
    if ACCESS.match(short(name)) and touches:
        yield f"accesses guest memory and touches the native stack: {touches[0]}"
    elif touches and not cold:
        yield f"touches the native stack: {touches[0]}"
    calls = [i for i in code if i.startswith("call")]
    if INLINE_ALLOCATION.match(short(name)) and calls:
        yield f"allocates, and calls: {calls[0]}"
    if not cold and not any(re.match(r"(notrack )?jmp", i) for i in code):
        yield "has no jump to the next handler"


def main():
    if not shutil.which("objdump"):
        print("objdump is missing: skipped")
        return 77
    found = handlers(sys.argv[1])
    if not found:
        print("no handler section (loop build): skipped")
        return 77
    if len(found) < 600:
        print(f"only {len(found)} handlers found: has the section's name changed?")
        return 1
    count = 0
    for name, code in found.items():
        for problem in problems_of(name, code):
            count += 1
            print(f"{name[:120]}: {problem}")
    accesses = [n for n in found if ACCESS.match(short(n))]
    if len(accesses) < 3 * 14:
        print(f"only {len(accesses)} memory handlers recognised")
        return 1
    allocations = [n for n in found if INLINE_ALLOCATION.match(short(n))]
    if len(allocations) != 5:
        print(f"{len(allocations)} handlers recognised that allocate, expected 5")
        return 1
    lengths = [len(code) for code in found.values()]
    print(f"{len(found)} handlers, {len(accesses)} of them access memory; median {statistics.median(lengths)} instructions; "
          f"{count} problems")
    return 1 if count else 0


sys.exit(main())
