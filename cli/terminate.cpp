// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing throws here, so nothing terminates through an exception either. libstdc++'s default handler would print one's
// demangled name; naming the plain handler keeps the demangler (60 KB) out of the static runner.
#include <cstdlib>
#include <exception>

namespace __cxxabiv1 {

extern std::terminate_handler __terminate_handler;
std::terminate_handler __terminate_handler = std::abort;

} // namespace __cxxabiv1
