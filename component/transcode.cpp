// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One decoder per source encoding feeds one writer per destination. Sizes: `n` is the number of source code units;
// the worst cases (3 bytes per utf16 unit, 2 per latin1 character, 2 bytes per utf8 byte) are those of the
// reference, including when the first, smaller allocation is tried.
#include "component/transcode.h"

#include <cstring>

#include "base/unicode.h"

namespace petrel::component {

namespace {

using ir::StringEncoding;

u16 load_u16(const u8* at) {
  u16 unit;
  std::memcpy(&unit, at, 2);
  return unit;
}
void store_u16(u8* at, u16 unit) { std::memcpy(at, &unit, 2); }

/// Reads code points of any source encoding; the text was validated before.
class Decoder {
public:
  explicit Decoder(const SourceString& source) : source_(source) {}
  bool at_end() const { return at_ == source_.code_units; }
  /// Source code units consumed so far.
  u64 consumed() const { return at_; }
  char32_t next() {
    switch (source_.encoding) {
    case SimpleEncoding::latin1: return source_.bytes[at_++];
    case SimpleEncoding::utf8: {
      const auto decoded = decode_utf8({source_.bytes + at_, source_.code_units - at_});
      CHECK(decoded.has_value());
      at_ += decoded->size_bytes;
      return decoded->code_point;
    }
    case SimpleEncoding::utf16: {
      const u16 first = load_u16(source_.bytes + 2 * at_++);
      if (first < 0xd800 || first > 0xdfff) {
        return first;
      }
      const u16 second = load_u16(source_.bytes + 2 * at_++);
      return 0x10000 + ((first - 0xd800u) << 10) + (second - 0xdc00u);
    }
    }
    PETREL_UNREACHABLE();
  }

private:
  const SourceString& source_;
  u64 at_ = 0;
};

u32 utf8_size(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

u64 put_utf8(u8* at, char32_t c) {
  const u32 size = utf8_size(c);
  if (size == 1) {
    at[0] = static_cast<u8>(c);
    return 1;
  }
  static constexpr u8 kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (u32 i = size - 1; i > 0; --i) {
    at[i] = static_cast<u8>(0x80 | (c & 0x3f));
    c >>= 6;
  }
  at[0] = static_cast<u8>(kLead[size] | c);
  return size;
}

u64 put_utf16(u8* at, char32_t c) {
  if (c < 0x10000) {
    store_u16(at, static_cast<u16>(c));
    return 1;
  }
  c -= 0x10000;
  store_u16(at, static_cast<u16>(0xd800 + (c >> 10)));
  store_u16(at + 2, static_cast<u16>(0xdc00 + (c & 0x3ff)));
  return 2;
}

/// A growing allocation in the destination.
class Output {
public:
  explicit Output(StringSink& sink) : sink_(sink) {}
  bool resize(u32 align, u64 new_size) {
    auto moved = sink_.reallocate(pointer_, size_, align, new_size);
    if (!moved) {
      return false;
    }
    pointer_ = *moved;
    size_ = new_size;
    return true;
  }
  u8* at(u64 offset) { return sink_.address(pointer_) + offset; }
  u64 pointer() const { return pointer_; }
  u64 size() const { return size_; }

private:
  StringSink& sink_;
  u64 pointer_ = 0;
  u64 size_ = 0;
};

bool fits(u64 size_bytes) { return size_bytes <= ir::kMaxListBytes; }

/// Same units on both sides, one exact allocation; `widen`: latin1 bytes become utf16 units.
TranscodeError copy_units(const SourceString& source, u32 unit_bytes, u32 align, bool widen,
                          Output& out) {
  const u64 size = source.code_units * unit_bytes;
  if (!fits(size)) {
    return TranscodeError::too_long;
  }
  if (!out.resize(align, size)) {
    return TranscodeError::trapped;
  }
  if (!widen) {
    if (size != 0) {
      std::memcpy(out.at(0), source.bytes, size);
    }
    return TranscodeError::none;
  }
  u8* at = out.at(0);
  for (u64 i = 0; i < source.code_units; ++i) {
    store_u16(at + 2 * i, source.bytes[i]);
  }
  return TranscodeError::none;
}

/// utf16 or latin1 to utf8: optimistic n bytes, at the first non-ASCII character the worst case, then the rest shrinks.
TranscodeError to_utf8(const SourceString& source, u64 worst_factor, Output& out, u64& length) {
  const u64 n = source.code_units;
  if (!fits(n)) {
    return TranscodeError::too_long;
  }
  if (!out.resize(1, n)) {
    return TranscodeError::trapped;
  }
  Decoder decoder(source);
  u64 written = 0;
  bool grown = false;
  while (!decoder.at_end()) {
    const char32_t c = decoder.next();
    if (c >= 0x80 && !grown) {
      const u64 worst = n * worst_factor;
      if (!fits(worst)) {
        return TranscodeError::too_long;
      }
      if (!out.resize(1, worst)) {
        return TranscodeError::trapped;
      }
      grown = true;
    }
    written += put_utf8(out.at(written), c);
  }
  if (written < out.size() && !out.resize(1, written)) {
    return TranscodeError::trapped;
  }
  length = written;
  return TranscodeError::none;
}

TranscodeError utf8_to_utf16(const SourceString& source, Output& out, u64& length) {
  const u64 worst = 2 * source.code_units;
  if (!fits(worst)) {
    return TranscodeError::too_long;
  }
  if (!out.resize(2, worst)) {
    return TranscodeError::trapped;
  }
  Decoder decoder(source);
  u64 units = 0;
  while (!decoder.at_end()) {
    units += put_utf16(out.at(2 * units), decoder.next());
  }
  if (2 * units < worst && !out.resize(2, 2 * units)) {
    return TranscodeError::trapped;
  }
  length = units;
  return TranscodeError::none;
}

/// utf8 or utf16 to latin1+utf16: latin1 as long as it lasts, then widened in place.
TranscodeError to_latin1_or_utf16(const SourceString& source, Output& out, u64& length) {
  const u64 n = source.code_units;
  if (!fits(n)) {
    return TranscodeError::too_long;
  }
  if (!out.resize(2, n)) {
    return TranscodeError::trapped;
  }
  Decoder decoder(source);
  u64 written = 0; // latin1 characters
  while (!decoder.at_end()) {
    const char32_t c = decoder.next();
    if (c < 0x100) {
      *out.at(written++) = static_cast<u8>(c);
      continue;
    }
    const u64 worst = 2 * n;
    if (!fits(worst)) {
      return TranscodeError::too_long;
    }
    if (!out.resize(2, worst)) {
      return TranscodeError::trapped;
    }
    for (u64 i = written; i-- > 0;) {
      store_u16(out.at(2 * i), *out.at(i));
    }
    u64 units = written + put_utf16(out.at(2 * written), c);
    while (!decoder.at_end()) {
      units += put_utf16(out.at(2 * units), decoder.next());
    }
    if (2 * units < worst && !out.resize(2, 2 * units)) {
      return TranscodeError::trapped;
    }
    length = units | kUtf16Tag;
    return TranscodeError::none;
  }
  if (written < n && !out.resize(2, written)) {
    return TranscodeError::trapped;
  }
  length = written;
  return TranscodeError::none;
}

/// utf16 that was tagged in latin1+utf16: stays utf16 unless every unit fits latin1.
TranscodeError probably_utf16(const SourceString& source, Output& out, u64& length) {
  if (auto error = copy_units(source, 2, 2, false, out); error != TranscodeError::none) {
    return error;
  }
  const u64 n = source.code_units;
  for (u64 i = 0; i < n; ++i) {
    if (load_u16(out.at(2 * i)) >= 0x100) {
      length = n | kUtf16Tag;
      return TranscodeError::none;
    }
  }
  for (u64 i = 0; i < n; ++i) {
    *out.at(i) = *out.at(2 * i);
  }
  if (!out.resize(1, n)) {
    return TranscodeError::trapped;
  }
  length = n;
  return TranscodeError::none;
}

TranscodeError dispatch(const SourceString& source, StringEncoding destination, Output& out,
                        u64& length) {
  length = source.code_units;
  switch (destination) {
  case StringEncoding::utf8:
    switch (source.encoding) {
    case SimpleEncoding::utf8: return copy_units(source, 1, 1, false, out);
    case SimpleEncoding::utf16: return to_utf8(source, 3, out, length);
    case SimpleEncoding::latin1: return to_utf8(source, 2, out, length);
    }
    break;
  case StringEncoding::utf16:
    switch (source.encoding) {
    case SimpleEncoding::utf8: return utf8_to_utf16(source, out, length);
    case SimpleEncoding::utf16: return copy_units(source, 2, 2, false, out);
    case SimpleEncoding::latin1: return copy_units(source, 2, 2, true, out);
    }
    break;
  case StringEncoding::latin1_utf16:
    if (source.encoding == SimpleEncoding::latin1) {
      return copy_units(source, 1, 2, false, out);
    }
    return source.is_tagged_utf16 ? probably_utf16(source, out, length)
                                  : to_latin1_or_utf16(source, out, length);
  }
  PETREL_UNREACHABLE();
}

bool is_utf16(const u8* bytes, u64 units) {
  for (u64 i = 0; i < units; ++i) {
    const u16 unit = load_u16(bytes + 2 * i);
    if (unit < 0xd800 || unit > 0xdfff) {
      continue;
    }
    if (unit > 0xdbff || i + 1 == units) {
      return false;
    }
    const u16 low = load_u16(bytes + 2 * ++i);
    if (low < 0xdc00 || low > 0xdfff) {
      return false;
    }
  }
  return true;
}

} // namespace

bool is_valid(const SourceString& source) {
  switch (source.encoding) {
  case SimpleEncoding::utf8: return is_utf8({source.bytes, source.code_units});
  case SimpleEncoding::utf16: return is_utf16(source.bytes, source.code_units);
  case SimpleEncoding::latin1: return true;
  }
  PETREL_UNREACHABLE();
}

TranscodeError store_string(const SourceString& source, StringEncoding destination,
                            StringSink& sink, StoredString& out) {
  if (!is_valid(source)) {
    return source.encoding == SimpleEncoding::utf8 ? TranscodeError::malformed_utf8
                                                   : TranscodeError::malformed_utf16;
  }
  Output output(sink);
  u64 length = 0;
  const TranscodeError error = dispatch(source, destination, output, length);
  out = {output.pointer(), length};
  return error;
}

} // namespace petrel::component
