// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which addresses hold guest code: the text of mapped images and the interpreter's handler section. The signal
// handler asks, on any thread, at any time: the list is lock-free and nodes are never freed, only marked dead
// and reused.
#pragma once

#include "base/types.h"

namespace petrel::runtime {

class CodeImage;

struct CodeRange {
  const u8* start;
  const u8* end;
  const CodeImage* image; ///< null: the interpreter's handlers
  /// Where to go on after a fault with all registers kept; null: `petrel_leave`.
  const void* fault_landing;
};

/// Makes a range known. Thread-safe.
void register_code(const CodeRange& range);
/// Forgets the range that starts at `start`; no thread may be inside. Thread-safe.
void unregister_code(const u8* start);
/// The range that holds `pc`; false when none. Async-signal-safe.
bool find_code(const u8* pc, CodeRange& out);

} // namespace petrel::runtime
