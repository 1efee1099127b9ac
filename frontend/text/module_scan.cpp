// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/module_scan.h"

#include "base/format.h"
#include "frontend/text/annotations.h"

namespace petrel::text {

namespace {

constexpr std::string_view kMagicAndVersion("\0asm\x01\0\0\0", 8);

Result<RawSection> read_section(ByteReader& r) {
  RawSection section;
  section.offset = r.offset();
  TRY_ASSIGN(section.id, r.read_u8());
  const u64 size_at = r.offset();
  TRY_ASSIGN(u32 size, r.read_var_u32());
  section.size_leb_size = static_cast<u32>(r.offset() - size_at);
  section.contents_offset = r.offset();
  if (size > r.remaining()) {
    return fail_at(ErrorClass::malformed, size_at,
                   strf("unexpected end: section of %u bytes, %zu left", size, r.remaining()));
  }
  TRY_ASSIGN(section.contents, r.read_bytes(size));
  if (section.id != 0) {
    return section;
  }
  ByteReader custom(section.contents, section.contents_offset);
  ByteReader length = custom;
  TRY(length.read_var_u32());
  section.name_leb_size = static_cast<u32>(length.offset() - section.contents_offset);
  TRY_ASSIGN(section.name, custom.read_name());
  TRY_ASSIGN(section.payload, custom.read_bytes(custom.remaining()));
  return section;
}

} // namespace

bool is_core_module(Bytes file) { return as_text(file).starts_with(kMagicAndVersion); }

ModuleScan scan_module(Bytes file) {
  ModuleScan out;
  if (!is_core_module(file)) {
    out.error = fail_at(ErrorClass::malformed, 0, "magic header not detected: no core module");
    return out;
  }
  ByteReader r(file.subspan(kMagicAndVersion.size()), kMagicAndVersion.size());
  u32 next_row = 0;
  while (!r.at_end()) {
    const u64 at = r.offset();
    auto section = read_section(r);
    if (!section) {
      out.error = std::unexpected(std::move(section).error().with_offset(at));
      return out;
    }
    if (section->id != 0) {
      const auto row = section_row(section->id);
      if (!row || *row < next_row) {
        out.error =
            fail_at(ErrorClass::malformed, at,
                    row ? strf("unexpected content after last section: section id %u out of order",
                               section->id)
                        : strf("malformed section id %u", section->id));
        return out;
      }
      next_row = *row + 1;
    }
    out.sections.push_back(*std::move(section));
  }
  return out;
}

} // namespace petrel::text
