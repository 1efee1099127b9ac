// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "ir/cwasm.h"

namespace petrel::runtime {

namespace {

using ir::CpuFeature;

constexpr u64 bit(CpuFeature feature) { return u64{1} << static_cast<u32>(feature); }

#if defined(__x86_64__)
u64 present_features() {
  u64 present = 0;
  auto set = [&](u32 word, u32 bit_number, CpuFeature feature) {
    if ((word >> bit_number & 1) != 0) {
      present |= bit(feature);
    }
  };
  u32 a = 0;
  u32 b = 0;
  u32 c = 0;
  u32 d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) {
    return 0;
  }
  set(c, 20, CpuFeature::x86_sse42);
  set(c, 23, CpuFeature::x86_popcnt);
  set(c, 22, CpuFeature::x86_movbe);
  u32 enabled = 0; // register state that the kernel saves
  if ((c >> 27 & 1) != 0) {
    u32 high = 0;
    asm volatile("xgetbv" : "=a"(enabled), "=d"(high) : "c"(0));
  }
  const bool has_ymm = (enabled & 6) == 6;
  const bool has_zmm = (enabled & 0xe6) == 0xe6;
  if (has_ymm) {
    set(c, 28, CpuFeature::x86_avx);
    set(c, 12, CpuFeature::x86_fma);
    set(c, 29, CpuFeature::x86_f16c);
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
    set(b, 3, CpuFeature::x86_bmi1);
    set(b, 8, CpuFeature::x86_bmi2);
    if (has_ymm) {
      set(b, 5, CpuFeature::x86_avx2);
    }
    if (has_zmm) {
      set(b, 16, CpuFeature::x86_avx512);
    }
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d) != 0) {
    set(c, 5, CpuFeature::x86_lzcnt);
  }
  return present;
}
#elif defined(__aarch64__)
u64 present_features() {
  const u64 hwcap = getauxval(AT_HWCAP);
  const u64 hwcap2 = getauxval(AT_HWCAP2);
  u64 present = 0;
  auto set = [&](u64 word, u32 bit_number, CpuFeature feature) {
    if ((word >> bit_number & 1) != 0) {
      present |= bit(feature);
    }
  };
  set(hwcap, 8, CpuFeature::arm_lse);
  set(hwcap, 20, CpuFeature::arm_dotprod);
  set(hwcap, 9, CpuFeature::arm_fp16);
  set(hwcap, 15, CpuFeature::arm_rcpc);
  set(hwcap, 22, CpuFeature::arm_sve);
  set(hwcap2, 1, CpuFeature::arm_sve2);
  return present;
}
#endif

constexpr const char* kNames[] = {
    "sse4.2", "popcnt", "avx", "avx2",    "bmi1", "bmi2", "fma",  "lzcnt", "f16c",
    "movbe",  "avx512", "lse", "dotprod", "fp16", "sve",  "sve2", "rcpc",
};

} // namespace

std::string missing_cpu_features(u64 needed) {
  if (needed == 0) {
    return {};
  }
  const u64 missing = needed & ~present_features();
  std::string names;
  for (u32 i = 0; i < 64; ++i) {
    if ((missing >> i & 1) != 0) {
      names += names.empty() ? "" : ", ";
      names += i < sizeof kNames / sizeof kNames[0] ? kNames[i] : "an unknown feature";
    }
  }
  return names;
}

} // namespace petrel::runtime
