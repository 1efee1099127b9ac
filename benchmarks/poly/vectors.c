// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrices times vectors, and solvers that are quadratic: each element of a matrix is used once or twice.
#include "poly.h"

// y = At (A x)
KERNEL(atax, 2600) {
  enum { M = 390, N = 410 };
  static double a[M][N], x[N], y[N], ax[M];
  if (round == 0) {
    fill(a[0], M, N, 1, M);
  }
  fill(x, 1, N, (int)(round % 7), N);
  memset(y, 0, sizeof y);
  for (int i = 0; i < M; i++) {
    ax[i] = 0;
    for (int j = 0; j < N; j++) {
      ax[i] += a[i][j] * x[j];
    }
    for (int j = 0; j < N; j++) {
      y[j] += a[i][j] * ax[i];
    }
  }
  return digest(y, N, 1);
}

// q = A p and s = At r, in one sweep.
KERNEL(bicg, 3400) {
  enum { M = 390, N = 410 };
  static double a[N][M], p[M], q[N], r[N], s[M];
  if (round == 0) {
    fill(a[0], N, M, 1, N);
    fill(p, 1, M, 1, M);
  }
  fill(r, 1, N, (int)(round % 7), N);
  memset(s, 0, sizeof s);
  for (int i = 0; i < N; i++) {
    q[i] = 0;
    for (int j = 0; j < M; j++) {
      s[j] += r[i] * a[i][j];
      q[i] += a[i][j] * p[j];
    }
  }
  return mix(digest(q, N, 1), digest(s, M, 1));
}

// x1 += A y1, x2 += At y2
KERNEL(mvt, 1700) {
  enum { N = 400 };
  static double a[N][N], x1[N], x2[N], y1[N], y2[N];
  if (round == 0) {
    fill(a[0], N, N, 1, N);
    fill(y1, 1, N, 3, N);
    fill(y2, 1, N, 4, N);
  }
  fill(x1, 1, N, (int)(round % 7), N);
  fill(x2, 1, N, (int)(round % 5), N);
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      x1[i] += a[i][j] * y1[j];
    }
  }
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      x2[i] += a[j][i] * y2[j];
    }
  }
  return mix(digest(x1, N, 1), digest(x2, N, 1));
}

// A += u1 v1t + u2 v2t, x = 1.2 At y + z, w = 1.5 A x
KERNEL(gemver, 1600) {
  enum { N = 400 };
  static double a[N][N], u1[N], v1[N], u2[N], v2[N], x[N], y[N], z[N], w[N];
  if (round == 0) {
    fill(a[0], N, N, 1, N);
    fill(u1, 1, N, 2, N);
    fill(v1, 1, N, 3, N);
    fill(v2, 1, N, 4, N);
    fill(z, 1, N, 5, N);
  }
  fill(u2, 1, N, (int)(round % 7), N);
  fill(y, 1, N, (int)(round % 5), N);
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = 0.5 * a[i][j] + u1[i] * v1[j] + u2[i] * v2[j];
    }
  }
  for (int i = 0; i < N; i++) {
    x[i] = z[i];
    for (int j = 0; j < N; j++) {
      x[i] += 1.2 * a[j][i] * y[j];
    }
  }
  for (int i = 0; i < N; i++) {
    w[i] = 0;
    for (int j = 0; j < N; j++) {
      w[i] += 1.5 * a[i][j] * x[j];
    }
  }
  return digest(w, N, 1);
}

// y = 1.5 A x + 1.2 B x
KERNEL(gesummv, 9000) {
  enum { N = 250 };
  static double a[N][N], b[N][N], x[N], y[N];
  if (round == 0) {
    fill(a[0], N, N, 1, N);
    fill(b[0], N, N, 2, N);
  }
  fill(x, 1, N, (int)(round % 7), N);
  for (int i = 0; i < N; i++) {
    double sum_a = 0;
    double sum_b = 0;
    for (int j = 0; j < N; j++) {
      sum_a += a[i][j] * x[j];
      sum_b += b[i][j] * x[j];
    }
    y[i] = 1.5 * sum_a + 1.2 * sum_b;
  }
  return digest(y, N, 1);
}

// x with L x = b, L lower triangular.
KERNEL(trisolv, 7000) {
  enum { N = 400 };
  static double l[N][N], x[N], b[N];
  if (round == 0) {
    fill_dominant(l[0], N, 1);
  }
  fill(b, 1, N, (int)(round % 7), N);
  for (int i = 0; i < N; i++) {
    x[i] = b[i];
    for (int j = 0; j < i; j++) {
      x[i] -= l[i][j] * x[j];
    }
    x[i] /= l[i][i];
  }
  return digest(x, N, 1);
}

// The Yule-Walker equations of a symmetric Toeplitz matrix with unit diagonal, by Durbin's recursion.
KERNEL(durbin, 5000) {
  enum { N = 400 };
  static double r[N], y[N], z[N];
  for (int i = 0; i < N; i++) {
    r[i] = 0.4 / (double)(i + 2 + (int)(round % 7));
  }
  double beta = 1;
  double alpha = -r[0];
  y[0] = -r[0];
  for (int k = 1; k < N; k++) {
    beta *= 1 - alpha * alpha;
    double sum = r[k];
    for (int i = 0; i < k; i++) {
      sum += r[k - 1 - i] * y[i];
    }
    alpha = -sum / beta;
    for (int i = 0; i < k; i++) {
      z[i] = y[i] + alpha * y[k - 1 - i];
    }
    for (int i = 0; i < k; i++) {
      y[i] = z[i];
    }
    y[k] = alpha;
  }
  return digest(y, N, 1);
}
