// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A second, slow validator of core modules, for comparison with the fast one. It shares the opcode table and nothing
// else: it was written from the specification (§3 and the algorithm in its appendix) with vectors and plain loops.
// Whatever it is unsure of it must refuse to judge rather than guess, because a difference is reported as a bug.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "ir/features.h"
#include "ir/opcodes.h"
#include "tests/fuzz/slow_types.h"

namespace petrel::slow {

/// Bytes with a position. The first failure is kept, later reads give zeros: callers ask `ok()` in their loops.
class Reader {
public:
  Reader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool ok() const { return why_.empty(); }
  bool at_end() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const std::string& why() const { return why_; }
  void fail(std::string why);

  uint8_t byte();
  uint64_t unsigned_leb(unsigned bits);
  int64_t signed_leb(unsigned bits);
  uint32_t u32() { return static_cast<uint32_t>(unsigned_leb(32)); }
  /// Number of elements that follow, at least one byte each.
  uint32_t count();
  void skip(size_t size);
  void name();
  Reader part(size_t size);

private:
  const uint8_t* at_;
  const uint8_t* end_;
  std::string why_;
};

struct LimitsType {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool is_64 = false;
  bool is_shared = false;
};
struct TableType {
  Type element;
  LimitsType limits;
};
struct GlobalType {
  Type type;
  bool is_mutable = false;
};

/// The context C of the specification (§3.1.1), as sections fill it in.
struct Context {
  ir::FeatureSet features;
  TypeSpace space;
  std::vector<uint32_t> funcs; ///< type index
  std::vector<TableType> tables;
  std::vector<LimitsType> memories;
  std::vector<GlobalType> globals;
  std::vector<uint32_t> tags; ///< type index
  Types elems;
  uint32_t datas = 0;
  bool has_data_count = false;
  std::set<uint32_t> refs; ///< functions that ref.func may name in bodies
};

// slow_types and immediates that modules and bodies share
Type read_value_type(Reader& r, uint64_t type_limit);
Type read_ref_type(Reader& r, uint64_t type_limit);
int64_t read_heap_type(Reader& r, uint64_t type_limit);
const SubType* composite(Reader& r, const Context& c, uint32_t index, SubType::Form form);
ir::Op read_op(Reader& r);

/// A constant expression of a type; `globals` visible ones. Adds the functions it names to `c.refs`.
void check_const_expr(Reader& r, Context& c, const Type& expected);
/// The body of a function: locals and instructions to the end of `r`.
void check_body(Reader& r, const Context& c, uint32_t type_index);

/// Empty when the module is valid, else why it is not.
std::string validate(const uint8_t* data, size_t size, ir::FeatureSet features);

} // namespace petrel::slow
