// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview2.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::wasi {

Status Preview2::check_config() const {
  const WasiConfig& config = ctx_.config();
  for (usize i = 0; i < config.args.size(); ++i) {
    if (!is_utf8(as_bytes(config.args[i]))) {
      return fail(ErrorClass::usage, strf("argument %zu: expected UTF-8, found '%s'", i,
                                          escaped(config.args[i]).c_str()));
    }
  }
  for (const auto& [name, value] : config.env) {
    if (!is_utf8(as_bytes(name)) || !is_utf8(as_bytes(value))) {
      return fail(ErrorClass::usage, strf("variable %s: expected UTF-8, found '%s'",
                                          escaped(name).c_str(), escaped(value).c_str()));
    }
  }
  return {};
}

void Preview2::add_to_linker(component::Linker& linker) {
  for (const auto package :
       {io_interfaces(), clocks_interfaces(), random_interfaces(), cli_interfaces(),
        filesystem_interfaces(), sockets_interfaces(), http_interfaces()}) {
    for (const component::HostInterface& interface : package) {
      linker.add(interface, this);
    }
  }
}

} // namespace petrel::wasi
