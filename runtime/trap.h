// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stops a guest: a trap, its own wish to exit, or an exception on the way to its handler. Exactly one of them is
// *pending* in a Store while its frames are left; only exceptions are ever taken back (a handler further out).
// Frames are recorded on the way out (innermost first): compiled frames as native return
// addresses, interpreted ones as wasm offsets; names are looked up only when somebody prints them. A signal
// handler writes here, so nothing allocates.
#pragma once

#include "base/types.h"
#include "ir/traps.h"
#include "ir/types.h"

namespace petrel::runtime {

class Instance;

/// One level of a backtrace before names are known.
struct RawFrame {
  const u8* native_pc =
      nullptr; ///< compiled frame: where it is (exact for the innermost, else return address)
  const Instance* instance = nullptr; ///< interpreted frame
  u32 func_idx = 0;
  u32 wasm_offset = 0;
  bool is_exact = false; ///< native_pc is the trapping instruction itself
};

enum class PendingKind : u8 {
  none,
  trap,
  exit,
  exception, ///< VMStoreContext::pending_exception
  error,     ///< a body validated late is invalid: the Store keeps the Error
};

struct Pending {
  static constexpr u32 kMaxFrames = 64;
  PendingKind kind = PendingKind::none;
  ir::TrapCode code{};
  bool native_captured = false; ///< the innermost native segment was recorded by the signal handler
  i32 exit_code = 0;
  u32 frame_count = 0;    ///< recorded
  u32 frames_total = 0;   ///< seen
  char message[160] = {}; ///< overrides the code's text when not empty
  RawFrame frames[kMaxFrames];

  void push_frame(const RawFrame& frame) {
    if (frame_count < kMaxFrames) {
      frames[frame_count++] = frame;
    }
    ++frames_total;
  }
};

} // namespace petrel::runtime
