// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binary format to text format (docs/text-format.md): the entry of `wasmc print`. Prints any core module that decodes,
// valid or not, so that encoding the text gives the same bytes: what plain text leaves open is said by annotations,
// custom sections are kept. Nothing recurses, and text leaves as it is made. Not part of the runner.
#pragma once

#include "frontend/text/text_out.h"

namespace petrel::text {

struct PrintOptions {
  /// Instructions as trees: `(i32.add (local.get 0) (i32.const 1))`.
  bool folded = false;
  /// A listing instead: file offset, bytes and text of each section, entry and instruction.
  bool offsets = false;
  /// Leave out our own annotations: encoding may then choose other bytes of the same meaning.
  bool plain = false;
};

/// Prints a core module. Errors: malformed, with the byte offset; what came before it has been written. io.
Status print_module(Bytes file, const PrintOptions& options, WriteText write, void* target);
/// The same into a string.
Result<std::string> print_to_string(Bytes file, const PrintOptions& options = {});

} // namespace petrel::text
