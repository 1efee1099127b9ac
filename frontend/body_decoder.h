// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one decoder of function bodies (docs/architecture.md, "One decoder of bodies"). `BodyDecoder<Mode, Visitor>` walks
// a body; its switch over opcodes is expanded from ir/opcodes.def. Mode::Validate checks as the appendix of the
// specification does (§7.3 "Validation algorithm", same names: push_val, pop_val, push_ctrl, pop_ctrl, unreachable).
// Mode::Trusted is for bodies that passed before: all checks and the operand stack are compiled away, the control stack
// stays, so that labels, block types and unreachable code can be told.
//
// A Visitor is a class with
//
//     template <ir::Op kOp, typename Decoder> void op(Decoder& d, const Instr& in);
//
// called once per instruction, in order, unreachable ones included. It may ask
//   d.module() d.func()        the module's image, which function
//   d.is_unreachable()         is this instruction in unreachable code? (rest of a block after br, return, unreachable …;
//                              blocks opened there are wholly unreachable in Trusted mode)
//   d.depth()                  open labels              d.frame(label)   a control frame, 0 = innermost
//   d.sig(frame)               parameters and results   d.label_types(frame)  what a branch to it takes
//   d.height()                 operand stack height, d.max_height() the greatest so far (Validate only)
//   d.locals()                 all local types, parameters first (Trusted only)
//   d.file_offset(position)    file offset of a byte
// When it is called, relative to the instruction's effect on the stacks:
//   block, loop, if, try,      after push_ctrl: frame(0) is the new frame; height includes its parameters; labels of
//     try_table                  try_table's clauses count from frame(1)
//   else, end, catch,          before pop_ctrl: frame(0) is the frame being closed, its results still on the stack
//     catch_all, delegate
//   br, return, unreachable    before any effect
//   rethrow                    likewise
//   br_if, br_table            after the condition or index was popped, before the label's operands are
//   all others                 after their effect
// In Validate mode a visitor may see an instruction that is then refused; its work is thrown away.
//
// Hot path and cold path: a pop compares with the expected type and is done; whatever else it may be (unreachable code,
// a subtype, an error) goes through the out-of-line, fully general `pop_val_slow`. The position in the bytes is a local
// that inlined readers take by reference, so that it stays in a register.
//
// Nothing recurses: nesting lives in `frames_`, 16 bytes a level.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/format.h"
#include "base/result.h"
#include "frontend/body_errors.h"
#include "frontend/instr.h"
#include "frontend/record_stack.h"
#include "frontend/subtyping.h"
#include "frontend/type_codes.h"
#include "ir/features.h"
#include "ir/gc_layout.h"
#include "ir/limits.h"
#include "ir/module.h"
#include "ir/opcodes.h"
#include "ir/side_table.h"

#define PETREL_INLINE [[gnu::always_inline]] inline
#define PETREL_COLD [[gnu::noinline, gnu::cold]]

