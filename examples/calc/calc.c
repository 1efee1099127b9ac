// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every kind of value across a component boundary, by hand: parameters arrive flat (or, above sixteen, behind one
// pointer), a result larger than one flat value is returned behind a pointer, and the post-return function called
// afterwards gives the memory back. The C structs below have exactly the layout of the canonical ABI.
#include <stddef.h>
#include <stdint.h>

#define INTERFACE "petrel:calc/calc@0.1.0"
#define EXPORT(name) __attribute__((export_name(INTERFACE "#" name)))
#define POST(name) __attribute__((export_name("cabi_post_" INTERFACE "#" name)))
#define IMPORT(name) __attribute__((import_module("[export]" INTERFACE), import_name(name)))

typedef struct {
  char* bytes;
  uint32_t length;
} String;

typedef struct {
  String* items;
  uint32_t count;
} StringList;

void* memcpy(void* to, const void* from, size_t count) {
  __builtin_memcpy(to, from, count);
  return to;
}

// --- memory: a bump allocator, emptied after each call --------------------------------------------------------------
extern char __heap_base;
static char* arena_top = &__heap_base;

static void* take(uint32_t align, uint32_t size) {
  char* start = (char*)(((uintptr_t)arena_top + align - 1) & -(uintptr_t)align);
  arena_top = start + size;
  uintptr_t have = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  if ((uintptr_t)arena_top > have &&
      __builtin_wasm_memory_grow(0, ((uintptr_t)arena_top - have + 0xffff) >> 16) == (size_t)-1) {
    __builtin_trap();
  }
  return start;
}

static void empty_arena(void) { arena_top = &__heap_base; }

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, uint32_t old_size, uint32_t align,
                                                                uint32_t new_size) {
  void* fresh = take(align, new_size);
  memcpy(fresh, old, old_size < new_size ? old_size : new_size);
  return fresh;
}

static String text_of(const char* literal) {
  uint32_t length = 0;
  while (literal[length]) {
    length++;
  }
  return (String){(char*)literal, length};
}

// --- numbers --------------------------------------------------------------------------------------------------------
// Narrow results must come back in range, so they are cut to their width here.
EXPORT("add-u8") uint32_t add_u8(uint32_t x, uint32_t y) { return (uint8_t)(x + y); }
EXPORT("add-s8") int32_t add_s8(int32_t x, int32_t y) { return (int8_t)(x + y); }
EXPORT("add-u16") uint32_t add_u16(uint32_t x, uint32_t y) { return (uint16_t)(x + y); }
EXPORT("add-s16") int32_t add_s16(int32_t x, int32_t y) { return (int16_t)(x + y); }
EXPORT("add-u32") uint32_t add_u32(uint32_t x, uint32_t y) { return x + y; }
EXPORT("add-s32") int32_t add_s32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x + (uint32_t)y); }
EXPORT("add-u64") uint64_t add_u64(uint64_t x, uint64_t y) { return x + y; }
EXPORT("add-s64") int64_t add_s64(int64_t x, int64_t y) { return (int64_t)((uint64_t)x + (uint64_t)y); }
EXPORT("half-f32") float half_f32(float x) { return x / 2; }
EXPORT("half-f64") double half_f64(double x) { return x / 2; }
EXPORT("not") uint32_t not_(uint32_t x) { return !x; }
EXPORT("next-char") uint32_t next_char(uint32_t c) { return c == 0xd7ff ? 0xe000 : c + 1; } // surrogates are no chars

// --- strings and lists ----------------------------------------------------------------------------------------------
EXPORT("shout") String* shout(char* bytes, uint32_t length) {
  String* result = take(4, sizeof *result);
  *result = (String){take(1, length + 1), length + 1};
  for (uint32_t i = 0; i < length; i++) {
    result->bytes[i] = bytes[i] >= 'a' && bytes[i] <= 'z' ? (char)(bytes[i] - 'a' + 'A') : bytes[i];
  }
  result->bytes[length] = '!';
  return result;
}
POST("shout") void shout_post(String* result) { (void)result, empty_arena(); }

EXPORT("sum") uint64_t sum(const uint32_t* numbers, uint32_t count) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    total += numbers[i];
  }
  return total;
}
POST("sum") void sum_post(uint64_t result) { (void)result, empty_arena(); }

EXPORT("reverse") StringList* reverse(String* words, uint32_t count) {
  for (uint32_t i = 0; i < count / 2; i++) {
    String held = words[i];
    words[i] = words[count - 1 - i];
    words[count - 1 - i] = held;
  }
  StringList* result = take(4, sizeof *result);
  *result = (StringList){words, count};
  return result;
}
POST("reverse") void reverse_post(StringList* result) { (void)result, empty_arena(); }

EXPORT("rotate") String* rotate(char* bytes, uint32_t count) {
  char* turned = take(1, count);
  for (uint32_t i = 0; i < count; i++) {
    turned[i] = bytes[(i + 1) % count];
  }
  String* result = take(4, sizeof *result);
  *result = (String){turned, count};
  return result;
}
POST("rotate") void rotate_post(String* result) { (void)result, empty_arena(); }

// --- records, variants and their like ---------------------------------------------------------------------------------
typedef struct {
  int32_t x;
  double y;
  String name;
} Point;

EXPORT("mirror") Point* mirror(int32_t x, double y, char* name, uint32_t name_length) {
  Point* result = take(8, sizeof *result);
  *result = (Point){(int32_t)(0 - (uint32_t)x), -y, {name, name_length}};
  return result;
}
POST("mirror") void mirror_post(Point* result) { (void)result, empty_arena(); }

