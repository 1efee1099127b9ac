// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: local declarations (specification §5.5.13) and the loop over instructions with the switch that the table
// expands to. Included by body_decoder.h only.
#pragma once

namespace petrel::frontend {

PETREL_BODY Status PETREL_BODY_CLASS::run() {
  const u8* at = file_ + func_.code_start;
  if (decode_locals(at) && decode_instructions(at)) {
    return {};
  }
  return std::unexpected(std::move(*error_));
}

// ---- locals ----------------------------------------------------------------------------------------

PETREL_BODY void PETREL_BODY_CLASS::add_locals(u32 count, ValType type) {
  std::vector<ValType>& flat = scratch_.locals;
  local_count_ += count;
  const usize wanted = kValidate ? std::min<usize>(local_count_, kFlatLocals) : local_count_;
  if (flat.size() < wanted) {
    flat.resize(wanted, type);
  }
  if (kValidate && local_count_ > flat.size() && count != 0) {
    scratch_.runs.push_back({local_count_, type});
  }
}

PETREL_BODY bool PETREL_BODY_CLASS::decode_locals(At& at) {
  const auto params = module_.params(type_);
  scratch_.locals.assign(params.begin(), params.end());
  scratch_.runs.clear();
  local_count_ = static_cast<u32>(params.size());
  frames_.clear();
  op_at_ = at;
  u32 declarations = 0;
  if (!read_u32(at, declarations)) {
    return false;
  }
  const u8* over_limit_at = nullptr;
  bool has_init = false;                   // locals without a default value
  for (u32 i = 0; i < declarations; ++i) { // ends with the bytes if the count lies
    op_at_ = at;
    u32 count = 0;
    ValType type;
    if (!read_u32(at, count)) {
      return false;
    }
    const u64 total = u64{count} + local_count_;
    if (total > 0xffffffff) {
      return malformed("too many locals: more than 4294967295", op_at_);
    }
    if (!read_val_type(at, type)) {
      return false;
    }
    has_init = has_init || needs_init(type);
    if (kValidate && total > limits_.locals) {
      over_limit_at = over_limit_at == nullptr ? op_at_ : over_limit_at;
      local_count_ = static_cast<u32>(total);
    } else {
      add_locals(count, type);
    }
  }
  flat_locals_ = scratch_.locals.data();
  flat_locals_count_ = static_cast<u32>(scratch_.locals.size());
  if constexpr (kValidate) {
    scratch_.set_locals.clear();
    if (over_limit_at == nullptr && (has_init || std::ranges::any_of(params, needs_init))) {
      scratch_.is_set.assign(local_count_, false);
      std::fill_n(scratch_.is_set.begin(), params.size(), true);
    }
  }
  // Only now, because more than 2^32 locals are malformed.
  return over_limit_at == nullptr ||
         fail(petrel::fail(ErrorClass::limit,
                           over_limit(local_count_, "locals", limits_.locals, "locals")),
              over_limit_at);
}

// ---- instructions ----------------------------------------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::illegal(u8 prefix, u32 code) {
  return fail(petrel::fail(ErrorClass::malformed, illegal_opcode(prefix, code)), op_at_);
}

PETREL_BODY ir::Op PETREL_BODY_CLASS::current_op() const {
  const u8* at = op_at_;
  const u8 byte = *at++;
  if (!ir::is_op_prefix(byte)) {
    return ir::op_from_byte(byte);
  }
  u32 code = 0;
  for (u32 shift = 0;; shift += 7) { // was read before: ends, and fits
    code |= u32{*at & 0x7fU} << shift;
    if ((*at++ & 0x80U) == 0) {
      return ir::op_from_prefixed(byte, code);
    }
  }
}

PETREL_BODY bool PETREL_BODY_CLASS::end_expected(At at) {
  return malformed("unexpected end of section or function: END opcode expected", at);
}

/// A vector instruction up to its visitor, which `step` calls: their effects differ in their rows only, so one function reads
/// the rows instead of 256 that know them.
PETREL_BODY [[gnu::noinline]] auto PETREL_BODY_CLASS::step_simd(At at, Op op, Instr& in) -> At {
  const ir::OpInfo& info = ir::op_info(op);
  if (kValidate && !features_.has(info.feature)) [[unlikely]] {
    refuse(info.feature, ir::op_name(op), op_at_);
    return nullptr;
  }
  has_v128_ = true;
  in.at = op_at_;
  in.offset = file_offset(op_at_);
  if (!read_simd_immediate(at, in, info)) [[unlikely]] {
    return nullptr;
  }
  in.size_bytes = static_cast<u32>(at - op_at_);
  return apply_simd(info, in) ? at : nullptr;
}

