// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spawns commands in turn (A, B, C, A, B, C, …) and prints what each run cost, one line per run:
//
//   COMMAND ROUND STATUS WALL_NS USER_US SYS_US MINOR_FAULTS MAJOR_FAULTS MAX_RSS_KIB
//
//   spawn ROUNDS -- COMMAND [ARG…] [-- COMMAND [ARG…]]…
//
// What must stay true: nothing but the child lies between the two clock reads (posix_spawn uses vfork, standard streams
// are opened beforehand), and this program is small and static, because a child's maximal RSS counts the address space
// it left at exec.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_COMMANDS 16

typedef struct {
  int status;
  int64_t wall_ns;
  struct rusage usage;
} Sample;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int run_once(char* const* command, char** environment, Sample* sample) {
  pid_t child;
  int64_t start = now_ns();
  int error = posix_spawn(&child, command[0], NULL, NULL, command, environment);
  if (error) {
    fprintf(stderr, "spawn: %s: %s\n", command[0], strerror(error));
    return 0;
  }
  if (wait4(child, &sample->status, 0, &sample->usage) != child) {
    perror("spawn: wait4");
    return 0;
  }
  sample->wall_ns = now_ns() - start;
  return 1;
}

int main(int argc, char** argv, char** environment) {
  char** commands[MAX_COMMANDS];
  int count = 0;
  if (argc < 4) {
    fprintf(stderr, "usage: spawn ROUNDS -- COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
    return 2;
  }
  long rounds = strtol(argv[1], NULL, 10);
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "--") != 0) {
      continue;
    }
    argv[i] = NULL;
    if (count == MAX_COMMANDS) {
      fprintf(stderr, "spawn: more than %d commands\n", MAX_COMMANDS);
      return 2;
    }
    commands[count++] = &argv[i + 1];
  }
  // The children get /dev/null as all three streams; the report goes to the stream we were given.
  int report_fd = dup(STDOUT_FILENO);
  int null_fd = open("/dev/null", O_RDWR);
  if (report_fd < 0 || null_fd < 0) {
    perror("spawn: /dev/null");
    return 1;
  }
  fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  dup2(null_fd, STDIN_FILENO);
  dup2(null_fd, STDOUT_FILENO);
  close(null_fd);
  FILE* report = fdopen(report_fd, "w");
  for (long round = 0; round < rounds; round++) {
    for (int i = 0; i < count; i++) {
      Sample sample;
      if (!run_once(commands[i], environment, &sample)) {
        return 1;
      }
      fprintf(report, "%d %ld %d %lld %lld %lld %ld %ld %ld\n", i, round, sample.status, (long long)sample.wall_ns,
              (long long)sample.usage.ru_utime.tv_sec * 1000000 + sample.usage.ru_utime.tv_usec,
              (long long)sample.usage.ru_stime.tv_sec * 1000000 + sample.usage.ru_stime.tv_usec,
              sample.usage.ru_minflt, sample.usage.ru_majflt, sample.usage.ru_maxrss);
    }
  }
  return fclose(report) == 0 ? 0 : 1;
}
