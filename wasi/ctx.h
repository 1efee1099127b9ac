// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one guest may touch, and the host side that preview 1 and 0.2 share. The embedder fills in WasiConfig; without
// grants a guest has stdio, its arguments, clocks and random numbers, and nothing else.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/types.h"

namespace petrel::wasi {

struct WasiConfig {
  std::vector<std::string> args; ///< [0] is the program's name
  std::vector<std::pair<std::string, std::string>> env;
  int stdin_fd = 0;
  int stdout_fd = 1;
  int stderr_fd = 2;
};

class WasiCtx {
public:
  explicit WasiCtx(WasiConfig config) : config_(std::move(config)) {}
  WasiCtx(const WasiCtx&) = delete;
  WasiCtx& operator=(const WasiCtx&) = delete;

  const WasiConfig& config() const { return config_; }

private:
  WasiConfig config_;
};

} // namespace petrel::wasi
