// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loader. Everything read from the file is hostile until checked: program headers, then the CwasmHeader's
// ranges, then each module's tables. Offsets inside maps are checked where they are used.
#include "runtime/code_image.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sha2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/os.h"
#include "runtime/code_registry.h"
#include "runtime/cpu_features.h"

namespace petrel::runtime {

namespace {

constexpr u64 kPage = 4096;
constexpr u64 kMaxImageSize = u64{1} << 32;
constexpr u32 kMaxProgramHeaders = 16;
constexpr u32 kMaxModules = 1000;

#if defined(__x86_64__)
constexpr u16 kHostMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr u16 kHostMachine = EM_AARCH64;
#endif

std::unexpected<Error> damaged(std::string what) {
  return fail(ErrorClass::artifact, std::move(what));
}

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_;
};

/// Empty when file and directory belong to the user or root and nobody else may write them.
std::optional<std::string> distrust(int fd, const std::string& path) {
  const uid_t user = ::geteuid();
  auto bad = [&](const struct stat& info) {
    return (info.st_uid != user && info.st_uid != 0) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  };
  struct stat info{};
  if (::fstat(fd, &info) != 0 || bad(info)) {
    return "could have been written by another user";
  }
  const usize slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  struct stat dir{};
  if (::stat(directory.c_str(), &dir) != 0) {
    return "lies in a directory that cannot be examined";
  }
  const bool sticky = (dir.st_mode & S_ISVTX) != 0; // others cannot replace our file there
  if (bad(dir) && !(sticky && (dir.st_uid == user || dir.st_uid == 0))) {
    return "lies in a directory that another user can write";
  }
  return std::nullopt;
}

struct Segments {
  Elf64_Ehdr elf;
  Elf64_Phdr program[kMaxProgramHeaders];
};

Result<Segments> read_segments(int fd) {
  Segments seg{};
  if (::pread(fd, &seg.elf, sizeof seg.elf, 0) != ssize_t{sizeof seg.elf}) {
    return damaged("file shorter than an ELF header");
  }
  const Elf64_Ehdr& elf = seg.elf;
  if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
      elf.e_ident[EI_DATA] != ELFDATA2LSB || elf.e_type != ET_DYN) {
    return damaged("not a 64-bit little-endian ELF shared object");
  }
  if (elf.e_phnum == 0 || elf.e_phnum > kMaxProgramHeaders ||
      elf.e_phentsize != sizeof(Elf64_Phdr)) {
    return damaged(strf("program headers: expected 1 to %u of %zu bytes, found %u of %u",
                        kMaxProgramHeaders, sizeof(Elf64_Phdr), elf.e_phnum, elf.e_phentsize));
  }
  const usize size = elf.e_phnum * sizeof(Elf64_Phdr);
  if (elf.e_phoff > kMaxImageSize ||
      ::pread(fd, seg.program, size, static_cast<off_t>(elf.e_phoff)) !=
          static_cast<ssize_t>(size)) {
    return damaged("program headers lie outside the file");
  }
  return seg;
}

Status check_segment(const Elf64_Phdr& ph, u64 file_size, u64 previous_end) {
  const bool in_file = ph.p_offset <= file_size && ph.p_filesz <= file_size - ph.p_offset;
  const bool in_space = ph.p_vaddr < kMaxImageSize && ph.p_memsz < kMaxImageSize;
  if (!in_file || !in_space || ph.p_memsz != ph.p_filesz ||
      (ph.p_vaddr - ph.p_offset) % kPage != 0 || ph.p_vaddr / kPage * kPage < previous_end) {
    return damaged("a segment lies outside the file or overlaps another");
  }
  if ((ph.p_flags & PF_W) != 0 || (ph.p_flags & PF_R) == 0) {
    return damaged("a segment is writable or not readable");
  }
  return {};
}

