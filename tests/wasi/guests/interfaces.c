// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls the interfaces of WASI 0.2 that no standard library touches in a run without grants, and says what they
// answer; with an argument, does one thing that must trap. Freestanding, with the core signatures written by hand.
#include "../../../examples/guest.h"

#define STREAMS "wasi:io/streams@0.2.12"
#define HTTP "wasi:http/types@0.2.12"

typedef struct {
  uint8_t is_error;
  union {
    int32_t handle;
    uint8_t error;
  };
} HandleResult;
typedef struct {
  uint8_t is_error;
  uint64_t value; // or the stream error in the first bytes
} CountResult;
typedef struct {
  String* items;
  uint32_t count;
} Strings;
typedef struct {
  uint32_t* items;
  uint32_t count;
} Numbers;

IMPORT("wasi:cli/environment@0.2.12", "get-arguments") void get_arguments(Strings* result);
IMPORT("wasi:cli/environment@0.2.12", "initial-cwd") void initial_cwd(uint32_t* result);
IMPORT("wasi:cli/stdin@0.2.12", "get-stdin") int32_t get_stdin(void);
IMPORT("wasi:cli/terminal-stdin@0.2.12", "get-terminal-stdin") void get_terminal_stdin(uint32_t* result);
IMPORT("wasi:clocks/monotonic-clock@0.2.12", "subscribe-duration") int32_t subscribe_duration(uint64_t ns);
IMPORT("wasi:clocks/timezone@0.2.12", "display") void display_timezone(uint64_t seconds, int32_t ns, uint32_t* result);
IMPORT("wasi:filesystem/preopens@0.2.12", "get-directories") void get_directories(Numbers* result);
IMPORT("wasi:io/poll@0.2.12", "poll") void poll(const int32_t* list, uint32_t count, Numbers* result);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.block") void block(int32_t pollable);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.ready") int32_t is_ready(int32_t pollable);
IMPORT("wasi:io/poll@0.2.12", "[resource-drop]pollable") void drop_pollable(int32_t pollable);
IMPORT(STREAMS, "[method]input-stream.subscribe") int32_t subscribe(int32_t stream);
IMPORT(STREAMS, "[resource-drop]input-stream") void drop_input(int32_t stream);
IMPORT(STREAMS, "[method]output-stream.check-write") void check_write(int32_t stream, CountResult* result);
IMPORT(STREAMS, "[method]output-stream.write")
void write_bytes(int32_t stream, const char* bytes, uint32_t count, StreamResult* result);
IMPORT(STREAMS, "[method]output-stream.blocking-splice")
void splice(int32_t to, int32_t from, uint64_t count, CountResult* result);
IMPORT("wasi:random/random@0.2.12", "get-random-bytes") void random_bytes(uint64_t count, String* result);
IMPORT("wasi:sockets/instance-network@0.2.12", "instance-network") int32_t instance_network(void);
IMPORT("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses")
void resolve(int32_t network, const char* name, uint32_t length, HandleResult* result);
IMPORT("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket") void create_tcp(int32_t family, HandleResult* result);
IMPORT("wasi:sockets/udp-create-socket@0.2.12", "create-udp-socket") void create_udp(int32_t family, HandleResult* result);
IMPORT("wasi:sockets/tcp@0.2.12", "[method]tcp-socket.is-listening") int32_t is_listening(int32_t socket);
IMPORT(HTTP, "[constructor]fields") int32_t new_fields(void);
IMPORT(HTTP, "[method]fields.append")
void append(int32_t fields, const char* name, uint32_t length, const char* value, uint32_t size, HandleResult* result);
IMPORT(HTTP, "[constructor]outgoing-request") int32_t new_request(int32_t headers);
IMPORT(HTTP, "[method]outgoing-request.set-authority")
int32_t set_authority(int32_t request, int32_t is_some, const char* text, uint32_t length);
IMPORT(HTTP, "[method]outgoing-request.body") void request_body(int32_t request, HandleResult* result);
IMPORT(HTTP, "[method]outgoing-body.write") void body_stream(int32_t body, HandleResult* result);
IMPORT(HTTP, "[static]outgoing-body.finish")
void finish_body(int32_t body, int32_t is_some, int32_t trailers, uint64_t* result);
IMPORT("wasi:http/outgoing-handler@0.2.12", "handle")
void handle(int32_t request, int32_t is_some, int32_t options, uint64_t* result);

