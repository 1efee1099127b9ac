// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/keywords.h"

#include "base/types.h"
#include "ir/opcodes.h"

namespace petrel::text {

namespace {

// One string, so that a start of the program relocates nothing. Only error messages search it.
constexpr std::string_view kStructureWords =
    // module fields and their parts
    " module type rec sub final func param result local struct array field mut import export table "
    "memory global tag"
    " start elem data declare item offset ref null shared pagesize then do inf nan"
    // types
    " i8 i16 i32 i64 f32 f64 v128 funcref externref anyref eqref i31ref structref arrayref nullref "
    "nullfuncref"
    " nullexternref exnref nullexnref any eq i31 none nofunc extern noextern exn noexn"
    " i8x16 i16x8 i32x4 i64x2 f32x4 f64x2"
    // clauses of try_table
    " catch_ref catch_all_ref"
    // scripts
    " binary quote definition instance register invoke get either assert_return assert_trap "
    "assert_exhaustion"
    " assert_exception assert_invalid assert_malformed assert_unlinkable assert_invalid_custom"
    " assert_malformed_custom ref.extern ref.host ref.struct ref.array ref.any ref.exn "
    "nan:canonical nan:arithmetic ";

bool is_structure_word(std::string_view text) {
  for (usize at = kStructureWords.find(text); at != std::string_view::npos;
       at = kStructureWords.find(text, at + 1)) {
    if (kStructureWords[at - 1] == ' ' && kStructureWords[at + text.size()] == ' ') {
      return true;
    }
  }
  return false;
}

} // namespace

bool is_known_keyword(std::string_view text) {
  return ir::op_by_name(text) != ir::Op::Invalid || is_structure_word(text) ||
         text.starts_with("offset=") || text.starts_with("align=") || text.starts_with("nan:0x");
}

} // namespace petrel::text
