// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/format.h"

#include <cstdarg>
#include <cstdio>

#include "base/check.h"

namespace petrel {

std::string strf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  va_list again;
  va_copy(again, args);
  int size = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  CHECK(size >= 0);
  std::string text(static_cast<size_t>(size), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

} // namespace petrel
