// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies standard input to standard output with fd_read and fd_write of WASI preview 1.
#define PREVIEW1
#include "../guest.h"

IMPORT("wasi_snapshot_preview1", "fd_read")
int32_t fd_read(int32_t fd, const String* pieces, uint32_t count, uint32_t* read);

static int guest_main(void) {
  static char buffer[32768];
  for (;;) {
    String piece = {buffer, sizeof buffer};
    uint32_t read = 0;
    if (fd_read(0, &piece, 1, &read) != 0) {
      return 1;
    }
    if (read == 0) {
      return 0;
    }
    for (uint32_t done = 0; done < read;) {
      String rest = {buffer + done, read - done};
      uint32_t written = 0;
      if (p1_fd_write(1, &rest, 1, &written) != 0 || written == 0) {
        return 1;
      }
      done += written;
    }
  }
}
