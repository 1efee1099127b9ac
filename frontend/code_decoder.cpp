// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code section: when it begins, everything bodies refer to is known, so the declarations are written to the image
// and bodies are checked against that; what is learnt of a function goes into its record in place.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/body_errors.h"
#include "frontend/check_body.h"
#include "frontend/module_state.h"

namespace petrel::frontend {

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
  header_.tags = image_.append(tags_);
  header_.exports = image_.append(exports_);
  header_.elems = image_.append(elems_);
  *image_.at<ir::ModuleHeader>(0) = header_;
  if (!image_.fits()) {
    return fail(ErrorClass::limit, "module image exceeds 4 GiB");
  }
  return {};
}

/// `func 17 "parse"`: by the name section, which lies behind the code, else by an export.
std::string ModuleDecoder::func_place(u32 func) {
  std::string_view name;
  for (usize i = exports_.size(); i-- > 0;) {
    if (exports_[i].kind == ir::ExternKind::func && exports_[i].index == func) {
      name = export_names_[i];
    }
  }
  while (func_names_.empty() && !reader_.at_end()) {
    auto id = reader_.read_u8();
    auto size = reader_.read_var_u32();
    auto payload = id && size ? reader_.read_sub(*size)
                              : std::unexpected(Error(ErrorClass::malformed, "no section"));
    if (!payload) {
      break;
    }
    if (*id == static_cast<u8>(SectionId::custom) &&
        payload->read_name() == std::string_view("name")) {
      name_section(*payload);
    }
  }
  for (const auto& [index, text] : func_names_) {
    if (index == func) {
      name = text;
      break;
    }
  }
  return name.empty() ? strf("func %u", func) : strf("func %u \"%s\"", func, escaped(name).c_str());
}

/// The number of bodies is not that of the functions. That sections are in order is said first, as the specification
/// compares the numbers when the module has ended.
Status ModuleDecoder::code_count_differs(u32 count, u64 offset) {
  while (!reader_.at_end()) {
    const u64 at = reader_.offset();
    auto id = reader_.read_u8();
    auto size = reader_.read_var_u32();
    auto payload = id && size ? reader_.read_sub(*size)
                              : std::unexpected(Error(ErrorClass::malformed, "no section"));
    if (!payload || *id > static_cast<u8>(SectionId::tag)) {
      break;
    }
    TRY(check_order(static_cast<SectionId>(*id), at));
  }
  return fail_at(
      ErrorClass::malformed, offset,
      strf("function and code section have inconsistent lengths: %u functions, %u bodies",
           func_count() - header_.imported_funcs, count));
}

Result<bool> check_body(const ir::Module& module, FuncIdx index, ir::Func& func, Bytes file,
                        ir::FeatureGate features, const ir::DecodeLimits& limits,
                        BodyScratch& scratch, SideTableBuilder& side_table) {
  BodyDecoder<Mode::Validate, SideTableBuilder> body(module, index, file, features, limits, scratch,
                                                     side_table);
  TRY(body.run());
  side_table.finish_body();
  func.body_offset = body.body_offset();
  func.local_count = body.local_count() + side_table.exception_locals();
  if (func.local_count > limits.locals) {
    return fail_at(ErrorClass::limit, func.code_start,
                   over_limit(func.local_count, "locals, those of nested catches included,",
                              limits.locals, "locals"));
  }
  func.max_height = body.max_height();
  if (func.max_height > limits.operands) { // pushed one by one: a check of each would cost
    return fail_at(ErrorClass::limit, func.code_start,
                   over_limit(func.max_height, "operands", limits.operands, "operands"));
  }
  return body.has_v128();
}

Status ModuleDecoder::function_body(ByteReader& r, u32 index, BodyScratch& scratch,
                                    SideTableBuilder& side_table) {
  const u64 size_offset = r.offset();
  TRY_ASSIGN(u32 size, r.read_var_u32());
  if (size > limits_.function_size) {
    return fail_at(
        ErrorClass::limit, size_offset,
        over_limit(size, "bytes of a function body", limits_.function_size, "function-size"));
  }
  // INVARIANT(side-table-room): the image does not move while a body is decoded.
  u32* const words = reinterpret_cast<u32*>(image_.reserve(
      options_.lazy ? 0 : u64{size} * SideTableBuilder::kMaxWordsPerByte * sizeof(u32)));
  ir::Func& func = image_.items(header_.funcs)[index];
  func.code_start = static_cast<u32>(r.offset());
  TRY(r.read_bytes(size));
  func.body_end = static_cast<u32>(r.offset());
  if (options_.lazy) {
    return {};
  }
  const ir::Module module(image_.data());
  side_table.reset(words);
  TRY_ASSIGN(const bool has_v128, check_body(module, FuncIdx(index), func, file_, features_,
                                             limits_, scratch, side_table));
  header_.has_v128 |= has_v128 ? 1 : 0;
  if (!options_.side_table) { // one instantiation of the validator serves both: it is large
    side_table.discard();
    return {};
  }
  func.side_table = header_.side_table.count;
  func.side_table_words = side_table.size_words();
  header_.side_table.count += func.side_table_words;
  image_.extend(u64{func.side_table_words} * sizeof(u32));
  func.handler_count = side_table.handler_count();
  func.handlers = func.handler_count == 0 ? 0 : side_table.first_handler();
  return {};
}

Status ModuleDecoder::code_section(ByteReader& r) {
  has_code_ = true;
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 count, r.read_count(limits_.functions, 1, "functions"));
  const u32 imported = header_.imported_funcs;
  if (count != func_count() - imported) {
    return code_count_differs(count, offset);
  }
  TRY(write_declarations());
  BodyScratch scratch;
  SideTableBuilder side_table(handlers_);
  image_.align(sizeof(u32));
  header_.side_table.offset = narrow<u32>(image_.size_bytes());
  for (u32 i = imported; i < imported + count; ++i) {
    Status status = function_body(r, i, scratch, side_table);
    if (status) {
      continue;
    }
    Error error = std::move(status).error();
    if (r.at_end() && !reader_.at_end()) {
      name_section_end(error);
    }
    return std::unexpected(std::move(error).with_where(func_place(i)));
  }
  return {};
}

} // namespace petrel::frontend
