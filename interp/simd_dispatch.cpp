// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The page of the vector instructions, expanded from ir/opcodes.def: the family of a row chooses the handler template, its
// `snake` column the function of ir/numeric_simd.h.
#include "interp/simd_handlers.h"

namespace petrel::interp {
namespace {

using Page = std::array<Entry, kPageFdSize>;
static_assert(kPageFdSize == ir::kOpFromSimdCode.size());

// The handler of a row without memory access.
#define PETREL_SIMD_SimdUnary(fn) simd_unary<&fn>
#define PETREL_SIMD_SimdBinary(fn) simd_binary<&fn>
#define PETREL_SIMD_SimdTernary(fn) simd_ternary<&fn>
#define PETREL_SIMD_SimdShift(fn) simd_shift<&fn>
#define PETREL_SIMD_SimdTest(fn) simd_test<&fn>
#define PETREL_SIMD_SimdSplat(fn) simd_splat<&fn>
#define PETREL_SIMD_SimdExtractLane(fn) simd_extract_lane<&fn>
#define PETREL_SIMD_SimdReplaceLane(fn) simd_replace_lane<&fn>
#define PETREL_SIMD_SimdConst(fn) simd_const
#define PETREL_SIMD_SimdShuffle(fn) simd_shuffle<&fn>

// The handler of a row that accesses memory: guarded, checked.
#define PETREL_SIMD_SimdLoad(fn, memory) simd_load<&fn>, simd_load_any<&fn>
#define PETREL_SIMD_SimdLoadExtend(fn, memory) simd_load<&fn>, simd_load_any<&fn>
#define PETREL_SIMD_SimdLoadSplat(fn, memory) simd_load<&fn>, simd_load_any<&fn>
#define PETREL_SIMD_SimdLoadZero(fn, memory) simd_load<&fn>, simd_load_any<&fn>
#define PETREL_SIMD_SimdStore(fn, memory) simd_store<>, simd_store_any
#define PETREL_SIMD_SimdLoadLane(fn, memory) simd_load_lane<memory>, simd_load_lane_any<memory>
#define PETREL_SIMD_SimdStoreLane(fn, memory) simd_store_lane<memory>, simd_store_lane_any<memory>

template <bool kChecked> constexpr Page make_page() {
  Page page{};
  for (Entry& entry : page) {
    entry.fn = &op_illegal<0>;
  }
  const auto put = [&](u32 code, HandlerFn guarded, HandlerFn checked) {
    page[code].fn = kChecked ? checked : guarded;
  };
#define PETREL_OP_SIMD(Enum, snake, text, prefix, code, imm, params, results, feature, family,     \
                       shape)                                                                      \
  page[code].fn = &PETREL_SIMD_##family(ir::numeric::snake);
#define PETREL_OP_SIMD_MEMORY(Enum, snake, text, prefix, code, imm, params, results, feature,      \
                              family, memory, bytes)                                               \
  put(code, PETREL_SIMD_##family(ir::numeric::snake, memory));
#include "ir/opcodes.def"
  return page;
}

} // namespace

constinit const Page kPageFd[2] = {make_page<false>(), make_page<true>()};

} // namespace petrel::interp