/// One instruction, its opcode read already. Returns the position behind it, nullptr when refused.
PETREL_BODY template <ir::Op kOp> PETREL_INLINE auto PETREL_BODY_CLASS::step(At at) -> At {
  constexpr ir::OpInfo kInfo = ir::op_info(kOp);
  if constexpr (!ir::is_implemented(kInfo.feature)) {
    refuse(kInfo.feature, ir::op_name(kOp), op_at_);
    return nullptr;
  } else if constexpr (kInfo.prefix == ir::kPrefixSimd) {
    Instr in;
    at = step_simd(at, kOp, in);
    if (at != nullptr) [[likely]] {
      visitor_.template op<kOp>(*this, in);
    }
    return at;
  } else {
    if constexpr (kValidate && kInfo.feature != ir::Feature::Mvp) {
      if (!features_.has(kInfo.feature)) [[unlikely]] {
        refuse(kInfo.feature, ir::op_name(kOp), op_at_);
        return nullptr;
      }
    }
    Instr in;
    in.at = op_at_;
    in.offset = file_offset(op_at_);
    if constexpr (kInfo.imm == Imm::MemArg) {
      if (!read_memarg(at, in, kInfo.natural_align_log2())) [[unlikely]] {
        return nullptr;
      }
      if constexpr (kValidate && kInfo.prefix == ir::kPrefixAtomic) {
        if (in.align_log2 != kInfo.natural_align_log2()) {
          invalid(atomic_alignment(in.align_log2, kInfo.natural_align_log2()));
          return nullptr;
        }
      }
    } else if (!read_immediate<kInfo.imm>(at, in)) [[unlikely]] {
      return nullptr;
    }
    in.size_bytes = static_cast<u32>(at - op_at_);
    return apply<kOp>(at, in) ? at : nullptr;
  }
}

/// An instruction behind a prefix byte.
PETREL_BODY [[gnu::noinline]] auto PETREL_BODY_CLASS::step_prefixed(At at, u8 prefix) -> At {
  u32 code = 0;
  if (!read_u32(at, code)) {
    return nullptr;
  }
  switch (ir::op_from_prefixed(prefix, code)) {
#define PETREL_OP(Enum, snake, text, prefix_, code_, imm_, params_, results_, feature_, family_)   \
  case Op::Enum:                                                                                   \
    if constexpr ((prefix_) != 0) {                                                                \
      return step<Op::Enum>(at);                                                                   \
    }                                                                                              \
    break;
#include "ir/opcodes.def"
  case Op::Invalid: break;
  }
  illegal(prefix, code);
  return nullptr;
}

namespace detail {
/// Case label of a row in the switch over first bytes: unprefixed rows their byte, others a value no byte has.
constexpr u32 first_byte_case(u32 prefix, u32 code, ir::Op op) {
  return prefix == 0 ? code : 0x100 + static_cast<u32>(op);
}
} // namespace detail

PETREL_BODY bool PETREL_BODY_CLASS::decode_instructions(At at) {
  if constexpr (kValidate) {
    sp_ = high_ = scratch_.values.data();
    if (scratch_.values.size() < kSlack) {
      grow(0);
    }
  }
  body_offset_ = file_offset(at);
  ControlFrame function;
  function.op = Op::Call;
  function.sig_kind = ControlFrame::SigKind::type;
  function.type_bits = func_.type.index();
  if (!push_ctrl(function)) {
    return false; // not reached: a function's frame has no parameters
  }
  while (true) {
    op_at_ = at;
    if (at == end_) [[unlikely]] {
      return end_expected(at);
    }
    const u32 byte = *at++;
    switch (byte) {
#define PETREL_OP(Enum, snake, text, prefix_, code_, imm_, params_, results_, feature_, family_)   \
  case detail::first_byte_case(prefix_, code_, Op::Enum):                                          \
    if constexpr ((prefix_) == 0) {                                                                \
      at = step<Op::Enum>(at);                                                                     \
      if constexpr (Op::Enum == Op::End) {                                                         \
        if (at != nullptr && frames_.empty()) { /* nothing else closes the function's frame */     \
          return ends_here(at);                                                                    \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
    break;
#include "ir/opcodes.def"
    case ir::kPrefixGc:
    case ir::kPrefixMisc:
    case ir::kPrefixSimd:
    case ir::kPrefixAtomic: at = step_prefixed(at, static_cast<u8>(byte)); break;
    case 0xff: // named, so that the table is whole and needs no range check
    default:
      illegal(0, byte);
      at = nullptr;
      break;
    }
    if (at == nullptr) [[unlikely]] {
      return false;
    }
  }
}

/// The function's frame is closed: do its bytes end too?
PETREL_BODY bool PETREL_BODY_CLASS::ends_here(At at) {
  return at == end_ ||
         malformed("section size mismatch: bytes left behind the function's final END opcode", at);
}

} // namespace petrel::frontend
