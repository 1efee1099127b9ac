// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the atomic instructions (threads proposal). They exist once, with all operands in memory, whatever the
// memory is: `locate_atomic` checks alignment and bounds, the access itself is a sequentially consistent `__atomic`
// operation of the width in memory. i32 and i64 forms of one width are one handler, as operands and results are
// zero-extended. `pc` is at the last byte of the opcode. Included by dispatch.cpp only.
#pragma once

#include "interp/memory_handlers.h"
#include "ir/opcodes.h"

namespace petrel::interp {
namespace {

/// The 0xfe prefix: all operands into memory, then on in the page.
template <u32 S> PETREL_HANDLER(op_prefix_fe) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 code = read_leb_u32(at);
  pc = at - 1;
  PETREL_DISPATCH(kPageFe + code);
}

/// `at`: the bytes that the access at `pc` with its address in slot `operand` means; leaves when they are not there.
#define PETREL_LOCATE_ATOMIC(Memory, operand)                                                      \
  const Access access = locate_atomic(pc, fp, func, (operand).bits[0], sizeof(Memory));            \
  if (access.at == nullptr) [[unlikely]] {                                                         \
    PETREL_LEAVE(false);                                                                           \
  }                                                                                                \
  /* SAFETY: in bounds and aligned. */                                                             \
  [[maybe_unused]] auto* const at = reinterpret_cast<Memory*>(access.at)

template <typename Memory> PETREL_HANDLER(atomic_load) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-1]);
  --sp;
  a = __atomic_load_n(at, __ATOMIC_SEQ_CST);
  pc = access.next;
  PETREL_NEXT(1);
}

template <typename Memory> PETREL_HANDLER(atomic_store) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-2]);
  __atomic_store_n(at, static_cast<Memory>(sp[-1].bits[0]), __ATOMIC_SEQ_CST);
  sp -= 2;
  pc = access.next;
  PETREL_NEXT(0);
}

template <ir::Rmw kRmw, typename Memory>
[[gnu::always_inline]] inline Memory read_modify_write(Memory* at, Memory value) {
  if constexpr (kRmw == ir::Rmw::Add) {
    return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);
  } else if constexpr (kRmw == ir::Rmw::Sub) {
    return __atomic_fetch_sub(at, value, __ATOMIC_SEQ_CST);
  } else if constexpr (kRmw == ir::Rmw::And) {
    return __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST);
  } else if constexpr (kRmw == ir::Rmw::Or) {
    return __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST);
  } else if constexpr (kRmw == ir::Rmw::Xor) {
    return __atomic_fetch_xor(at, value, __ATOMIC_SEQ_CST);
  } else {
    static_assert(kRmw == ir::Rmw::Xchg);
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
  }
}

template <typename Memory, ir::Rmw kRmw> PETREL_HANDLER(atomic_rmw) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-2]);
  a = read_modify_write<kRmw>(at, static_cast<Memory>(sp[-1].bits[0]));
  sp -= 2;
  pc = access.next;
  PETREL_NEXT(1);
}

template <typename Memory> PETREL_HANDLER(atomic_cmpxchg) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-3]);
  auto expected = static_cast<Memory>(sp[-2].bits[0]);
  __atomic_compare_exchange_n(at, &expected, static_cast<Memory>(sp[-1].bits[0]), false,
                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  a = expected; // what was there, also when it was replaced
  sp -= 3;
  pc = access.next;
  PETREL_NEXT(1);
}

template <typename Memory> PETREL_HANDLER(atomic_notify) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-2]);
  a = notify(ctx, pc + 1, at, sp[-1].i32);
  sp -= 2;
  pc = access.next;
  PETREL_NEXT(1);
}

template <typename Memory> PETREL_HANDLER(atomic_wait) {
  PETREL_ENTER;
  PETREL_LOCATE_ATOMIC(Memory, sp[-3]);
  if (!wait(pc, fp, func, at, sp - 3)) [[unlikely]] {
    PETREL_LEAVE(false);
  }
  sp -= 2; // the outcome took the address's place
  pc = access.next;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_atomic_fence) {
  PETREL_ENTER;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  pc += 2;
  PETREL_NEXT(0);
}

} // namespace
} // namespace petrel::interp
