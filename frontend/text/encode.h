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

/// Which text an encoded instruction came from.
struct SourceMark {
  u32 byte_offset; ///< in the encoded module
  u32 text_offset;
};

/// A module in the binary format.
struct EncodedModule {
  std::vector<u8> bytes;
  std::vector<SourceMark> marks; ///< one per instruction of a function body, ascending

  /// The text offset of the instruction at or before `byte_offset`, if it lies in a function body.
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

/// An error about the encoded bytes, with the place in `text` instead of the byte offset where that is known
/// (instructions of function bodies).
Error place_in_text(Error error, const EncodedModule& module, std::string_view text);

} // namespace petrel::text
