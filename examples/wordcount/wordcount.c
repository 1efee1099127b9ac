// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the words of standard input and prints them by descending count, then by name: an ordinary C program against
// wasi-libc, made a component with the preview 1 adapter.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char* word;
  unsigned count;
} Entry;

static Entry* entries;
static size_t entry_count;

static void add(const char* word) {
  for (size_t i = 0; i < entry_count; i++) {
    if (strcmp(entries[i].word, word) == 0) {
      entries[i].count++;
      return;
    }
  }
  Entry* more = realloc(entries, (entry_count + 1) * sizeof *entries);
  if (!more) {
    abort();
  }
  entries = more;
  entries[entry_count].word = strdup(word);
  entries[entry_count].count = 1;
  entry_count++;
}

static int by_count(const void* left, const void* right) {
  const Entry* a = left;
  const Entry* b = right;
  if (a->count != b->count) {
    return a->count < b->count ? 1 : -1;
  }
  return strcmp(a->word, b->word);
}

int main(void) {
  char word[64];
  size_t length = 0;
  int c;
  do {
    c = getchar();
    if (c != EOF && isalnum(c)) {
      if (length + 1 < sizeof word) {
        word[length++] = (char)tolower(c);
      }
    } else if (length) {
      word[length] = 0;
      add(word);
      length = 0;
    }
  } while (c != EOF);
  qsort(entries, entry_count, sizeof *entries, by_count);
  for (size_t i = 0; i < entry_count; i++) {
    printf("%u %s\n", entries[i].count, entries[i].word);
  }
  printf("%zu different words\n", entry_count);
  return 0;
}
