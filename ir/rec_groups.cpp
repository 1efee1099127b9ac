// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/rec_groups.h"

#include <algorithm>

#include "base/os.h"

namespace petrel::ir {

namespace {

/// Multiplication by secrets, both halves of the product folded.
u64 hash_of(std::span<const u64> words) {
  const sys::HashSecret& secret = sys::hash_secret();
  u64 hash = secret.start ^ words.size();
  for (u64 word : words) {
    const auto product = static_cast<unsigned __int128>(hash ^ word) * secret.factor;
    hash = static_cast<u64>(product) ^ static_cast<u64>(product >> 64) ^ secret.start;
  }
  return hash;
}

} // namespace

usize GroupTable::slot_of(std::span<const u64> words, u64 hash) const {
  const usize mask = slots_.size() - 1;
  usize at = hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const Group& group = groups_[slots_[at] - 1];
    if (group.hash == hash &&
        std::ranges::equal(std::span(words_).subspan(group.start, group.end - group.start),
                           words)) {
      break;
    }
  }
  return at;
}

std::optional<u32> GroupTable::find(std::span<const u64> words) const {
  if (slots_.empty()) {
    return std::nullopt;
  }
  const u32 found = slots_[slot_of(words, hash_of(words))];
  return found != 0 ? std::optional(found - 1) : std::nullopt;
}

u32 GroupTable::add(std::span<const u64> words) {
  if (groups_.size() * 2 >= slots_.size()) {
    rehash(std::max<usize>(64, slots_.size() * 2));
  }
  const u64 hash = hash_of(words);
  const usize start = words_.size();
  const usize slot = slot_of(words, hash);
  words_.insert(words_.end(), words.begin(), words.end());
  groups_.push_back({hash, start, words_.size()});
  slots_[slot] = narrow<u32>(groups_.size());
  return narrow<u32>(groups_.size() - 1);
}

void GroupTable::rehash(usize slot_count) {
  slots_.assign(slot_count, 0);
  for (usize i = 0; i < groups_.size(); ++i) {
    usize at = groups_[i].hash & (slot_count - 1);
    while (slots_[at] != 0) {
      at = (at + 1) & (slot_count - 1);
    }
    slots_[at] = narrow<u32>(i + 1);
  }
}

} // namespace petrel::ir
