// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of what can be wrong with a function body, one function each, beginning as the specification's tests expect.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"
#include "ir/module.h"
#include "ir/opcodes.h"

namespace petrel::frontend {

/// `type mismatch: i32.add expected i32, found f64`
std::string type_mismatch(ir::Op op, std::string_view expected, std::string_view found);
/// The same with nothing left on the stack; `expected` may be empty (any type).
std::string type_mismatch_empty(ir::Op op, std::string_view expected);
/// `type mismatch: end expected an empty stack, found 2 more values`
std::string values_remain(ir::Op op, usize count);
/// `type mismatch: if without else expected equal parameters and results`
std::string if_without_else();
/// `type mismatch: br_table expected labels of 1 value, found one of 0`
std::string arities_differ(usize found, usize expected);
/// `unknown local 7`
std::string unknown_index(const char* what, u32 index);
/// `invalid result arity: select expected 1 type, found 2`
std::string invalid_result_arity(u32 found);
/// `alignment must not be larger than natural: expected at most 2^2 bytes, found 2^3`
std::string alignment_too_large(u32 found_log2, u32 natural_log2);
/// `offset out of range: expected at most 0xffffffff, found 0x100000000`
std::string atomic_alignment(u32 found_log2, u32 natural_log2);
std::string offset_out_of_range(u64 found);
/// `invalid lane index 16: i8x16.extract_lane_s expected one below 16`
std::string invalid_lane(ir::Op op, u32 found, u32 lanes);
/// `immutable global 3: global.set expected a mutable one`
std::string immutable_global(u32 index);
/// `undeclared function reference: function 3 is in no element segment, export or global`
std::string undeclared_reference(u32 index);
/// `type mismatch: struct.new expected a structure type, found type 3`
std::string wrong_composite(ir::Op op, u32 type, ir::CompositeKind expected);
/// `type mismatch: catch_ref carries 2 values, its label takes 1`
std::string catch_arity(ir::HandlerKind kind, usize carried, usize label);
/// `invalid rethrow label 2: expected one of a catch or catch_all`
std::string invalid_rethrow_label(u32 label);
/// `illegal opcode ff`, `illegal opcode fc 20`
std::string illegal_opcode(u8 prefix, u32 code);
/// `50001 locals exceed limit 50000 (-L locals=N)`
std::string over_limit(u64 count, std::string_view what, u32 limit, std::string_view flag);

} // namespace petrel::frontend
