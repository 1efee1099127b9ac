// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CHECK states what must hold if Petrel itself is right. A failing CHECK is our bug and aborts with a
// message; a CHECK that guest input can reach is a security bug (reliability rules). Bad input is
// reported through `Result` (base/result.h) instead.
#pragma once

namespace petrel {

/// Prints `internal error: …; please report` and aborts. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

} // namespace petrel

#define CHECK(condition)                                                                           \
  (static_cast<bool>(condition) ? static_cast<void>(0)                                             \
                                : ::petrel::check_failed(#condition, __FILE__, __LINE__))

#define PETREL_UNREACHABLE() ::petrel::check_failed("unreachable", __FILE__, __LINE__)
