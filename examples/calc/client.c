// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls every function of calc.wit in another component and prints one line each: what was called, and whether the
// answer is the expected one. So one run crosses a component boundary with every kind of value, in both directions.
#include "../guest.h"

#define CALC(name) IMPORT("petrel:calc/calc@0.1.0", name)

typedef struct {
  String* items;
  uint32_t count;
} StringList;

typedef struct {
  int32_t x;
  double y;
  String name;
} Point;

typedef struct {
  uint8_t which;
  union {
    float radius;
    double sides[2];
    String text;
  };
} Shape;

typedef struct {
  uint8_t is_some;
  uint32_t value;
} OptionU32;

typedef struct {
  uint8_t is_error;
  union {
    int32_t quotient;
    String message;
  };
} Quotient;

typedef struct {
  uint8_t is_error;
  uint8_t color;
} Checked;

typedef struct {
  String text;
  uint32_t number;
} TextAndNumber;

typedef struct {
  uint8_t is_some;
  struct {
    uint8_t is_error;
    union {
      struct {
        uint8_t number;
        String text;
      } ok;
      uint8_t color;
    };
  } value;
} EchoItem;

typedef struct {
  EchoItem* items;
  uint32_t count;
} EchoList;

typedef struct {
  uint8_t a;
  uint16_t b;
  uint32_t c;
  uint64_t d;
  int8_t e;
  int16_t f;
  int32_t g;
  int64_t h;
  float i;
  double j;
  uint8_t k;
  uint32_t l;
  String m;
  uint8_t n, o, p, q;
  uint64_t r;
} Many;

CALC("add-u8") uint32_t add_u8(uint32_t x, uint32_t y);
CALC("add-s8") int32_t add_s8(int32_t x, int32_t y);
CALC("add-u16") uint32_t add_u16(uint32_t x, uint32_t y);
CALC("add-s16") int32_t add_s16(int32_t x, int32_t y);
CALC("add-u32") uint32_t add_u32(uint32_t x, uint32_t y);
CALC("add-s32") int32_t add_s32(int32_t x, int32_t y);
CALC("add-u64") uint64_t add_u64(uint64_t x, uint64_t y);
CALC("add-s64") int64_t add_s64(int64_t x, int64_t y);
CALC("half-f32") float half_f32(float x);
CALC("half-f64") double half_f64(double x);
CALC("not") int32_t not_(int32_t x);
CALC("next-char") uint32_t next_char(uint32_t c);
CALC("shout") void shout(const char* bytes, uint32_t length, String* result);
CALC("sum") uint64_t sum(const uint32_t* numbers, uint32_t count);
CALC("reverse") void reverse(const String* words, uint32_t count, StringList* result);
CALC("rotate") void rotate(const char* bytes, uint32_t count, String* result);
CALC("mirror") void mirror(int32_t x, double y, const char* name, uint32_t length, Point* result);
CALC("grow") void grow(int32_t which, uint64_t first, uint64_t second, Shape* result);
CALC("half") void half(uint32_t n, OptionU32* result);
CALC("divide") void divide(int32_t dividend, int32_t divisor, Quotient* result);
CALC("check") void check(uint32_t n, Checked* result);
CALC("swap") void swap(uint32_t number, const char* bytes, uint32_t length, TextAndNumber* result);
CALC("next-color") uint32_t next_color(uint32_t color);
CALC("toggle") uint32_t toggle(uint32_t permissions);
CALC("toggle-wide") uint32_t toggle_wide(uint32_t flags);
CALC("echo") void echo(const EchoItem* items, uint32_t count, EchoList* result);
CALC("many") double many(const Many* parameters);
CALC("[constructor]counter") int32_t counter_new(int32_t start);
CALC("[method]counter.add") int32_t counter_add(int32_t counter, int32_t n);
CALC("[static]counter.merge") int32_t counter_merge(int32_t owned, int32_t borrowed);
CALC("[resource-drop]counter") void counter_drop(int32_t counter);
CALC("live-counters") uint32_t live_counters(void);

static uint32_t failures;

static void report(const char* what, int good) {
  print(what);
  print(good ? ": ok\n" : ": WRONG\n");
  failures += !good;
}

static int is(String text, const char* expected) {
  if (text.length != string_length(expected)) {
    return 0;
  }
  for (uint32_t i = 0; i < text.length; i++) {
    if (text.bytes[i] != expected[i]) {
      return 0;
    }
  }
  return 1;
}

static uint64_t bits_of(double value) {
  union {
    double value;
    uint64_t bits;
  } pun = {value};
  return pun.bits;
}

static uint32_t bits_of_float(float value) {
  union {
    float value;
    uint32_t bits;
  } pun = {value};
  return pun.bits;
}

