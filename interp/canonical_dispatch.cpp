// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dispatch tables of deterministic Stores: the plain ones, with other handlers where an instruction may produce a NaN of
// which the specification leaves the bits open (§4.3.3): here it is the canonical NaN. Relaxed madd and nmadd round twice.
// Such instructions exist for state 0 only, `spill` leads the others there; they are compiled for size, and the tables are
// made when the first of such Stores asks. Other Stores pay nothing.
//
// An instruction with a float result is canonicalised unless a list below says that its bits are exact.
#include <algorithm>

#include "interp/memory_handlers.h"
#include "interp/numeric_handlers.h"
#include "interp/simd_handlers.h"

namespace petrel::interp {
namespace {

using ir::Op;
/// The 0xfd page lies behind the table it belongs to.
using Table = std::array<Entry, kDispatchSize + kPageFdSize>;

/// Float results that are never a NaN or have the operand's bits.
constexpr bool is_exact(Op op) {
  constexpr Op kExact[] = {
      Op::F32Abs,         Op::F32Neg,         Op::F32Copysign,    Op::F32ReinterpretI32,
      Op::F32ConvertI32S, Op::F32ConvertI32U, Op::F32ConvertI64S, Op::F32ConvertI64U,
      Op::F64Abs,         Op::F64Neg,         Op::F64Copysign,    Op::F64ReinterpretI64,
      Op::F64ConvertI32S, Op::F64ConvertI32U, Op::F64ConvertI64S, Op::F64ConvertI64U,
  };
  return std::ranges::find(kExact, op) != std::end(kExact);
}

/// The same of vectors with float lanes; comparisons give masks.
constexpr bool is_exact_vector(Op op) {
  constexpr Op kExact[] = {
      Op::F32x4Splat,
      Op::F32x4ExtractLane,
      Op::F32x4ReplaceLane,
      Op::F32x4Eq,
      Op::F32x4Ne,
      Op::F32x4Lt,
      Op::F32x4Gt,
      Op::F32x4Le,
      Op::F32x4Ge,
      Op::F32x4Abs,
      Op::F32x4Neg,
      Op::F32x4Pmin,
      Op::F32x4Pmax,
      Op::F32x4ConvertI32x4S,
      Op::F32x4ConvertI32x4U,
      Op::F64x2Splat,
      Op::F64x2ExtractLane,
      Op::F64x2ReplaceLane,
      Op::F64x2Eq,
      Op::F64x2Ne,
      Op::F64x2Lt,
      Op::F64x2Gt,
      Op::F64x2Le,
      Op::F64x2Ge,
      Op::F64x2Abs,
      Op::F64x2Neg,
      Op::F64x2Pmin,
      Op::F64x2Pmax,
      Op::F64x2ConvertLowI32x4S,
      Op::F64x2ConvertLowI32x4U,
  };
  return std::ranges::find(kExact, op) != std::end(kExact);
}

// --- Scalars ---------------------------------------------------------------------------------------------

/// An operand slot's form of a result.
template <typename F> [[gnu::always_inline]] inline u64 canonical(F result) {
  return ir::numeric::detail::canonical_bits<F>(ir::numeric::detail::bits(result));
}

template <auto Fn> PETREL_SIMD_HANDLER(canonical_unary) {
  PETREL_ENTER;
  using First = typename Signature<Fn>::First;
  sp[-1].bits[0] = canonical(Fn(from_bits<First>(sp[-1].bits[0])));
  ++pc;
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(canonical_binary) {
  PETREL_ENTER;
  using First = typename Signature<Fn>::First;
  --sp;
  sp[-1].bits[0] = canonical(Fn(from_bits<First>(sp[-1].bits[0]), from_bits<First>(sp[0].bits[0])));
  ++pc;
  PETREL_NEXT(0);
}

// --- Vectors ---------------------------------------------------------------------------------------------

namespace simd = ir::numeric::simd;

template <typename F> V128 canonical_lanes(V128 v) {
  using Bits = simd::SignedOf<F>;
  constexpr auto kInfinity = ir::numeric::detail::bits(std::numeric_limits<F>::infinity());
  const auto magnitude = simd::lanes<Bits>(v) & simd::splat<Bits>(std::numeric_limits<Bits>::max());
  const auto nan = simd::splat<Bits>(static_cast<Bits>(ir::numeric::detail::kCanonicalNan<F>));
  return simd::v128(simd::choose<Bits>(magnitude > simd::splat<Bits>(static_cast<Bits>(kInfinity)),
                                       nan, simd::lanes<Bits>(v)));
}

template <typename F, auto Fn> V128 canonical_of(V128 a) { return canonical_lanes<F>(Fn(a)); }
template <typename F, auto Fn> V128 canonical_of2(V128 a, V128 b) {
  return canonical_lanes<F>(Fn(a, b));
}

/// a * b + c in two instructions: calls, so that no compiler contracts them to one.
template <typename F> V128 multiply_add(V128 a, V128 b, V128 c) {
  if constexpr (sizeof(F) == 4) {
    return ir::numeric::f32x4_add(ir::numeric::f32x4_mul(a, b), c);
  } else {
    return ir::numeric::f64x2_add(ir::numeric::f64x2_mul(a, b), c);
  }
}
template <typename F, bool kNegate> V128 canonical_madd(V128 a, V128 b, V128 c) {
  if constexpr (kNegate) {
    a = simd::v128(simd::neg_float<F>(simd::lanes<F>(a)));
  }
  return canonical_lanes<F>(multiply_add<F>(a, b, c));
}

/// The vector page's handler of an instruction; null where the plain one does.
template <Op kOp, typename F, auto Fn> constexpr HandlerFn vector_handler() {
  if constexpr (is_exact_vector(kOp)) {
    return nullptr;
  } else if constexpr (kOp == Op::F32x4RelaxedMadd || kOp == Op::F64x2RelaxedMadd) {
    return &simd_ternary<&canonical_madd<F, false>>;
  } else if constexpr (kOp == Op::F32x4RelaxedNmadd || kOp == Op::F64x2RelaxedNmadd) {
    return &simd_ternary<&canonical_madd<F, true>>;
  } else if constexpr (requires { Fn(V128(), V128()); }) {
    return &simd_binary<&canonical_of2<F, Fn>>;
  } else {
    return &simd_unary<&canonical_of<F, Fn>>;
  }
}

void put_vector(Table& table, u32 code, HandlerFn fn) {
  if (fn != nullptr) {
    table[kDispatchSize + code].fn = fn;
  }
}

void replace_vectors(Table& table) {
#define PETREL_SHAPE_f32x4(Enum, snake, code)                                                      \
  put_vector(table, code, vector_handler<Op::Enum, f32, &ir::numeric::snake>())
#define PETREL_SHAPE_f64x2(Enum, snake, code)                                                      \
  put_vector(table, code, vector_handler<Op::Enum, f64, &ir::numeric::snake>())
#define PETREL_SHAPE_i8x16(Enum, snake, code)
#define PETREL_SHAPE_i16x8(Enum, snake, code)
#define PETREL_SHAPE_i32x4(Enum, snake, code)
#define PETREL_SHAPE_i64x2(Enum, snake, code)
#define PETREL_SHAPE_v128(Enum, snake, code)
#define PETREL_OP(...)
#define PETREL_OP_SIMD(Enum, snake, text, prefix, code, imm, params, results, feature, family,     \
                       shape)                                                                      \
  PETREL_SHAPE_##shape(Enum, snake, code);
#include "ir/opcodes.def"
}

/// The 0xfd prefix in state 0, as prefix_fd_long.
PETREL_HANDLER(op_prefix_fd_canonical) {
  PETREL_ENTER;
  const u8* at = pc + 1;
  const u32 code = read_leb_u32(at);
  pc = at - 2;
  PETREL_DISPATCH_TO(disp[kDispatchSize + code]);
}

// --- The tables ------------------------------------------------------------------------------------------

/// `fn` in state 0, which the other states reach through memory.
void put_flat(Table& table, u32 code, HandlerFn fn) {
  table[code].fn = fn;
  table[256 + code].fn = &spill<1>;
  table[512 + code].fn = &spill<2>;
}

template <Op kOp, auto Fn> void replace_scalar(Table& table, u32 code) {
  using First = typename Signature<Fn>::First;
  if constexpr (requires { Fn(First(), First()); }) {
    if constexpr (std::is_floating_point_v<decltype(Fn(First(), First()))> && !is_exact(kOp)) {
      put_flat(table, code, &canonical_binary<Fn>);
    }
  } else if constexpr (std::is_floating_point_v<decltype(Fn(First()))> && !is_exact(kOp)) {
    put_flat(table, code, &canonical_unary<Fn>);
  }
}

Table make_table(const Entry* plain, bool has_v128, bool is_checked) {
  Table table{};
  std::copy_n(plain, kDispatchSize, table.begin());
#define PETREL_OP(...)
#define PETREL_OP_NUMERIC(Enum, snake, text, prefix, code, params, results, feature, family)       \
  replace_scalar<Op::Enum, &ir::numeric::snake>(table, code);
#include "ir/opcodes.def"
  if (has_v128) {
    std::ranges::copy(kPageFd[is_checked ? 1 : 0], table.begin() + kDispatchSize);
    replace_vectors(table);
    put_flat(table, ir::kPrefixSimd, &op_prefix_fd_canonical);
  }
  return table;
}

template <bool kV128, bool kChecked> const void* made_table(const Entry* plain) {
  static const Table kMade = make_table(plain, kV128, kChecked);
  return kMade.data();
}

} // namespace

const void* canonical_dispatch_table(const Entry* plain, bool has_v128, bool is_checked) {
  if (is_checked) {
    return has_v128 ? made_table<true, true>(plain) : made_table<false, true>(plain);
  }
  return has_v128 ? made_table<true, false>(plain) : made_table<false, false>(plain);
}

} // namespace petrel::interp