typedef struct {
  uint8_t which; // circle, rectangle, label, nothing
  union {
    float radius;
    double sides[2];
    String text;
  };
} Shape;

// The payload's flat slots are shared by all cases: f32, f64 and i32 join to i64.
EXPORT("grow") Shape* grow(uint32_t which, uint64_t first, uint64_t second) {
  Shape* result = take(8, sizeof *result);
  result->which = (uint8_t)which;
  switch (which) {
  case 0: {
    union {
      uint32_t bits;
      float value;
    } radius = {(uint32_t)first};
    result->radius = radius.value * 2;
    break;
  }
  case 1: {
    union {
      uint64_t bits;
      double value;
    } width = {first}, height = {second};
    result->sides[0] = width.value * 2;
    result->sides[1] = height.value * 2;
    break;
  }
  case 2: {
    const char* bytes = (const char*)(uintptr_t)first;
    uint32_t length = (uint32_t)second;
    char* twice = take(1, 2 * length);
    memcpy(twice, bytes, length);
    memcpy(twice + length, bytes, length);
    result->text = (String){twice, 2 * length};
    break;
  }
  }
  return result;
}
POST("grow") void grow_post(Shape* result) { (void)result, empty_arena(); }

typedef struct {
  uint8_t is_some;
  uint32_t value;
} OptionU32;

EXPORT("half") OptionU32* half(uint32_t n) {
  static OptionU32 result;
  result = n % 2 ? (OptionU32){0, 0} : (OptionU32){1, n / 2};
  return &result;
}

typedef struct {
  uint8_t is_error;
  union {
    int32_t quotient;
    String message;
  };
} Quotient;

EXPORT("divide") Quotient* divide(int32_t dividend, int32_t divisor) {
  static Quotient result;
  result.is_error = divisor == 0;
  if (divisor == 0) {
    result.message = text_of("division by zero");
  } else {
    result.quotient = dividend / divisor; // traps on overflow, as the instruction does
  }
  return &result;
}

typedef struct {
  uint8_t is_error;
  uint8_t color;
} Checked;

EXPORT("check") Checked* check(uint32_t n) {
  static Checked result;
  result = n < 3 ? (Checked){1, (uint8_t)n} : (Checked){0, 0};
  return &result;
}

typedef struct {
  String text;
  uint32_t number;
} TextAndNumber;

EXPORT("swap") TextAndNumber* swap(uint32_t number, char* bytes, uint32_t length) {
  TextAndNumber* result = take(4, sizeof *result);
  *result = (TextAndNumber){{bytes, length}, number};
  return result;
}
POST("swap") void swap_post(TextAndNumber* result) { (void)result, empty_arena(); }

EXPORT("next-color") uint32_t next_color(uint32_t color) { return (color + 1) % 3; }
EXPORT("toggle") uint32_t toggle(uint32_t permissions) { return permissions ^ 7; }
EXPORT("toggle-wide") uint32_t toggle_wide(uint32_t flags) { return flags ^ 0xfffff; }

// option<result<tuple<u8, string>, color>>, as it lies in a list.
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

_Static_assert(sizeof(EchoItem) == 20, "layout of the canonical ABI");

typedef struct {
  EchoItem* items;
  uint32_t count;
} EchoList;

EXPORT("echo") EchoList* echo(EchoItem* items, uint32_t count) {
  EchoList* result = take(4, sizeof *result);
  *result = (EchoList){items, count};
  return result;
}
POST("echo") void echo_post(EchoList* result) { (void)result, empty_arena(); }

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

_Static_assert(offsetof(Many, r) == 72, "layout of the canonical ABI");

EXPORT("many") double many(const Many* p) {
  double total = p->a + p->b + p->c + (double)p->d + p->e + p->f + p->g + (double)p->h + (double)p->i + p->j;
  return total + p->k + p->l + p->m.length + p->n + p->o + p->p + p->q + (double)p->r;
}
POST("many") void many_post(double result) { (void)result, empty_arena(); }

EXPORT("fail") void fail(void) { __builtin_trap(); }

// --- a resource -------------------------------------------------------------------------------------------------------
IMPORT("[resource-new]counter") int32_t counter_new(int32_t rep);
IMPORT("[resource-rep]counter") int32_t counter_rep(int32_t handle);
IMPORT("[resource-drop]counter") void counter_drop(int32_t handle);

#define COUNTERS 8
static struct {
  int32_t value;
  uint8_t alive;
} counters[COUNTERS];

EXPORT("[constructor]counter") int32_t counter_constructor(int32_t start) {
  for (int32_t rep = 0; rep < COUNTERS; rep++) {
    if (!counters[rep].alive) {
      counters[rep].alive = 1;
      counters[rep].value = start;
      return counter_new(rep);
    }
  }
  __builtin_trap();
}

// A borrowed handle of the component's own resource arrives as its representation.
EXPORT("[method]counter.add") int32_t counter_add(int32_t rep, int32_t n) { return counters[rep].value += n; }

EXPORT("[static]counter.merge") int32_t counter_merge(int32_t owned, int32_t borrowed_rep) {
  int32_t total = counters[counter_rep(owned)].value + counters[borrowed_rep].value;
  counter_drop(owned); // calls the destructor below
  return counter_constructor(total);
}

EXPORT("[dtor]counter") void counter_destructor(int32_t rep) { counters[rep].alive = 0; }

EXPORT("live-counters") uint32_t live_counters(void) {
  uint32_t alive = 0;
  for (int32_t rep = 0; rep < COUNTERS; rep++) {
    alive += counters[rep].alive;
  }
  return alive;
}
