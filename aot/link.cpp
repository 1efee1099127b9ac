// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/link.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <llvm/Object/ELF.h>

#include "aot/lld_driver.h"
#include "base/format.h"
#include "base/os.h"

namespace petrel::aot {

namespace {

/// A directory for the linker's files, gone at the end.
class TemporaryDirectory {
public:
  static Result<TemporaryDirectory> create() {
    const char* parent = std::getenv("TMPDIR");
    std::string path =
        std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") + "/wasmc-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return sys::io_error("cannot create a temporary directory", errno);
    }
    return TemporaryDirectory(std::move(path));
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept
      : path_(std::exchange(other.path_, {})), files_(std::move(other.files_)) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    for (const std::string& file : files_) {
      ::unlink(file.c_str());
    }
    if (!path_.empty()) {
      ::rmdir(path_.c_str());
    }
  }

  /// A path in it, removed at the end if it exists then.
  std::string add(const std::string& name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }

private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::vector<std::string> files_;
};

Status write_file(const std::string& path, const ObjectBytes& contents) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return sys::io_error("cannot create a temporary file", errno);
  }
  const bool written = sys::write_all(fd, as_bytes({contents.data(), contents.size()}));
  const int saved_errno = errno;
  ::close(fd);
  if (!written) {
    return sys::io_error("cannot write a temporary file", saved_errno);
  }
  return {};
}

using Elf = llvm::object::ELF64LEFile;
using Section = Elf::Elf_Shdr;

template <typename T> T expect(llvm::Expected<T> value) {
  CHECK(static_cast<bool>(value));
  return std::move(*value);
}

/// INVARIANT(closed-image): the loader neither relocates nor resolves anything.
void check_closed(const Elf& elf) {
  for (const Section& section : expect(elf.sections())) {
    const bool is_alloc = (section.sh_flags & llvm::ELF::SHF_ALLOC) != 0;
    const bool is_reloc = section.sh_type == llvm::ELF::SHT_RELA ||
                          section.sh_type == llvm::ELF::SHT_REL ||
                          section.sh_type == llvm::ELF::SHT_RELR;
    CHECK(!is_alloc || !is_reloc || section.sh_size == 0);
    if (section.sh_type == llvm::ELF::SHT_SYMTAB || section.sh_type == llvm::ELF::SHT_DYNSYM) {
      const auto symbols = expect(elf.symbols(&section));
      for (const auto& symbol : symbols.drop_front(1)) {
        CHECK(symbol.st_shndx != llvm::ELF::SHN_UNDEF);
      }
    }
    if (section.sh_type == llvm::ELF::SHT_DYNAMIC) {
      for (const auto& entry : expect(elf.dynamicEntries())) {
        CHECK(entry.getTag() != llvm::ELF::DT_NEEDED);
      }
    }
  }
  for (const auto& program : expect(elf.program_headers())) {
    CHECK(program.p_type != llvm::ELF::PT_LOAD || (program.p_flags & llvm::ELF::PF_W) == 0);
  }
}

} // namespace

LinkedImage::LinkedImage(std::vector<u8> bytes) : bytes_(std::move(bytes)) {
  const Elf elf =
      expect(Elf::create({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}));
  check_closed(elf);
  for (const auto& program : expect(elf.program_headers())) {
    if (program.p_type == llvm::ELF::PT_LOAD) {
      segments_.push_back({program.p_vaddr, program.p_offset, program.p_filesz});
      end_vaddr_ = std::max<u64>(end_vaddr_, program.p_vaddr + program.p_memsz);
    }
  }
  for (const Section& section : expect(elf.sections())) {
    if ((section.sh_flags & llvm::ELF::SHF_EXECINSTR) != 0) {
      CHECK(text_.size == 0);
      text_ = {section.sh_addr, section.sh_size};
    }
    if (section.sh_type == llvm::ELF::SHT_SYMTAB) {
      const llvm::StringRef names = expect(elf.getStringTableForSymtab(section));
      for (const auto& symbol : expect(elf.symbols(&section))) {
        const llvm::StringRef name = expect(symbol.getName(names));
        symbols_.push_back({{name.data(), name.size()}, {symbol.st_value, symbol.st_size}});
      }
    }
  }
  std::ranges::sort(symbols_, {}, &Named::name);
}

const LinkedImage::Named* LinkedImage::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(symbols_, name, {}, &Named::name);
  return found == symbols_.end() || found->name != name ? nullptr : &*found;
}

bool LinkedImage::has_symbol(std::string_view name) const { return find(name) != nullptr; }

ImageSymbol LinkedImage::symbol(std::string_view name) const {
  const Named* found = find(name);
  CHECK(found != nullptr);
  return found->symbol;
}

std::span<u8> LinkedImage::at(u64 vaddr, u64 size) {
  for (const Segment& segment : segments_) {
    if (vaddr >= segment.vaddr && vaddr - segment.vaddr <= segment.size &&
        size <= segment.size - (vaddr - segment.vaddr)) {
      return std::span(bytes_).subspan(segment.offset + (vaddr - segment.vaddr), size);
    }
  }
  PETREL_UNREACHABLE();
}

std::vector<Bytes> LinkedImage::segments() const {
  std::vector<Bytes> result;
  for (const Segment& segment : segments_) {
    result.push_back(Bytes(bytes_).subspan(segment.offset, segment.size));
  }
  return result;
}

Result<std::vector<u8>> link_objects(std::span<const ObjectBytes> objects,
                                     const LinkOptions& options) {
  TRY_ASSIGN(TemporaryDirectory directory, TemporaryDirectory::create());
  const std::string output = directory.add("out");
  std::vector<std::string> arguments = {"ld.lld", "-o", output, "--threads=1"};
  if (options.relocatable) {
    arguments.push_back("-r");
  } else {
    arguments.insert(arguments.end(),
                     {"-shared", "-Bsymbolic", "-e", std::string(options.entry), "-z",
                      "noexecstack", "-z", "norelro", "-z", "separate-code", "-z", "rodynamic",
                      "-z", "text", "--no-undefined", "--hash-style=gnu", "--build-id=sha1"});
    if (!options.keep_debug) {
      arguments.push_back("--strip-debug");
    }
  }
  for (usize i = 0; i < objects.size(); ++i) {
    const std::string path = directory.add(strf("%05zu.o", i));
    TRY(write_file(path, objects[i]));
    arguments.push_back(path);
  }
  std::string messages;
  if (!run_lld(arguments, messages)) {
    check_failed(messages.c_str(), "ld.lld", 0); // what it dislikes, we made
  }
  TRY_ASSIGN(const sys::FileBytes linked, sys::read_file(output, u64{1} << 32));
  const Bytes bytes = linked.bytes();
  return std::vector<u8>(bytes.begin(), bytes.end());
}

} // namespace petrel::aot
