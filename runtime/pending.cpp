// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is pending in a Store: set, taken back, made an Error with its backtrace.
#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/unicode.h"
#include "runtime/instance.h"

namespace petrel::runtime {

bool Store::raise(ir::TrapCode code) { return raise(code, {}); }

bool Store::raise(ir::TrapCode code, std::string_view message) {
  set_pending(PendingKind::trap, message);
  pending_.code = code;
  return false;
}

bool Store::raise_error(Error error) {
  set_pending(PendingKind::error, {});
  pending_error_ = std::move(error);
  return false;
}

bool Store::raise_exit(i32 exit_code, std::string_view complaint) {
  set_pending(PendingKind::exit, complaint);
  pending_.exit_code = exit_code;
  return false;
}

bool Store::raise_exception(u64 exception) {
  set_pending(PendingKind::exception, {});
  vm_.pending_exception = exception;
  return false;
}

u64 Store::catch_exception() {
  CHECK(pending_.kind == PendingKind::exception);
  clear_pending();
  return std::exchange(vm_.pending_exception, 0);
}

void Store::clear_pending() {
  pending_.kind = PendingKind::none;
  pending_.frame_count = 0;
  pending_.frames_total = 0;
  pending_.native_captured = false;
  pending_.message[0] = '\0';
}

void Store::set_pending(PendingKind kind, std::string_view message) {
  CHECK(pending_.kind == PendingKind::none);
  pending_.kind = kind;
  const std::string_view cut = utf8_prefix(message, sizeof pending_.message - 1);
  std::copy_n(cut.data(), cut.size(), pending_.message);
  pending_.message[cut.size()] = '\0';
}

namespace {

std::string printed_name(const Frame& frame) {
  return frame.func_name.empty() ? strf("<wasm function %u>", frame.func_idx)
                                 : escaped(frame.func_name);
}

/// The recorded frames, resolved. Inlining makes several frames of one.
std::vector<Frame> resolve_frames(const Pending& pending) {
  std::vector<Frame> frames;
  for (u32 i = 0; i < pending.frame_count; ++i) {
    std::ranges::move(resolve_frame(pending.frames[i]), std::back_inserter(frames));
  }
  return frames;
}

/// The lines of a backtrace, as the manual shows them.
std::string backtrace_text(const std::vector<Frame>& frames, u32 unrecorded) {
  if (frames.empty()) {
    return {};
  }
  std::string text = "error while executing at wasm backtrace:";
  const usize shown = std::min<usize>(frames.size(), Pending::kMaxFrames);
  for (usize i = 0; i < shown; ++i) {
    text += strf("\n%5zu: %#7x - %s!%s", i, frames[i].wasm_offset,
                 escaped(frames[i].module_name).c_str(), printed_name(frames[i]).c_str());
  }
  if (const usize more = frames.size() - shown + unrecorded; more != 0) {
    text += strf("\n       … %zu more", more);
  }
  return text;
}

} // namespace

Error Store::take_pending() {
  CHECK(pending_.kind != PendingKind::none);
  if (pending_.kind == PendingKind::error) {
    clear_pending();
    return *std::exchange(pending_error_, std::nullopt);
  }
  ErrorInfo info;
  if (pending_.kind == PendingKind::exit) {
    info.cls = ErrorClass::exit;
    info.exit_code = pending_.exit_code;
    info.text = pending_.message;
  } else {
    info.exit_code = 134;
    if (pending_.kind == PendingKind::exception) {
      info.cls = ErrorClass::exception;
      info.text = "uncaught exception: " + describe_exception(*this, vm_.pending_exception);
      vm_.pending_exception = 0;
    } else {
      info.cls = ErrorClass::trap;
      info.trap_code = static_cast<u32>(pending_.code);
      const std::string_view what = pending_.message[0] != '\0' ? std::string_view(pending_.message)
                                                                : ir::trap_message(pending_.code);
      info.text = strf("wasm trap: %.*s", PETREL_SV(what));
    }
    const std::vector<Frame> frames = resolve_frames(pending_);
    info.detail = backtrace_text(frames, pending_.frames_total - pending_.frame_count);
    if (!frames.empty()) {
      info.where = strf("func %u", frames[0].func_idx);
      if (!frames[0].func_name.empty()) {
        info.where += strf(" \"%s\"", escaped(frames[0].func_name).c_str());
      }
      info.offset = frames[0].wasm_offset;
    }
  }
  clear_pending();
  return Error(std::move(info));
}

bool Store::call_no_throw(ir::FuncRef* callee, RawVal* args) {
  if (call(callee, args)) {
    return true;
  }
  if (pending_.kind == PendingKind::exception) {
    const std::string what =
        "uncaught exception: " + describe_exception(*this, vm_.pending_exception);
    vm_.pending_exception = 0;
    pending_.kind = PendingKind::none; // its frames stay
    raise(ir::TrapCode::uncaught_exception, what);
  }
  return false;
}

} // namespace petrel::runtime
