// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C++ library's own bounds checks (_GLIBCXX_ASSERTIONS) stay on in release builds. As written they carry file, line,
// function and condition of each use: 44 KB of text and four arguments at every check. Here a failing one calls a function
// without arguments, which prints the address it was called from (`addr2line -e wasmrun ADDRESS` names the line).
// Included ahead of every C++ file by the top-level meson.build, in optimised builds only.
#pragma once

#include <bits/c++config.h>

#ifdef __glibcxx_assert_impl

namespace petrel {

/// Prints `internal error: …; please report` and aborts. Never returns.
[[noreturn, gnu::cold]] void library_check_failed() noexcept;

} // namespace petrel

#undef __glibcxx_assert_impl
#define __glibcxx_assert_impl(condition)                                                           \
  if (__builtin_expect(!bool(condition), false)) {                                                 \
    __glibcxx_constexpr_assert(false);                                                             \
    ::petrel::library_check_failed();                                                              \
  }

#endif
