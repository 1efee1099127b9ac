// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/part_reader.h"

#include "base/format.h"

namespace petrel::text {

namespace {

constexpr u32 kTypeIndexLimit = 0xffff00; // ir::HeapType keeps 24 bits

bool is_abs_heap_code(u8 byte) { return byte >= 0x69 && byte <= 0x74; }
bool is_number_code(u8 byte) { return byte >= 0x7b && byte <= 0x7f; }

} // namespace

u32 var_s64_size(i64 value) {
  u32 size = 1;
  for (; value < -0x40 || value >= 0x40; value >>= 7) {
    ++size;
  }
  return size;
}

void PartReader::note(u64 size_bytes, u32 usual) {
  sizes_.push_back(static_cast<u8>(size_bytes));
  if (size_bytes != usual) {
    unusual_end_ = sizes_.size();
  }
}

void PartReader::begin() {
  sizes_.clear();
  unusual_end_ = 0;
}

Result<u32> PartReader::var_u32() {
  const u64 at = r_.offset();
  TRY_ASSIGN(u32 value, r_.read_var_u32());
  note(r_.offset() - at, var_u64_size(value));
  return value;
}

Result<u64> PartReader::var_u64() {
  const u64 at = r_.offset();
  TRY_ASSIGN(u64 value, r_.read_var_u64());
  note(r_.offset() - at, var_u64_size(value));
  return value;
}

Result<i32> PartReader::var_s32() {
  const u64 at = r_.offset();
  TRY_ASSIGN(i32 value, r_.read_var_s32());
  note(r_.offset() - at, var_s64_size(value));
  return value;
}

Result<i64> PartReader::var_s33() {
  const u64 at = r_.offset();
  TRY_ASSIGN(i64 value, r_.read_var_s33());
  note(r_.offset() - at, var_s64_size(value));
  return value;
}

Result<i64> PartReader::var_s64() {
  const u64 at = r_.offset();
  TRY_ASSIGN(i64 value, r_.read_var_s64());
  note(r_.offset() - at, var_s64_size(value));
  return value;
}

Result<std::string_view> PartReader::name() {
  ByteReader ahead = r_;
  TRY_ASSIGN(u32 size, ahead.read_var_u32());
  note(ahead.offset() - r_.offset(), var_u64_size(size));
  return r_.read_name();
}

Result<HeapType> PartReader::heap_of_code(i64 code, u64 at) const {
  if (code >= 0 && code < kTypeIndexLimit) {
    return HeapType(TypeIdx(static_cast<u32>(code)));
  }
  const u8 byte = static_cast<u8>(code & 0x7f);
  if (code < -0x40 || code >= 0 || !is_abs_heap_code(byte)) {
    return fail_at(ErrorClass::malformed, at, "malformed heap type");
  }
  return HeapType(static_cast<AbsHeapType>(byte));
}

Result<HeapType> PartReader::heap_type() {
  const u64 at = r_.offset();
  TRY_ASSIGN(i64 code, var_s33());
  return heap_of_code(code, at);
}

Result<ValType> PartReader::ref_type() {
  const u64 at = r_.offset();
  TRY_ASSIGN(u8 byte, r_.read_u8());
  if (is_abs_heap_code(byte)) {
    note(1, 1);
    return ValType::ref(static_cast<AbsHeapType>(byte), true);
  }
  if (byte == static_cast<u8>(ValKind::ref)) {
    TRY_ASSIGN(HeapType heap, heap_type());
    return ValType::ref(heap, false);
  }
  if (byte != static_cast<u8>(ValKind::ref_null)) {
    return fail_at(ErrorClass::malformed, at, strf("malformed reference type 0x%02x", byte));
  }
  TRY_ASSIGN(i64 code, r_.read_var_s33());
  TRY_ASSIGN(HeapType heap, heap_of_code(code, at + 1));
  if (heap.is_abstract()) {
    note(r_.offset() - at, 1); // the short form is one byte
  } else {
    note(r_.offset() - at - 1, var_s64_size(code));
  }
  return ValType::ref(heap, true);
}

Result<ValType> PartReader::val_type() {
  const auto byte = r_.peek();
  if (byte && is_number_code(*byte)) {
    TRY(r_.read_u8());
    return ValType(static_cast<ValKind>(*byte));
  }
  if (byte && !is_abs_heap_code(*byte) && *byte != static_cast<u8>(ValKind::ref) &&
      *byte != static_cast<u8>(ValKind::ref_null)) {
    return fail_at(ErrorClass::malformed, offset(), strf("malformed value type 0x%02x", *byte));
  }
  return ref_type();
}

Result<ValType> PartReader::storage_type() {
  const auto byte = r_.peek();
  if (byte && (*byte == static_cast<u8>(ValKind::i8) || *byte == static_cast<u8>(ValKind::i16))) {
    TRY(r_.read_u8());
    return ValType(static_cast<ValKind>(*byte));
  }
  return val_type();
}

Result<RawBlockType> PartReader::block_type() {
  RawBlockType type;
  const auto byte = r_.peek();
  if (byte &&
      (is_number_code(*byte) || is_abs_heap_code(*byte) || *byte == static_cast<u8>(ValKind::ref) ||
       *byte == static_cast<u8>(ValKind::ref_null))) {
    type.kind = RawBlockType::Kind::value;
    TRY_ASSIGN(type.value, val_type());
    return type;
  }
  const u64 at = offset();
  TRY_ASSIGN(i64 code, var_s33());
  if (code >= 0) {
    type.kind = RawBlockType::Kind::index;
    type.index = static_cast<u32>(code);
  } else if (code != -0x40) {
    return fail_at(ErrorClass::malformed, at, "malformed block type");
  }
  return type;
}

Result<RawLimits> PartReader::limits(bool is_memory) {
  RawLimits out;
  const u64 at = offset();
  TRY_ASSIGN(u8 flags, r_.read_u8());
  if (flags > (is_memory ? 15 : 7)) {
    return fail_at(ErrorClass::malformed, at, strf("malformed limits flags 0x%02x", flags));
  }
  out.limits.has_max = flags & 1;
  out.limits.is_shared = flags >> 1 & 1;
  out.limits.is_64 = flags >> 2 & 1;
  out.has_page_size = (flags & 8) != 0;
  TRY_ASSIGN(out.limits.min, var_u64());
  if (out.limits.has_max != 0) {
    TRY_ASSIGN(out.limits.max, var_u64());
  }
  if (out.has_page_size) {
    const u64 log2_at = offset();
    TRY_ASSIGN(u32 log2, var_u32());
    if (log2 > 63) {
      return fail_at(ErrorClass::malformed, log2_at, "malformed page size");
    }
    out.limits.page_size_log2 = static_cast<u8>(log2);
  }
  return out;
}

} // namespace petrel::text
