// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry trampoline and landing pad for ARM64, see runtime/activation.h.
//
// Frame of petrel_enter, from saved_sp upwards: d8-d15 (64), x19-x28 (80), fpcr + pad (16), x29, x30.
        .text
        .globl  petrel_enter
        .hidden petrel_enter
        .type   petrel_enter, %function
        .p2align 4
petrel_enter:
        .cfi_startproc
        hint    #34                     // bti c
        stp     x29, x30, [sp, #-176]!
        .cfi_def_cfa_offset 176
        stp     d8, d9, [sp, #16]
        stp     d10, d11, [sp, #32]
        stp     d12, d13, [sp, #48]
        stp     d14, d15, [sp, #64]
        stp     x19, x20, [sp, #80]
        stp     x21, x22, [sp, #96]
        stp     x23, x24, [sp, #112]
        stp     x25, x26, [sp, #128]
        stp     x27, x28, [sp, #144]
        mrs     x9, fpcr
        str     x9, [sp, #160]
        msr     fpcr, xzr               // wasm's floating point environment
        mov     x9, sp
        str     x9, [x0]
        mov     x19, x0
        mov     x10, x1
        cbz     x4, 1f
        mov     sp, x4
1:      mov     x0, x2
        mov     x1, x3
        mov     x29, xzr
        blr     x10
        and     w0, w0, #1
        ldr     x9, [x19]
        mov     sp, x9
.Lexit:
        ldr     x9, [sp, #160]
        msr     fpcr, x9
        ldp     d8, d9, [sp, #16]
        ldp     d10, d11, [sp, #32]
        ldp     d12, d13, [sp, #48]
        ldp     d14, d15, [sp, #64]
        ldp     x19, x20, [sp, #80]
        ldp     x21, x22, [sp, #96]
        ldp     x23, x24, [sp, #112]
        ldp     x25, x26, [sp, #128]
        ldp     x27, x28, [sp, #144]
        ldp     x29, x30, [sp], #176
        ret
        .cfi_endproc
        .size   petrel_enter, .-petrel_enter

        .globl  petrel_leave
        .hidden petrel_leave
        .type   petrel_leave, %function
        .p2align 4
petrel_leave:
        hint    #36                     // bti j: also a signal handler's target
        ldr     x9, [x0]
        mov     sp, x9
        mov     w0, wzr
        b       .Lexit
        .size   petrel_leave, .-petrel_leave

        .section .note.GNU-stack, "", %progbits
