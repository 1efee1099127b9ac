// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one decoder of function bodies (architecture: "One decoder of bodies"). `BodyDecoder<Mode, Visitor>` walks a body;
// its switch over opcodes is expanded from ir/opcodes.def. Mode::Validate checks as the appendix of the specification does
// (§7.3 "Validation algorithm", same names: push_val, pop_val, push_ctrl, pop_ctrl, unreachable); Mode::Trusted is for
// bodies that passed before, all checks and the operand stack are compiled away, the control stack stays.
//
// A Visitor is a class with
//
//     template <ir::Op kOp, typename Decoder> void op(Decoder& d, const Instr& instr);
//
// called once per instruction, in order, unreachable ones included (`d.is_unreachable()` before their effect). It may ask
//   d.module()            the module's image                d.height()          operand stack height (Validate)
//   d.depth()             open labels                       d.frame(label)      a control frame, 0 = innermost
//   d.label_types(frame)  what a branch to it takes         d.sig(frame)        parameters and results of the block
//   d.file_offset(at)     file offset of a position
// When it is called, relative to the instruction's effect:
//   block, loop, if            after push_ctrl; frame(0) is the new frame; height includes its parameters
//   else, end                  before pop_ctrl: frame(0) is the frame being closed, results still on the stack
//   br, return, unreachable    before any effect
//   br_if, br_table            after the condition or index was popped, before the label's operands are
//   all others                 after their effect
//
// Nothing recurses: nesting lives in `frames_`, 16 bytes a level.
#pragma once

#include <cstring>
#include <vector>

#include "base/result.h"
#include "frontend/body_errors.h"
#include "base/format.h"
#include "frontend/instr.h"
#include "frontend/type_codes.h"
#include "ir/features.h"
#include "ir/limits.h"
#include "ir/module.h"
#include "ir/opcodes.h"
#include "ir/side_table.h"

