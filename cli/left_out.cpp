// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the static runner leaves out of the libraries it is linked with. An archive member is taken only if nobody else
// defines what it is wanted for, and each definition here stands for code that cannot run in `wasmrun`:
//
// * throwing (no exceptions are compiled in, so a throw ends the process): with the throwers go exception objects, their
//   emergency pool of 72 KB, which is allocated at every start, the personality and the demangler (60 KB)
// * reading zstd's formats before 0.8 (100 KB): the loader hands over one frame of today's format, nothing else
//
// What must stay true: whatever is defined here ends loudly. All is weak, so that a program that comes to need a library's
// own definition still links (and grows: tests/runner). Not part of sanitizer builds, which bring their own.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

namespace {

[[noreturn, gnu::cold]] void end(const char* what) {
  std::fprintf(stderr, "internal error: %s; please report\n", what);
  std::abort();
}

[[gnu::noinline]] void* allocate(std::size_t size) {
  void* block = std::malloc(size != 0 ? size : 1);
  if (block == nullptr) {
    end("out of memory");
  }
  return block;
}

} // namespace

[[gnu::weak]] void* operator new(std::size_t size) { return allocate(size); }
[[gnu::weak]] void* operator new[](std::size_t size) { return allocate(size); }
[[gnu::weak]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block) noexcept { std::free(block); }
[[gnu::weak]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
[[gnu::weak]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
[[gnu::weak]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}

// Declared by libstdc++'s <bits/functexcept.h>, which the headers of containers include.
namespace std {

[[gnu::weak]] void __throw_bad_alloc() { end("out of memory"); }
[[gnu::weak]] void __throw_bad_array_new_length() { end("array too long"); }
[[gnu::weak]] void __throw_bad_cast() { end("bad cast"); }
[[gnu::weak]] void __throw_length_error(const char* where) { end(where); }
[[gnu::weak]] void __throw_logic_error(const char* what) { end(what); }
[[gnu::weak]] void __throw_out_of_range(const char* where) { end(where); }
[[gnu::weak]] void __throw_out_of_range_fmt(const char* where, ...) { end(where); }
[[gnu::weak]] void __throw_system_error(int) { end("system error"); }
[[gnu::weak]] void terminate() noexcept { end("terminated"); }

} // namespace std

// Declared under a name of its own, since the compiler knows the types of some; the linker folds the equal bodies.
#define LEFT_OUT(name)                                                                             \
  [[noreturn, gnu::weak]] void left_out_##name() asm(#name);                                       \
  void left_out_##name() { end("called what is left out of wasmrun"); }

// Wanted by the cleanup of cancelled threads and of throwing code; neither happens.
LEFT_OUT(_Unwind_ForcedUnwind)
LEFT_OUT(_Unwind_GetCFA)
LEFT_OUT(_Unwind_Resume)
LEFT_OUT(__cxa_allocate_exception)
LEFT_OUT(__cxa_begin_catch)
LEFT_OUT(__cxa_end_catch)
LEFT_OUT(__cxa_free_exception)
LEFT_OUT(__cxa_rethrow)
LEFT_OUT(__cxa_throw)
LEFT_OUT(__gcc_personality_v0)
LEFT_OUT(__gxx_personality_v0)

#define LEFT_OUT_OF_ZSTD(version)                                                                  \
  LEFT_OUT(ZBUFF##version##_createDCtx)                                                            \
  LEFT_OUT(ZBUFF##version##_decompressContinue)                                                    \
  LEFT_OUT(ZBUFF##version##_decompressInitDictionary)                                              \
  LEFT_OUT(ZBUFF##version##_freeDCtx)                                                              \
  LEFT_OUT(ZSTD##version##_createDCtx)                                                             \
  LEFT_OUT(ZSTD##version##_decompress_usingDict)                                                   \
  LEFT_OUT(ZSTD##version##_findFrameSizeInfoLegacy)                                                \
  LEFT_OUT(ZSTD##version##_freeDCtx)                                                               \
  LEFT_OUT(ZSTD##version##_getFrameParams)

LEFT_OUT_OF_ZSTD(v05)
LEFT_OUT_OF_ZSTD(v06)
LEFT_OUT_OF_ZSTD(v07)
