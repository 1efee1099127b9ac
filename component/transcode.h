// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strings between the three encodings of the canonical ABI, with the exact sequences of realloc calls that
// definitions.py (`store_string_into_range`) specifies: guests observe them.
#pragma once

#include <optional>

#include "base/types.h"
#include "ir/transfer_plan.h"

namespace petrel::component {

/// Encodings without the tag: what the bytes at hand really are.
enum class SimpleEncoding : u8 { utf8, utf16, latin1 };

/// Text in memory. `code_units`: bytes for utf8 and latin1, pairs of bytes for utf16.
struct SourceString {
  SimpleEncoding encoding;
  const u8* bytes;
  u64 code_units;
  bool is_tagged_utf16 = false; ///< came as utf16 out of latin1+utf16: may shrink to latin1 again
};

/// Where a string goes: asks for memory as realloc does. Offsets, not pointers, so that memory may move.
class StringSink {
public:
  virtual ~StringSink() = default;
  /// realloc(old, old_size, align, new_size); empty: a trap is pending.
  virtual std::optional<u64> reallocate(u64 old_pointer, u64 old_size, u32 align, u64 new_size) = 0;
  /// Host address of a pointer that reallocate returned.
  virtual u8* address(u64 pointer) = 0;
};

struct StoredString {
  u64 pointer;
  u64 length; ///< code units of the destination, with the tag bit for utf16 in latin1+utf16
};

enum class TranscodeError : u8 { none, malformed_utf8, malformed_utf16, too_long, trapped };

/// Bit of a latin1+utf16 length that says utf16, for 4-byte lengths.
constexpr u64 kUtf16Tag = u64{1} << 31;

/// Transcodes and stores. On error `out` is unspecified.
TranscodeError store_string(const SourceString& source, ir::StringEncoding destination,
                            StringSink& sink, StoredString& out);

/// True when the units form valid text of the encoding (latin1 always).
bool is_valid(const SourceString& source);

} // namespace petrel::component
