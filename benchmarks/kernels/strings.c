// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strings on the heap: words are generated, joined, searched, reversed, counted and freed; malloc, free, memcpy,
// strlen and byte loops.
#define KERNEL_NAME "strings"
#define KERNEL_ROUNDS 350
#include "bench.h"

#define WORDS 4000

typedef struct {
  char* bytes;
  uint32_t length;
  uint32_t capacity;
} Buffer;

static void append(Buffer* buffer, const char* bytes, uint32_t length) {
  if (buffer->length + length + 1 > buffer->capacity) {
    uint32_t capacity = buffer->capacity ? buffer->capacity : 16;
    while (buffer->length + length + 1 > capacity) {
      capacity *= 2;
    }
    char* bigger = malloc(capacity);
    if (buffer->length) {
      memcpy(bigger, buffer->bytes, buffer->length);
    }
    free(buffer->bytes);
    buffer->bytes = bigger;
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
  buffer->bytes[buffer->length] = 0;
}

static char* make_word(uint32_t* length) {
  static const char syllables[16][4] = {"pe", "tre", "l", "wa", "se", "mi", "ro", "ka", "lu", "ne", "to", "gul", "an", "o", "shi", "bre"};
  char text[32];
  uint32_t used = 0;
  uint32_t bits = random_u32();
  for (uint32_t i = 0; i < 1 + (bits >> 28) % 5; i++) {
    const char* part = syllables[(bits >> (4 * i)) & 15];
    uint32_t part_length = (uint32_t)strlen(part);
    memcpy(text + used, part, part_length);
    used += part_length;
  }
  char* word = malloc(used + 1);
  memcpy(word, text, used);
  word[used] = 0;
  *length = used;
  return word;
}

static void reverse(char* bytes, uint32_t length) {
  for (uint32_t i = 0, j = length; i + 1 < j; i++) {
    j--;
    char held = bytes[i];
    bytes[i] = bytes[j];
    bytes[j] = held;
  }
}

static uint32_t count_occurrences(const char* text, uint32_t length, const char* needle, uint32_t needle_length) {
  uint32_t found = 0;
  for (uint32_t at = 0; at + needle_length <= length; at++) {
    uint32_t same = 0;
    while (same < needle_length && text[at + same] == needle[same]) {
      same++;
    }
    found += same == needle_length;
  }
  return found;
}

static uint32_t append_number(Buffer* buffer, uint32_t number) {
  char digits[12];
  uint32_t used = 0;
  do {
    digits[used++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  reverse(digits, used);
  append(buffer, digits, used);
  return used;
}

static uint32_t kernel_round(uint32_t round) {
  static char* words[WORDS];
  static uint32_t lengths[WORDS];
  Buffer line = {0};
  for (uint32_t i = 0; i < WORDS; i++) {
    words[i] = make_word(&lengths[i]);
  }
  for (uint32_t i = 0; i < WORDS; i++) {
    append(&line, words[i], lengths[i]);
    append(&line, " ", 1);
    append_number(&line, i * round);
    append(&line, i % 9 == 8 ? "\n" : ", ", i % 9 == 8 ? 1 : 2);
  }
  uint32_t sum = line.length;
  for (uint32_t i = 0; i < 24; i++) {
    uint32_t pick = (i * 163 + round) % WORDS;
    sum = mix(sum, count_occurrences(line.bytes, line.length, words[pick], lengths[pick]));
  }
  for (uint32_t i = 0; i < WORDS; i++) {
    reverse(words[i], lengths[i]);
    sum = mix(sum, (uint32_t)(uint8_t)words[i][0] + lengths[i]);
    free(words[i]);
  }
  // Count words and upper-case their first letters in place.
  uint32_t in_word = 0;
  uint32_t counted = 0;
  for (uint32_t i = 0; i < line.length; i++) {
    char c = line.bytes[i];
    uint32_t letter = c >= 'a' && c <= 'z';
    if (letter && !in_word) {
      counted++;
      line.bytes[i] = (char)(c - 'a' + 'A');
    }
    in_word = letter;
  }
  for (uint32_t i = 0; i < line.length; i += 101) {
    sum = mix(sum, (uint8_t)line.bytes[i]);
  }
  free(line.bytes);
  return mix(sum, counted);
}
