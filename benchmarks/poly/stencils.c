// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stencils: each step computes a grid from neighbours in it, in one, two and three dimensions.
#include "poly.h"

// Mean of three, two rows in turn.
KERNEL(jacobi1d, 23000) {
  enum { STEPS = 100, N = 400 };
  static double a[N], b[N];
  fill(a, 1, N, (int)(round % 7), N);
  memcpy(b, a, sizeof b);
  for (int t = 0; t < STEPS; t++) {
    for (int i = 1; i < N - 1; i++) {
      b[i] = 0.33333 * (a[i - 1] + a[i] + a[i + 1]);
    }
    for (int i = 1; i < N - 1; i++) {
      a[i] = 0.33333 * (b[i - 1] + b[i] + b[i + 1]);
    }
  }
  return digest(a, N, 1);
}

// Mean of five, two grids in turn.
KERNEL(jacobi2d, 85) {
  enum { STEPS = 100, N = 250 };
  static double a[N][N], b[N][N];
  fill(a[0], N, N, (int)(round % 7), N);
  memcpy(b, a, sizeof b);
  for (int t = 0; t < STEPS; t++) {
    for (int i = 1; i < N - 1; i++) {
      for (int j = 1; j < N - 1; j++) {
        b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]);
      }
    }
    for (int i = 1; i < N - 1; i++) {
      for (int j = 1; j < N - 1; j++) {
        a[i][j] = 0.2 * (b[i][j] + b[i][j - 1] + b[i][j + 1] + b[i + 1][j] + b[i - 1][j]);
      }
    }
  }
  return digest(a[0], N * N, 97);
}

// Mean of nine in place: each value waits for the one before it.
KERNEL(seidel2d, 3) {
  enum { STEPS = 100, N = 400 };
  static double a[N][N];
  fill(a[0], N, N, (int)(round % 7), N);
  for (int t = 0; t < STEPS; t++) {
    for (int i = 1; i < N - 1; i++) {
      for (int j = 1; j < N - 1; j++) {
        a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] +
                   a[i][j + 1] + a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                  9.0;
      }
    }
  }
  return digest(a[0], N * N, 97);
}

#define CUBE 40

HELPER void diffuse(double to[CUBE][CUBE][CUBE], double from[CUBE][CUBE][CUBE]) {
  for (int i = 1; i < CUBE - 1; i++) {
    for (int j = 1; j < CUBE - 1; j++) {
      for (int k = 1; k < CUBE - 1; k++) {
        double centre = from[i][j][k];
        to[i][j][k] = centre + 0.125 * (from[i + 1][j][k] - 2 * centre + from[i - 1][j][k]) +
                      0.125 * (from[i][j + 1][k] - 2 * centre + from[i][j - 1][k]) +
                      0.125 * (from[i][j][k + 1] - 2 * centre + from[i][j][k - 1]);
      }
    }
  }
}

// The heat equation in a cube.
KERNEL(heat3d, 60) {
  enum { STEPS = 100 };
  static double a[CUBE][CUBE][CUBE], b[CUBE][CUBE][CUBE];
  fill(a[0][0], CUBE * CUBE, CUBE, (int)(round % 7), 101);
  memcpy(b, a, sizeof b);
  for (int t = 0; t < STEPS; t++) {
    diffuse(b, a);
    diffuse(a, b);
  }
  return digest(a[0][0], CUBE * CUBE * CUBE, 97);
}

// An electromagnetic wave: two components of the electric field and one of the magnetic field, in turn.
KERNEL(fdtd2d, 110) {
  enum { STEPS = 100, X = 200, Y = 240 };
  static double ex[X][Y], ey[X][Y], hz[X][Y];
  fill(ex[0], X, Y, 1, X);
  fill(ey[0], X, Y, 2, Y);
  fill(hz[0], X, Y, (int)(round % 7), 157);
  for (int t = 0; t < STEPS; t++) {
    for (int j = 0; j < Y; j++) {
      ey[0][j] = t;
    }
    for (int i = 1; i < X; i++) {
      for (int j = 0; j < Y; j++) {
        ey[i][j] -= 0.5 * (hz[i][j] - hz[i - 1][j]);
      }
    }
    for (int i = 0; i < X; i++) {
      for (int j = 1; j < Y; j++) {
        ex[i][j] -= 0.5 * (hz[i][j] - hz[i][j - 1]);
      }
    }
    for (int i = 0; i < X - 1; i++) {
      for (int j = 0; j < Y - 1; j++) {
        hz[i][j] -= 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
      }
    }
  }
  return digest(hz[0], X * Y, 97);
}

#define PLATE 200

// Half a step of implicit diffusion: along the lines of `to`, across the lines of `from` it is explicit. A tridiagonal
// system per line; `at` and `across` say how many elements apart neighbours along and across are.
HELPER void implicit_lines(double* to, const double* from, int at, int across, double implicit,
                           double explicit_) {
  double p[PLATE], q[PLATE];
  for (int line = 1; line < PLATE - 1; line++) {
    const double* f = from + line * across;
    double* v = to + line * across;
    v[0] = 1;
    p[0] = 0;
    q[0] = 1;
    for (int j = 1; j < PLATE - 1; j++) {
      double known = explicit_ * f[j * at - across] + (1 - 2 * explicit_) * f[j * at] +
                     explicit_ * f[j * at + across];
      double pivot = 1 + 2 * implicit - implicit * p[j - 1];
      p[j] = implicit / pivot;
      q[j] = (known + implicit * q[j - 1]) / pivot;
    }
    v[(PLATE - 1) * at] = 1;
    for (int j = PLATE - 2; j >= 1; j--) {
      v[j * at] = p[j] * v[(j + 1) * at] + q[j];
    }
  }
}

// Diffusion in a plate by alternating directions.
KERNEL(adi, 5) {
  enum { STEPS = 100 };
  static double u[PLATE][PLATE], v[PLATE][PLATE];
  fill(u[0], PLATE, PLATE, (int)(round % 7), PLATE);
  memcpy(v, u, sizeof v);
  for (int t = 0; t < STEPS; t++) {
    implicit_lines(v[0], u[0], PLATE, 1, 0.4, 0.3);
    implicit_lines(u[0], v[0], 1, PLATE, 0.3, 0.4);
  }
  return digest(u[0], PLATE * PLATE, 97);
}
