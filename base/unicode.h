// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// UTF-8 as the specification of core WebAssembly (§5.2.4 names) and the canonical ABI need it, and the
// escaping that keeps guest-derived text from reaching a terminal raw.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace petrel {

/// True when `bytes` is well-formed UTF-8 (no surrogates, no over-long forms, at most U+10FFFF).
bool is_utf8(Bytes bytes);

struct DecodedChar {
  char32_t code_point;
  u32 size_bytes; ///< 1 to 4
};
/// Decodes the first code point of well-formed or hostile UTF-8; empty when malformed or at the end.
std::optional<DecodedChar> decode_utf8(Bytes bytes);

/// Appends the UTF-8 form of a Unicode scalar value.
void append_utf8(std::string& out, char32_t code_point);

/// Escapes guest-derived text for messages: C0, C1, ESC, bidi controls as `\u{..}`, invalid bytes as
/// `\xNN`; cut to `limit_bytes` of output with `...`.
std::string escaped(std::string_view text, usize limit_bytes = 128);

/// The longest prefix of at most `size_bytes` that does not cut a code point in two.
std::string_view utf8_prefix(std::string_view text, usize size_bytes);

} // namespace petrel
