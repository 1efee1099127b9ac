// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/lazy_validator.h"

#include "base/format.h"
#include "base/unicode.h"
#include "frontend/check_body.h"

namespace petrel {

struct LazyValidator::Buffers {
  frontend::BodyScratch scratch;
  std::unique_ptr<u32[]> words;
  usize capacity = 0;

  u32* room(usize count) {
    if (capacity < count) {
      capacity = count;
      words = std::make_unique_for_overwrite<u32[]>(count);
    }
    return words.get();
  }
};

LazyValidator::LazyValidator(ir::Module module, Bytes file, const DecodeOptions& options)
    : module_(module), file_(file), options_(options), bodies_(module.funcs().size()),
      buffers_(std::make_unique<Buffers>()) {}

LazyValidator::~LazyValidator() = default;

Result<const ir::CheckedBody*> LazyValidator::check_entry(void* self, u32 func) {
  return static_cast<LazyValidator*>(self)->check(func);
}

Result<const ir::CheckedBody*> LazyValidator::check(u32 func) {
  CHECK(func < bodies_.size());
  if (const ir::CheckedBody* known = bodies_[func].load(std::memory_order_acquire)) {
    return known;
  }
  const std::lock_guard lock(mutex_);
  if (const ir::CheckedBody* known = bodies_[func].load(std::memory_order_acquire)) {
    return known;
  }
  auto body = check_new(func);
  if (!body) {
    Error error = std::move(body).error();
    const ir::ModuleHeader& header = module_.header();
    if (func + 1 == bodies_.size() &&
        module_.func(FuncIdx(func)).body_end != header.file_offset + header.file_size) {
      frontend::name_section_end(error);
    }
    return std::unexpected(std::move(error).with_where(place_of(func)));
  }
  owned_.push_back(std::move(*body));
  bodies_[func].store(owned_.back().get(), std::memory_order_release);
  return owned_.back().get();
}

/// `func 17 "parse"`: by the name section, else by an export.
std::string LazyValidator::place_of(u32 func) const {
  std::string_view name = module_.func_name(FuncIdx(func));
  for (const ir::Export& exported : module_.exports()) {
    if (name.empty() && exported.kind == ir::ExternKind::func && exported.index == func) {
      name = module_.str(exported.name);
    }
  }
  return name.empty() ? strf("func %u", func) : strf("func %u \"%s\"", func, escaped(name).c_str());
}

Result<std::unique_ptr<ir::CheckedBody>> LazyValidator::check_new(u32 func) {
  using frontend::SideTableBuilder;
  auto body = std::make_unique<ir::CheckedBody>();
  body->func = module_.func(FuncIdx(func));
  const u64 size = body->func.body_end - body->func.code_start;
  u32* const words = buffers_->room(size * SideTableBuilder::kMaxWordsPerByte);
  SideTableBuilder side_table(body->handlers);
  side_table.reset(words);
  TRY_ASSIGN(body->has_v128, frontend::check_body(module_, FuncIdx(func), body->func, file_,
                                                  {options_.features, options_.available},
                                                  options_.limits, buffers_->scratch, side_table));
  body->func.side_table_words = side_table.size_words();
  body->func.handler_count = side_table.handler_count();
  body->side_table.assign(words, words + side_table.size_words());
  return body;
}

} // namespace petrel
