// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/strip.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/format.h"
#include "frontend/text/byte_writer.h"

namespace petrel::text {

namespace {

constexpr usize kNestingLimit = 100;
constexpr usize kHeaderBytes = 8;
constexpr u8 kCoreModule = 1; // section ids of components
constexpr u8 kComponent = 4;

/// Sections that say something to a tool or an engine; a trailing `*` stands for any ending.
constexpr std::string_view kNeeded[] = {
    "dylink",          "dylink.0",        "linking",         "reloc.*",
    "target_features", "metadata.code.*", "component-type*", "wit-component-encoding"};

bool is_needed(std::string_view name) {
  return std::ranges::any_of(kNeeded, [name](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
  });
}

/// A module or component being copied.
struct Level {
  ByteReader r;
  std::vector<u8> out;
  bool is_component;
  u8 section_id;        ///< of the section around it
  u32 section_leb_size; ///< bytes of that section's size
};

void append(std::vector<u8>& out, const u8* begin, const u8* end) {
  out.insert(out.end(), begin, end);
}

class Stripper {
public:
  explicit Stripper(const StripOptions& options) : options_(options) {}

  Result<std::vector<u8>> run(Bytes file) {
    TRY(open(ByteReader(file), 0, 0));
    while (true) {
      Level& level = levels_.back();
      if (!level.r.at_end()) {
        TRY(section());
        continue;
      }
      if (levels_.size() == 1) {
        return std::move(level.out);
      }
      close();
    }
  }

private:
  Status open(ByteReader r, u8 section_id, u32 section_leb_size) {
    if (levels_.size() >= kNestingLimit) {
      return fail_at(ErrorClass::limit, r.offset(),
                     strf("components nested deeper than %zu", kNestingLimit));
    }
    const u64 at = r.offset();
    auto header = r.read_bytes(kHeaderBytes);
    if (!header || !as_text(*header).starts_with(std::string_view("\0asm", 4))) {
      return fail_at(ErrorClass::malformed, at,
                     "magic header not detected: no module or component");
    }
    const bool is_component = (*header)[6] != 0; // the layer, §component binary format
    levels_.push_back({r, std::vector<u8>(header->begin(), header->end()), is_component, section_id,
                       section_leb_size});
    return {};
  }

  Status section() {
    Level& level = levels_.back();
    const u8* begin = level.r.position();
    TRY_ASSIGN(u8 id, level.r.read_u8());
    const u64 size_at = level.r.offset();
    TRY_ASSIGN(u32 size, level.r.read_var_u32());
    const u32 leb_size = static_cast<u32>(level.r.offset() - size_at);
    TRY_ASSIGN(ByteReader contents, level.r.read_sub(size));
    if (level.is_component && (id == kCoreModule || id == kComponent)) {
      return open(contents, id, leb_size);
    }
    if (id == 0) {
      TRY_ASSIGN(std::string_view name, contents.read_name());
      if (!keeps(name)) {
        return {};
      }
    }
    append(level.out, begin, level.r.position());
    return {};
  }

  /// The section around a finished level; its size keeps its width.
  void close() {
    const Level inner = std::move(levels_.back());
    levels_.pop_back();
    ByteWriter head;
    head.write_u8(inner.section_id);
    head.write_sized_u64(inner.out.size(), inner.section_leb_size);
    std::vector<u8>& out = levels_.back().out;
    out.insert(out.end(), head.bytes().begin(), head.bytes().end());
    out.insert(out.end(), inner.out.begin(), inner.out.end());
  }

  bool keeps(std::string_view name) const {
    return std::ranges::find(options_.keep, name) != options_.keep.end() ||
           (!options_.all && is_needed(name));
  }

  const StripOptions& options_;
  std::vector<Level> levels_;
};

} // namespace

Result<std::vector<u8>> strip_custom_sections(Bytes file, const StripOptions& options) {
  return Stripper(options).run(file);
}

} // namespace petrel::text
