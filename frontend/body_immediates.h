// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: immediates by `ir::Imm` (specification §5.4) and the index spaces they refer to. LEB128 as §5.2.2: at most
// ceil(N/7) bytes, unused bits of the last byte checked. Included by body_decoder.h only.
#pragma once

namespace petrel::frontend {

// ---- numbers ---------------------------------------------------------------------------------------

PETREL_BODY template <typename T, u32 kBits, bool kSigned>
PETREL_INLINE bool PETREL_BODY_CLASS::read_leb(At& at, T& out) {
  if (at != end_ && *at < 0x80) [[likely]] {
    const u32 byte = *at++;
    out = kSigned ? static_cast<T>(static_cast<T>(static_cast<i8>(byte << 1)) >> 1)
                  : static_cast<T>(byte);
    return true;
  }
  const Leb<T> leb = read_long_leb<T, kBits, kSigned>(at);
  at = leb.at;
  out = leb.value;
  return at != nullptr;
}

PETREL_BODY template <typename T, u32 kBits, bool kSigned>
[[gnu::noinline]] auto PETREL_BODY_CLASS::read_long_leb(At at) -> Leb<T> {
  constexpr u32 kMaxBytes = (kBits + 6) / 7;
  constexpr u32 kLastBits = kBits - 7 * (kMaxBytes - 1);
  constexpr u32 kUnused = (0x7fu << (kLastBits - (kSigned ? 1 : 0))) & 0x7fu;
  const u8* const start = at;
  const u8* limit = end_;
  bool is_cut = false;
  u64 value = 0;
  for (u32 i = 0; i < kMaxBytes; ++i) {
    if (at == limit) [[unlikely]] {
      // Reads on behind the body, as the specification's reference decoder does, to say what is wrong with the number.
      limit = file_ + header_.file_offset + header_.file_size;
      is_cut = true;
      if (at == limit) {
        break;
      }
    }
    const u8 byte = *at++;
    value |= static_cast<u64>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) {
      continue;
    }
    const u32 unused = byte & kUnused;
    if (i == kMaxBytes - 1 && unused != 0 && !(kSigned && unused == kUnused)) {
      malformed("integer too large", start);
      return {nullptr, T{}};
    }
    if (is_cut) [[unlikely]] {
      break;
    }
    if (kSigned && (byte & 0x40) != 0 && 7 * (i + 1) < 64) {
      value |= ~u64{0} << (7 * (i + 1));
    }
    return {at, static_cast<T>(value)};
  }
  if (static_cast<u32>(at - start) == kMaxBytes && (at[-1] & 0x80) != 0) {
    malformed("integer representation too long", start);
  } else {
    unexpected_end(end_);
  }
  return {nullptr, T{}};
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::read_byte(At& at, u8& out) {
  if (at == end_) [[unlikely]] {
    return unexpected_end(at);
  }
  out = *at++;
  return true;
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::read_raw(At& at, u64& out, u32 size_bytes) {
  if (static_cast<usize>(end_ - at) < size_bytes) [[unlikely]] {
    return unexpected_end(end_);
  }
  out = 0;
  std::memcpy(&out, at, size_bytes);
  at += size_bytes;
  return true;
}

// ---- types -----------------------------------------------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::read_val_type(At& at, ValType& out) {
  const u8* const start = at;
  ByteReader reader({start, end_}, file_offset(start));
  auto decoded = frontend::read_val_type(reader, features_, header_.types.count);
  if (!decoded) {
    return fail_there(std::move(decoded).error());
  }
  out = *decoded;
  at = reader.position();
  has_v128_ |= out == ValType(ValKind::v128);
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_heap_type(At& at, HeapType& out) {
  const u8* const start = at;
  i64 code = 0;
  if (!read_leb<i64, 33, true>(at, code)) {
    return false;
  }
  auto decoded = heap_type_of_code(code, features_, header_.types.count);
  if (!decoded) {
    return fail(std::unexpected(std::move(decoded).error()), start);
  }
  out = *decoded;
  return true;
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::read_block_type(At& at, ControlFrame& f) {
  if (at != end_ && *at == 0x40) [[likely]] {
    ++at;
    return true;
  }
  return read_long_block_type(at, f);
}

PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::read_long_block_type(At& at,
                                                                           ControlFrame& f) {
  if (at != end_ && (*at & 0xc0) == 0x40) { // its first byte is negative: a value type
    ValType type;
    if (!read_val_type(at, type)) {
      return false;
    }
    f.sig_kind = ControlFrame::SigKind::one_result;
    f.type_bits = type.bits();
    return true;
  }
  const u8* const start = at;
  i64 index = 0;
  if (!read_leb<i64, 33, true>(at, index)) {
    return false;
  }
  if (index < 0) {
    return malformed("malformed block type: expected an empty type, a value type or a type index",
                     start);
  }
  if (kValidate && !has(ir::Feature::MultiValue)) {
    return refuse(ir::Feature::MultiValue, "block type by index", start);
  }
  f.sig_kind = ControlFrame::SigKind::type;
  f.type_bits = static_cast<u32>(index);
  return check_index(f.type_bits, header_.types.count, "type") &&
         check_composite(f.type_bits, ir::CompositeKind::func);
}

PETREL_BODY bool PETREL_BODY_CLASS::read_select_types(At& at, Instr& in) {
  u32 count = 0;
  if (!read_u32(at, count)) {
    return false;
  }
  if (count != 1) {
    return invalid(invalid_result_arity(count));
  }
  return read_val_type(at, in.select_type);
}

// ---- memory and branch tables ------------------------------------------------------------------------

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::read_memarg(At& at, Instr& in,
                                                              u32 natural_align_log2) {
  const u8* const flags_at = at;
  if (!read_u32(at, in.align_log2)) {
    return false;
  }
  if (in.align_log2 > natural_align_log2) [[unlikely]] {
    Instr read; // not `in`, which then needs no memory
    at = read_long_memarg(flags_at, read, natural_align_log2);
    in.index = read.index;
    in.align_log2 = read.align_log2;
    in.bits = read.bits;
    return at != nullptr;
  }
  if (!read_leb<u64, 64, false>(at, in.bits)) {
    return false;
  }
  if (kValidate && in.bits > 0xffffffff) [[unlikely]] {
    return check_index(0, header_.memories.count, "memory") &&
           (mem0_address_ == ValKind::i64 || invalid(offset_out_of_range(in.bits)));
  }
  return check_index(0, header_.memories.count, "memory");
}

/// A memarg with a memory index, or one that is refused. Returns the position behind it, nullptr: refused.
PETREL_BODY [[gnu::noinline]] auto PETREL_BODY_CLASS::read_long_memarg(At at, Instr& in,
                                                                       u32 natural_align_log2)
    -> At {
  const u8* const flags_at = at;
  u32 flags = 0;
  if (!read_u32(at, flags)) {
    return nullptr;
  }
  if (flags >= 0x80) {
    malformed("malformed memop flags", flags_at);
    return nullptr;
  }
  if ((flags & 0x40) != 0) {
    if (!has(ir::Feature::MultiMemory)) {
      refuse(ir::Feature::MultiMemory, "memory index in a memory access", flags_at);
      return nullptr;
    }
    if (!read_u32(at, in.index)) {
      return nullptr;
    }
  }
  in.align_log2 = flags & 0x3f;
  if (!read_leb<u64, 64, false>(at, in.bits)) {
    return nullptr;
  }
  if constexpr (kValidate) {
    if (in.align_log2 > natural_align_log2) {
      invalid(alignment_too_large(in.align_log2, natural_align_log2));
      return nullptr;
    }
    if (!check_index(in.index, header_.memories.count, "memory")) {
      return nullptr;
    }
    if (in.bits > 0xffffffff && memory_address(in.index) == ValKind::i32) {
      invalid(offset_out_of_range(in.bits));
      return nullptr;
    }
  }
  return at;
}

/// memory.size and its like: an index that is one zero byte without multi-memory.
PETREL_BODY bool PETREL_BODY_CLASS::read_memory_index(At& at, u32& out) {
  if (has(ir::Feature::MultiMemory)) {
    return read_u32(at, out);
  }
  const u8* const start = at;
  u8 byte = 0;
  if (!read_byte(at, byte)) {
    return false;
  }
  out = 0;
  return byte == 0 || refuse(ir::Feature::MultiMemory, "memory index", start);
}

PETREL_BODY bool PETREL_BODY_CLASS::read_br_table(At& at, Instr& in) {
  u32 count = 0;
  if (!read_u32(at, count)) {
    return false;
  }
  in.labels = BranchTable(at, count);
  bool known = true;
  u32 bad = 0;
  for (u64 i = 0; i <= count; ++i) { // ends with the bytes if the count lies
    u32 label = 0;
    if (!read_u32(at, label)) {
      return false;
    }
    if (kValidate && label >= frames_.size() && known) [[unlikely]] {
      known = false;
      bad = label;
    }
    in.index = label; // ends as the default
  }
  return known || unknown("label", bad);
}

// ---- vector instructions -----------------------------------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::read_simd_immediate(At& at, Instr& in, const ir::OpInfo& info) {
  if (info.imm == Imm::V128Const || info.imm == Imm::Shuffle16) {
    if (end_ - at < 16) {
      return unexpected_end(end_);
    }
    in.bytes = at;
    at += 16;
    if (kValidate && info.imm == Imm::Shuffle16) {
      for (u32 i = 0; i < 16; ++i) {
        if (in.bytes[i] >= 32) {
          return invalid(invalid_lane(current_op(), in.bytes[i], 32));
        }
      }
    }
    return true;
  }
  if ((info.imm == Imm::MemArg || info.imm == Imm::MemArgLane) &&
      !read_memarg(at, in, info.natural_align_log2())) {
    return false;
  }
  if (info.imm == Imm::Lane || info.imm == Imm::MemArgLane) {
    if (!read_byte(at, in.lane)) {
      return false;
    }
    return !kValidate || in.lane < info.lanes ||
           invalid(invalid_lane(current_op(), in.lane, info.lanes));
  }
  return true;
}

// ---- by kind ---------------------------------------------------------------------------------------

/// Checks indices against their spaces, after all were read.
PETREL_BODY template <ir::Imm kImm>
PETREL_INLINE bool PETREL_BODY_CLASS::check_indices(const Instr& in) {
  const ir::ModuleHeader& h = header_;
  if constexpr (kImm == Imm::LabelIdx) {
    return check_index(in.index, depth(), "label");
  } else if constexpr (kImm == Imm::FuncIdx) {
    return check_index(in.index, h.funcs.count, "function");
  } else if constexpr (kImm == Imm::LocalIdx) {
    return check_index(in.index, local_count_, "local");
  } else if constexpr (kImm == Imm::GlobalIdx) {
    return check_index(in.index, h.globals.count, "global");
  } else if constexpr (kImm == Imm::TableIdx) {
    return check_index(in.index, h.tables.count, "table");
  } else if constexpr (kImm == Imm::TagIdx) {
    return check_index(in.index, h.tags.count, "tag");
  } else if constexpr (kImm == Imm::TableTable) {
    return check_index(in.index, h.tables.count, "table") &&
           check_index(in.index2, h.tables.count, "table");
  } else if constexpr (kImm == Imm::ElemTable) {
    return check_index(in.index2, h.tables.count, "table") &&
           check_index(in.index, h.elems.count, "elem segment");
  } else if constexpr (kImm == Imm::ElemIdx) {
    return check_index(in.index, h.elems.count, "elem segment");
  } else if constexpr (kImm == Imm::MemIdx) {
    return check_index(in.index, h.memories.count, "memory");
  } else if constexpr (kImm == Imm::MemMem) {
    return check_index(in.index, h.memories.count, "memory") &&
           check_index(in.index2, h.memories.count, "memory");
  } else if constexpr (kImm == Imm::DataMem || kImm == Imm::DataIdx) {
    if (kValidate && h.has_data_count == 0) {
      return malformed("data count section required", op_at_);
    }
    return (kImm != Imm::DataMem || check_index(in.index2, h.memories.count, "memory")) &&
           check_index(in.index, h.data_count, "data segment");
  } else if constexpr (kImm == Imm::TypeIdx || kImm == Imm::StructField || kImm == Imm::TypeU32) {
    return check_index(in.index, h.types.count, "type");
  } else if constexpr (kImm == Imm::TypeType) {
    return check_index(in.index, h.types.count, "type") &&
           check_index(in.index2, h.types.count, "type");
  } else if constexpr (kImm == Imm::TypeData) {
    if (kValidate && h.has_data_count == 0) {
      return malformed("data count section required", op_at_);
    }
    return check_index(in.index, h.types.count, "type") &&
           check_index(in.index2, h.data_count, "data segment");
  } else if constexpr (kImm == Imm::TypeElem) {
    return check_index(in.index, h.types.count, "type") &&
           check_index(in.index2, h.elems.count, "elem segment");
  } else if constexpr (kImm == Imm::TypeTable) {
    return check_index(in.index2, h.tables.count, "table") &&
           check_index(in.index, h.types.count, "type");
  } else {
    return true;
  }
}

/// Block types, and catch clauses behind them, are read by the instruction's effect.
PETREL_BODY template <ir::Imm kImm>
PETREL_INLINE bool PETREL_BODY_CLASS::read_immediate(At& at, Instr& in) {
  if constexpr (kImm == Imm::None || kImm == Imm::BlockType || kImm == Imm::TryTable) {
    return true;
  } else if constexpr (kImm == Imm::LabelIdx || kImm == Imm::FuncIdx || kImm == Imm::LocalIdx ||
                       kImm == Imm::GlobalIdx || kImm == Imm::TableIdx || kImm == Imm::ElemIdx ||
                       kImm == Imm::DataIdx || kImm == Imm::TypeIdx || kImm == Imm::TagIdx) {
    return read_u32(at, in.index) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::TypeTable || kImm == Imm::TableTable ||
                       kImm == Imm::ElemTable || kImm == Imm::StructField || kImm == Imm::TypeU32 ||
                       kImm == Imm::TypeType || kImm == Imm::TypeData || kImm == Imm::TypeElem) {
    return read_u32(at, in.index) && read_u32(at, in.index2) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::MemIdx) {
    return read_memory_index(at, in.index) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::MemMem) {
    return read_memory_index(at, in.index) && read_memory_index(at, in.index2) &&
           check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::DataMem) {
    return read_u32(at, in.index) && read_memory_index(at, in.index2) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::BrTable) {
    return read_br_table(at, in);
  } else if constexpr (kImm == Imm::I32Const) {
    i32 value = 0;
    const bool ok = read_leb<i32, 32, true>(at, value);
    in.bits = static_cast<u32>(value);
    return ok;
  } else if constexpr (kImm == Imm::I64Const) {
    i64 value = 0;
    const bool ok = read_leb<i64, 64, true>(at, value);
    in.bits = static_cast<u64>(value);
    return ok;
  } else if constexpr (kImm == Imm::F32Const) {
    return read_raw(at, in.bits, 4);
  } else if constexpr (kImm == Imm::F64Const) {
    return read_raw(at, in.bits, 8);
  } else if constexpr (kImm == Imm::AtomicFence) {
    const u8* const start = at;
    u8 order = 0;
    return read_byte(at, order) &&
           (order == 0 || malformed("zero byte expected: the order of a fence", start));
  } else if constexpr (kImm == Imm::HeapType) {
    return read_heap_type(at, in.heap);
  } else if constexpr (kImm == Imm::Cast) {
    u8 flags = 0;
    const u8* const flags_at = at;
    if (!read_byte(at, flags)) {
      return false;
    }
    if (flags > 3) {
      return malformed("malformed br_on_cast flags", flags_at);
    }
    in.bits = flags;
    return read_u32(at, in.index) && read_heap_type(at, in.heap) && read_heap_type(at, in.heap2) &&
           check_index(in.index, depth(), "label");
  } else if constexpr (kImm == Imm::SelectTypes) {
    return read_select_types(at, in);
  } else {
    static_assert(kImm == Imm::MemArg, "immediates of an implemented feature need a reader here");
    PETREL_UNREACHABLE(); // read_memarg, which knows the access
  }
}

} // namespace petrel::frontend
