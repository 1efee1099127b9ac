// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte-oriented LZ compressor with a hash of three-byte prefixes and short chains, its decompressor, and a comparison
// of the round trip.
//
//   token 0x00-0x7f        literal run of token + 1 bytes, which follow
//   token 0x80-0xff, b, b  match of (token & 0x7f) + 4 bytes, 16-bit little-endian distance
#define KERNEL_NAME "lz"
#define KERNEL_ROUNDS 350
#include "bench.h"

#define INPUT_BYTES 200000u
#define HASH_BITS 13
#define WINDOW 65535u
#define MIN_MATCH 4u
#define MAX_MATCH (127u + MIN_MATCH)
#define MAX_CHAIN 12

static uint8_t input[INPUT_BYTES];
static uint8_t packed[INPUT_BYTES + INPUT_BYTES / 64 + 16];
static uint8_t unpacked[INPUT_BYTES];
static uint32_t heads[1 << HASH_BITS];
static uint32_t previous[INPUT_BYTES];

static void make_input(void) {
  static const char* const phrases[8] = {"the petrel flies low ", "over the water ", "and weighs nothing; ", "module ", "component ", "linear memory ", "(i32.add) ", "0123456789"};
  uint32_t used = 0;
  while (used < INPUT_BYTES) {
    uint32_t pick = random_u32();
    if ((pick & 15) == 0) {
      input[used++] = (uint8_t)(pick >> 8);
      continue;
    }
    for (const char* c = phrases[(pick >> 20) & 7]; *c && used < INPUT_BYTES; c++) {
      input[used++] = (uint8_t)*c;
    }
  }
}

static uint32_t hash_at(const uint8_t* at) {
  uint32_t word = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
  return (word * 2654435761u) >> (32 - HASH_BITS);
}

static uint32_t flush_literals(uint32_t out, uint32_t from, uint32_t to) {
  while (from < to) {
    uint32_t count = to - from > 128 ? 128 : to - from;
    packed[out++] = (uint8_t)(count - 1);
    memcpy(packed + out, input + from, count);
    out += count;
    from += count;
  }
  return out;
}

static uint32_t compress(void) {
  memset(heads, 0xff, sizeof heads);
  uint32_t out = 0;
  uint32_t literals_from = 0;
  uint32_t at = 0;
  while (at + MIN_MATCH <= INPUT_BYTES) {
    uint32_t hash = hash_at(input + at);
    uint32_t best_length = 0;
    uint32_t best_distance = 0;
    uint32_t candidate = heads[hash];
    for (uint32_t tries = 0; tries < MAX_CHAIN && candidate != UINT32_MAX && at - candidate <= WINDOW; tries++) {
      uint32_t most = INPUT_BYTES - at < MAX_MATCH ? INPUT_BYTES - at : MAX_MATCH;
      uint32_t length = 0;
      while (length < most && input[candidate + length] == input[at + length]) {
        length++;
      }
      if (length > best_length) {
        best_length = length;
        best_distance = at - candidate;
      }
      candidate = previous[candidate];
    }
    uint32_t advance = 1;
    if (best_length >= MIN_MATCH) {
      out = flush_literals(out, literals_from, at);
      packed[out++] = (uint8_t)(0x80 | (best_length - MIN_MATCH));
      packed[out++] = (uint8_t)best_distance;
      packed[out++] = (uint8_t)(best_distance >> 8);
      advance = best_length;
      literals_from = at + advance;
    }
    for (uint32_t end = at + advance; at < end; at++) {
      if (at + 3 <= INPUT_BYTES) {
        uint32_t slot = hash_at(input + at);
        previous[at] = heads[slot];
        heads[slot] = at;
      }
    }
  }
  return flush_literals(out, literals_from, INPUT_BYTES);
}

static uint32_t decompress(uint32_t packed_bytes) {
  uint32_t out = 0;
  for (uint32_t at = 0; at < packed_bytes;) {
    uint8_t token = packed[at++];
    if (token < 0x80) {
      memcpy(unpacked + out, packed + at, token + 1u);
      at += token + 1u;
      out += token + 1u;
      continue;
    }
    uint32_t length = (token & 0x7fu) + MIN_MATCH;
    uint32_t distance = (uint32_t)packed[at] | (uint32_t)packed[at + 1] << 8;
    at += 2;
    for (uint32_t i = 0; i < length; i++, out++) {
      unpacked[out] = unpacked[out - distance];
    }
  }
  return out;
}

static uint32_t kernel_round(uint32_t round) {
  if (round == 0) {
    make_input();
  }
  input[(round * 7919) % INPUT_BYTES] ^= 0x21;
  uint32_t packed_bytes = compress();
  uint32_t bytes = decompress(packed_bytes);
  if (bytes != INPUT_BYTES || memcmp(input, unpacked, INPUT_BYTES) != 0) {
    return 0xdead;
  }
  uint32_t sum = packed_bytes;
  for (uint32_t i = 0; i < packed_bytes; i += 37) {
    sum = mix(sum, packed[i]);
  }
  return sum;
}
