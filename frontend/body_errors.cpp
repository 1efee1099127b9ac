// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/body_errors.h"

#include "base/format.h"

namespace petrel::frontend {

std::string type_mismatch(ir::Op op, std::string_view expected, std::string_view found) {
  return strf("type mismatch: %.*s expected %.*s, found %.*s", PETREL_SV(ir::op_name(op)),
              PETREL_SV(expected), PETREL_SV(found));
}

std::string type_mismatch_empty(ir::Op op, std::string_view expected) {
  return type_mismatch(op, expected.empty() ? "a value" : expected, "an empty stack");
}

std::string values_remain(ir::Op op, usize count) {
  return strf("type mismatch: %.*s expected an empty stack, found %zu more value%s",
              PETREL_SV(ir::op_name(op)), count, count == 1 ? "" : "s");
}

std::string if_without_else() {
  return "type mismatch: if without else expected equal parameters and results";
}

std::string arities_differ(usize found, usize expected) {
  return strf("type mismatch: br_table expected labels of %zu value%s, found one of %zu", expected,
              expected == 1 ? "" : "s", found);
}

std::string unknown_index(const char* what, u32 index) {
  return strf("unknown %s %u", what, index);
}

std::string invalid_result_arity(u32 found) {
  return strf("invalid result arity: select expected 1 type, found %u", found);
}

std::string alignment_too_large(u32 found_log2, u32 natural_log2) {
  return strf("alignment must not be larger than natural: expected at most 2^%u bytes, found 2^%u",
              natural_log2, found_log2);
}

std::string atomic_alignment(u32 found_log2, u32 natural_log2) {
  return strf("atomic alignment must be natural: expected 2^%u bytes, found 2^%u", natural_log2,
              found_log2);
}

std::string offset_out_of_range(u64 found) {
  return strf("offset out of range: expected at most 0xffffffff, found 0x%llx",
              static_cast<unsigned long long>(found));
}

std::string invalid_lane(ir::Op op, u32 found, u32 lanes) {
  return strf("invalid lane index %u: %.*s expected one below %u", found,
              PETREL_SV(ir::op_name(op)), lanes);
}

std::string immutable_global(u32 index) {
  return strf("immutable global %u: global.set expected a mutable one", index);
}

std::string undeclared_reference(u32 index) {
  return strf(
      "undeclared function reference: function %u is in no element segment, export or global",
      index);
}

std::string wrong_composite(ir::Op op, u32 type, ir::CompositeKind expected) {
  const char* const what = expected == ir::CompositeKind::func      ? "a function type"
                           : expected == ir::CompositeKind::struct_ ? "a structure type"
                                                                    : "an array type";
  return type_mismatch(op, what, strf("type %u", type));
}

std::string catch_arity(ir::HandlerKind kind, usize carried, usize label) {
  static constexpr const char* kNames[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  return strf("type mismatch: %s carries %zu value%s, its label takes %zu",
              kNames[static_cast<u32>(kind)], carried, carried == 1 ? "" : "s", label);
}

std::string invalid_rethrow_label(u32 label) {
  return strf("invalid rethrow label %u: expected one of a catch or catch_all", label);
}

std::string illegal_opcode(u8 prefix, u32 code) {
  return prefix == 0 ? strf("illegal opcode %02x", code)
                     : strf("illegal opcode %02x %02x", prefix, code);
}

std::string over_limit(u64 count, std::string_view what, u32 limit, std::string_view flag) {
  return strf("%llu %.*s exceed limit %u (-L %.*s=N)", static_cast<unsigned long long>(count),
              PETREL_SV(what), limit, PETREL_SV(flag));
}

} // namespace petrel::frontend