Status map_segment(int fd, u8* base, u64 start, u64 size, u64 file_offset, int protection) {
  const u64 slack = start % kPage;
  void* at = ::mmap(base + (start - slack), align_up(size + slack, kPage), protection,
                    MAP_PRIVATE | MAP_FIXED, fd, static_cast<off_t>(file_offset - slack));
  if (at == MAP_FAILED) {
    return sys::io_error("cannot map the image", errno);
  }
  return {};
}

} // namespace

bool CodeImage::is_image(Bytes bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

CodeImage::~CodeImage() {
  if (text_registered_) {
    unregister_code(base_ + header_->text.vaddr);
  }
  sys::release(base_, size_);
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Status CodeImage::map_data(int fd, u64 file_size) {
  TRY_ASSIGN(const Segments seg, read_segments(fd));
  u64 end = 0;
  for (u32 i = 0; i < seg.elf.e_phnum; ++i) {
    const Elf64_Phdr& ph = seg.program[i];
    if (ph.p_type == PT_LOAD && ph.p_memsz != 0) {
      TRY(check_segment(ph, file_size, end));
      end = align_up(ph.p_vaddr + ph.p_memsz, kPage);
      segments_.push_back({ph.p_vaddr, ph.p_memsz, ph.p_offset, (ph.p_flags & PF_X) != 0});
    }
  }
  if (end == 0) {
    return damaged("no loadable segment");
  }
  base_ = sys::reserve(end);
  if (base_ == nullptr) {
    return fail(ErrorClass::limit, "no address space left for the image");
  }
  size_ = end;
  header_vaddr_ = seg.elf.e_entry;
  for (const Segment& segment : segments_) {
    if (!segment.executable) {
      TRY(map_segment(fd, base_, segment.start, segment.size, segment.file_offset, PROT_READ));
    }
  }
  return {};
}

Status CodeImage::map_text(int fd) {
  int protection = PROT_READ | PROT_EXEC;
#if defined(__aarch64__) && defined(PROT_BTI)
  protection |= PROT_BTI;
#endif
  for (const Segment& segment : segments_) {
    if (segment.executable) {
      TRY(map_segment(fd, base_, segment.start, segment.size, segment.file_offset, protection));
    }
  }
  const ir::CwasmRange text = header_->text;
  if (text.size != 0) {
    register_code({base_ + text.vaddr, base_ + text.vaddr + text.size, this, nullptr});
    text_registered_ = true;
  }
  return {};
}

bool CodeImage::is_readable(ir::CwasmRange r, u64 alignment) const {
  return r.vaddr % alignment == 0 && std::ranges::any_of(segments_, [&](const Segment& s) {
           return !s.executable && r.vaddr >= s.start && u64{r.vaddr} + r.size <= s.start + s.size;
         });
}

Status CodeImage::check_header() {
  const u64 vaddr = header_vaddr_;
  if (vaddr > size_ || !is_readable({static_cast<u32>(vaddr), sizeof(ir::CwasmHeader)}, 8)) {
    return damaged("the entry point is not a Petrel header");
  }
  // SAFETY: inside a readable segment and aligned.
  header_ = reinterpret_cast<const ir::CwasmHeader*>(base_ + vaddr);
  const ir::CwasmHeader& h = *header_;
  if (std::memcmp(h.magic, ir::CwasmHeader::kMagic, sizeof h.magic) != 0) {
    return damaged("an ELF file, but not one of wasmc (no Petrel header)");
  }
  if (!is_readable(h.wasm, 1)) {
    return damaged("section .petrel.wasm lies outside the image");
  }
  return {};
}

Status CodeImage::check_fit() {
  const ir::CwasmHeader& h = *header_;
  if (h.version != ir::CwasmHeader::kVersion || h.header_size != sizeof(ir::CwasmHeader)) {
    misfit_ = Misfit{
        strf("has format version %u (this build runs %u)", h.version, ir::CwasmHeader::kVersion)};
  } else if (h.abi_hash != ir::abi_hash() || h.memory_reservation != ir::kMemoryReservation) {
    misfit_ = Misfit{"was built by another version of wasmc"};
  } else if (h.elf_machine != kHostMachine) {
    misfit_ = Misfit{strf("was built for another architecture (ELF machine %u, this host is %u)",
                          h.elf_machine, kHostMachine)};
  } else if (const std::string missing = missing_cpu_features(h.cpu_features); !missing.empty()) {
    misfit_ = Misfit{"was built for " + missing + ", which this CPU lacks"};
  }
  return {};
}

namespace {

/// Does the memory that the image is for exist, and hold it?
bool has_room(const ir::Module& module, const ir::CwasmModule& m) {
  if (module.memories().empty() || module.is_imported_memory(MemIdx(0))) {
    return false;
  }
  const Limits& limits = module.memories()[0];
  return limits.page_size_log2 == 16 && limits.is_64 == 0 && limits.is_shared == 0 &&
         u64{m.memory_address} + m.memory_image.size <= limits.min << 16;
}

} // namespace

Status CodeImage::check_modules() {
  const ir::CwasmHeader& h = *header_;
  const bool text_ok = h.text.size == 0 || std::ranges::any_of(segments_, [&](const Segment& s) {
                         return s.executable && h.text.vaddr >= s.start &&
                                u64{h.text.vaddr} + h.text.size <= s.start + s.size;
                       });
  if (h.module_count > kMaxModules || h.modules.size != h.module_count * sizeof(ir::CwasmModule) ||
      !is_readable(h.modules, 8) || !is_readable(h.plan, 8) || !text_ok) {
    return damaged("header: a section lies outside the image");
  }
  for (u32 i = 0; i < h.module_count; ++i) {
    const ir::CwasmModule& m = module(i);
    if (!is_readable(m.image, 16) || !is_readable(m.data, 1) || !is_readable(m.func_entries, 4) ||
        !is_readable(m.tail_entries, 4) || !is_readable(m.array_adapters, 4) ||
        !is_readable(m.host_adapters, 4) || !is_readable(m.func_maps, 4) ||
        !is_readable(m.map_entries, 4) || !is_readable(m.inline_sites, 4)) {
      return damaged(strf("module %u: a table lies outside the image", i));
    }
    if (m.memory_image.size != 0 && (!is_readable(m.memory_image, kPage) ||
                                     (m.memory_image.size | m.memory_address) % kPage != 0)) {
      return damaged(strf("module %u: the contents of memory 0 lie outside the image", i));
    }
    if (!ir::Module::check(base_ + m.image.vaddr, m.image.size)) {
      return damaged(strf("module %u: section .petrel.plan is damaged", i));
    }
    ir_modules_.push_back(ir_module(i));
    const ir::ModuleHeader& mh = ir_modules_.back().header();
    const u64 defined = mh.funcs.count - mh.imported_funcs;
    if (m.func_entries.size != defined * 4 ||
        (m.tail_entries.size != 0 && m.tail_entries.size != defined * 4) ||
        m.func_maps.size != defined * sizeof(ir::CwasmFuncMap) ||
        m.array_adapters.size != u64{mh.types.count} * 4 ||
        m.host_adapters.size != u64{mh.types.count} * 4 ||
        (m.data.size != mh.data_size && (m.data.size != 0 || m.memory_image.size == 0))) {
      return damaged(strf("module %u: a table has the wrong length", i));
    }
    if (m.memory_image.size != 0 && !has_room(ir_modules_.back(), m)) {
      return damaged(strf("module %u: the contents of memory 0 exceed it", i));
    }
  }
  return {};
}

const ir::CwasmModule& CodeImage::module(u32 index) const {
  CHECK(index < header_->module_count);
  // SAFETY: check_modules.
  return reinterpret_cast<const ir::CwasmModule*>(base_ + header_->modules.vaddr)[index];
}

ir::Module CodeImage::ir_module(u32 index) const {
  return ir::Module(base_ + module(index).image.vaddr);
}

const u8* CodeImage::data_base(u32 index) const {
  const ir::CwasmModule& m = module(index);
  return base_ + m.data.vaddr - ir_module(index).header().data_offset;
}

CodeImage::MemoryImage CodeImage::memory_image(u32 index) const {
  const ir::CwasmModule& m = module(index);
  for (const Segment& segment : segments_) {
    if (m.memory_image.size != 0 && m.memory_image.vaddr >= segment.start &&
        m.memory_image.vaddr - segment.start < segment.size) {
      return {fd_, segment.file_offset + (m.memory_image.vaddr - segment.start), m.memory_address,
              m.memory_image.size};
    }
  }
  return {};
}

namespace {

u32 table_word(Bytes table, u32 index) {
  CHECK(u64{index} * 4 + 4 <= table.size());
  u32 word;
  std::memcpy(&word, table.data() + u64{index} * 4, 4);
  return word;
}

} // namespace

u32 CodeImage::tail_entry_vaddr(const ir::CwasmModule& mod, u32 defined_func) const {
  return mod.tail_entries.size == 0 ? 0 : table_word(range(mod.tail_entries), defined_func);
}

const void* CodeImage::text_address(u32 vaddr) const {
  // A damaged table must not lead outside the text (where to inside it, only --verify can tell).
  CHECK(vaddr >= header_->text.vaddr && vaddr - header_->text.vaddr < header_->text.size);
  return base_ + vaddr;
}

const void* CodeImage::func_entry(u32 module_idx, u32 defined_func) const {
  return text_address(table_word(range(module(module_idx).func_entries), defined_func));
}

const void* CodeImage::tail_entry(u32 module_idx, u32 defined_func) const {
  const u32 vaddr = tail_entry_vaddr(module(module_idx), defined_func);
  return vaddr == 0 ? nullptr : text_address(vaddr);
}

ir::ArrayEntry CodeImage::array_adapter(u32 module_idx, TypeIdx type) const {
  // SAFETY: the adapter has this C signature by the image's contract (ir/cwasm.h).
  return reinterpret_cast<ir::ArrayEntry>(reinterpret_cast<uintptr_t>(
      text_address(table_word(range(module(module_idx).array_adapters), type.index()))));
}

const void* CodeImage::host_adapter(u32 module_idx, TypeIdx type) const {
  return text_address(table_word(range(module(module_idx).host_adapters), type.index()));
}

std::vector<CodeImage::Place> CodeImage::find(const u8* pc, bool is_exact) {
  CodeRange code;
  if (!find_code(pc, code) || code.image == nullptr) {
    return {};
  }
  // A return address may be the first byte of what follows the call.
  return code.image->find_here(static_cast<u32>(pc - code.image->base_) - (is_exact ? 0 : 1));
}

namespace {

/// The function whose body holds a wasm offset: another than the native function when it was inlined there.
u32 function_at(const ir::Module& module, u32 wasm_offset, u32 otherwise) {
  const auto defined = module.funcs().subspan(module.header().imported_funcs);
  const auto after = std::ranges::upper_bound(defined, wasm_offset, {}, &ir::Func::code_start);
  if (after == defined.begin() || wasm_offset >= after[-1].body_end) {
    return otherwise;
  }
  return module.header().imported_funcs + static_cast<u32>(after - defined.begin()) - 1;
}

/// The n-th row of a table, or nothing: counts and indices in the maps are not to be believed.
template <typename Row> std::optional<Row> row_at(Bytes table, u64 index) {
  if (index >= table.size() / sizeof(Row)) {
    return std::nullopt;
  }
  Row row;
  std::memcpy(&row, table.data() + index * sizeof row, sizeof row);
  return row;
}

} // namespace

std::vector<CodeImage::Place> CodeImage::find_here(u32 vaddr) const {
  for (u32 m = 0; m < module_count(); ++m) {
    const Bytes entries = range(module(m).func_entries);
    const Bytes maps = range(module(m).func_maps);
    for (u32 f = 0; f < entries.size() / 4; ++f) {
      const u32 tail_entry = tail_entry_vaddr(module(m), f);
      const u32 start = tail_entry != 0 ? tail_entry : table_word(entries, f);
      const auto map = row_at<ir::CwasmFuncMap>(maps, f);
      if (map && vaddr >= start && vaddr - start < map->code_size) {
        return places(m, f, vaddr - start);
      }
    }
  }
  return {};
}

std::vector<CodeImage::Place> CodeImage::places(u32 module_idx, u32 defined_func,
                                                u32 code_offset) const {
  using Entry = ir::CwasmMapEntry;
  const ir::CwasmModule& mod = module(module_idx);
  const ir::Module& wasm = ir_modules_[module_idx];
  const auto map = row_at<ir::CwasmFuncMap>(range(mod.func_maps), defined_func);
  const u32 func = wasm.header().imported_funcs + defined_func;
  u32 wasm_offset = wasm.funcs()[func].body_offset;
  u32 site = Entry::kNotInlined;
  for (u64 i = 0; i < map->entry_count; ++i) {
    const auto entry = row_at<Entry>(range(mod.map_entries), map->first_entry + i);
    if (!entry || entry->code_offset > code_offset) {
      break;
    }
    ((entry->place & Entry::kInlined) != 0 ? site : wasm_offset) = entry->place;
  }
  std::vector<Place> places{{&wasm, function_at(wasm, wasm_offset, func), wasm_offset}};
  while (site != Entry::kNotInlined) {
    const u32 index = site & ~Entry::kInlined;
    const auto inlined = row_at<ir::CwasmInlineSite>(range(mod.inline_sites), index);
    if (!inlined) {
      break;
    }
    places.push_back({&wasm, function_at(wasm, inlined->wasm_offset, func), inlined->wasm_offset});
    const bool is_before = (inlined->outer & ~Entry::kInlined) < index;
    site = is_before ? inlined->outer : Entry::kNotInlined; // so it ends, whatever the file says
  }
  return places;
}

Status CodeImage::verify_digest(int fd) const {
  SHA2_CTX sha;
  SHA256Init(&sha);
  const u64 field = header_vaddr_ + offsetof(ir::CwasmHeader, image_sha256);
  for (const Segment& segment : segments_) {
    TRY_ASSIGN(auto bytes, sys::FileBytes::allocate(segment.size));
    if (::pread(fd, bytes.data(), segment.size, static_cast<off_t>(segment.file_offset)) !=
        static_cast<ssize_t>(segment.size)) {
      return damaged("the file is shorter than its segments");
    }
    if (field >= segment.start && field + 32 <= segment.start + segment.size) {
      std::memset(bytes.data() + (field - segment.start), 0, 32);
    }
    SHA256Update(&sha, bytes.data(), segment.size);
  }
  u8 digest[SHA256_DIGEST_LENGTH];
  SHA256Final(digest, &sha);
  if (std::memcmp(digest, header_->image_sha256, sizeof digest) != 0) {
    return damaged("digest mismatch: the file was changed after wasmc wrote it");
  }
  return {};
}

Result<std::shared_ptr<const CodeImage>> CodeImage::load(const std::string& path,
                                                         const LoadOptions& options) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) {
    return sys::io_error("cannot open", errno);
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) {
    return sys::io_error("cannot stat", errno);
  }
  std::shared_ptr<CodeImage> image(new CodeImage);
  TRY(image->map_data(fd.get(), static_cast<u64>(info.st_size)));
  TRY(image->check_header());
  if (!options.allow_foreign_owner) {
    if (auto why = distrust(fd.get(), path)) {
      image->misfit_ = Misfit{*why + " (--allow-precompiled trusts it)"};
    }
  }
  if (!image->misfit_) {
    TRY(image->check_fit());
  }
  if (image->misfit_ && image->header_->version != ir::CwasmHeader::kVersion) {
    return image;
  }
  if (options.verify_digest) {
    TRY(image->verify_digest(fd.get()));
  }
  if (image->header_->abi_hash == ir::abi_hash()) {
    TRY(image->check_modules());
  }
  if (!image->misfit_ && options.map_text) {
    TRY(image->map_text(fd.get()));
    image->fd_ = fd.release();
  }
  return image;
}

} // namespace petrel::runtime
