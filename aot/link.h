// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From object files to one closed ELF shared object, with LLD in this process. "Closed" is checked afterwards:
// nothing undefined, nothing for a dynamic linker to do, nothing writable.
#pragma once

#include <string_view>
#include <vector>

#include "aot/pipeline.h"
#include "aot/target.h"
#include "base/result.h"

namespace petrel::aot {

/// A symbol of the linked image. Virtual addresses equal offsets from the image base.
struct ImageSymbol {
  u64 vaddr;
  u64 size;
};

/// A linked image in memory, to be patched in place.
class LinkedImage {
public:
  /// Checks that it is closed; a failure is our bug.
  explicit LinkedImage(std::vector<u8> bytes);

  Bytes bytes() const { return bytes_; }
  std::vector<u8> take_bytes() { return std::move(bytes_); }
  /// Aborts when there is no such symbol.
  ImageSymbol symbol(std::string_view name) const;
  bool has_symbol(std::string_view name) const;
  /// Address range of the executable section.
  ImageSymbol text() const { return text_; }
  u64 end_vaddr() const { return end_vaddr_; }
  /// The loadable bytes at a virtual address.
  std::span<u8> at(u64 vaddr, u64 size);
  /// File ranges of the loadable segments, in order.
  std::vector<Bytes> segments() const;

private:
  struct Named {
    std::string_view name;
    ImageSymbol symbol;
  };
  struct Segment {
    u64 vaddr;
    u64 offset;
    u64 size;
  };
  const Named* find(std::string_view name) const;

  std::vector<u8> bytes_;
  std::vector<Named> symbols_; ///< sorted by name; names point into bytes_
  std::vector<Segment> segments_;
  ImageSymbol text_{};
  u64 end_vaddr_ = 0;
};

struct LinkOptions {
  std::string_view entry;   ///< symbol that e_entry holds
  bool keep_debug = false;  ///< keep .debug_*
  bool relocatable = false; ///< one object file instead of an image
};

/// Links the objects in their order; the result is reproducible. Errors: io (temporary files).
Result<std::vector<u8>> link_objects(std::span<const ObjectBytes> objects,
                                     const LinkOptions& options);

} // namespace petrel::aot
