// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Preamble, the order of sections, and putting the image together.
#include "frontend/module_decoder.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/format.h"
#include "frontend/module_state.h"

namespace petrel {

namespace {
constexpr u8 kPreamble[8] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
}

bool is_core_module(Bytes file) {
  return file.size() >= sizeof kPreamble &&
         std::memcmp(file.data(), kPreamble, sizeof kPreamble) == 0;
}

Result<ModuleImage> decode_module(Bytes file, u64 start, u64 size, const DecodeOptions& options) {
  CHECK(start <= file.size() && size <= file.size() - start);
  if (size > options.limits.module_size || file.size() > 0xffffffff) {
    return fail_at(ErrorClass::limit, start,
                   strf("%llu bytes exceed limit %u (-L module-size=N)",
                        static_cast<unsigned long long>(size), options.limits.module_size));
  }
  auto image = frontend::ModuleDecoder(file, start, size, options).run();
  if (!image &&
      options
          .lazy) { // perhaps a body before that place is in error too: then it is the one to name
    DecodeOptions whole = options;
    whole.lazy = false;
    return frontend::ModuleDecoder(file, start, size, whole).run();
  }
  return image;
}

namespace frontend {

std::string_view section_name(SectionId id) {
  static constexpr std::string_view kNames[] = {
      "custom", "type",  "import",  "function", "table", "memory",     "global",
      "export", "start", "element", "code",     "data",  "data count", "tag"};
  return kNames[static_cast<u8>(id)];
}

namespace {

/// Position in the required order (§5.5.2); 0 = custom, anywhere.
u32 order_of(SectionId id) {
  switch (id) {
  case SectionId::custom: return 0;
  case SectionId::type: return 1;
  case SectionId::import: return 2;
  case SectionId::function: return 3;
  case SectionId::table: return 4;
  case SectionId::memory: return 5;
  case SectionId::tag: return 6;
  case SectionId::global: return 7;
  case SectionId::export_: return 8;
  case SectionId::start: return 9;
  case SectionId::element: return 10;
  case SectionId::data_count: return 11;
  case SectionId::code: return 12;
  case SectionId::data: return 13;
  }
  PETREL_UNREACHABLE();
}

std::string section_place(SectionId id) {
  return strf("section %.*s (id %u)", PETREL_SV(section_name(id)), static_cast<unsigned>(id));
}

} // namespace

Result<ModuleImage> ModuleDecoder::run() {
  TRY(preamble());
  image_.append(std::span<const ir::ModuleHeader>(&header_, 1)); // room; filled in by finish()
  while (!reader_.at_end()) {
    TRY(section());
  }
  TRY(finish());
  return ModuleImage(std::move(image_));
}

Status ModuleDecoder::preamble() {
  const u64 offset = reader_.offset();
  auto magic = reader_.read_bytes(4);
  if (!magic) {
    return fail_at(ErrorClass::malformed, offset, "unexpected end: no WebAssembly preamble");
  }
  if (std::memcmp(magic->data(), kPreamble, 4) != 0) {
    return fail_at(ErrorClass::malformed, offset, "magic header not detected");
  }
  auto version = reader_.read_bytes(4);
  if (!version) {
    return fail_at(ErrorClass::malformed, offset + 4, "unexpected end: no version");
  }
  if (std::memcmp(version->data(), kPreamble + 4, 4) != 0) {
    return fail_at(ErrorClass::malformed, offset + 4, "unknown binary version");
  }
  return {};
}

Status ModuleDecoder::check_order(SectionId id, u64 offset) {
  const u32 order = order_of(id);
  if (order == 0) {
    return {};
  }
  if (order <= last_order_) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("unexpected content after last section: section %.*s %s",
                        PETREL_SV(section_name(id)),
                        order == last_order_ ? "occurs twice" : "out of order"));
  }
  last_order_ = order;
  return {};
}

