// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes and validates a module several times and prints how much processor time each took: what benchmarks/load.py compares with
// other engines. The file is read as wasmrun reads it.
//
//   bench-validate FILE TIMES [noside]
//
// Output: a line "code C side-table S image I read-ns R peak-kib P" (bytes; P: highest resident size so far), then a line of
// nanoseconds per time. "noside" leaves the side table out of the image.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/os.h"
#include "frontend/module_decoder.h"

namespace {

/// Processor time of this process: what others run on the machine does not count.
long long cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// Highest resident size so far.
long peak_kib() {
  long peak = 0;
  char line[256];
  if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
    while (std::fgets(line, sizeof line, status) != nullptr) {
      if (std::strncmp(line, "VmHWM:", 6) == 0) {
        peak = std::strtol(line + 6, nullptr, 10);
      }
    }
    std::fclose(status);
  }
  return peak;
}

int failed(const petrel::Error& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench-validate FILE TIMES [noside]\n");
    return 2;
  }
  petrel::DecodeOptions options;
  options.side_table = argc < 4;
  const long long read_start = cpu_ns();
  const auto file = petrel::sys::read_file(argv[1], options.limits.module_size);
  const long long read_ns = cpu_ns() - read_start;
  if (!file) {
    return failed(file.error());
  }
  const petrel::Bytes bytes = file->bytes();
  for (int i = 0, times = std::atoi(argv[2]); i < times; ++i) {
    const long long start = cpu_ns();
    const auto image = petrel::decode_module(bytes, 0, bytes.size(), options);
    const long long ns = cpu_ns() - start;
    if (!image) {
      return failed(image.error());
    }
    if (i == 0) {
      const petrel::ir::Module module = image->module();
      petrel::u64 code_bytes = 0;
      for (const petrel::ir::Func& func : module.funcs()) {
        code_bytes += func.body_end - func.code_start;
      }
      std::printf("code %llu side-table %llu image %llu read-ns %lld peak-kib %ld\n",
                  static_cast<unsigned long long>(code_bytes),
                  static_cast<unsigned long long>(module.side_table().size_bytes()),
                  static_cast<unsigned long long>(image->bytes().size()), read_ns, peak_kib());
    }
    std::printf("%lld ", ns);
  }
  std::printf("\n");
  return 0;
}
