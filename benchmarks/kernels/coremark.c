// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CoreMark-like mix, our own program (never reported as "CoreMark"): a linked list that is searched, sorted and
// reversed, a 16-bit integer matrix, a state machine over text, and a bitwise CRC-16 over all results.
#define KERNEL_NAME "coremark"
#define KERNEL_ROUNDS 400
#include "bench.h"

#define LIST_NODES 256
#define MATRIX_SIDE 24
#define TEXT_BYTES 1024
#define PASSES 24

typedef struct Node {
  struct Node* next;
  int16_t key;
  int16_t order;
} Node;

static uint16_t crc16(uint16_t crc, uint16_t word) {
  for (int bit = 0; bit < 16; bit++) {
    uint16_t take = (uint16_t)((crc ^ word) & 1);
    crc = (uint16_t)(crc >> 1);
    if (take) {
      crc ^= 0xa001;
    }
    word = (uint16_t)(word >> 1);
  }
  return crc;
}

static Node nodes[LIST_NODES];

static Node* list_make(void) {
  for (int i = 0; i < LIST_NODES; i++) {
    nodes[i].next = i + 1 < LIST_NODES ? &nodes[i + 1] : NULL;
    nodes[i].key = (int16_t)(random_u32() & 0x7fff);
    nodes[i].order = (int16_t)i;
  }
  return nodes;
}

static Node* list_find(Node* list, int16_t key) {
  while (list && (list->key & 0xff) != (key & 0xff)) {
    list = list->next;
  }
  return list;
}

static Node* list_reverse(Node* list) {
  Node* done = NULL;
  while (list) {
    Node* next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static int by_key(const Node* a, const Node* b) { return a->key - b->key; }
static int by_order(const Node* a, const Node* b) { return a->order - b->order; }

// Bottom-up merge sort of a list, stable.
static Node* list_sort(Node* list, int (*compare)(const Node*, const Node*)) {
  for (int width = 1;; width *= 2) {
    Node* head = NULL;
    Node** tail = &head;
    int merges = 0;
    Node* left = list;
    while (left) {
      merges++;
      Node* right = left;
      int left_count = 0;
      while (left_count < width && right) {
        right = right->next;
        left_count++;
      }
      int right_count = width;
      while (left_count > 0 || (right_count > 0 && right)) {
        int take_left = left_count > 0 && (right_count == 0 || !right || compare(left, right) <= 0);
        Node* node = take_left ? left : right;
        if (take_left) {
          left = left->next;
          left_count--;
        } else {
          right = right->next;
          right_count--;
        }
        *tail = node;
        tail = &node->next;
      }
      left = right;
    }
    *tail = NULL;
    list = head;
    if (merges <= 1) {
      return list;
    }
  }
}

static uint16_t list_pass(uint16_t crc, int16_t salt) {
  Node* list = list_make();
  for (int16_t i = 0; i < 32; i++) {
    Node* found = list_find(list, (int16_t)(salt + i * 7));
    crc = crc16(crc, found ? (uint16_t)found->order : 0xffff);
    list = list_reverse(list);
  }
  list = list_sort(list, by_key);
  for (Node* node = list; node; node = node->next) {
    crc = crc16(crc, (uint16_t)node->key);
  }
  list = list_sort(list, by_order);
  return crc16(crc, (uint16_t)list->key);
}

static int16_t matrix_a[MATRIX_SIDE][MATRIX_SIDE];
static int16_t matrix_b[MATRIX_SIDE][MATRIX_SIDE];
static int32_t matrix_c[MATRIX_SIDE][MATRIX_SIDE];

static uint16_t matrix_pass(uint16_t crc, int16_t salt) {
  for (int i = 0; i < MATRIX_SIDE; i++) {
    for (int j = 0; j < MATRIX_SIDE; j++) {
      matrix_a[i][j] = (int16_t)((i * 31 + j * 17 + salt) & 0xff);
      matrix_b[i][j] = (int16_t)((i * 7 - j * 3 + salt) & 0x7f);
    }
  }
  for (int i = 0; i < MATRIX_SIDE; i++) {
    for (int j = 0; j < MATRIX_SIDE; j++) {
      int32_t dot = 0;
      for (int k = 0; k < MATRIX_SIDE; k++) {
        int32_t product = matrix_a[i][k] * matrix_b[k][j];
        dot += ((product >> 2) & 0xf) * ((product >> 5) & 0x7f);
      }
      matrix_c[i][j] = dot;
    }
  }
  int32_t previous = 0;
  int32_t score = 0;
  for (int i = 0; i < MATRIX_SIDE; i++) {
    for (int j = 0; j < MATRIX_SIDE; j++) {
      score += matrix_c[i][j] > previous ? 10 : 1;
      previous = matrix_c[i][j];
    }
    crc = crc16(crc, (uint16_t)score);
  }
  return crc;
}

typedef enum { kStart, kSign, kInteger, kPoint, kFraction, kExponent, kPower, kBad, kStates } State;

static State state_step(State state, char c) {
  int digit = c >= '0' && c <= '9';
  switch (state) {
  case kStart:
    return digit ? kInteger : (c == '+' || c == '-') ? kSign : c == '.' ? kPoint : kBad;
  case kSign:
    return digit ? kInteger : c == '.' ? kPoint : kBad;
  case kInteger:
    return digit ? kInteger : c == '.' ? kFraction : (c == 'e' || c == 'E') ? kExponent : kBad;
  case kPoint:
  case kFraction:
    return digit ? kFraction : (c == 'e' || c == 'E') ? kExponent : kBad;
  case kExponent:
    return digit || c == '+' || c == '-' ? kPower : kBad;
  case kPower:
    return digit ? kPower : kBad;
  case kBad:
  case kStates:
    break;
  }
  return kBad;
}

static uint16_t text_pass(uint16_t crc, uint32_t salt) {
  static const char* const samples[] = {"5012", "-874", "+122", "35.54", ".12e3", "-3.1e+7", "6e", "T0.3e-1", "1a", "+", "77..8"};
  static char text[TEXT_BYTES];
  uint32_t used = 0;
  for (uint32_t pick = salt; used + 9 < TEXT_BYTES; pick += 5) {
    const char* sample = samples[pick % (sizeof samples / sizeof samples[0])];
    while (*sample) {
      text[used++] = *sample++;
    }
    text[used++] = ',';
  }
  uint32_t finals[kStates] = {0};
  uint32_t steps[kStates] = {0};
  State state = kStart;
  for (uint32_t i = 0; i < used; i++) {
    if (text[i] == ',') {
      finals[state]++;
      state = kStart;
      continue;
    }
    state = state_step(state, text[i]);
    steps[state]++;
  }
  for (int i = 0; i < kStates; i++) {
    crc = crc16(crc16(crc, (uint16_t)finals[i]), (uint16_t)steps[i]);
  }
  return crc;
}

static uint32_t kernel_round(uint32_t round) {
  uint16_t crc = (uint16_t)round;
  for (int pass = 0; pass < PASSES; pass++) {
    crc = list_pass(crc, (int16_t)(pass + (int)round));
    crc = matrix_pass(crc, (int16_t)(crc & 0x3f));
    crc = text_pass(crc, crc);
  }
  return crc;
}
