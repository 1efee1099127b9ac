// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/custom_sections.h"

#include <algorithm>
#include <vector>

#include "base/format.h"
#include "frontend/text/instr_reader.h"
#include "frontend/text/module_index.h"
#include "frontend/text/module_scan.h"
#include "frontend/text/name_section.h"

namespace petrel::frontend {

namespace {

constexpr std::string_view kBranchHint = "metadata.code.branch_hint";
constexpr u8 kImport = 2;
constexpr u8 kCode = 10;

std::unexpected<Error> bad_hint(ErrorClass cls, u64 at, const char* text) {
  return fail_at(cls, at, strf("@%s annotation: %s", kBranchHint.data(), text));
}

struct Hint {
  u32 offset; ///< in the body, locals included
  u64 at;     ///< in the file
};

/// Walks the functions that have hints.
class BranchHints {
public:
  BranchHints(const text::RawSection& section, const text::RawSection& code, u32 imported)
      : r_(section.payload,
           section.contents_offset + section.contents.size() - section.payload.size()),
        code_(code.contents, code.contents_offset), next_func_(imported) {}

  Status check() {
    TRY_ASSIGN(bodies_, code_.read_var_u32());
    TRY_ASSIGN(u32 count, r_.read_var_u32());
    for (u32 i = 0; i < count; ++i) {
      TRY(function());
    }
    return r_.at_end() ? Status() : bad_hint(ErrorClass::malformed, r_.offset(), "bytes left");
  }

private:
  Status function() {
    const u64 at = r_.offset();
    TRY_ASSIGN(u32 func, r_.read_var_u32());
    if (func < next_func_) {
      return bad_hint(ErrorClass::malformed, at, "functions out of order");
    }
    std::vector<Hint> hints;
    TRY_ASSIGN(u32 count, r_.read_var_u32());
    for (u32 i = 0; i < count; ++i) {
      const u64 hint_at = r_.offset();
      TRY_ASSIGN(u32 offset, r_.read_var_u32());
      TRY_ASSIGN(u32 size, r_.read_var_u32());
      TRY_ASSIGN(u8 value, r_.read_u8());
      if (size != 1 || value > 1) {
        return bad_hint(ErrorClass::malformed, hint_at, "malformed hint");
      }
      if (!hints.empty() && offset <= hints.back().offset) {
        return bad_hint(ErrorClass::malformed, hint_at, "offsets out of order");
      }
      hints.push_back({offset, hint_at});
    }
    for (; next_func_ < func && bodies_ != 0; ++next_func_, --bodies_) {
      TRY_ASSIGN(u32 size, code_.read_var_u32());
      TRY(code_.read_bytes(size));
    }
    if (bodies_ == 0) {
      return bad_hint(ErrorClass::invalid, at, "no such function");
    }
    --bodies_;
    ++next_func_;
    TRY_ASSIGN(u32 size, code_.read_var_u32());
    TRY_ASSIGN(Bytes body, code_.read_bytes(size));
    return check_targets(body, hints);
  }

  /// Every hint stands at an `if` or a `br_if`.
  static Status check_targets(Bytes body, std::span<const Hint> hints) {
    text::PartReader r(body);
    TRY_ASSIGN(u32 groups, r.var_u32());
    for (u32 i = 0; i < groups; ++i) {
      TRY(r.var_u32());
      TRY(r.val_type());
    }
    text::RawInstr in;
    auto hint = hints.begin();
    while (!r.at_end() && hint != hints.end() && hint->offset >= r.offset()) {
      TRY(text::read_instr(r, in));
      if (in.offset == hint->offset) {
        if (in.op != ir::Op::If && in.op != ir::Op::BrIf) {
          break;
        }
        ++hint;
      }
    }
    return hint == hints.end() ? Status()
                               : bad_hint(ErrorClass::invalid, hint->at, "invalid target");
  }

  ByteReader r_;
  ByteReader code_;
  u32 next_func_; ///< whose body `code_` stands at
  u32 bodies_ = 0;
};

u32 count_imported_funcs(const text::RawSection& section) {
  text::PartReader r(ByteReader(section.contents, section.contents_offset));
  const u32 count = r.var_u32().value_or(0);
  u32 funcs = 0;
  text::RawImport import;
  for (u32 i = 0; i < count && text::read_import(r, import); ++i) {
    funcs += import.kind == text::RawExtern::func ? 1 : 0;
  }
  return funcs;
}

} // namespace

Status check_custom_sections(Bytes file) {
  const text::ModuleScan scan = text::scan_module(file);
  u32 imported = 0;
  bool has_names = false;
  bool has_hints = false;
  for (auto section = scan.sections.begin(); section != scan.sections.end(); ++section) {
    if (section->id == kImport) {
      imported = count_imported_funcs(*section);
    } else if (section->id == 0 && section->name == "name") {
      if (std::exchange(has_names, true)) {
        return fail_at(ErrorClass::malformed, section->offset,
                       "custom section name: there is another one");
      }
      if (!text::read_name_section(section->payload).is_complete) {
        return fail_at(ErrorClass::malformed, section->offset, "custom section name: malformed");
      }
    } else if (section->id == 0 && section->name == kBranchHint) {
      const auto code =
          std::find_if(section, scan.sections.end(),
                       [](const text::RawSection& other) { return other.id == kCode; });
      if (std::exchange(has_hints, true) || code == scan.sections.end()) {
        return bad_hint(ErrorClass::malformed, section->offset, "not once in front of the code");
      }
      TRY(BranchHints(*section, *code, imported).check());
    }
  }
  return {};
}

} // namespace petrel::frontend
