// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry trampoline and landing pad for x86-64, see runtime/activation.h.
//
// Frame of petrel_enter, from saved_sp upwards: mxcsr (4) + pad (4), r15, r14, r13, r12, rbx, rbp, return address.
        .text
        .globl  petrel_enter
        .hidden petrel_enter
        .type   petrel_enter, @function
        .p2align 4
petrel_enter:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        movl    $0x1f80, 4(%rsp)        // wasm's floating point environment: all masked, round to nearest, no FTZ
        ldmxcsr 4(%rsp)
        movq    %rsp, (%rdi)
        movq    %rdi, %rbx
        movq    %rsi, %rax
        testq   %r8, %r8
        cmovneq %r8, %rsp
        movq    %rdx, %rdi
        movq    %rcx, %rsi
        xorl    %ebp, %ebp
        callq   *%rax
        movzbl  %al, %eax
        movq    (%rbx), %rsp
.Lexit:
        ldmxcsr (%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        retq
        .cfi_endproc
        .size   petrel_enter, .-petrel_enter

        .globl  petrel_leave
        .hidden petrel_leave
        .type   petrel_leave, @function
        .p2align 4
petrel_leave:
        endbr64
        movq    (%rdi), %rsp
        cld
        xorl    %eax, %eax
        jmp     .Lexit
        .size   petrel_leave, .-petrel_leave

        .section .note.GNU-stack, "", @progbits
