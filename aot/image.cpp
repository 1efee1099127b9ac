// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/image.h"

#include <cstring>

#include <sha2.h>
#include <zstd.h>

#include <llvm/IR/Constants.h>

#include "aot/adapters.h"
#include "aot/memory_image.h"
#include "base/hash.h"

namespace petrel::aot {

namespace {

constexpr const char* kMetaSymbol = kHeaderSymbol.data();
constexpr const char* kPlanSymbol = "cw_plan";
constexpr const char* kDataSymbol = "cw_data";
constexpr const char* kWasmSymbol = "cw_wasm";
constexpr u64 kMaxImageBytes = u64{1} << 32;
constexpr u64 kMaxInflation = 50; ///< the reader refuses higher ratios
constexpr int kZstdLevel = 3;

/// Hands out ranges of a section.
class Allocator {
public:
  ir::CwasmRange take(u64 size, u64 alignment) {
    at_ = align_up(at_, alignment);
    const u64 start = at_;
    at_ += size;
    fits_ = fits_ && at_ < kMaxImageBytes;
    return {static_cast<u32>(start), static_cast<u32>(size)};
  }
  u64 size() const { return at_; }
  bool fits() const { return fits_; }

private:
  u64 at_ = 0;
  bool fits_ = true;
};

void append(std::vector<u8>& section, Bytes bytes) {
  section.resize(align_up(section.size(), 16));
  section.insert(section.end(), bytes.begin(), bytes.end());
}

/// The module's image. Only the interpreter reads a side table (and makes it again from the embedded bytes).
std::vector<u8> image_for_native(const ir::Module& wasm) {
  const Bytes image = wasm.image();
  std::vector<u8> copy(image.begin(), image.end());
  ir::ModuleHeader header = wasm.header();
  header.side_table = {0, 0};
  std::memcpy(copy.data(), &header, sizeof header);
  return copy;
}

void add_section(llvm::Module& module, const char* name, const char* section, Bytes bytes,
                 u64 alignment) {
  const u8 empty = 0;
  const Bytes contents = bytes.empty() ? Bytes(&empty, 1) : bytes;
  llvm::Constant* data = llvm::ConstantDataArray::get(
      module.getContext(), llvm::ArrayRef<u8>(contents.data(), contents.size()));
  auto* global = new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::ExternalLinkage, data, name);
  global->setSection(section);
  global->setAlignment(llvm::Align(alignment));
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

/// Where `size` bytes appended to a section will be; beyond 4 GiB `lay_out` fails.
ir::CwasmRange range_behind(const std::vector<u8>& section, u64 size) {
  return {static_cast<u32>(section.size()), static_cast<u32>(size)};
}

template <typename T> void put(std::span<u8> out, u64 index, const T& value) {
  CHECK((index + 1) * sizeof(T) <= out.size());
  std::memcpy(out.data() + index * sizeof(T), &value, sizeof(T));
}

ir::CwasmRange moved(ir::CwasmRange range, u64 base) {
  return {narrow<u32>(base + range.vaddr), range.size};
}

void sha256(std::span<const Bytes> parts, u8 (&digest)[32]) {
  SHA2_CTX state;
  SHA256Init(&state);
  for (Bytes part : parts) {
    SHA256Update(&state, part.data(), part.size());
  }
  SHA256Final(digest, &state);
}

u64 option_hash(const CompileOptions& options, const Target& target) {
  const std::string text =
      target.triple.str() + ' ' + target.cpu + ' ' + target.tune_cpu + ' ' + target.features + ' ' +
      std::to_string(static_cast<u32>(options.opt_level)) +
      (options.relaxed_traps ? " relaxed" : "") + (options.explicit_bounds ? " bounds" : "") +
      (target.branch_protection ? " bp" : "");
  return fnv1a(text);
}

} // namespace

Result<Image> Image::create(const ChunkContext& context, const LineMap& lines) {
  Image image(context, lines);
  TRY(image.lay_out());
  TRY(image.compress());
  return image;
}

Status Image::lay_out() {
  Allocator meta;
  meta.take(sizeof(ir::CwasmHeader), 16);
  meta.take(context_.input.modules.size() * sizeof(ir::CwasmModule), 16);
  for (u32 m = 0; m < context_.input.modules.size(); ++m) {
    const ir::Module& wasm = context_.input.modules[m];
    u64 map_entries = 0;
    u64 inline_sites = 0;
    for (const std::string& name : context_.names[m]) {
      const FunctionMap& map = lines_.find(name)->second;
      map_entries += map.entries.size();
      inline_sites += map.sites.size();
    }
    ModuleTables& tables = tables_.emplace_back();
    tables.func_entries = meta.take(context_.names[m].size() * 4, 16);
    tables.tail_entries =
        meta.take(context_.facts[m].any_makes_tail_calls() ? context_.names[m].size() * 4 : 0, 16);
    tables.array_adapters = meta.take(wasm.types().size() * 4, 16);
    tables.host_adapters = meta.take(wasm.types().size() * 4, 16);
    tables.func_maps = meta.take(context_.names[m].size() * sizeof(ir::CwasmFuncMap), 16);
    tables.map_entries = meta.take(map_entries * sizeof(ir::CwasmMapEntry), 16);
    tables.inline_sites = meta.take(inline_sites * sizeof(ir::CwasmInlineSite), 16);
    append(plan_, image_for_native(wasm));
    tables.image.size = narrow<u32>(image_for_native(wasm).size());
    tables.image.vaddr = narrow<u32>(plan_.size() - tables.image.size);
    lay_out_data(wasm, tables);
  }
  append(plan_, context_.input.plan);
  component_plan_ = {narrow<u32>(plan_.size() - context_.input.plan.size()),
                     narrow<u32>(context_.input.plan.size())};
  if (!meta.fits() || data_.size() >= kMaxImageBytes) {
    return fail(ErrorClass::limit, "the compiled image exceeds 4 GiB");
  }
  meta_size_ = narrow<u32>(meta.size());
  return {};
}

void Image::lay_out_data(const ir::Module& wasm, ModuleTables& tables) {
  const u32 page = context_.target.page_bytes();
  const MemoryImage image = make_memory_image(wasm, context_.input.file, page);
  if (!image.bytes.empty()) {
    data_.resize(align_up(data_.size(), page));
    tables.memory_address = image.address;
    tables.memory_image = range_behind(data_, image.bytes.size());
    data_.insert(data_.end(), image.bytes.begin(), image.bytes.end());
  }
  const u32 data_size = image.bytes.empty() || !image.holds_all ? wasm.header().data_size : 0;
  data_.resize(align_up(data_.size(), 16));
  tables.data = range_behind(data_, data_size);
  const Bytes data = context_.input.file.subspan(wasm.header().data_offset, data_size);
  data_.insert(data_.end(), data.begin(), data.end());
}

Status Image::compress() {
  const Bytes file = context_.input.file;
  wasm_.resize(ZSTD_compressBound(file.size()));
  const usize size =
      ZSTD_compress(wasm_.data(), wasm_.size(), file.data(), file.size(), kZstdLevel);
  wasm_is_stored_ =
      ZSTD_isError(size) != 0 || size >= file.size() || file.size() / size >= kMaxInflation;
  if (wasm_is_stored_) {
    wasm_.assign(file.begin(), file.end());
  } else {
    wasm_.resize(size);
  }
  return {};
}

std::unique_ptr<llvm::Module> Image::sections(llvm::LLVMContext& context,
                                              const llvm::TargetMachine& machine) const {
  auto module = std::make_unique<llvm::Module>("image", context);
  prepare_module(*module, context_.target, machine);
  std::vector<u8> meta(meta_size_);
  std::memcpy(meta.data(), ir::CwasmHeader::kMagic,
              sizeof ir::CwasmHeader::kMagic); // not all zero: no .bss
  add_section(*module, kMetaSymbol, ".petrel.meta", meta, 16);
  add_section(*module, kPlanSymbol, ".petrel.plan", plan_, 16);
  add_section(*module, kDataSymbol, ".petrel.data", data_, context_.target.page_bytes());
  add_section(*module, kWasmSymbol, ".petrel.wasm", wasm_, 16);
  return module;
}

ir::CwasmHeader Image::make_header(const LinkedImage& image) const {
  const u64 meta = image.symbol(kMetaSymbol).vaddr;
  ir::CwasmHeader header{};
  std::memcpy(header.magic, ir::CwasmHeader::kMagic, sizeof header.magic);
  header.version = ir::CwasmHeader::kVersion;
  header.header_size = sizeof header;
  header.abi_hash = ir::abi_hash();
  header.option_hash = option_hash(context_.options, context_.target);
  header.elf_machine = context_.target.elf_machine;
  header.flags = (wasm_is_stored_ ? ir::kCwasmStored : 0U) |
                 (context_.options.relaxed_traps ? ir::kCwasmRelaxedTraps : 0U);
  header.cpu_features = context_.target.cpu_features;
  header.memory_reservation = ir::kMemoryReservation;
  header.module_count = narrow<u32>(tables_.size());
  header.wasm_raw_size = narrow<u32>(context_.input.file.size());
  header.modules = {narrow<u32>(meta + align_up(sizeof header, 16)),
                    narrow<u32>(tables_.size() * sizeof(ir::CwasmModule))};
  header.plan = moved(component_plan_, image.symbol(kPlanSymbol).vaddr);
  header.wasm = {narrow<u32>(image.symbol(kWasmSymbol).vaddr), narrow<u32>(wasm_.size())};
  header.text = {narrow<u32>(image.text().vaddr), narrow<u32>(image.text().size)};
  sha256({{context_.input.file}}, header.wasm_sha256);
  const std::string_view producer = "wasmc " PETREL_VERSION;
  std::memcpy(header.producer, producer.data(),
              std::min(producer.size(), sizeof header.producer - 1));
  return header;
}

void Image::fill_maps(LinkedImage& image, u32 index, const ir::CwasmModule& out) const {
  auto table = [&](ir::CwasmRange range) { return image.at(range.vaddr, range.size); };
  u32 entry = 0;
  u32 site = 0;
  for (u32 f = 0; f < context_.names[index].size(); ++f) {
    const FunctionMap& map = lines_.find(context_.names[index][f])->second;
    put(table(out.func_maps), f,
        ir::CwasmFuncMap{map.code_size, entry, narrow<u32>(map.entries.size())});
    const u32 first_site = site;
    // Numbers of sites, in the function until now, become numbers in the module.
    auto moved_site = [&](u32 place) {
      return place == ir::CwasmMapEntry::kNotInlined ? place : place + first_site;
    };
    for (const ir::CwasmMapEntry& row : map.entries) {
      const bool is_site = (row.place & ir::CwasmMapEntry::kInlined) != 0;
      put(table(out.map_entries), entry++,
          ir::CwasmMapEntry{row.code_offset, is_site ? moved_site(row.place) : row.place});
    }
    for (const ir::CwasmInlineSite& row : map.sites) {
      put(table(out.inline_sites), site++,
          ir::CwasmInlineSite{row.wasm_offset, moved_site(row.outer)});
    }
  }
}

void Image::fill_module(LinkedImage& image, u32 index, ir::CwasmModule& out) const {
  const ir::Module& wasm = context_.input.modules[index];
  const ModuleTables& tables = tables_[index];
  const u64 meta = image.symbol(kMetaSymbol).vaddr;
  auto table = [&](ir::CwasmRange range) { return image.at(meta + range.vaddr, range.size); };
  out.image = moved(tables.image, image.symbol(kPlanSymbol).vaddr);
  out.data = moved(tables.data, image.symbol(kDataSymbol).vaddr);
  out.memory_image = moved(tables.memory_image, image.symbol(kDataSymbol).vaddr);
  out.memory_address = tables.memory_address;
  out.func_entries = moved(tables.func_entries, meta);
  out.tail_entries = moved(tables.tail_entries, meta);
  out.array_adapters = moved(tables.array_adapters, meta);
  out.host_adapters = moved(tables.host_adapters, meta);
  out.func_maps = moved(tables.func_maps, meta);
  out.map_entries = moved(tables.map_entries, meta);
  out.inline_sites = moved(tables.inline_sites, meta);
  fill_maps(image, index, out);
  for (u32 f = 0; f < context_.names[index].size(); ++f) {
    const std::string& name = context_.names[index][f];
    const u32 vaddr = narrow<u32>(image.symbol(name).vaddr);
    if (context_.facts[index].makes_tail_calls(f)) {
      put(table(tables.tail_entries), f, vaddr);
      put(table(tables.func_entries), f, narrow<u32>(image.symbol(native_entry_name(name)).vaddr));
    } else {
      put(table(tables.func_entries), f, vaddr);
    }
  }
  for (u32 t = 0; t < wasm.types().size(); ++t) {
    if (wasm.types()[t].kind == ir::CompositeKind::func) {
      const std::string signature = signature_of(wasm, wasm.types()[t]);
      put(table(tables.array_adapters), t,
          narrow<u32>(image.symbol(array_adapter_name(signature)).vaddr));
      put(table(tables.host_adapters), t,
          narrow<u32>(image.symbol(host_adapter_name(signature)).vaddr));
    }
  }
}

void Image::fill(LinkedImage& image) const {
  ir::CwasmHeader header = make_header(image);
  for (u32 m = 0; m < tables_.size(); ++m) {
    ir::CwasmModule module{};
    fill_module(image, m, module);
    put(image.at(header.modules.vaddr, header.modules.size), m, module);
  }
  const std::span<u8> place = image.at(image.symbol(kMetaSymbol).vaddr, sizeof header);
  put(place, 0, header);
  sha256(image.segments(), header.image_sha256);
  put(place, 0, header);
}

} // namespace petrel::aot