Status ModuleDecoder::section() {
  const u64 offset = reader_.offset();
  TRY_ASSIGN(u8 byte, reader_.read_u8());
  if (byte > static_cast<u8>(SectionId::tag)) {
    return fail_at(ErrorClass::malformed, offset, strf("malformed section id %u", byte));
  }
  const SectionId id = static_cast<SectionId>(byte);
  auto in_section = [&](Error error) {
    return std::unexpected(std::move(error).with_where(section_place(id)));
  };
  auto size = reader_.read_var_u32();
  if (!size) {
    return in_section(std::move(size).error());
  }
  auto payload = reader_.read_sub(*size);
  if (!payload) {
    return in_section(
        Error(ErrorClass::malformed, strf("length out of bounds: section of %u bytes, %zu left",
                                          *size, reader_.remaining()))
            .with_offset(offset + 1));
  }
  if (auto ordered = check_order(id, offset); !ordered) {
    return in_section(std::move(ordered).error());
  }
  const u64 payload_offset = payload->offset();
  if (payload_offset == stretched_at_) {
    TRY_ASSIGN(Bytes rest, reader_.read_bytes(reader_.remaining()));
    *payload = ByteReader({payload->position(), *size + rest.size()}, payload_offset);
  }
  if (auto done = dispatch(id, *payload); !done) {
    return in_section(read_on(std::move(done).error(), id, payload_offset, payload_offset + *size));
  }
  if (!payload->at_end()) {
    return in_section(
        Error(ErrorClass::malformed,
              strf("section size mismatch: %zu bytes left over", payload->remaining()))
            .with_offset(payload->offset()));
  }
  return {};
}

/// The better description of a section that ends too early: what is wrong if one reads on behind its end, as the
/// specification's reference decoder does. (An integer without end, say, rather than an end inside an integer.)
Error ModuleDecoder::read_on(Error error, SectionId id, u64 payload_offset, u64 payload_end) const {
  const u64 end = start_ + size_;
  if (stretched_at_ != 0 || error.cls() != ErrorClass::malformed || payload_end == end ||
      !error.info().text.starts_with("unexpected end") || id == SectionId::custom ||
      id == SectionId::code) {
    return error;
  }
  ModuleDecoder other(file_, start_, size_, options_);
  other.stretched_at_ = payload_offset;
  auto stretched = other.run();
  const bool is_better = !stretched && stretched.error().cls() == ErrorClass::malformed &&
                         stretched.error().info().offset &&
                         *stretched.error().info().offset < end && other.reader_.offset() == end;
  return is_better ? std::move(stretched).error() : std::move(error);
}

Status ModuleDecoder::dispatch(SectionId id, ByteReader& r) {
  switch (id) {
  case SectionId::custom: return custom_section(r);
  case SectionId::type: return type_section(r);
  case SectionId::import: return import_section(r);
  case SectionId::function: return function_section(r);
  case SectionId::table: return table_section(r);
  case SectionId::memory: return memory_section(r);
  case SectionId::global: return global_section(r);
  case SectionId::export_: return export_section(r);
  case SectionId::start: return start_section(r);
  case SectionId::element: return element_section(r);
  case SectionId::data_count: {
    TRY_ASSIGN(header_.data_count, r.read_var_u32());
    header_.has_data_count = 1;
    return {};
  }
  case SectionId::code: return code_section(r);
  case SectionId::data: return data_section(r);
  case SectionId::tag: return tag_section(r);
  }
  PETREL_UNREACHABLE();
}

Status ModuleDecoder::finish() {
  const u64 end = start_ + size_;
  const u32 defined = func_count() - header_.imported_funcs;
  if (!has_code_ && defined != 0) {
    return fail_at(
        ErrorClass::malformed, end,
        strf("function and code section have inconsistent lengths: %u functions, no code section",
             defined));
  }
  if (header_.has_data_count != 0 && header_.data_count != header_.datas.count) {
    return fail_at(
        ErrorClass::malformed, end,
        strf("data count and data section have inconsistent lengths: %u announced, %u found",
             header_.data_count, header_.datas.count));
  }
  if (!declarations_written_) {
    TRY(write_declarations());
  }
  std::vector<ir::NameEntry> names;
  for (const auto& [index, name] : func_names_) {
    if (index < func_count() && (names.empty() || names.back().index < index)) {
      names.push_back({index, image_.append(name)});
    }
  }
  header_.func_names = image_.append(names);
  header_.customs = image_.append(customs_);
  header_.name = image_.append(module_name_);
  header_.handlers = image_.append(handlers_);
  header_.features = features_.usable();
  if (!image_.fits()) {
    return fail_at(ErrorClass::limit, end, "module image exceeds 4 GiB");
  }
  header_.image_size = static_cast<u32>(image_.size_bytes());
  *image_.at<ir::ModuleHeader>(0) = header_;
  image_.shrink();
  return {};
}

} // namespace frontend

} // namespace petrel
