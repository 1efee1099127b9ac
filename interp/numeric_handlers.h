// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the numeric instructions (specification §4.6.1): every one is a function of ir/numeric.h between two
// moves of operands. Included by dispatch.cpp only.
#pragma once

#include <bit>

#include "interp/control_handlers.h"
#include "ir/numeric.h"

namespace petrel::interp {
namespace {

/// An operand slot's low 64 bits as the C type of the instruction. The inverse zero-extends.
template <typename T> [[gnu::always_inline]] inline T from_bits(u64 bits) {
  if constexpr (std::is_same_v<T, f32>) {
    return std::bit_cast<f32>(static_cast<u32>(bits));
  } else if constexpr (std::is_same_v<T, f64>) {
    return std::bit_cast<f64>(bits);
  } else {
    return static_cast<T>(bits);
  }
}
template <typename T> [[gnu::always_inline]] inline u64 to_bits(T value) {
  if constexpr (std::is_same_v<T, f32>) {
    return std::bit_cast<u32>(value);
  } else if constexpr (std::is_same_v<T, f64>) {
    return std::bit_cast<u64>(value);
  } else {
    static_assert(std::is_unsigned_v<T> || std::is_same_v<T, bool>);
    return static_cast<u64>(value);
  }
}

/// 128-bit arithmetic: the low half of the result in `a`, the high half on top in `b`.
template <u32 S, auto Fn> PETREL_HANDLER(wide_binary) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  sp -= 4;
  const ir::numeric::Wide result = Fn(sp[0].bits[0], sp[1].bits[0], sp[2].bits[0], sp[3].bits[0]);
  a = result.low;
  b = result.high;
  ++pc;
  PETREL_NEXT(2);
}
template <u32 S, auto Fn> PETREL_HANDLER(wide_mul) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  sp -= 2;
  const ir::numeric::Wide result = Fn(sp[0].bits[0], sp[1].bits[0]);
  a = result.low;
  b = result.high;
  ++pc;
  PETREL_NEXT(2);
}

template <auto Fn> struct Signature;
template <typename R, typename A, R (*Fn)(A)> struct Signature<Fn> {
  using First = A;
};
template <typename R, typename A, typename B, R (*Fn)(A, B)> struct Signature<Fn> {
  using First = A;
  using Second = B;
};

template <u32 S, auto Fn> PETREL_HANDLER(unary) {
  PETREL_ENTER;
  const u64 operand = pop<S>(sp, a, b);
  push<popped(S)>(sp, a, b, to_bits(Fn(from_bits<typename Signature<Fn>::First>(operand))));
  ++pc;
  PETREL_NEXT(pushed(popped(S)));
}

template <u32 S, auto Fn> PETREL_HANDLER(binary) {
  PETREL_ENTER;
  constexpr u32 T = popped(popped(S));
  const u64 right = pop<S>(sp, a, b);
  const u64 left = pop<popped(S)>(sp, a, b);
  push<T>(sp, a, b,
          to_bits(Fn(from_bits<typename Signature<Fn>::First>(left),
                     from_bits<typename Signature<Fn>::Second>(right))));
  ++pc;
  PETREL_NEXT(pushed(T));
}

/// Comparisons and tests look at the next opcode: most of them feed a br_if, which is then done here; i32.const does an
/// i32.add (see "Peeks" in interp/README.md).
constexpr u8 kBrIf = 0x0d;
constexpr u8 kI32Add = 0x6a;

template <u32 S, auto Fn> PETREL_HANDLER(test) {
  PETREL_ENTER;
  const u64 operand = pop<S>(sp, a, b);
  const u32 result = Fn(from_bits<typename Signature<Fn>::First>(operand));
  ++pc;
  if (*pc == kBrIf) {
    PETREL_BRANCH_IF(popped(S), result != 0);
  }
  push<popped(S)>(sp, a, b, result);
  PETREL_NEXT(pushed(popped(S)));
}

template <u32 S, auto Fn> PETREL_HANDLER(compare) {
  PETREL_ENTER;
  constexpr u32 T = popped(popped(S));
  const u64 right = pop<S>(sp, a, b);
  const u64 left = pop<popped(S)>(sp, a, b);
  const u32 result = Fn(from_bits<typename Signature<Fn>::First>(left),
                        from_bits<typename Signature<Fn>::Second>(right));
  ++pc;
  if (*pc == kBrIf) {
    PETREL_BRANCH_IF(T, result != 0);
  }
  push<T>(sp, a, b, result);
  PETREL_NEXT(pushed(T));
}