namespace petrel::frontend {

enum class Mode { Validate, Trusted };

/// A control frame (§7.3 `ctrl_frame`).
struct ControlFrame {
  enum class SigKind : u8 { empty, one_result, type };
  u32 height = 0;     ///< operand stack height below the block's parameters (Validate only)
  u32 set_locals = 0; ///< locals without default that were set when it was opened (Validate only)
  u32 type_bits = 0;  ///< one_result: ValType bits; type: type index
  /// Block, Loop, If, Else, TryTable, Try, Catch, CatchAll (what was met last); Call for the function itself
  ir::Op op = ir::Op::Block;
  SigKind sig_kind = SigKind::empty;
  bool is_unreachable = false;
};
static_assert(sizeof(ControlFrame) <= 16, "a visitor has 24 bytes more per level");

/// Locals as declared: all before `end` and not before the previous run's end have this type.
struct LocalRun {
  u32 end;
  ValType type;
};

/// Buffers that live across bodies, so that no function allocates.
struct BodyScratch {
  std::vector<ValType> values;
  RecordStack<ControlFrame> frames;
  std::vector<ValType> locals; ///< Validate: the first ones, Trusted: all
  std::vector<LocalRun> runs;
  std::vector<bool> is_set; ///< Validate, only with locals that have no default: which have a value
  std::vector<u32> set_locals; ///< those that got one, in order
};

template <Mode kMode, typename Visitor> class BodyDecoder {
public:
  static constexpr bool kValidate = kMode == Mode::Validate;

  BodyDecoder(const ir::Module& module, FuncIdx func, Bytes file, ir::FeatureGate features,
              const ir::DecodeLimits& limits, BodyScratch& scratch, Visitor& visitor)
      : module_(module), header_(module.header()), func_idx_(func), func_(module.func(func)),
        type_(module.type(func_.type)), file_(file.data()), end_(file.data() + func_.body_end),
        features_(features), limits_(limits), scratch_(scratch), frames_(scratch.frames),
        visitor_(visitor) {
    if (header_.memories.count != 0) {
      mem0_address_ = memory_address(0);
    }
  }

  /// Decodes locals and instructions. Errors: malformed, invalid, unsupported, limit; with their file offset.
  Status run();

  const ir::Module& module() const { return module_; }
  FuncIdx func() const { return func_idx_; }
  u32 height() const {
    return static_cast<u32>(sp_ - scratch_.values.data());
  } // bounded by the body's bytes
  u32 max_height() const { return static_cast<u32>(high_ - scratch_.values.data()); }
  u32 depth() const { return frames_.size(); }
  const ControlFrame& frame(u32 label) const { return frames_.from_top(label); }
  bool is_unreachable() const { return frames_.back().is_unreachable; }
  u32 file_offset(const u8* at) const { return static_cast<u32>(at - file_); }
  std::span<const ValType> locals() const { return scratch_.locals; }
  u32 local_count() const { return local_count_; }
  bool has_v128() const { return has_v128_; }      ///< a vector instruction or the type was met
  u32 body_offset() const { return body_offset_; } ///< file offset of the first instruction
  /// Length of the run of `02 40` that starts at a block, 0 when it is shorter than four (ir/side_table.h).
  u32 block_run_bytes(const u8* at) const {
    u64 eight = 0;
    if (end_ - at < 8 || (std::memcpy(&eight, at, 8), eight != ir::kBlockRun)) [[likely]] {
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
    case ControlFrame::SigKind::empty: return {};
    case ControlFrame::SigKind::one_result:
      // SAFETY: a ValType is its bits (static_assert in ir/types.h).
      return {{}, {reinterpret_cast<const ValType*>(&f.type_bits), 1}};
    case ControlFrame::SigKind::type: break;
    }
    const ir::TypeDef& type = module_.type(TypeIdx(f.type_bits));
    return {f.op == ir::Op::Call ? std::span<const ValType>() : module_.params(type),
            module_.results(type)};
  }
  std::span<const ValType> label_types(const ControlFrame& f) const {
    return f.op == ir::Op::Loop ? sig(f).params : sig(f).results;
  }

private:
  using Op = ir::Op;
  using Imm = ir::Imm;
  using Family = ir::Family;
  using At = const u8*;

  // ---- errors ----
  PETREL_COLD bool fail(std::unexpected<Error> error, const u8* at) {
    error_ = std::move(error.error()).with_offset(static_cast<u64>(at - file_));
    return false;
  }
  /// An error that knows its place.
  PETREL_COLD bool fail_there(Error error) {
    error_ = std::move(error);
    return false;
  }
  PETREL_COLD bool malformed(const char* text, const u8* at) {
    return fail(petrel::fail(ErrorClass::malformed, text), at);
  }
  PETREL_COLD bool unexpected_end(const u8* at) {
    return malformed("unexpected end of section or function", at);
  }
  PETREL_COLD bool invalid(std::string text) {
    return fail(petrel::fail(ErrorClass::invalid, std::move(text)), op_at_);
  }
  PETREL_COLD bool refuse(ir::Feature feature, std::string_view what, const u8* at) {
    return fail(ir::fail_feature(feature, features_, what), at);
  }
  bool has(ir::Feature feature) const { return features_.has(feature); }

  // ---- bytes (body_immediates.h) ----
  template <typename T> struct Leb {
    const u8* at; ///< behind it; nullptr: refused
    T value;
  };
  template <typename T, u32 kBits, bool kSigned> bool read_leb(At& at, T& out);
  template <typename T, u32 kBits, bool kSigned> Leb<T> read_long_leb(At at);
  bool read_u32(At& at, u32& out) { return read_leb<u32, 32, false>(at, out); }
  bool read_byte(At& at, u8& out);
  bool read_raw(At& at, u64& out, u32 size_bytes);
  bool read_val_type(At& at, ValType& out);
  bool read_heap_type(At& at, HeapType& out);
  bool read_block_type(At& at, ControlFrame& f);
  bool read_long_block_type(At& at, ControlFrame& f);
  bool read_memarg(At& at, Instr& in, u32 natural_align_log2);
  At read_long_memarg(At at, Instr& in, u32 natural_align_log2);
  bool read_br_table(At& at, Instr& in);
  bool read_memory_index(At& at, u32& out);
  bool read_select_types(At& at, Instr& in);
  bool read_simd_immediate(At& at, Instr& in, const ir::OpInfo& info);
  template <Imm kImm> bool read_immediate(At& at, Instr& in);
  template <Imm kImm> bool check_indices(const Instr& in);
  bool check_index(u32 index, u32 count, const char* what) {
    return !kValidate || index < count || unknown(what, index);
  }
  PETREL_COLD bool unknown(const char* what, u32 index) {
    return invalid(unknown_index(what, index));
  }

  // ---- operand and control stacks, §7.3 (body_stacks.h) ----
  void push_val(ValType type);
  bool push_vals(std::span<const ValType> types);
  bool pop_any(ValType& out);
  bool pop_val(ValType expected);
  bool pop_val_slow(ValType expected);
  bool pop_vals(std::span<const ValType> types);
  bool check_label(std::span<const ValType> types);
  bool require_label(std::span<const ValType> types);
  bool push_ctrl(ControlFrame f);
  void push_frame(ControlFrame& f);
  bool pop_ctrl();
  void unreachable();
  void grow(usize extra);
  void set_floor() { floor_ = scratch_.values.data() + frames_.back().height; }
  ValType local_type(u32 index) const;
  bool is_subtype(ValType actual, ValType expected) const {
    return actual == expected || matches(module_.types(), actual, expected);
  }
  /// Is it a local's type that has no default value?
  static bool needs_init(ValType type) { return type.kind() == ValKind::ref; }
  void initialize_local(u32 index);
  void reset_locals(u32 height);

  // ---- effects (body_effects.h) ----
  template <Imm kImm, char kLetter> ValType letter_type(const Instr& in) const;
  ValType memory_address(u32 index) const {
    return module_.memories()[index].is_64 != 0 ? ValKind::i64 : ValKind::i32;
  }
  ValType table_address(u32 index) const {
    return module_.tables()[index].type.limits.is_64 != 0 ? ValKind::i64 : ValKind::i32;
  }
  template <Op kOp> bool apply_signature(const Instr& in);
  template <Op kOp> bool apply_signature_slow(u32 index, u32 index2);
  template <Op kOp> bool apply(At& at, Instr& in);
  template <Op kOp> bool apply_special(Instr& in);
  template <Op kOp> bool apply_block(At& at, Instr& in);
  bool next_part(Op op, ControlFrame& f);
  template <Op kOp> bool apply_branch(const Instr& in);
  bool apply_else(const Instr& in);
  bool apply_end(const Instr& in);
  bool apply_br_table(const Instr& in);
  bool apply_select();
  bool apply_call(const ir::TypeDef& type);
  bool apply_call_indirect(const Instr& in);
  bool check_call_indirect(const Instr& in);
  template <Op kOp> bool apply_return_call(const Instr& in);
  bool apply_global_set(u32 index);
  ValType simd_letter_type(char letter, const Instr& in) const;
  bool apply_simd(const ir::OpInfo& info, const Instr& in);
  bool apply_ref_is_null();
  bool apply_ref_func(u32 index);
  // body_gc.h
  bool check_composite(u32 type, ir::CompositeKind kind);
  bool pop_ref(ValType& out);
  bool apply_ref_as_non_null();
  bool apply_br_on_null(const Instr& in);
  bool apply_br_on_non_null(const Instr& in);
  void push_made(u32 type);
  template <Op kOp> bool apply_struct_new(const Instr& in);
  bool check_access(ValType storage, bool is_signed_form);
  template <Op kOp> bool apply_struct_access(Instr& in);
  u32 field_offset(std::span<const ValType> fields, u32 field);
  ir::GcStorage gc_storage(ValType storage) const;
  bool array_element(u32 type, bool wants_mutable, ValType& out);
  template <Op kOp> bool apply_array_new(const Instr& in);
  template <Op kOp> bool check_array_segment(const Instr& in, ValType element);
  template <Op kOp> bool apply_array_access(Instr& in);
  template <Op kOp> bool apply_array_bulk(const Instr& in);
  template <Op kOp> bool apply_cast(const Instr& in);
  template <Op kOp> bool apply_br_on_cast(const Instr& in);
  template <Op kOp> bool apply_convert();

  // body_exceptions.h
  bool read_catches(At& at, Instr& in);
  bool read_catch(At& at);
  bool check_catch(const CatchClause& clause);
  template <Op kOp> bool apply_try(At& at, Instr& in);
  bool apply_throw(const Instr& in);
  bool apply_throw_ref(const Instr& in);
  template <Op kOp> bool apply_catch(const Instr& in);
  bool apply_delegate(const Instr& in);
  bool apply_rethrow(const Instr& in);

  bool check_table_copy(const Instr& in);
  bool check_table_init(const Instr& in);

  // ---- the loop (body_loop.h) ----
  bool decode_locals(At& at);
  void add_locals(u32 count, ValType type);
  bool decode_instructions(At at);
  /// The current instruction, for messages.
  PETREL_COLD Op current_op() const;
  bool ends_here(At at);
  At step_prefixed(At at, u8 prefix);
  template <Op kOp> At step(At at);
  At step_simd(At at, Op op, Instr& in);
  PETREL_COLD bool illegal(u8 prefix, u32 code);
  PETREL_COLD bool end_expected(At at);

  const ir::Module& module_;
  const ir::ModuleHeader& header_;
  const FuncIdx func_idx_;
  const ir::Func& func_;
  const ir::TypeDef& type_;
  const u8* const file_;
  const u8* const end_;
  const u8* op_at_ = nullptr;           ///< opcode of the current instruction
  ValType* sp_ = nullptr;               ///< one above the top operand
  ValType* floor_ = nullptr;            ///< bottom of the innermost frame
  ValType* high_ = nullptr;             ///< highest sp_ so far; at least kSlack values fit above it
  ValType mem0_address_ = ValKind::i32; ///< address type of memory 0
  const ir::FeatureGate features_;
  const ir::DecodeLimits& limits_;
  BodyScratch& scratch_;
  RecordStack<ControlFrame>& frames_;
  u32 local_count_ = 0;
  u32 flat_locals_count_ = 0;            ///< of them, those in scratch_.locals
  const ValType* flat_locals_ = nullptr; ///< its elements
  const ValType* last_fields_ = nullptr; ///< memory of field_offset
  u32 last_field_ = 0;
  u32 last_offset_ = 0;
  u32 last_end_ = 0;
  u32 body_offset_ = 0;
  bool has_v128_ = false;
  std::optional<Error> error_;
  Visitor& visitor_;

  static constexpr usize kSlack = 8;
  static constexpr u32 kFlatLocals = 256; ///< locals whose types are looked up without a search
};

/// Decodes the body of a defined function; see BodyDecoder.
template <Mode kMode, typename Visitor>
Status decode_body(const ir::Module& module, FuncIdx func, Bytes file, ir::FeatureGate features,
                   const ir::DecodeLimits& limits, BodyScratch& scratch, Visitor& visitor) {
  return BodyDecoder<kMode, Visitor>(module, func, file, features, limits, scratch, visitor).run();
}

} // namespace petrel::frontend

#define PETREL_BODY template <Mode kMode, typename Visitor>
#define PETREL_BODY_CLASS BodyDecoder<kMode, Visitor>
#include "frontend/body_effects.h"
#include "frontend/body_exceptions.h"
#include "frontend/body_gc.h"
#include "frontend/body_immediates.h"
#include "frontend/body_loop.h"
#include "frontend/body_stacks.h"
#undef PETREL_BODY
#undef PETREL_BODY_CLASS
#undef PETREL_INLINE
#undef PETREL_COLD
