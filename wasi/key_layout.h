// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes, while compiling, the size and alignment that the host layout gives to a type key (grammar:
// ir/component_plan.h), so that a handler whose structs do not mirror its key does not compile. Recursion is over
// our own tables only.
#pragma once

#include <algorithm>

#include "component/host.h"

namespace petrel::wasi {

struct KeyLayout {
  u64 size_bytes = 0;
  u64 align_bytes = 1;
  constexpr void append(KeyLayout next) {
    size_bytes = align_up(size_bytes, next.align_bytes) + next.size_bytes;
    align_bytes = std::max(align_bytes, next.align_bytes);
  }
  constexpr void join(KeyLayout other) {
    size_bytes = std::max(size_bytes, other.size_bytes);
    align_bytes = std::max(align_bytes, other.align_bytes);
  }
  constexpr KeyLayout padded() const { return {align_up(size_bytes, align_bytes), align_bytes}; }
};

/// Reads one key from front to back. A key that does not parse is a compile error (CHECK is not constant).
class KeyReader {
public:
  consteval explicit KeyReader(std::string_view key) : rest_(key) {}

  consteval KeyLayout params() {
    KeyLayout fields;
    expect("(");
    while (!take(")")) {
      skip_label();
      expect(":");
      fields.append(type());
      take(",");
    }
    return fields.padded();
  }
  /// Size 0 without a result.
  consteval KeyLayout result() {
    const KeyLayout layout = take("->") ? type() : KeyLayout{};
    CHECK(rest_.empty());
    return layout;
  }

private:
  consteval bool take(std::string_view text) {
    const bool found = rest_.starts_with(text);
    rest_.remove_prefix(found ? text.size() : 0);
    return found;
  }
  consteval void expect(std::string_view text) { CHECK(take(text)); }
  consteval void skip_label() {
    rest_.remove_prefix(std::min(rest_.find_first_of(":,}>"), rest_.size()));
  }

  static consteval KeyLayout discriminant(u64 count) {
    return count <= 256 ? KeyLayout{1, 1} : count <= 65'536 ? KeyLayout{2, 2} : KeyLayout{4, 4};
  }
  static consteval KeyLayout tagged(u64 cases, KeyLayout payload) {
    KeyLayout whole = discriminant(cases);
    whole.append(payload);
    return whole.padded();
  }

  consteval KeyLayout scalar() {
    constexpr struct {
      std::string_view name;
      u64 size_bytes;
    } kScalars[] = {{"bool", 1}, {"s8", 1},  {"u8", 1},  {"s16", 2}, {"u16", 2}, {"s32", 4},
                    {"u32", 4},  {"s64", 8}, {"u64", 8}, {"f32", 4}, {"f64", 8}, {"char", 4}};
    for (const auto& each : kScalars) {
      if (take(each.name)) {
        return {each.size_bytes, each.size_bytes};
      }
    }
    PETREL_UNREACHABLE();
  }

  consteval KeyLayout fields() { // record{…}
    KeyLayout layout;
    while (!take("}")) {
      skip_label();
      expect(":");
      layout.append(type());
      take(",");
    }
    return layout.padded();
  }
  consteval KeyLayout elements() { // tuple<…>
    KeyLayout layout;
    while (!take(">")) {
      layout.append(type());
      take(",");
    }
    return layout.padded();
  }
  consteval KeyLayout cases() { // variant{…}, enum{…}
    KeyLayout payload;
    u64 count = 0;
    while (!take("}")) {
      skip_label();
      if (take(":")) {
        payload.join(type());
      }
      ++count;
      take(",");
    }
    return tagged(count, payload);
  }
  consteval KeyLayout flags() {
    u64 count = 0;
    while (!take("}")) {
      skip_label();
      ++count;
      take(",");
    }
    return count <= 8 ? KeyLayout{1, 1} : count <= 16 ? KeyLayout{2, 2} : KeyLayout{4, 4};
  }
  consteval KeyLayout result_type() { // after "result"
    KeyLayout payload;
    if (take("<")) {
      payload.join(take("_") ? KeyLayout{} : type());
      payload.join(take(",") ? type() : KeyLayout{});
      expect(">");
    }
    return tagged(2, payload);
  }

  consteval KeyLayout type() {
    if (take("own<") || take("borrow<")) {
      rest_.remove_prefix(rest_.find('>') + 1);
      return {4, 4};
    }
    if (take("string")) {
      return {16, 8};
    }
    if (take("list<")) {
      type();
      expect(">");
      return {16, 8};
    }
    if (take("option<")) {
      const KeyLayout payload = type();
      expect(">");
      return tagged(2, payload);
    }
    if (take("result")) {
      return result_type();
    }
    if (take("tuple<")) {
      return elements();
    }
    if (take("record{")) {
      return fields();
    }
    if (take("variant{") || take("enum{")) {
      return cases();
    }
    return take("flags{") ? flags() : scalar();
  }

  std::string_view rest_;
};

/// Whether T can stand for that layout; Nothing stands for none.
template <typename T> consteval bool has_layout(KeyLayout layout) {
  if constexpr (std::same_as<T, component::Nothing>) {
    return layout.size_bytes == 0;
  }
  return sizeof(T) == layout.size_bytes && alignof(T) == layout.align_bytes;
}

template <typename Params, typename Result> consteval bool key_fits(std::string_view key) {
  KeyReader reader(key);
  return has_layout<Params>(reader.params()) && has_layout<Result>(reader.result());
}

} // namespace petrel::wasi
