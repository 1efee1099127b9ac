// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies standard input to standard output through the streams of WASI 0.2, 4 KiB at a time, until the input closes.
#include "../guest.h"

typedef struct {
  uint8_t is_error;
  union {
    String bytes;
    struct {
      uint8_t error_case;
      int32_t error;
    };
  };
} ReadResult;

IMPORT("wasi:cli/stdin@0.2.12", "get-stdin") int32_t get_stdin(void);
IMPORT("wasi:io/streams@0.2.12", "[method]input-stream.blocking-read")
void blocking_read(int32_t stream, uint64_t most, ReadResult* result);
IMPORT("wasi:io/streams@0.2.12", "[resource-drop]input-stream") void drop_input_stream(int32_t stream);
IMPORT("wasi:io/error@0.2.12", "[resource-drop]error") void drop_error(int32_t error);

static int copy_all(int32_t in, int32_t out) {
  for (;;) {
    arena_top = &__heap_base; // what the last read returned is written by now
    ReadResult read;
    blocking_read(in, 4096, &read);
    if (read.is_error) {
      if (read.error_case == 0) {
        drop_error(read.error);
        return 1;
      }
      return 0; // closed: the end
    }
    StreamResult written;
    p2_blocking_write_and_flush(out, read.bytes.bytes, read.bytes.length, &written);
    if (written.is_error) {
      return 1;
    }
  }
}

static int guest_main(void) {
  int32_t in = get_stdin();
  int32_t out = p2_get_stdout();
  int status = copy_all(in, out);
  drop_input_stream(in);
  p2_drop_output_stream(out);
  return status;
}
