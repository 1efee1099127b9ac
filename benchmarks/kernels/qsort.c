// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quicksort of records with an own stack of ranges, median of three, insertion sort for short ranges: unpredictable
// branches and 8-byte moves.
#define KERNEL_NAME "qsort"
#define KERNEL_ROUNDS 90
#include "bench.h"

#define RECORDS 80000

typedef struct {
  uint32_t key;
  uint32_t tag;
} Record;

static Record records[RECORDS];

static void swap(Record* x, Record* y) {
  Record held = *x;
  *x = *y;
  *y = held;
}

static void insertion_sort(Record* low, Record* high) {
  for (Record* at = low + 1; at <= high; at++) {
    Record held = *at;
    Record* to = at;
    while (to > low && to[-1].key > held.key) {
      *to = to[-1];
      to--;
    }
    *to = held;
  }
}

static void sort(Record* low, Record* high) {
  struct {
    Record* low;
    Record* high;
  } ranges[64];
  int depth = 0;
  for (;;) {
    if (high - low < 12) {
      insertion_sort(low, high);
      if (depth == 0) {
        return;
      }
      depth--;
      low = ranges[depth].low;
      high = ranges[depth].high;
      continue;
    }
    Record* middle = low + (high - low) / 2;
    if (middle->key < low->key) {
      swap(middle, low);
    }
    if (high->key < low->key) {
      swap(high, low);
    }
    if (high->key < middle->key) {
      swap(high, middle);
    }
    uint32_t pivot = middle->key;
    Record* i = low;
    Record* j = high;
    while (i <= j) {
      while (i->key < pivot) {
        i++;
      }
      while (j->key > pivot) {
        j--;
      }
      if (i <= j) {
        swap(i, j);
        i++;
        j--;
      }
    }
    // The longer side waits, so the stack holds at most log2(RECORDS) ranges.
    if (j - low > high - i) {
      ranges[depth].low = low;
      ranges[depth++].high = j;
      low = i;
    } else {
      ranges[depth].low = i;
      ranges[depth++].high = high;
      high = j;
    }
  }
}

static uint32_t kernel_round(uint32_t round) {
  for (uint32_t i = 0; i < RECORDS; i++) {
    records[i].key = random_u32() >> (round % 13);
    records[i].tag = i;
  }
  sort(records, records + RECORDS - 1);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < RECORDS; i += 16) {
    if (i > 0 && records[i - 1].key > records[i].key) {
      return 0xdead;
    }
    sum = mix(sum, records[i].key);
  }
  return sum;
}
