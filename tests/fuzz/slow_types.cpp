// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/fuzz/slow_types.h"

namespace petrel::slow {

namespace {

/// `a` is `b` or lies below it, both abstract (§3.3.3).
bool abstract_matches(int64_t a, int64_t b) {
  if (a == b || a == Heap::bottom) {
    return true;
  }
  switch (b) {
  case Heap::any:
    return a == Heap::eq || a == Heap::i31 || a == Heap::struct_ || a == Heap::array ||
           a == Heap::none;
  case Heap::eq: return a == Heap::i31 || a == Heap::struct_ || a == Heap::array || a == Heap::none;
  case Heap::i31:
  case Heap::struct_:
  case Heap::array: return a == Heap::none;
  case Heap::func: return a == Heap::nofunc;
  case Heap::extern_: return a == Heap::noextern;
  case Heap::exn: return a == Heap::noexn;
  default: return false;
  }
}

int64_t abstract_of(SubType::Form form) {
  return form == SubType::function    ? Heap::func
         : form == SubType::structure ? Heap::struct_
                                      : Heap::array;
}

} // namespace

std::string TypeSpace::text_of(const Type& type, uint32_t start) const {
  std::string text = std::to_string(type.kind);
  if (type.kind != Type::ref) {
    return text + ";";
  }
  text += type.nullable ? "n" : "r";
  if (type.heap < 0) {
    return text + "a" + std::to_string(-type.heap) + ";";
  }
  const auto index = static_cast<uint32_t>(type.heap);
  return index >= start ? text + "@" + std::to_string(index - start) + ";"
                        : text + "{" + types[index].identity + "};";
}

std::string TypeSpace::text_of(const SubType& type, uint32_t start) const {
  std::string text = type.is_final ? "F" : "O";
  if (type.super >= 0) {
    text += text_of(ref_to(type.super), start);
  }
  text += std::to_string(type.form) + "(";
  for (const Type& param : type.params) {
    text += text_of(param, start);
  }
  text += ")(";
  for (const Type& result : type.results) {
    text += text_of(result, start);
  }
  text += ")(";
  for (const Field& field : type.fields) {
    text += (field.is_mutable ? "m" : "c") + text_of(field.storage, start);
  }
  return text + ")";
}

void TypeSpace::close_group(uint32_t start, uint32_t end) {
  // Identities contain those of earlier groups; numbers for them keep the text short.
  static thread_local std::map<std::string, uint32_t> numbers;
  std::string group;
  for (uint32_t i = start; i < end; ++i) {
    group += text_of(types[i], start) + "|";
  }
  const uint32_t number =
      numbers.emplace(group, static_cast<uint32_t>(numbers.size())).first->second;
  for (uint32_t i = start; i < end; ++i) {
    types[i].identity = std::to_string(number) + "." + std::to_string(i - start);
  }
}

bool TypeSpace::heap_matches(int64_t a, int64_t b) const {
  if (a < 0 && b < 0) {
    return abstract_matches(a, b);
  }
  if (a >= 0 && b < 0) {
    return abstract_matches(abstract_of(types[static_cast<size_t>(a)].form), b);
  }
  if (a < 0) { // below a defined type there are only the bottoms
    const auto form = types[static_cast<size_t>(b)].form;
    return a == Heap::bottom || (form == SubType::function ? a == Heap::nofunc : a == Heap::none);
  }
  for (int64_t at = a; at >= 0; at = types[static_cast<size_t>(at)].super) {
    if (types[static_cast<size_t>(at)].identity == types[static_cast<size_t>(b)].identity) {
      return true;
    }
  }
  return false;
}

bool TypeSpace::matches(const Type& a, const Type& b) const {
  if (a.kind == Type::bot) {
    return true;
  }
  if (a.kind != Type::ref || b.kind != Type::ref) {
    return a.kind == b.kind;
  }
  return (!a.nullable || b.nullable) && heap_matches(a.heap, b.heap);
}

bool TypeSpace::matches(const Types& a, const Types& b) const {
  if (a.size() != b.size()) {
    return false;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (!matches(a[i], b[i])) {
      return false;
    }
  }
  return true;
}

bool TypeSpace::field_matches(const Field& a, const Field& b) const {
  return a.is_mutable == b.is_mutable && matches(a.storage, b.storage) &&
         (!a.is_mutable || matches(b.storage, a.storage));
}

bool TypeSpace::composite_matches(const SubType& sub, const SubType& super) const {
  if (sub.form != super.form || sub.fields.size() < super.fields.size()) {
    return false;
  }
  for (size_t i = 0; i < super.fields.size(); ++i) {
    if (!field_matches(sub.fields[i], super.fields[i])) {
      return false;
    }
  }
  return matches(super.params, sub.params) && matches(sub.results, super.results);
}

int64_t TypeSpace::top_of(int64_t heap) const {
  if (heap >= 0) {
    return types[static_cast<size_t>(heap)].form == SubType::function ? Heap::func : Heap::any;
  }
  for (int64_t top : {Heap::func, Heap::extern_, Heap::exn}) {
    if (abstract_matches(heap, top)) {
      return top;
    }
  }
  return Heap::any;
}

} // namespace petrel::slow
