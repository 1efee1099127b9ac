// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the slow validator: values of the specification's grammar, compared by its declarative rules. Nothing is
// shared with ir/types.h, and nothing is fast: defined types are compared by the text of their closed recursive
// group, as §3.1 (rolled-up form) defines equality.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace petrel::slow {

/// Abstract heap types, by their s33 code (§5.3.3).
enum Heap : int64_t {
  noexn = -0x0c,
  nofunc = -0x0d,
  noextern = -0x0e,
  none = -0x0f,
  func = -0x10,
  extern_ = -0x11,
  any = -0x12,
  eq = -0x13,
  i31 = -0x14,
  struct_ = -0x15,
  array = -0x16,
  exn = -0x17,
  bottom = -1, ///< below every heap type, of unreachable code
};

/// Value types, storage types and the unknown type of unreachable code.
struct Type {
  enum Kind : uint8_t { i32, i64, f32, f64, v128, i8, i16, ref, bot };
  Kind kind = bot;
  bool nullable = false;
  int64_t heap = 0; ///< of a ref: a type index, or a Heap

  bool operator==(const Type&) const = default;
  bool is_ref() const { return kind == ref || kind == bot; }
  bool is_number() const { return kind <= f64; }
  bool is_vector() const { return kind == v128; }
  bool is_packed() const { return kind == i8 || kind == i16; }
  bool is_defaultable() const { return kind != ref || nullable; }
  Type unpacked() const { return is_packed() ? Type{i32} : *this; }
};
using Types = std::vector<Type>;

inline Type ref_to(int64_t heap, bool nullable = false) { return {Type::ref, nullable, heap}; }

struct Field {
  Type storage;
  bool is_mutable = false;
};

/// A subtype: `(sub final? super? composite)`.
struct SubType {
  enum Form : uint8_t { function, structure, array };
  Form form = function;
  bool is_final = true;
  int64_t super = -1; ///< type index, -1 = none
  Types params;       ///< function
  Types results;
  std::vector<Field> fields; ///< structure; the one field of an array
  std::string
      identity; ///< equal for equal types: text of the rolled-up group and the position in it
};

/// All types of a module and what is true between them.
class TypeSpace {
public:
  std::vector<SubType> types;

  /// Gives the types of [start, end) their identity; the group is complete.
  void close_group(uint32_t start, uint32_t end);

  bool heap_matches(int64_t a, int64_t b) const;
  bool matches(const Type& a, const Type& b) const;
  bool matches(const Types& a, const Types& b) const;
  bool field_matches(const Field& a, const Field& b) const;
  /// May `sub` declare `super` as its supertype, by shape?
  bool composite_matches(const SubType& sub, const SubType& super) const;
  /// The top of the hierarchy that a heap type is in.
  int64_t top_of(int64_t heap) const;

private:
  std::string text_of(const Type& type, uint32_t start) const;
  std::string text_of(const SubType& type, uint32_t start) const;
};

} // namespace petrel::slow