static void numbers(void) {
  report("u8", add_u8(200, 100) == 44);
  report("s8", add_s8(100, 100) == -56);
  report("u16", add_u16(65535, 2) == 1);
  report("s16", add_s16(-32768, -1) == 32767);
  report("u32", add_u32(0xffffffffu, 2) == 1);
  report("s32", add_s32(INT32_MIN, -1) == INT32_MAX);
  report("u64", add_u64(UINT64_MAX, 2) == 1);
  report("s64", add_s64(INT64_MIN, 5) == INT64_MIN + 5);
  report("f32", half_f32(3.0f) == 1.5f);
  report("f64", half_f64(-0.25) == -0.125);
  report("bool", not_(0) == 1 && not_(1) == 0 && not_(2) == 0); // any bit set is true
  report("char", next_char('a') == 'b' && next_char(0xd7ff) == 0xe000);
}

static void strings_and_lists(void) {
  String text;
  shout("gr\xc3\xbc\xc3\x9f e", 8, &text);
  report("string", is(text, "GR\xc3\xbc\xc3\x9f E!"));
  shout("", 0, &text);
  report("empty string", is(text, "!"));
  static const uint32_t many_numbers[4] = {1, 2, 3, 0xffffffffu};
  report("list of u32", sum(many_numbers, 4) == 0x100000005ull && sum(many_numbers, 0) == 0);
  const String words[3] = {{"one", 3}, {"", 0}, {"three", 5}};
  StringList turned;
  reverse(words, 3, &turned);
  report("list of string", turned.count == 3 && is(turned.items[0], "three") && is(turned.items[1], "") && is(turned.items[2], "one"));
  rotate("abcd", 4, &text);
  report("list of u8", is(text, "bcda"));
}

static void aggregates(void) {
  Point point;
  mirror(5, 2.5, "p", 1, &point);
  report("record", point.x == -5 && point.y == -2.5 && is(point.name, "p"));
  Shape shape;
  grow(0, bits_of_float(1.5f), 0, &shape);
  report("variant circle", shape.which == 0 && shape.radius == 3.0f);
  grow(1, bits_of(1.0), bits_of(2.5), &shape);
  report("variant rectangle", shape.which == 1 && shape.sides[0] == 2.0 && shape.sides[1] == 5.0);
  grow(2, (uint64_t)(uintptr_t) "ab", 2, &shape);
  report("variant label", shape.which == 2 && is(shape.text, "abab"));
  grow(3, 0, 0, &shape);
  report("variant nothing", shape.which == 3);
  OptionU32 option;
  half(10, &option);
  report("option some", option.is_some && option.value == 5);
  half(9, &option);
  report("option none", !option.is_some);
  Quotient quotient;
  divide(-7, 2, &quotient);
  report("result ok", !quotient.is_error && quotient.quotient == -3);
  divide(1, 0, &quotient);
  report("result error", quotient.is_error && is(quotient.message, "division by zero"));
  Checked checked;
  check(2, &checked);
  report("result with enum", checked.is_error && checked.color == 2);
  check(3, &checked);
  report("result of nothing", !checked.is_error);
  TextAndNumber swapped;
  swap(7, "seven", 5, &swapped);
  report("tuple", swapped.number == 7 && is(swapped.text, "seven"));
  report("enum", next_color(0) == 1 && next_color(2) == 0);
  report("flags", toggle(1) == 6 && toggle_wide(0x80001) == 0x7fffe);
  EchoItem items[3] = {{0}, {1, {0, {.ok = {200, {"text", 4}}}}}, {1, {1, {.color = 1}}}};
  EchoList list;
  echo(items, 3, &list);
  report("nested", list.count == 3 && !list.items[0].is_some && list.items[1].is_some && !list.items[1].value.is_error &&
                       list.items[1].value.ok.number == 200 && is(list.items[1].value.ok.text, "text") &&
                       list.items[2].value.is_error && list.items[2].value.color == 1);
  const Many parameters = {1, 2, 3, 4, -1, -2, -3, -4, 0.5f, 0.25, 1, 'A', {"abc", 3}, 1, 1, 1, 1, 100};
  report("many parameters", many(&parameters) == 173.75);
}

static void resources(void) {
  int32_t first = counter_new(10);
  int32_t second = counter_new(-3);
  report("own, borrow", counter_add(first, 5) == 15 && counter_add(second, 1) == -2 && live_counters() == 2);
  int32_t merged = counter_merge(first, second);
  report("own passed on", counter_add(merged, 0) == 13 && live_counters() == 2);
  counter_drop(second);
  counter_drop(merged);
  report("destructor", live_counters() == 0);
}

static int guest_main(void) {
  numbers();
  strings_and_lists();
  aggregates();
  resources();
  print(failures ? "failed\n" : "all as expected\n");
  return failures != 0;
}
