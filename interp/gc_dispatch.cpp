// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dispatch page of the 0xfb prefix, by the rows of ir/opcodes_gc.def: a row without a name below does not compile.
#include "interp/gc_handlers.h"

namespace petrel::interp {
namespace {

constexpr HandlerFn op_struct_new = &gc_new_struct<false>;
constexpr HandlerFn op_struct_new_default = &gc_new_struct<true>;
constexpr HandlerFn op_struct_get = &gc_struct_get<false>;
constexpr HandlerFn op_struct_get_s = &gc_struct_get<true>;
constexpr HandlerFn op_struct_get_u = &gc_struct_get<false>;
constexpr HandlerFn op_struct_set = &gc_struct_set;
constexpr HandlerFn op_array_new = &gc_new_array<false>;
constexpr HandlerFn op_array_new_default = &gc_new_array<true>;
constexpr HandlerFn op_array_new_fixed = &gc_new_fixed_array;
constexpr HandlerFn op_array_new_data = &gc_call<gc_array_new_data>;
constexpr HandlerFn op_array_new_elem = &gc_call<gc_array_new_elem>;
constexpr HandlerFn op_array_get = &gc_array_get<false>;
constexpr HandlerFn op_array_get_s = &gc_array_get<true>;
constexpr HandlerFn op_array_get_u = &gc_array_get<false>;
constexpr HandlerFn op_array_set = &gc_array_set;
constexpr HandlerFn op_array_len = &gc_array_len;
constexpr HandlerFn op_array_fill = &gc_call<gc_array_fill>;
constexpr HandlerFn op_array_copy = &gc_call<gc_array_copy>;
constexpr HandlerFn op_array_init_data = &gc_call<gc_array_init_data>;
constexpr HandlerFn op_array_init_elem = &gc_call<gc_array_init_elem>;
constexpr HandlerFn op_ref_test = &gc_ref_test<false>;
constexpr HandlerFn op_ref_test_null = &gc_ref_test<true>;
constexpr HandlerFn op_ref_cast = &gc_ref_cast<false>;
constexpr HandlerFn op_ref_cast_null = &gc_ref_cast<true>;
constexpr HandlerFn op_br_on_cast = &gc_br_on_cast<false>;
constexpr HandlerFn op_br_on_cast_fail = &gc_br_on_cast<true>;
constexpr HandlerFn op_any_convert_extern = &gc_convert;
constexpr HandlerFn op_extern_convert_any = &gc_convert;
constexpr HandlerFn op_ref_i31 = &gc_ref_i31;
constexpr HandlerFn op_i31_get_s = &gc_i31_get<true>;
constexpr HandlerFn op_i31_get_u = &gc_i31_get<false>;

constexpr std::array<Entry, kPageFbSize> make_page() {
  std::array<Entry, kPageFbSize> page{};
  for (Entry& entry : page) {
    entry.fn = &gc_illegal;
  }
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family)          \
  page[code].fn = op_##snake;
#include "ir/opcodes_gc.def"
#undef PETREL_OP
  return page;
}

} // namespace

constinit const std::array<Entry, kPageFbSize> kPageFb = make_page();

} // namespace petrel::interp
