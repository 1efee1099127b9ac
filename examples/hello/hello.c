// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A component that greets: arguments, environment, clock and random of WASI 0.2, written without a libc. Prints nothing
// that differs between runs.
#include "../guest.h"

typedef struct {
  String* items;
  uint32_t count;
} StringList;

typedef struct {
  String name;
  String value;
} Variable;

typedef struct {
  Variable* items;
  uint32_t count;
} VariableList;

IMPORT("wasi:cli/environment@0.2.12", "get-arguments") void get_arguments(StringList* result);
IMPORT("wasi:cli/environment@0.2.12", "get-environment") void get_environment(VariableList* result);
IMPORT("wasi:clocks/monotonic-clock@0.2.12", "now") uint64_t monotonic_now(void);
IMPORT("wasi:random/random@0.2.12", "get-random-bytes") void get_random_bytes(uint64_t count, String* result);

static void print_string(String text) { print_bytes(text.bytes, text.length); }

static int same(String x, String y) {
  if (x.length != y.length) {
    return 0;
  }
  for (uint32_t i = 0; i < x.length; i++) {
    if (x.bytes[i] != y.bytes[i]) {
      return 0;
    }
  }
  return 1;
}

static int guest_main(void) {
  print("hello from a component\n");

  StringList arguments;
  get_arguments(&arguments);
  for (uint32_t i = 1; i < arguments.count; i++) { // 0 is the name of the program
    print("argument ");
    print_number(i);
    print(": ");
    print_string(arguments.items[i]);
    print("\n");
  }

  VariableList variables;
  get_environment(&variables);
  for (uint32_t i = 0; i < variables.count; i++) {
    print("variable ");
    print_string(variables.items[i].name);
    print("=");
    print_string(variables.items[i].value);
    print("\n");
  }

  uint64_t first = monotonic_now();
  uint64_t second = monotonic_now();
  print(second >= first ? "clock: monotonic\n" : "clock: went backwards\n");

  String bytes[2];
  get_random_bytes(16, &bytes[0]);
  get_random_bytes(16, &bytes[1]);
  print(bytes[0].length == 16 && !same(bytes[0], bytes[1]) ? "random: 16 bytes, twice\n" : "random: not random\n");
  return 0;
}