/// Dispatches the traps that numeric functions can return. `pc` is the instruction.
PETREL_HANDLER(numeric_trap) {
  PETREL_ENTER;
  record_trap(static_cast<ir::TrapCode>(a), pc, fp, func);
  PETREL_LEAVE(false);
}

template <u32 S, auto Fn> PETREL_HANDLER(checked_unary) {
  PETREL_ENTER;
  const u64 operand = pop<S>(sp, a, b);
  const auto result = Fn(from_bits<typename Signature<Fn>::First>(operand));
  if (!result.is_ok()) [[unlikely]] {
    a = static_cast<u64>(result.trap);
    PETREL_GOTO(numeric_trap);
  }
  push<popped(S)>(sp, a, b, to_bits(result.value));
  ++pc;
  PETREL_NEXT(pushed(popped(S)));
}

template <u32 S, auto Fn> PETREL_HANDLER(checked_binary) {
  PETREL_ENTER;
  constexpr u32 T = popped(popped(S));
  const u64 right = pop<S>(sp, a, b);
  const u64 left = pop<popped(S)>(sp, a, b);
  const auto result = Fn(from_bits<typename Signature<Fn>::First>(left),
                         from_bits<typename Signature<Fn>::Second>(right));
  if (!result.is_ok()) [[unlikely]] {
    a = static_cast<u64>(result.trap);
    PETREL_GOTO(numeric_trap);
  }
  push<T>(sp, a, b, to_bits(result.value));
  ++pc;
  PETREL_NEXT(pushed(T));
}

// --- Constants -------------------------------------------------------------------------------------------

template <u32 S, bool kIs64> PETREL_HANDLER(const_long) {
  PETREL_ENTER;
  ++pc;
  const i64 value = read_leb_s64(pc);
  push<S>(sp, a, b, kIs64 ? static_cast<u64>(value) : static_cast<u32>(value));
  PETREL_NEXT(pushed(S));
}

/// Two and three bytes as straight-line code: addresses take three.
template <u32 S, bool kIs64> PETREL_HANDLER(const_slow) {
  PETREL_ENTER;
  const u32 word = load_unaligned<u32>(pc + 1);
  if ((word & 0x8000) == 0) {
    const i32 value = static_cast<i32>(((word & 0x7f) | (word >> 1 & 0x3f80)) << 18) >> 18;
    push<S>(sp, a, b, kIs64 ? static_cast<u64>(i64{value}) : static_cast<u32>(value));
    pc += 3;
    PETREL_NEXT(pushed(S));
  }
  if ((word & 0x800000) == 0) {
    const i32 value =
        static_cast<i32>(((word & 0x7f) | (word >> 1 & 0x3f80) | (word >> 2 & 0x1fc000)) << 11) >>
        11;
    push<S>(sp, a, b, kIs64 ? static_cast<u64>(i64{value}) : static_cast<u32>(value));
    pc += 4;
    PETREL_NEXT(pushed(S));
  }
  PETREL_GOTO(const_long<S, kIs64>);
}

template <u32 S, bool kIs64> PETREL_HANDLER(const_int) {
  PETREL_ENTER;
  const u32 byte = pc[1];
  if (byte >= 0x80) [[unlikely]] {
    PETREL_GOTO(const_slow<S, kIs64>);
  }
  const i32 value = static_cast<i32>(byte << 25) >> 25;
  if (!kIs64 && pc[2] == kI32Add) {
    const u32 left = static_cast<u32>(pop<S>(sp, a, b));
    push<popped(S)>(sp, a, b, ir::numeric::i32_add(left, static_cast<u32>(value)));
    pc += 3;
    PETREL_NEXT(pushed(popped(S)));
  }
  push<S>(sp, a, b, kIs64 ? static_cast<u64>(i64{value}) : static_cast<u32>(value));
  pc += 2;
  PETREL_NEXT(pushed(S));
}

template <u32 S, typename T> PETREL_HANDLER(const_float) {
  PETREL_ENTER;
  push<S>(sp, a, b, load_unaligned<T>(pc + 1));
  pc += 1 + sizeof(T);
  PETREL_NEXT(pushed(S));
}

} // namespace
} // namespace petrel::interp
