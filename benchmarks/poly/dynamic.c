// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dynamic programming on integers, and a recursive filter in single precision.
#include "poly.h"

// All shortest paths of a dense graph.
KERNEL(floyd, 6) {
  enum { N = 500 };
  static int32_t path[N][N];
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      path[i][j] = (i * j + (int)(round % 7)) % 7 + 1;
      if ((i + j) % 13 == 0 || (i + j) % 7 == 0 || (i + j) % 11 == 0) {
        path[i][j] = 999;
      }
    }
  }
  for (int k = 0; k < N; k++) {
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        int32_t through = path[i][k] + path[k][j];
        path[i][j] = path[i][j] < through ? path[i][j] : through;
      }
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) {
    sum = mix(sum, (uint32_t)path[i][(i * 7) % N]);
  }
  return sum;
}

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

// The most base pairs that a strand can form with itself, without crossing: best[i][j] over all ways to split i..j.
KERNEL(nussinov, 50) {
  enum { N = 500 };
  static uint8_t base[N];
  static int32_t best[N][N];
  for (int i = 0; i < N; i++) {
    base[i] = (uint8_t)((i + 1 + (int)(round % 3)) * 5 / 3 % 4);
  }
  memset(best, 0, sizeof best);
  for (int i = N - 1; i >= 0; i--) {
    for (int j = i + 1; j < N; j++) {
      int32_t most = larger(best[i][j - 1], i + 1 < N ? best[i + 1][j] : 0);
      if (i < j - 1) {
        most = larger(most, best[i + 1][j - 1] + (base[i] + base[j] == 3));
      }
      for (int k = i + 1; k < j; k++) {
        most = larger(most, best[i][k] + best[k + 1][j]);
      }
      best[i][j] = most;
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) {
    sum = mix(sum, (uint32_t)best[i][N - 1]);
  }
  return sum;
}

enum { WIDTH = 720, HEIGHT = 480 };

// Coefficients of the smoothing filter of Deriche for alpha = 1/4.
static const float kFront[2] = {0.187870f, -0.109737f};
static const float kBack[2] = {0.182898f, -0.113948f};
static const float kFeedback[2] = {1.557602f, -0.606531f};

// to = forward plus backward response along lines of `count` values, `at` apart; `across` from line to line.
HELPER void filter_lines(float* to, const float* from, float* forward, int lines, int across,
                         int count, int at) {
  for (int line = 0; line < lines; line++) {
    const float* x = from + line * across;
    float* y = forward + line * across;
    float* z = to + line * across;
    float y1 = 0, y2 = 0, x1 = 0;
    for (int j = 0; j < count; j++) {
      float value = kFront[0] * x[j * at] + kFront[1] * x1 + kFeedback[0] * y1 + kFeedback[1] * y2;
      x1 = x[j * at];
      y2 = y1;
      y1 = value;
      y[j * at] = value;
    }
    float x2 = 0;
    x1 = 0;
    y1 = 0;
    y2 = 0;
    for (int j = count - 1; j >= 0; j--) {
      float value = kBack[0] * x1 + kBack[1] * x2 + kFeedback[0] * y1 + kFeedback[1] * y2;
      x2 = x1;
      x1 = x[j * at];
      y2 = y1;
      y1 = value;
      z[j * at] = y[j * at] + value;
    }
  }
}

// A recursive filter along the rows and then along the columns of an image.
KERNEL(deriche, 100) {
  static float image[HEIGHT][WIDTH], forward[HEIGHT][WIDTH], out[HEIGHT][WIDTH];
  if (round == 0) {
    for (int i = 0; i < HEIGHT; i++) {
      for (int j = 0; j < WIDTH; j++) {
        image[i][j] = (float)((313 * i + 991 * j) % 65536) / 65535.0f;
      }
    }
  }
  image[round % HEIGHT][1] += 0.5f;
  filter_lines(out[0], image[0], forward[0], HEIGHT, WIDTH, WIDTH, 1);
  filter_lines(out[0], out[0], forward[0], WIDTH, 1, HEIGHT, WIDTH);
  uint32_t sum = 0;
  for (int i = 0; i < HEIGHT; i++) {
    uint32_t bits;
    memcpy(&bits, &out[i][(i * 5) % WIDTH], sizeof bits);
    sum = mix(sum, bits);
  }
  return sum;
}