namespace petrel::frontend {

enum class Mode { Validate, Trusted };

/// A control frame (§7.3 `ctrl_frame`).
struct ControlFrame {
  enum class SigKind : u8 { empty, one_result, type };
  u32 height = 0;   ///< operand stack height below the block's parameters
  u32 type_bits = 0; ///< one_result: ValType bits; type: type index
  ir::Op op = ir::Op::Block; ///< Block, Loop, If, Else; Call for the function itself
  SigKind sig_kind = SigKind::empty;
  bool is_unreachable = false;
};

/// Buffers that live across bodies, so that no function allocates.
struct BodyScratch {
  std::vector<ValType> values;
  std::vector<ControlFrame> frames;
  std::vector<ValType> locals;
};

template <Mode kMode, typename Visitor> class BodyDecoder {
public:
  static constexpr bool kValidate = kMode == Mode::Validate;

  BodyDecoder(const ir::Module& module, FuncIdx func, Bytes file, ir::FeatureSet features,
              const ir::DecodeLimits& limits, BodyScratch& scratch, Visitor& visitor)
      : module_(module), func_idx_(func), func_(module.func(func)), type_(module.type(func_.type)), file_(file.data()),
        at_(file.data() + func_.code_start), end_(file.data() + func_.body_end), features_(features), limits_(limits),
        values_(scratch.values), frames_(scratch.frames), locals_(scratch.locals), visitor_(visitor) {}

  /// Decodes locals and instructions. Errors: malformed, invalid, unsupported, limit.
  Status run() {
    if (decode_locals() && decode_instructions()) {
      return {};
    }
    return std::unexpected(std::move(*error_));
  }

  const ir::Module& module() const { return module_; }
  FuncIdx func() const { return func_idx_; }
  u32 height() const { return narrow_height(values_.size()); }
  u32 max_height() const { return max_height_; }
  usize depth() const { return frames_.size(); }
  const ControlFrame& frame(u32 label) const { return frames_[frames_.size() - 1 - label]; }
  bool is_unreachable() const { return frames_.back().is_unreachable; }
  u32 file_offset(const u8* at) const { return static_cast<u32>(at - file_); }
  std::span<const ValType> locals() const { return locals_; } ///< parameters first; Trusted mode too
  u32 body_offset() const { return body_offset_; }            ///< file offset of the first instruction
  /// Length of the run of `02 40` that starts at a block, 0 when it is shorter than four (ir/side_table.h).
  u32 block_run_bytes(const u8* at) const {
    u64 eight = 0;
    if (end_ - at < 8 || (std::memcpy(&eight, at, 8), eight != ir::kBlockRun)) {
      return 0;
    }
    const u8* p = at;
    while (end_ - p >= 2 && p[0] == 0x02 && p[1] == 0x40) {
      p += 2;
    }
    return static_cast<u32>(p - at);
  }
  /// Valid until the next block is opened.
  BlockSig sig(const ControlFrame& f) const {
    switch (f.sig_kind) {
    case ControlFrame::SigKind::empty:
      return {};
    case ControlFrame::SigKind::one_result:
      // SAFETY: ValType is its bits (static_assert in ir/types.h).
      return {{}, {reinterpret_cast<const ValType*>(&f.type_bits), 1}};
    case ControlFrame::SigKind::type:
      break;
    }
    const ir::TypeDef& type = module_.type(TypeIdx(f.type_bits));
    return {module_.params(type), module_.results(type)};
  }
  std::span<const ValType> label_types(const ControlFrame& f) const {
    if (f.op == ir::Op::Loop) {
      return sig(f).params;
    }
    return sig(f).results;
  }

private:
  using Op = ir::Op;
  using Imm = ir::Imm;
  using Family = ir::Family;

  static u32 narrow_height(usize height) { return static_cast<u32>(height); } // bounded by the body's bytes

  // ---- errors (cold) ----
  bool fail(std::unexpected<Error> error, const u8* at) {
    error_ = std::move(error.error()).with_offset(static_cast<u64>(at - file_));
    return false;
  }
  bool malformed(const char* text) { return fail(petrel::fail(ErrorClass::malformed, text), at_); }
  bool invalid(std::string text) { return fail(petrel::fail(ErrorClass::invalid, std::move(text)), op_at_); }

  // ---- bytes ----
  bool read_byte(u8& out) {
    if (at_ == end_) [[unlikely]] {
      return malformed("unexpected end");
    }
    out = *at_++;
    return true;
  }
  /// LEB128 with the checks of §5.2.2.
  template <typename T, u32 kBits, bool kSigned> bool read_leb(T& out) {
    if (at_ != end_ && *at_ < 0x80) [[likely]] {
      const u64 byte = *at_++;
      out = static_cast<T>(kSigned && (byte & 0x40) != 0 ? byte | ~u64{0x7f} : byte);
      return true;
    }
    return read_long_leb<T, kBits, kSigned>(out);
  }
  template <typename T, u32 kBits, bool kSigned> [[gnu::noinline]] bool read_long_leb(T& out) {
    constexpr u32 kMaxBytes = (kBits + 6) / 7;
    constexpr u32 kLastBits = kBits - 7 * (kMaxBytes - 1);
    constexpr u32 kUnused = (0x7fu << (kLastBits - (kSigned ? 1 : 0))) & 0x7fu;
    u64 value = 0;
    for (u32 i = 0;; ++i) {
      if (i == kMaxBytes) {
        return malformed("integer representation too long");
      }
      if (at_ == end_) {
        return malformed("unexpected end");
      }
      const u8 byte = *at_++;
      value |= static_cast<u64>(byte & 0x7f) << (7 * i);
      if (i == kMaxBytes - 1 && (byte & 0x80) == 0) {
        const u32 unused = byte & kUnused;
        if (unused != 0 && !(kSigned && unused == kUnused)) {
          return malformed("integer too large");
        }
      }
      if ((byte & 0x80) == 0) {
        if (kSigned && (byte & 0x40) != 0 && 7 * (i + 1) < 64) {
          value |= ~u64{0} << (7 * (i + 1));
        }
        out = static_cast<T>(value);
        return true;
      }
    }
  }
  bool read_u32(u32& out) { return read_leb<u32, 32, false>(out); }
  bool read_raw(u64& out, u32 size) {
    if (static_cast<usize>(end_ - at_) < size) {
      return malformed("unexpected end");
    }
    out = 0;
    std::memcpy(&out, at_, size);
    at_ += size;
    return true;
  }

  // ---- operand and control stacks (§7.3) ----
  void push_val(ValType type) {
    if constexpr (kValidate) {
      values_.push_back(type);
    }
  }
  void push_vals(std::span<const ValType> types) {
    if constexpr (kValidate) {
      values_.insert(values_.end(), types.begin(), types.end());
    }
  }
  /// Pops a value of any type; bot in unreachable code.
  bool pop_any(ValType& out) {
    if constexpr (kValidate) {
      const ControlFrame& f = frames_.back();
      if (values_.size() == f.height) [[unlikely]] {
        if (f.is_unreachable) {
          out = ValType();
          return true;
        }
        return invalid(type_mismatch_empty(op_, {}));
      }
      out = values_.back();
      values_.pop_back();
    }
    return true;
  }
  bool pop_val(ValType expected) {
    if constexpr (kValidate) {
      if (values_.size() > frames_.back().height && values_.back() == expected) [[likely]] {
        values_.pop_back();
        return true;
      }
      return pop_val_slow(expected);
    }
    return true;
  }
  [[gnu::noinline]] bool pop_val_slow(ValType expected) {
    const ControlFrame& f = frames_.back();
    if (values_.size() == f.height) {
      return f.is_unreachable || invalid(type_mismatch_empty(op_, to_string(expected)));
    }
    const ValType actual = values_.back();
    if (actual.kind() != ValKind::bot && !is_subtype(actual, expected)) {
      return invalid(type_mismatch(op_, to_string(expected), to_string(actual)));
    }
    values_.pop_back();
    return true;
  }
  bool pop_vals(std::span<const ValType> types) {
    if constexpr (kValidate) {
      for (usize i = types.size(); i-- > 0;) {
        if (!pop_val(types[i])) {
          return false;
        }
      }
    }
    return true;
  }
  /// Without references to types this is equality; subtyping of heap types comes with function-references.
  static bool is_subtype(ValType actual, ValType expected) { return actual == expected; }

  void push_ctrl(ControlFrame f) {
    f.height = height();
    frames_.push_back(f);
    push_vals(sig(frames_.back()).params);
  }
  bool pop_ctrl() {
    if constexpr (kValidate) {
      const BlockSig s = sig(frames_.back());
      if (!pop_vals(s.results)) {
        return false;
      }
      if (values_.size() != frames_.back().height) {
        return invalid(values_remain(op_, values_.size() - frames_.back().height));
      }
    }
    frames_.pop_back();
    return true;
  }
  void unreachable() {
    if constexpr (kValidate) {
      values_.resize(frames_.back().height);
    }
    frames_.back().is_unreachable = true;
  }

  // ---- the loop ----
  bool decode_locals();
  bool decode_instructions();
  template <Op kOp> bool step();
  bool step_unknown(u8 prefix, u32 code);
  template <Op kOp> bool read_immediate(Instr& in);
  template <Op kOp> bool apply(Instr& in);
  template <Op kOp> bool apply_signature(const Instr& in);

  // Immediates with checks of their own.
  bool read_block_type(ControlFrame& f);
  bool read_val_type(ValType& out);
  bool read_heap_type(HeapType& out);
  bool read_memarg(Instr& in, const ir::OpInfo& info);
  bool read_br_table(Instr& in);
  bool check_index(u32 index, usize count, const char* what) {
    if constexpr (kValidate) {
      if (index >= count) [[unlikely]] {
        return invalid(unknown_index(what, index));
      }
    }
    return true;
  }
  template <Imm kImm> bool check_indices(const Instr& in);

  // Effects of instructions that the table marks `*`, by section of the specification.
  bool apply_end(const Instr& in);
  bool apply_else(const Instr& in);
  bool apply_br_table(const Instr& in);
  bool apply_select();
  bool apply_call(const ir::TypeDef& type) { return pop_vals(module_.params(type)) && (push_vals(module_.results(type)), true); }
  bool apply_call_indirect(const Instr& in);
  bool apply_local(Op op, u32 index);
  bool apply_global_set(u32 index);
  bool apply_ref_func(u32 index);
  ValType resolve_type(char letter, const Instr& in) const;

  const ir::Module& module_;
  FuncIdx func_idx_;
  const ir::Func& func_;
  const ir::TypeDef& type_;
  const u8* file_;
  const u8* at_;
  const u8* end_;
  const u8* op_at_ = nullptr; ///< opcode of the current instruction
  Op op_ = Op::Nop;
  ir::FeatureSet features_;
  const ir::DecodeLimits& limits_;
  std::vector<ValType>& values_;
  std::vector<ControlFrame>& frames_;
  std::vector<ValType>& locals_;
  u32 max_height_ = 0;
  u32 body_offset_ = 0;
  std::optional<Error> error_;
  Visitor& visitor_;
};

/// Decodes the body of a defined function; see BodyDecoder.
template <Mode kMode, typename Visitor>
Status decode_body(const ir::Module& module, FuncIdx func, Bytes file, ir::FeatureSet features,
                   const ir::DecodeLimits& limits, BodyScratch& scratch, Visitor& visitor) {
  return BodyDecoder<kMode, Visitor>(module, func, file, features, limits, scratch, visitor).run();
}

} // namespace petrel::frontend

#include "frontend/body_decoder_impl.h"
