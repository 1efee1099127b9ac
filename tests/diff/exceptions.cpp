// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exceptions: tags, what throws, and blocks that catch. A module has the standard instructions or the legacy ones.
//
// Whatever throws does so on a condition, so that both ways are taken. Each tag has three types behind the functions':
// its own, one whose results are its parameters, and one that adds the reference; blocks that take what a clause
// catches have the latter two.
#include "tests/diff/generator.h"

namespace petrel::diff {

using ir::Op;

namespace {

enum ClauseKind : u8 { kCatch, kCatchRef, kCatchAll, kCatchAllRef };

} // namespace

void Generator::choose_tags() {
  if (!has_exceptions_ && !has_legacy_) {
    return;
  }
  tags_ = {{T::i32}, {T::i64, T::f64}};
  for (u32 i = random_.below(3); i > 0; --i) {
    auto& params = tags_.emplace_back();
    for (u32 k = random_.below(5); k > 0; --k) {
      params.push_back(any_type());
    }
  }
}

void Generator::tag_types(text::ByteWriter& out) {
  for (const auto& params : tags_) {
    for (u32 which = 0; which < 3; ++which) {
      out.write_u8(0x60);
      if (which > 0) {
        out.write_u8(0);
      }
      const bool has_ref = which == 2 && has_exceptions_;
      out.write_var_u32(static_cast<u32>(params.size()) + (has_ref ? 1 : 0));
      for (T type : params) {
        write_type(out, type);
      }
      if (has_ref) {
        write_type(out, T::exn);
      }
      if (which == 0) {
        out.write_u8(0);
      }
    }
  }
}

void Generator::tag_section() {
  if (tags_.empty()) {
    return;
  }
  text::ByteWriter out;
  for (u32 i = 0; i < tags_.size(); ++i) {
    out.write_u8(0);
    out.write_var_u32(kFirstSignature + static_cast<u32>(functions_.size()) + 1 + 3 * i);
  }
  section(13, static_cast<u32>(tags_.size()), out);
}

/// Throws a new exception or one that was caught, mostly if a condition holds.
void Generator::throw_(u32 depth) {
  const bool is_conditional = !random_.one_in(8);
  if (is_conditional) {
    expr(T::i32, depth);
    op(Op::If);
    body_.write_u8(0x40);
    labels_.emplace_back();
  }
  std::vector<u32> handlers;
  for (u32 i = 0; i < labels_.size(); ++i) {
    if (labels_[labels_.size() - 1 - i].is_catch) {
      handlers.push_back(i);
    }
  }
  if (has_exceptions_ && random_.one_in(4)) {
    expr(T::exn, depth);
    op(Op::ThrowRef);
  } else if (!handlers.empty() && random_.one_in(2)) {
    op(Op::Rethrow, handlers[random_.below(static_cast<u32>(handlers.size()))]);
  } else {
    const u32 tag = random_.below(static_cast<u32>(tags_.size()));
    for (T type : tags_[tag]) {
      leaf(type);
    }
    op(Op::Throw, tag);
  }
  if (is_conditional) {
    labels_.pop_back();
    op(Op::End);
  }
}

/// A value of `type` from a block whose exceptions are caught.
bool Generator::catching(T type, u32 depth) {
  return has_exceptions_ ? try_table(type, depth) : has_legacy_ && legacy_try(type, depth);
}

// ---- standard ---------------------------------------------------------------------------------------

Generator::Clause Generator::clause() {
  Clause clause{static_cast<u8>(random_.below(4)), random_.below(static_cast<u32>(tags_.size())),
                -1};
  if (random_.one_in(3)) { // straight to a label there is
    const std::vector<T> types = caught(clause);
    for (u32 i = 0; i < labels_.size(); ++i) {
      if (labels_[labels_.size() - 1 - i].types == types && random_.one_in(2)) {
        clause.label = i;
      }
    }
  }
  return clause;
}

/// What a clause hands to its label.
std::vector<T> Generator::caught(const Clause& clause) const {
  std::vector<T> types = clause.kind < kCatchAll ? tags_[clause.tag] : std::vector<T>();
  if ((clause.kind & 1) != 0) {
    types.push_back(T::exn);
  }
  return types;
}

bool Generator::try_table(T type, u32 depth) {
  op(Op::Block);
  block_type(type);
  labels_.push_back({{type}});
  std::vector<Clause> clauses;
  for (u32 i = random_.below(4); i > 0; --i) {
    clauses.push_back(clause());
  }
  std::vector<Clause> own; // outermost first
  for (Clause& each : clauses) {
    if (each.label < 0) {
      own.push_back(each);
      const std::vector<T> types = caught(each);
      op(Op::Block);
      if (types.size() < 2) {
        block_type(types.empty() ? T::count : types[0]);
      } else {
        body_.write_var_s64(kFirstSignature + static_cast<u32>(functions_.size()) + 2 +
                            3 * each.tag + (each.kind == kCatchRef ? 1 : 0));
      }
      labels_.push_back({types});
    }
  }
  const bool has_param = type == T::i32 && random_.one_in(3);
  if (has_param) {
    expr(T::i32, depth);
  }
  op(Op::TryTable);
  if (has_param) {
    body_.write_u8(kIntToInt);
  } else {
    block_type(type);
  }
  body_.write_var_u32(static_cast<u32>(clauses.size()));
  usize depth_of_own = own.size();
  for (const Clause& each : clauses) {
    body_.write_u8(each.kind);
    if (each.kind < kCatchAll) {
      body_.write_var_u32(each.tag);
    }
    body_.write_var_u32(static_cast<u32>(
        each.label < 0 ? --depth_of_own : own.size() + static_cast<usize>(each.label)));
  }
  labels_.push_back({{type}});
  if (has_param) {
    op(Op::LocalSet, local_of(T::i32));
  }
  statements(depth);
  throw_(depth);
  expr(type, depth);
  op(Op::End);
  labels_.pop_back();
  op(Op::Br, static_cast<u32>(own.size()));
  while (!own.empty()) {
    op(Op::End);
    labels_.pop_back();
    handler(own.back(), type, depth);
    own.pop_back();
    if (!own.empty()) {
      op(Op::Br, static_cast<u32>(own.size()));
    }
  }
  op(Op::End);
  labels_.pop_back();
  return true;
}

/// Stores what was caught, may throw it again, and gives the value of the block around.
void Generator::handler(const Clause& clause, T type, u32 depth) {
  std::vector<T> types = caught(clause);
  while (!types.empty()) {
    op(Op::LocalSet, local_of(types.back()));
    types.pop_back();
  }
  if ((clause.kind & 1) != 0 && random_.one_in(3)) {
    throw_(depth);
  }
  expr(type, depth);
}

/// An exception as a value: of a throw, caught with its reference.
void Generator::caught_exception(u32 depth) {
  op(Op::Block);
  block_type(T::exn);
  labels_.push_back({{T::exn}});
  op(Op::TryTable);
  block_type(T::count);
  body_.write_bytes(std::array<u8, 3>{1, kCatchAllRef, 0});
  labels_.emplace_back();
  statements(depth);
  throw_(depth);
  op(Op::End);
  labels_.pop_back();
  leaf(T::exn);
  op(Op::End);
  labels_.pop_back();
}

// ---- legacy -----------------------------------------------------------------------------------------

bool Generator::legacy_try(T type, u32 depth) {
  op(Op::Try);
  block_type(type);
  labels_.push_back({{type}});
  statements(depth);
  throw_(depth);
  expr(type, depth);
  if (random_.one_in(4)) { // the label counts from outside; the outermost is the function's
    labels_.pop_back();
    op(Op::Delegate, random_.below(static_cast<u32>(labels_.size()) + 1));
    return true;
  }
  labels_.back().is_catch = true;
  for (u32 i = random_.below(3); i > 0; --i) {
    const u32 tag = random_.below(static_cast<u32>(tags_.size()));
    op(Op::Catch, tag);
    handler({kCatch, tag, -1}, type, depth);
  }
  if (random_.one_in(2)) {
    op(Op::CatchAll);
    statements(depth);
    expr(type, depth);
  }
  op(Op::End);
  labels_.pop_back();
  return true;
}

} // namespace petrel::diff
