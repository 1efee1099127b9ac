// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Open-addressing hash table of 64-bit keys with linear probing and backward-shift deletion: 64-bit multiplication
// and cache-unfriendly loads.
#define KERNEL_NAME "hash"
#define KERNEL_ROUNDS 200
#include "bench.h"

#define SLOT_BITS 16
#define SLOTS (1u << SLOT_BITS)
#define KEYS 40000

typedef struct {
  uint64_t key; // 0: free
  uint32_t value;
} Slot;

static Slot slots[SLOTS];

static uint32_t home_of(uint64_t key) { return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> (64 - SLOT_BITS)); }

static Slot* find(uint64_t key) {
  uint32_t at = home_of(key);
  while (slots[at].key && slots[at].key != key) {
    at = (at + 1) & (SLOTS - 1);
  }
  return &slots[at];
}

static void insert(uint64_t key, uint32_t value) {
  Slot* slot = find(key);
  slot->key = key;
  slot->value += value;
}

static void erase(uint64_t key) {
  Slot* slot = find(key);
  if (!slot->key) {
    return;
  }
  uint32_t hole = (uint32_t)(slot - slots);
  uint32_t at = hole;
  for (;;) {
    at = (at + 1) & (SLOTS - 1);
    if (!slots[at].key) {
      break;
    }
    uint32_t distance_to_home = (at - home_of(slots[at].key)) & (SLOTS - 1);
    uint32_t distance_to_hole = (at - hole) & (SLOTS - 1);
    if (distance_to_home >= distance_to_hole) {
      slots[hole] = slots[at];
      hole = at;
    }
  }
  slots[hole].key = 0;
  slots[hole].value = 0;
}

static uint64_t key_of(uint32_t i, uint32_t round) {
  uint64_t x = (uint64_t)i * 0xd6e8feb86659fd93ull + round;
  x ^= x >> 32;
  return x * 0xd6e8feb86659fd93ull | 1;
}

static uint32_t kernel_round(uint32_t round) {
  memset(slots, 0, sizeof slots);
  for (uint32_t i = 0; i < KEYS; i++) {
    insert(key_of(i, round), i);
  }
  for (uint32_t i = 0; i < KEYS; i += 3) {
    erase(key_of(i, round));
  }
  uint32_t sum = 0;
  uint32_t found = 0;
  for (uint32_t pass = 0; pass < 3; pass++) {
    for (uint32_t i = 0; i < KEYS + KEYS / 4; i++) {
      const Slot* slot = find(key_of(i, round));
      found += slot->key != 0;
      sum += slot->value ^ pass;
    }
  }
  return mix(sum, found);
}
