// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The finished image: closed, complete, the same whatever the number of threads.
#include "aot/test_support.h"

#include <cstring>
#include <elf.h>

#include "base/format.h"
#include "ir/cwasm.h"

#include <doctest/doctest.h>

namespace petrel::aot {
namespace {

template <typename T> T read_at(const std::vector<u8>& file, u64 offset) {
  T value;
  REQUIRE(offset + sizeof value <= file.size());
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// A module of many functions, enough for several chunks.
std::string many_functions(u32 count) {
  std::string text = "(memory 1)";
  for (u32 i = 0; i < count; ++i) {
    text += strf("(func $f%u (export \"f%u\") (param i32) (result i32) (local $s i32)", i, i);
    for (u32 k = 0; k < 40; ++k) {
      text +=
          strf("(local.set $s (i32.add (local.get $s) (i32.load offset=%u (local.get 0))))", i + k);
    }
    text += "(local.get $s))";
  }
  return text;
}

CompileOptions fast(u32 jobs) {
  CompileOptions options;
  options.opt_level = OptLevel::O0;
  options.target = "x86_64-linux-gnu";
  options.jobs = jobs;
  return options;
}

constexpr const char* kSmall = R"(
  (memory 1) (data (i32.const 8) "hello")
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $get (export "get") (param i32) (result i32) (i32.load (local.get 0))))";

TEST_CASE("image: header, tables and maps") {
  for (const char* target : {"x86_64-linux-gnu", "aarch64-linux-gnu"}) {
    CompileOptions options;
    options.target = target;
    const std::vector<u8> file = test::compile_text(kSmall, options);
    const auto elf = read_at<Elf64_Ehdr>(file, 0);
    const u32 machine = std::string_view(target).starts_with("x86") ? EM_X86_64 : EM_AARCH64;
    CHECK(elf.e_type == ET_DYN);
    CHECK(elf.e_machine == machine);
    const auto header =
        read_at<ir::CwasmHeader>(file, elf.e_entry); // first segment: offset = address
    CHECK(std::memcmp(header.magic, ir::CwasmHeader::kMagic, 8) == 0);
    CHECK(header.abi_hash == ir::abi_hash());
    CHECK(header.elf_machine == machine);
    CHECK(header.module_count == 1);
    CHECK((header.flags & ir::kCwasmRelaxedTraps) == 0);
    const auto module = read_at<ir::CwasmModule>(file, header.modules.vaddr);
    CHECK(module.func_entries.size == 2 * 4);
    CHECK(module.data.size == 0); // memory_image holds all of it, in pages of the target
    CHECK(module.memory_image.size == (machine == EM_X86_64 ? 0x1000 : 0x10000));
    CHECK(module.memory_image.vaddr % module.memory_image.size == 0);
    u32 map_rows = 0;
    for (u32 f = 0; f < 2; ++f) {
      const u32 entry = read_at<u32>(file, module.func_entries.vaddr + f * 4);
      CHECK(entry >= header.text.vaddr);
      CHECK(entry < header.text.vaddr + header.text.size);
      const auto map =
          read_at<ir::CwasmFuncMap>(file, module.func_maps.vaddr + f * sizeof(ir::CwasmFuncMap));
      CHECK(map.code_size > 0);
      CHECK(map.first_entry == map_rows);
      map_rows += map.entry_count;
    }
    CHECK(module.map_entries.size == map_rows * sizeof(ir::CwasmMapEntry));
  }
}

TEST_CASE(
    "image: nothing to relocate, nothing undefined, nothing writable, names in the symbol table") {
  const std::vector<u8> file = test::compile_text(kSmall, fast(1));
  const auto elf = read_at<Elf64_Ehdr>(file, 0);
  for (u32 i = 0; i < elf.e_phnum; ++i) {
    const auto program = read_at<Elf64_Phdr>(file, elf.e_phoff + i * sizeof(Elf64_Phdr));
    CHECK((program.p_type != PT_LOAD || (program.p_flags & PF_W) == 0));
    CHECK(program.p_type != PT_INTERP);
  }
  bool found_name = false;
  for (u32 i = 0; i < elf.e_shnum; ++i) {
    const auto section = read_at<Elf64_Shdr>(file, elf.e_shoff + i * sizeof(Elf64_Shdr));
    CHECK(section.sh_type != SHT_RELA);
    CHECK(section.sh_type != SHT_REL);
    if (section.sh_type == SHT_STRTAB) {
      const std::string names(file.begin() + static_cast<std::ptrdiff_t>(section.sh_offset),
                              file.begin() +
                                  static_cast<std::ptrdiff_t>(section.sh_offset + section.sh_size));
      found_name = found_name || names.find(std::string("\0wasm_add\0", 10)) != std::string::npos;
    }
  }
  CHECK(found_name);
}

TEST_CASE("image: the same bytes whatever the number of threads") {
  const std::string text = many_functions(400);
  const std::vector<u8> one = test::compile_text(text, fast(1));
  const std::vector<u8> four = test::compile_text(text, fast(4));
  CHECK((one == four));
}

TEST_CASE("targets that do not exist are refused by name") {
  CompileOptions options;
  options.target = "riscv64-linux-gnu";
  auto refused = compile({{}, {}, {}}, options, "/nonexistent/x");
  REQUIRE(!refused.has_value());
  CHECK(refused.error().cls() == ErrorClass::unsupported);
  options.target = "x86_64-linux-gnu";
  options.cpu = "pentium9";
  refused = compile({{}, {}, {}}, options, "/nonexistent/x");
  REQUIRE(!refused.has_value());
  CHECK(refused.error().to_string().find("cpu 'pentium9'") != std::string::npos);
}

} // namespace
} // namespace petrel::aot
