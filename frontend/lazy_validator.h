// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lazy validation (DecodeOptions::lazy): module decoding only notes where bodies lie, this checks each when it is asked
// for, with the validator that a load runs. Threads may ask at the same time: one checks, all see the same outcome.
// A body that fails is not remembered; asked again, it fails again.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "frontend/module_decoder.h"
#include "ir/checked_body.h"

namespace petrel {

class LazyValidator {
public:
  /// For a module decoded with `options`; `file` holds its bytes at the image's offsets. Both outlive this.
  LazyValidator(ir::Module module, Bytes file, const DecodeOptions& options);
  ~LazyValidator();
  LazyValidator(const LazyValidator&) = delete;
  LazyValidator& operator=(const LazyValidator&) = delete;

  /// Errors: malformed, invalid, unsupported, limit, with function and offset.
  Result<const ir::CheckedBody*> check(u32 func);
  ir::BodyChecker checker() { return {check_entry, this}; }

private:
  struct Buffers;
  static Result<const ir::CheckedBody*> check_entry(void* self, u32 func);
  Result<std::unique_ptr<ir::CheckedBody>> check_new(u32 func);
  std::string place_of(u32 func) const;

  const ir::Module module_;
  const Bytes file_;
  const DecodeOptions options_;
  std::vector<std::atomic<const ir::CheckedBody*>> bodies_; ///< by function; null: not checked
  std::mutex mutex_;                                        ///< for all below
  std::vector<std::unique_ptr<ir::CheckedBody>> owned_;
  std::unique_ptr<Buffers> buffers_;
};

} // namespace petrel
