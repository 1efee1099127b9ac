// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a fuzz target without libFuzzer: `TARGET [--mutations N] [--seed S] FILE…` gives it each file as it is and N
// mutations of it, deterministic by seed and file. A finding aborts; the input is left in the file `finding`.
#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/os.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/random.h"

namespace petrel::fuzz {

namespace {

std::vector<u8> g_input; // NOLINT: what the signal handler writes

void keep_finding(int signal) {
  const int fd = ::open("finding", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0) {
    (void)!::write(fd, g_input.data(), g_input.size());
    ::close(fd);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

using tests::Random;

/// One to three small damages: a bit, a byte, an insertion, a removal, a copy of a stretch elsewhere.
void mutate(std::vector<u8>& bytes, Random& random) {
  for (u64 n = 1 + random.below(3); n > 0 && !bytes.empty(); --n) {
    const u64 at = random.below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(5)) {
    case 0: bytes[at] ^= static_cast<u8>(1U << random.below(8)); break;
    case 1: bytes[at] = static_cast<u8>(random.next()); break;
    case 2: bytes.insert(place, static_cast<u8>(random.next())); break;
    case 3: bytes.erase(place); break;
    default: {
      const u64 from = random.below(bytes.size());
      const u64 size = std::min<u64>({random.below(8) + 1, bytes.size() - from, bytes.size() - at});
      std::memmove(&bytes[at], &bytes[from], size);
    }
    }
  }
}

int replay(int argc, char** argv) {
  u64 mutations = 0;
  u64 seed = 1;
  u64 runs = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      mutations = std::strtoull(argv[++i], nullptr, 10);
      continue;
    }
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
      continue;
    }
    const auto file = sys::read_file(argv[i], u64{1} << 28);
    if (!file) {
      std::fprintf(stderr, "%s\n", file.error().to_string().c_str());
      return 2;
    }
    const Bytes original = file->bytes();
    Random random(seed + static_cast<u64>(i) * 1000003);
    for (u64 k = 0; k <= mutations; ++k) {
      g_input.assign(original.begin(), original.end());
      if (k != 0) {
        mutate(g_input, random);
      }
      LLVMFuzzerTestOneInput(g_input.data(), g_input.size());
      ++runs;
    }
  }
  std::printf("%" PRIu64 " inputs\n", runs);
  return 0;
}

} // namespace

} // namespace petrel::fuzz

int main(int argc, char** argv) {
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    ::signal(signal, petrel::fuzz::keep_finding);
  }
  return petrel::fuzz::replay(argc, argv);
}
