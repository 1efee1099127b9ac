// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/lld_driver.h"

#include <mutex>

#include <lld/Common/CommonLinkerContext.h>
#include <llvm/Support/Signals.h>
#include <llvm/Support/raw_ostream.h>

namespace lld::elf {
bool link(llvm::ArrayRef<const char*> args, llvm::raw_ostream& out, llvm::raw_ostream& err,
          bool exit_early, bool disable_output);
} // namespace lld::elf

namespace petrel::aot {

bool run_lld(const std::vector<std::string>& arguments, std::string& messages) {
  static std::mutex lld_is_not_reentrant;
  const std::lock_guard lock(lld_is_not_reentrant);
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(argument.c_str());
  }
  llvm::raw_string_ostream out(messages);
  const bool linked =
      lld::elf::link(argv, out, out, /*exit_early=*/false, /*disable_output=*/false);
  lld::CommonLinkerContext::destroy();
  // LLVM installed signal handlers, to remove its temporary file; they would take the guest's traps in `wasmc wast --aot`.
  llvm::sys::unregisterHandlers();
  return linked;
}

} // namespace petrel::aot
