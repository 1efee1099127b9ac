// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text format to binary format: the one entry. The encoder resolves names and abbreviations and checks
// what only text can get wrong; types and indices are left to the decoder and validator that every
// module passes, so a well-formed text of an invalid module encodes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/text/lexer.h"

namespace petrel::text {

/// Which text the bytes from `byte_offset` on came from: an instruction, or an entry of a section.
struct SourceMark {
  static constexpr u32 kNone = 0xffffffff; ///< `text_offset` of bytes that stand for no text
  u32 byte_offset;                         ///< in the encoded module
  u32 text_offset;
};

/// A module in the binary format.
struct EncodedModule {
  std::vector<u8> bytes;
  std::vector<SourceMark> marks; ///< one per instruction and entry of a section, ascending

  /// The text offset of the instruction or entry that the byte belongs to, if any.
  std::optional<u32> text_offset(u64 byte_offset) const;
};

struct EncodeOptions {
  bool names = true; ///< write a name section from identifiers and `@name` annotations
};

/// Encodes one module, `(module $id? field*)` or bare fields. `start` is where `text` begins in the file;
/// `name` names a module of bare fields.
/// Errors: malformed (with line and column), unsupported (names the feature), limit.
Result<EncodedModule> encode_module(std::string_view text, TextPosition start = {},
                                    std::string name = {}, const EncodeOptions& options = {});

/// An error about the encoded bytes, with the place in `text` instead of the byte offset; `start` as in `encode_module`.
Error place_in_text(Error error, const EncodedModule& module, std::string_view text,
                    TextPosition start = {});

} // namespace petrel::text
