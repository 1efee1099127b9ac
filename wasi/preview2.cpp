// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview2.h"

namespace petrel::wasi {

void Preview2::add_to_linker(component::Linker& linker) {
  for (const auto package : {io_interfaces(), clocks_interfaces(), random_interfaces(), cli_interfaces(),
                             filesystem_interfaces(), sockets_interfaces(), http_interfaces()}) {
    for (const component::HostInterface& interface : package) {
      linker.add(interface, this);
    }
  }
}

} // namespace petrel::wasi
