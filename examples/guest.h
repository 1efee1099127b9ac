// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the freestanding examples share: no libc, only the host functions they show.
//
// The same program is built twice. With PREVIEW1 defined it becomes a core module that imports
// wasi_snapshot_preview1 and exports _start; without, a component that imports WASI 0.2 and exports wasi:cli/run. A
// program includes this header and defines guest_main(), whose result is the exit status (0: run answers ok,
// otherwise err).
#pragma once

#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, field) __attribute__((import_module(module), import_name(field)))
#define EXPORT(name) __attribute__((export_name(name)))
#define NOINLINE __attribute__((noinline))

typedef struct {
  char* bytes;
  uint32_t length;
} String;

// Kept a function of its own, so that it has a name in backtraces.
NOINLINE static int guest_main(void);

// The compiler turns loops and assignments into calls of these two.
void* memcpy(void* to, const void* from, size_t count) {
  __builtin_memcpy(to, from, count); // the memory.copy instruction
  return to;
}

void* memset(void* to, int value, size_t count) {
  __builtin_memset(to, value, count); // the memory.fill instruction
  return to;
}

// Memory for what the host hands over: a bump allocator that never frees. Grows the memory when needed.
extern char __heap_base;
static char* arena_top = &__heap_base;

__attribute__((unused)) static char* arena_take(uint32_t align, uint32_t size) {
  char* start = (char*)(((uintptr_t)arena_top + align - 1) & -(uintptr_t)align);
  arena_top = start + size;
  uintptr_t have = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  if ((uintptr_t)arena_top > have) {
    __builtin_wasm_memory_grow(0, ((uintptr_t)arena_top - have + 0xffff) >> 16);
  }
  return start;
}

static uint32_t string_length(const char* text) {
  uint32_t length = 0;
  while (text[length]) {
    length++;
  }
  return length;
}

#ifdef PREVIEW1

IMPORT("wasi_snapshot_preview1", "fd_write")
int32_t p1_fd_write(int32_t fd, const String* pieces, uint32_t count, uint32_t* written);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void p1_proc_exit(int32_t status);

static void print_bytes(const char* bytes, uint32_t length) {
  while (length) {
    String piece = {(char*)bytes, length};
    uint32_t written = 0;
    if (p1_fd_write(1, &piece, 1, &written) != 0 || written == 0) {
      return;
    }
    bytes += written;
    length -= written;
  }
}

EXPORT("_start") void guest_start(void) {
  int status = guest_main();
  if (status) {
    p1_proc_exit(status);
  }
}

#else

typedef struct {
  uint8_t is_error;
  uint8_t error_case; // of stream-error: 0 last-operation-failed, 1 closed
  uint32_t error;
} StreamResult;

IMPORT("wasi:cli/stdout@0.2.12", "get-stdout") int32_t p2_get_stdout(void);
IMPORT("wasi:io/streams@0.2.12", "[method]output-stream.blocking-write-and-flush")
void p2_blocking_write_and_flush(int32_t stream, const char* bytes, uint32_t length,
                                 StreamResult* result);
IMPORT("wasi:io/streams@0.2.12", "[resource-drop]output-stream")
void p2_drop_output_stream(int32_t stream);

// Called by the host for every string or list it hands over.
EXPORT("cabi_realloc")
char* cabi_realloc(char* old, uint32_t old_size, uint32_t align, uint32_t new_size) {
  char* fresh = arena_take(align, new_size);
  memcpy(fresh, old, old_size < new_size ? old_size : new_size);
  return fresh;
}

static void print_bytes(const char* bytes, uint32_t length) {
  static int32_t out = -1;
  if (out < 0) {
    out = p2_get_stdout();
  }
  while (length) {
    uint32_t part = length < 4096 ? length : 4096; // more per call is a trap
    StreamResult result;
    p2_blocking_write_and_flush(out, bytes, part, &result);
    if (result.is_error) {
      return;
    }
    bytes += part;
    length -= part;
  }
}

EXPORT("wasi:cli/run@0.2.12#run") int32_t guest_run(void) { return guest_main() != 0; }

#endif

__attribute__((unused)) static void print(const char* text) {
  print_bytes(text, string_length(text));
}

__attribute__((unused)) static void print_number(uint32_t number) {
  char digits[10];
  uint32_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  print_bytes(digits + at, (uint32_t)sizeof digits - at);
}
