// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/byte_reader.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel {

namespace {
constexpr const char* kEnd = "unexpected end of section or function";
constexpr const char* kTooLong = "integer representation too long";
constexpr const char* kTooLarge = "integer too large";
} // namespace

Result<u8> ByteReader::read_u8() {
  if (at_ == end_) {
    return malformed(kEnd);
  }
  return *at_++;
}

Result<u32> ByteReader::read_u32_le() {
  TRY_ASSIGN(Bytes raw, read_bytes(4));
  u32 value;
  std::memcpy(&value, raw.data(), 4);
  return value;
}

Result<u64> ByteReader::read_u64_le() {
  TRY_ASSIGN(Bytes raw, read_bytes(8));
  u64 value;
  std::memcpy(&value, raw.data(), 8);
  return value;
}

template <typename T, u32 kBits, bool kSigned> Result<T> ByteReader::read_leb() {
  constexpr u32 kMaxBytes = (kBits + 6) / 7;
  constexpr u32 kLastBits = kBits - 7 * (kMaxBytes - 1);
  const u64 start = offset();
  u64 value = 0;
  for (u32 i = 0; i < kMaxBytes; ++i) {
    if (at_ == end_) {
      return malformed(kEnd);
    }
    const u8 byte = *at_++;
    const u32 shift = 7 * i;
    value |= static_cast<u64>(byte & 0x7f) << shift;
    if (i == kMaxBytes - 1) {
      if (byte & 0x80) {
        return fail_at(ErrorClass::malformed, start, kTooLong);
      }
      // The bits above the value must repeat its sign (signed) or be zero (unsigned).
      const u32 unused_mask = (0x7fu << (kLastBits - (kSigned ? 1 : 0))) & 0x7fu;
      const u32 unused = byte & unused_mask;
      if (unused != 0 && !(kSigned && unused == unused_mask)) {
        return fail_at(ErrorClass::malformed, start, kTooLarge);
      }
    }
    if (!(byte & 0x80)) {
      if constexpr (kSigned) {
        const u32 used = shift + 7;
        if (used < 64 && (byte & 0x40)) {
          value |= ~u64{0} << used;
        }
      }
      return static_cast<T>(value);
    }
  }
  PETREL_UNREACHABLE();
}

Result<u32> ByteReader::read_var_u32() {
  if (at_ != end_ && *at_ < 0x80) [[likely]] {
    return *at_++;
  }
  return read_leb<u32, 32, false>();
}
Result<u64> ByteReader::read_var_u64() { return read_leb<u64, 64, false>(); }
Result<i32> ByteReader::read_var_s32() { return read_leb<i32, 32, true>(); }
Result<i64> ByteReader::read_var_s33() { return read_leb<i64, 33, true>(); }
Result<i64> ByteReader::read_var_s64() { return read_leb<i64, 64, true>(); }

Result<Bytes> ByteReader::read_bytes(usize size) {
  if (size > remaining()) {
    return malformed(strf("unexpected end of section or function: %zu bytes expected, %zu left",
                          size, remaining()));
  }
  Bytes bytes(at_, size);
  at_ += size;
  return bytes;
}

Result<std::string_view> ByteReader::read_name() {
  TRY_ASSIGN(u32 size, read_var_u32());
  const u64 start = offset();
  if (size > remaining()) {
    return fail_at(ErrorClass::malformed, start,
                   strf("length out of bounds: name of %u bytes, %zu left", size, remaining()));
  }
  TRY_ASSIGN(Bytes bytes, read_bytes(size));
  if (!is_utf8(bytes)) {
    return fail_at(ErrorClass::malformed, start, "malformed UTF-8 encoding");
  }
  return as_text(bytes);
}

Result<u32> ByteReader::read_count(u32 limit, usize min_element_bytes, const char* what) {
  const u64 start = offset();
  TRY_ASSIGN(u32 count, read_var_u32());
  if (count > limit) {
    return fail_at(ErrorClass::limit, start,
                   strf("%u %s exceed limit %u (-L %s=N)", count, what, limit, what));
  }
  if (min_element_bytes != 0 && count > remaining() / min_element_bytes) {
    return fail_at(ErrorClass::malformed, start,
                   strf("unexpected end of section or function: %u %s announced, %zu bytes left",
                        count, what, remaining()));
  }
  return count;
}

Result<ByteReader> ByteReader::read_sub(usize size) {
  const u64 start = offset();
  TRY_ASSIGN(Bytes bytes, read_bytes(size));
  return ByteReader(bytes, start);
}

} // namespace petrel
