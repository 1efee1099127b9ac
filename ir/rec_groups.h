// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Equality of recursion groups (specification §3.3, iso-recursive), for the validator inside a module and for the registry of the
// process. A group is written down as words in which a type of the group is its position there and an earlier type the
// number that its kind of equality has given it; groups with equal words are the same group. They are found by hash and compared
// in full; the hash has a secret of the process, so that no module can aim at one chain.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/types.h"
#include "ir/module.h"

namespace petrel::ir {

/// A type of a recursion group as it is declared: type indices are the module's.
struct GroupMember {
  CompositeKind kind = CompositeKind::func;
  bool is_final = true;
  TypeIdx supertype = {};
  std::span<const ValType> params = {}; ///< or fields, or the element
  std::span<const ValType> results = {};
  std::span<const u8> mutabilities = {};
};

/// Appends the words of a group whose first type has index `first`; `number_of(TypeIdx)` is asked for types before it.
template <typename NumberOf>
void append_group_words(std::vector<u64>& words, std::span<const GroupMember> members, u32 first,
                        NumberOf number_of) {
  auto index_word = [&](TypeIdx type) {
    return type.index() >= first ? (u64{type.index()} - first) << 1 | 1 : u64{number_of(type)} << 1;
  };
  auto append_types = [&](std::span<const ValType> types) {
    for (ValType type : types) {
      const bool is_plain = !type.is_ref() || type.heap().is_abstract();
      words.push_back(is_plain ? type.bits()
                               : u64{1} << 32 | index_word(type.heap().type_idx()) << 33 |
                                     static_cast<u64>(type.kind()));
    }
  };
  for (const GroupMember& member : members) {
    const bool has_super = !member.supertype.is_none();
    words.push_back(static_cast<u64>(member.kind) | u64{member.is_final} << 8 |
                    u64{has_super} << 9 | u64{member.params.size()} << 16 |
                    u64{member.results.size()} << 40);
    if (has_super) {
      words.push_back(index_word(member.supertype));
    }
    append_types(member.params);
    append_types(member.results);
    words.insert(words.end(), member.mutabilities.begin(), member.mutabilities.end());
  }
}

/// Sequences of words, numbered from 0 in the order in which they were added.
class GroupTable {
public:
  /// The number of an equal sequence.
  std::optional<u32> find(std::span<const u64> words) const;
  /// Adds a sequence that is not there yet; its number.
  u32 add(std::span<const u64> words);
  /// Words held.
  usize size_words() const { return words_.size(); }

private:
  struct Group {
    u64 hash;
    usize start;
    usize end;
  };
  /// Slot of an equal group, or the free one where it belongs.
  usize slot_of(std::span<const u64> words, u64 hash) const;
  void rehash(usize slot_count);

  std::vector<u64> words_;
  std::vector<Group> groups_;
  std::vector<u32>
      slots_; ///< group number + 1, 0 = free; the size is a power of two, at least half are free
};

} // namespace petrel::ir
