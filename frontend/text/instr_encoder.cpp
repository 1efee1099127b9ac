// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structure: blocks, folding, labels. Immediates are in instr_immediates.cpp.
#include "frontend/text/instr_encoder.h"

#include <unordered_set>

#include "base/format.h"
#include "base/unicode.h"
#include "frontend/text/annotations.h"

namespace petrel::text {

namespace {

constexpr u8 op_byte(ir::Op op) { return static_cast<u8>(ir::op_info(op).code); }
constexpr u8 kEnd = op_byte(ir::Op::End);

bool is_block_op(ir::Op op) {
  return ir::op_info(op).imm == ir::Imm::BlockType || ir::op_info(op).imm == ir::Imm::TryTable;
}

/// Words that end or divide a block and are instructions only in flat form.
bool is_divider(ir::Op op) {
  return op == ir::Op::Else || op == ir::Op::End || op == ir::Op::Catch || op == ir::Op::CatchAll ||
         op == ir::Op::Delegate;
}

} // namespace

/// The instruction whose text begins at `token` comes next in `out_`.
Status InstrEncoder::mark(const Cursor& cursor, u32 token) {
  const Source& source = cursor.source();
  marks_.push_back({narrow<u32>(out_.size()), source.token(token).begin});
  return notes_ != nullptr && source.has_annotations() ? note_metadata(source, token) : Status{};
}

Status InstrEncoder::note_metadata(const Source& source, u32 token) {
  std::unordered_set<std::string> seen;
  for (const Annotation& annotation : source.annotations_at(token)) {
    std::string id = source.annotation_id(annotation);
    if (!id.starts_with("metadata.code.")) {
      continue;
    }
    TRY_ASSIGN(std::string bytes, parse_strings(source, annotation));
    if (!seen.insert(id).second) {
      return annotation_error(source, annotation, "duplicate annotation");
    }
    notes_->metadata.push_back({std::move(id), narrow<u32>(out_.size()), std::move(bytes)});
  }
  return {};
}

/// Opens the scope of the block that was just written.
void InstrEncoder::push_label(const std::string& name, const std::string& annotated) {
  if (notes_ != nullptr && !(name.empty() && annotated.empty())) {
    notes_->labels.emplace_back(blocks_, annotated.empty() ? name : annotated);
  }
  ++blocks_;
  if (!name.empty()) {
    named_labels_[name].push_back(narrow<u32>(labels_.size()));
  }
  labels_.push_back(name);
}

void InstrEncoder::pop_label() {
  if (!labels_.back().empty()) {
    named_labels_[labels_.back()].pop_back();
  }
  labels_.pop_back();
}

bool InstrEncoder::takes_words() const {
  if (frames_.empty()) {
    return true;
  }
  switch (frames_.back().kind) {
  case FrameKind::flat_block:
  case FrameKind::folded_block:
  case FrameKind::folded_arm: return true;
  case FrameKind::folded_plain:
  case FrameKind::folded_if:
  case FrameKind::folded_try: return false;
  }
  PETREL_UNREACHABLE();
}

Status InstrEncoder::encode_sequence(Cursor& cursor) {
  TRY(run(cursor, false));
  TRY(mark(cursor, cursor.index()));
  out_.write_u8(kEnd);
  return {};
}

Status InstrEncoder::encode_folded(Cursor& cursor) {
  if (!cursor.at(TokenKind::lparen)) {
    return cursor.unexpected("an instruction in parentheses");
  }
  TRY(run(cursor, true));
  out_.write_u8(kEnd);
  return {};
}

Status InstrEncoder::run(Cursor& cursor, bool single) {
  do {
    if (cursor.at(TokenKind::lparen)) {
      TRY(step_open(cursor));
    } else if (cursor.at(TokenKind::keyword)) {
      TRY(step_word(cursor));
    } else if (cursor.at(TokenKind::rparen)) {
      if (frames_.empty()) {
        break;
      }
      TRY(close_frame(cursor));
    } else {
      return cursor.unexpected("an instruction");
    }
  } while (!(single && frames_.empty()));
  return {};
}

Status InstrEncoder::step_open(Cursor& cursor) {
  if (!frames_.empty() && frames_.back().kind == FrameKind::folded_if) {
    return open_if_arm(cursor);
  }
  if (!frames_.empty() && frames_.back().kind == FrameKind::folded_try) {
    return open_try_arm(cursor);
  }
  return open_folded(cursor);
}

Status InstrEncoder::open_folded(Cursor& cursor) {
  Cursor inside = cursor;
  const u32 token = cursor.index();
  inside.next();
  ir::Op op = inside.at(TokenKind::keyword) ? ir::op_by_name(inside.word()) : ir::Op::Invalid;
  if (op == ir::Op::Invalid || is_divider(op)) {
    return inside.unexpected("an instruction");
  }
  cursor = inside;
  cursor.next();
  Frame frame{.kind = FrameKind::folded_plain, .op = op};
  frame.pending = narrow<u32>(pending_.size());
  frame.token = token;
  if (!is_block_op(op)) {
    TRY(encode_instr(cursor, token, op, pending_));
    frames_.push_back(std::move(frame));
    return {};
  }
  if (op == ir::Op::If) {
    // The label is in scope in the arms only: it is pushed by the first of them.
    frame.kind = FrameKind::folded_if;
    TRY(begin_block(cursor, frame, pending_));
    frames_.push_back(std::move(frame));
    return {};
  }
  frame.kind = op == ir::Op::Try ? FrameKind::folded_try : FrameKind::folded_block;
  TRY(mark(cursor, token));
  TRY(begin_block(cursor, frame, out_));
  push_label(frame.label, frame.name);
  frames_.push_back(std::move(frame));
  return {};
}

Status InstrEncoder::open_if_arm(Cursor& cursor) {
  Frame& frame = frames_.back();
  if (frame.arms == 0 && cursor.accept_form("then")) {
    TRY(mark(cursor, frame.token));
    out_.write_bytes(pending_.bytes_from(frame.pending));
    pending_.truncate(frame.pending);
    push_label(frame.label, frame.name);
  } else if (frame.arms == 1 && cursor.at_form("else")) {
    TRY(mark(cursor, cursor.index()));
    cursor.next();
    cursor.next();
    out_.write_u8(op_byte(ir::Op::Else));
  } else if (frame.arms == 0) {
    return open_folded(cursor);
  } else {
    Cursor inside = cursor;
    inside.next();
    return inside.unexpected(frame.arms == 1 ? "else or )" : ")");
  }
  ++frame.arms;
  frames_.push_back({.kind = FrameKind::folded_arm, .op = ir::Op::If});
  return {};
}

Status InstrEncoder::open_try_arm(Cursor& cursor) {
  Frame& frame = frames_.back();
  Cursor inside = cursor;
  inside.next();
  if (frame.arms == 0 ? !cursor.at_form("do")
                      : cursor.at_form("do") || frame.is_closed || frame.has_catch_all) {
    return inside.unexpected(frame.arms == 0 ? "do" : "catch, catch_all or )");
  }
  const u32 token = cursor.index();
  std::string_view word = cursor.form_keyword();
  if (word == "delegate" && frame.arms == 1) {
    cursor.next();
    cursor.next();
    pop_label();
    TRY(mark(cursor, token));
    TRY(encode_instr(cursor, token, ir::Op::Delegate, out_));
    frame.is_closed = true;
    return cursor.expect_rparen();
  }
  if (word == "catch" || word == "catch_all") {
    TRY(mark(cursor, token));
    cursor.next();
    cursor.next();
    frame.has_catch_all = word == "catch_all";
    TRY(encode_instr(cursor, token, ir::op_by_name(word), out_));
  } else if (!cursor.accept_form("do")) {
    return inside.unexpected("catch, catch_all or )");
  }
  ++frame.arms;
  frames_.push_back({.kind = FrameKind::folded_arm, .op = ir::Op::Try});
  return {};
}

Status InstrEncoder::close_frame(Cursor& cursor) {
  Frame frame = std::move(frames_.back());
  switch (frame.kind) {
  case FrameKind::flat_block: return cursor.unexpected("end");
  case FrameKind::folded_plain:
    TRY(mark(cursor, frame.token));
    out_.write_bytes(pending_.bytes_from(frame.pending));
    pending_.truncate(frame.pending);
    break;
  case FrameKind::folded_arm: break;
  case FrameKind::folded_if:
  case FrameKind::folded_try:
    if (frame.arms == 0) {
      return cursor.unexpected(frame.kind == FrameKind::folded_if ? "(then" : "(do");
    }
    [[fallthrough]];
  case FrameKind::folded_block:
    if (!frame.is_closed) {
      TRY(mark(cursor, cursor.index()));
      out_.write_u8(kEnd);
      pop_label();
    }
    break;
  }
  frames_.pop_back();
  cursor.next();
  return {};
}

Status InstrEncoder::step_word(Cursor& cursor) {
  const u32 token = cursor.index();
  ir::Op op = ir::op_by_name(cursor.word());
  if (op == ir::Op::Invalid || !takes_words()) {
    return cursor.unexpected(takes_words() ? "an instruction" : "( or )");
  }
  if (op == ir::Op::End) {
    return end_block(cursor);
  }
  if (op == ir::Op::Delegate) {
    return flat_delegate(cursor);
  }
  if (is_divider(op)) {
    return else_or_catch(cursor, op);
  }
  cursor.next();
  TRY(mark(cursor, token));
  if (!is_block_op(op)) {
    return encode_instr(cursor, token, op, out_);
  }
  Frame frame{.kind = FrameKind::flat_block, .op = op};
  frame.token = token;
  TRY(begin_block(cursor, frame, out_));
  push_label(frame.label, frame.name);
  frames_.push_back(std::move(frame));
  return {};
}

Status InstrEncoder::begin_block(Cursor& cursor, Frame& frame, ByteWriter& out) {
  frame.label = cursor.accept_id();
  TRY_ASSIGN(auto annotated, accept_name_annotation(cursor));
  frame.name = std::move(annotated).value_or("");
  return encode_instr(cursor, frame.token, frame.op, out);
}

Status InstrEncoder::encode_instr(Cursor& cursor, u32 token, ir::Op op, ByteWriter& out) {
  if (!cursor.source().has_annotations()) {
    return encode_parts(cursor, op, out);
  }
  TRY_ASSIGN(SizePlan plan, accept_sizes(Cursor(cursor.source(), token)));
  SizePlan* outer = out.follow(&plan);
  TRY(encode_parts(cursor, op, out));
  out.follow(outer);
  return check_used_up(cursor, plan);
}

Status InstrEncoder::check_label(Cursor& cursor, const std::string& label) const {
  const Token& token = cursor.peek();
  std::string found = cursor.accept_id();
  if (!found.empty() && found != label) {
    return cursor.malformed_at(token, strf("mismatching label $%s", escaped(found).c_str()));
  }
  return {};
}

Status InstrEncoder::end_block(Cursor& cursor) {
  if (frames_.empty() || frames_.back().kind != FrameKind::flat_block) {
    return cursor.unexpected("an instruction or )");
  }
  TRY(mark(cursor, cursor.index()));
  cursor.next();
  TRY(check_label(cursor, frames_.back().label));
  out_.write_u8(kEnd);
  pop_label();
  frames_.pop_back();
  return {};
}

Status InstrEncoder::else_or_catch(Cursor& cursor, ir::Op op) {
  ir::Op block = op == ir::Op::Else ? ir::Op::If : ir::Op::Try;
  if (frames_.empty() || frames_.back().kind != FrameKind::flat_block ||
      frames_.back().op != block || (block == ir::Op::If && frames_.back().arms != 0) ||
      frames_.back().has_catch_all) {
    return cursor.unexpected("an instruction");
  }
  const u32 token = cursor.index();
  TRY(mark(cursor, token));
  cursor.next();
  ++frames_.back().arms;
  frames_.back().has_catch_all = op == ir::Op::CatchAll;
  if (block == ir::Op::If) {
    TRY(check_label(cursor, frames_.back().label));
  }
  return encode_instr(cursor, token, op, out_);
}

Status InstrEncoder::flat_delegate(Cursor& cursor) {
  if (frames_.empty() || frames_.back().kind != FrameKind::flat_block ||
      frames_.back().op != ir::Op::Try || frames_.back().arms != 0) {
    return cursor.unexpected("an instruction");
  }
  const u32 token = cursor.index();
  TRY(mark(cursor, token));
  cursor.next();
  pop_label(); // its label counts from outside the block that it ends
  frames_.pop_back();
  return encode_instr(cursor, token, ir::Op::Delegate, out_);
}

} // namespace petrel::text