static void report(const char* what, uint32_t number) {
  print(what);
  print(": ");
  print_number(number);
  print("\n");
}

static void sockets(void) {
  HandleResult result;
  create_tcp(0, &result);
  report("create-tcp-socket refused", result.is_error);
  report("create-tcp-socket error", result.error);
  create_udp(1, &result);
  report("create-udp-socket error", result.error);
  resolve(instance_network(), "example.org", 11, &result);
  report("resolve-addresses refused", result.is_error);
  report("resolve-addresses error", result.error);
}

static void http(void) {
  HandleResult result;
  uint64_t answer[8]; // of finish and handle: is_error, then the error's case at offset 8
  int32_t headers = new_fields();
  append(headers, "content-length", 14, "2", 1, &result);
  report("append content-length refused", result.is_error);
  append(headers, "Host", 4, "a", 1, &result);
  report("append host refused", result.is_error);
  int32_t request = new_request(headers);
  report("set-authority refused", (uint32_t)set_authority(request, 1, "example.org", 11));
  request_body(request, &result);
  int32_t body = result.handle;
  body_stream(body, &result);
  StreamResult written;
  p2_blocking_write_and_flush(result.handle, "ab", 2, &written);
  report("body write refused", written.is_error);
  p2_drop_output_stream(result.handle);
  finish_body(body, 0, 0, answer);
  report("body finish refused", answer[0] & 0xff);
  handle(request, 0, 0, answer);
  report("request refused", answer[0] & 0xff);
  report("request error", answer[1] & 0xff);
}

static void waiting(void) {
  int32_t in = get_stdin();
  int32_t list[4] = {subscribe_duration(1ull << 62), subscribe_duration(0), subscribe(in), subscribe_duration(0)};
  block(list[2]);
  Numbers ready;
  poll(list, 4, &ready);
  report("ready", ready.count);
  for (uint32_t i = 0; i < ready.count; i++) {
    report("  index", ready.items[i]);
  }
  report("far future ready", (uint32_t)is_ready(list[0]));
  CountResult moved;
  splice(p2_get_stdout(), in, 6, &moved);
  report("spliced", (uint32_t)moved.value);
  drop_pollable(list[2]);
  drop_input(in);
}

static void values(void) {
  uint32_t words[6];
  initial_cwd(words);
  report("working directory", words[0] & 0xff);
  get_terminal_stdin(words);
  report("terminal", words[0] & 0xff);
  display_timezone(0, 0, words);
  print_bytes((const char*)words[1], words[2]);
  report(" offset", words[0]);
  Numbers directories;
  get_directories(&directories);
  report("directories", directories.count);
  String random;
  random_bytes(1 << 20, &random);
  report("random bytes", random.length);
  CountResult permit;
  StreamResult written;
  int32_t out = p2_get_stdout();
  check_write(out, &permit);
  write_bytes(out, "written under a permit\n", 23, &written);
}

/// Each ends in a trap.
static void misbehave(char which) {
  StreamResult written;
  Numbers ready;
  String random;
  switch (which) {
  case 'c': // a stream dropped before its child
    subscribe(get_stdin());
    drop_input(1);
    return;
  case 'p':
    poll(0, 0, &ready);
    return;
  case 'w': // no permit
    write_bytes(p2_get_stdout(), "x", 1, &written);
    return;
  case 'b':
    p2_blocking_write_and_flush(p2_get_stdout(), (const char*)0, 4097, &written);
    return;
  case 'r':
    random_bytes((16 << 20) + 1, &random);
    return;
  case 's': // no such handle
    is_listening(7);
    return;
  }
}

static int guest_main(void) {
  Strings arguments;
  get_arguments(&arguments);
  if (arguments.count > 1) {
    misbehave(arguments.items[1].bytes[0]);
    return 1;
  }
  values();
  waiting();
  sockets();
  http();
  return 0;
}
