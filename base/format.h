// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text assembly for messages: printf formatting into std::string. Not for hot paths.
#pragma once

#include <string>
#include <string_view>

namespace petrel {

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string strf(const char* format, ...);

/// The arguments of `%.*s` for a string_view.
#define PETREL_SV(view) static_cast<int>((view).size()), (view).data()

} // namespace petrel
