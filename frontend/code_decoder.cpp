// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code section: when it begins, everything bodies refer to is known, so the declarations are written to the image
// and bodies are checked against that; what is learnt of a function goes into its record in place.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/body_decoder.h"
#include "frontend/module_state.h"
#include "frontend/side_table_builder.h"

namespace petrel::frontend {

namespace {

/// Visitor for images that will not be interpreted.
struct NoSideTable {
  template <ir::Op kOp, typename Decoder> void op(Decoder&, const Instr&) {}
};

} // namespace

Status ModuleDecoder::write_declarations() {
  declarations_written_ = true;
  for (usize i = 0; i < funcs_.size(); ++i) {
    funcs_[i].flags |= referenced_[i] ? u32{ir::kFuncIsReferenced} : 0u;
  }
  header_.types = image_.append(types_);
  header_.imports = image_.append(imports_);
  header_.funcs = image_.append(funcs_);
  header_.tables = image_.append(tables_);
  header_.memories = image_.append(memories_);
  header_.globals = image_.append(globals_);
  header_.exports = image_.append(exports_);
  header_.elems = image_.append(elems_);
  *image_.at<ir::ModuleHeader>(0) = header_;
  if (!image_.fits()) {
    return fail(ErrorClass::limit, "module image exceeds 4 GiB");
  }
  return {};
}

std::string ModuleDecoder::func_place(u32 func) const {
  for (usize i = 0; i < exports_.size(); ++i) {
    if (exports_[i].kind == ir::ExternKind::func && exports_[i].index == func) {
      return strf("func %u \"%s\"", func, escaped(export_names_[i]).c_str());
    }
  }
  return strf("func %u", func);
}

Status ModuleDecoder::code_section(ByteReader& r) {
  has_code_ = true;
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 count, r.read_count(limits_.functions, 1, "functions"));
  const u32 imported = header_.imported_funcs;
  if (count != func_count() - imported) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("function and code section have inconsistent lengths: %u functions, %u bodies",
                        func_count() - imported, count));
  }
  TRY(write_declarations());
  const ir::Module module(image_.data());
  const std::span<ir::Func> funcs = image_.items(header_.funcs);
  BodyScratch scratch;
  NoSideTable nothing;
  SideTableBuilder side_table(side_table_, 0);
  for (u32 i = imported; i < imported + count; ++i) {
    const u64 size_offset = r.offset();
    TRY_ASSIGN(u32 size, r.read_var_u32());
    if (size > limits_.function_size) {
      return fail_at(ErrorClass::limit, size_offset, strf("function body of %u bytes exceeds limit %u (-L function-size=N)",
                                                          size, limits_.function_size));
    }
    ir::Func& func = funcs[i];
    func.code_start = static_cast<u32>(r.offset());
    TRY(r.read_bytes(size));
    func.body_end = static_cast<u32>(r.offset());
    auto check = [&](auto& visitor) {
      BodyDecoder<Mode::Validate, std::remove_reference_t<decltype(visitor)>> body(module, FuncIdx(i), file_, features_,
                                                                                   limits_, scratch, visitor);
      auto status = body.run();
      func.body_offset = body.body_offset();
      func.local_count = body.local_count();
      func.max_height = body.max_height();
      return status;
    };
    side_table.reset(size);
    auto status = options_.side_table ? check(side_table) : check(nothing);
    if (!status) {
      return std::unexpected(std::move(status).error().with_where(func_place(i)));
    }
    func.side_table = side_table.start();
    func.side_table_words = narrow<u32>(side_table_.size() - side_table.start());
  }
  return {};
}

} // namespace petrel::frontend
