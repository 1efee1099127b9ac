// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions (core specification §6.5), flat and folded, to bytes. The opcode table says which word is
// an instruction and what immediates follow; nothing here lists instructions except those that build
// blocks. Nesting lives on an explicit stack of frames. A folded instruction is encoded when its
// parenthesis opens, waits in `pending_` while its operands are written, and is appended when it closes.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/byte_writer.h"
#include "frontend/text/cursor.h"
#include "frontend/text/module_scope.h"
#include "ir/opcodes.h"

namespace petrel::text {

/// The opcode's bytes, prefix included.
void write_opcode(ByteWriter& out, ir::Op op);

/// What a function's body leaves besides its bytes. Offsets count from the body's first byte, its locals.
struct BodyNotes {
  /// Bytes that `@metadata.code.NAME` gives an instruction.
  struct Metadata {
    std::string section; ///< `metadata.code.NAME`
    u32 offset;
    std::string bytes;
  };
  std::vector<Metadata> metadata;
  NameMap labels; ///< by the number of the block in the body
};

/// Encodes one expression to the end of `out`. `locals` and `notes` are null in constant expressions; `marks` gets one for
/// each instruction, whose offset counts from the first byte of `out`.
class InstrEncoder {
public:
  InstrEncoder(ModuleScope& scope, const IndexSpace* locals, ByteWriter& out,
               std::vector<SourceMark>& marks, BodyNotes* notes = nullptr)
      : scope_(scope), locals_(locals), out_(out), marks_(marks), notes_(notes) {}

  /// Instructions up to the parenthesis that closes the enclosing form, which stays; then `end`.
  Status encode_sequence(Cursor& cursor);
  /// One folded instruction, then `end`.
  Status encode_folded(Cursor& cursor);

private:
  enum class FrameKind : u8 {
    flat_block,   ///< `block … end` and its like; takes any instruction
    folded_plain, ///< `(op …`: takes operands
    folded_block, ///< `(block …`: takes any instruction
    folded_if,    ///< `(if …`: takes the condition's operands, then `(then` and `(else`
    folded_arm,   ///< `(then …`, `(else …`, `(do …`, `(catch …`: takes any instruction
    folded_try,   ///< `(try …`: takes `(do` and its handlers
  };
  struct Frame {
    FrameKind kind;
    ir::Op op;
    u32 arms = 0;               ///< folded_if, folded_try: arms seen; flat if: 1 after `else`
    u32 pending = 0;            ///< first byte in pending_
    u32 token = 0;              ///< where the instruction's text begins
    bool is_closed = false;     ///< folded_try: ended by `(delegate`
    bool has_catch_all = false; ///< try: no handler may follow
    std::string label = {};
    std::string name = {}; ///< `@name` of the label
  };

  Status run(Cursor& cursor, bool single);
  Status step_open(Cursor& cursor);
  Status step_word(Cursor& cursor);
  Status close_frame(Cursor& cursor);
  bool takes_words() const;

  Status open_folded(Cursor& cursor);
  Status open_if_arm(Cursor& cursor);
  Status open_try_arm(Cursor& cursor);
  Status begin_block(Cursor& cursor, Frame& frame, ByteWriter& out);
  Status end_block(Cursor& cursor);
  Status else_or_catch(Cursor& cursor, ir::Op op);
  Status flat_delegate(Cursor& cursor);
  Status check_label(Cursor& cursor, const std::string& label) const;

  Status encode_instr(Cursor& cursor, u32 token, ir::Op op, ByteWriter& out);
  Status encode_parts(Cursor& cursor, ir::Op op, ByteWriter& out);
  Status encode_immediate(Cursor& cursor, ir::Op op, ByteWriter& out);
  Status encode_constant(Cursor& cursor, ir::Imm imm, ByteWriter& out);
  Status encode_index(Cursor& cursor, const IndexSpace& space, ByteWriter& out);
  Status encode_optional_index(Cursor& cursor, const IndexSpace& space, ByteWriter& out);
  Status encode_segment_pair(Cursor& cursor, const IndexSpace& segments, const IndexSpace& space,
                             ByteWriter& out);
  Status encode_copy_pair(Cursor& cursor, const IndexSpace& space, ByteWriter& out);
  Status encode_memarg(Cursor& cursor, ir::Op op, ByteWriter& out);
  Result<u32> resolve_label(Cursor& cursor) const;
  Status encode_label(Cursor& cursor, ByteWriter& out) const;
  Status encode_br_table(Cursor& cursor, ByteWriter& out) const;
  Status encode_call_indirect(Cursor& cursor, ByteWriter& out);
  Status encode_select_types(Cursor& cursor, ByteWriter& out);
  Status encode_type_pair(Cursor& cursor, ir::Imm imm, ByteWriter& out);
  Status encode_cast(Cursor& cursor, ByteWriter& out);
  Status encode_catches(Cursor& cursor, ByteWriter& out) const;
  Status encode_shuffle(Cursor& cursor, ByteWriter& out) const;
  Status mark(const Cursor& cursor, u32 token);
  Status note_metadata(const Source& source, u32 token);
  void push_label(const std::string& name, const std::string& annotated);
  void pop_label();

  ModuleScope& scope_;
  const IndexSpace* locals_;
  ByteWriter& out_;
  std::vector<SourceMark>& marks_;
  BodyNotes* notes_;
  u32 blocks_ = 0; ///< number of blocks so far
  std::vector<Frame> frames_;
  std::vector<std::string> labels_; ///< innermost last; empty for blocks without a name
  std::unordered_map<std::string, std::vector<u32>>
      named_labels_; ///< their places in labels_, innermost last
  ByteWriter pending_;
};

} // namespace petrel::text
