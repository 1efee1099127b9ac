// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Factorisations and statistics: cubic, triangular loops, divisions and roots.
#include "poly.h"

// A = L Lt in place, in the lower half.
KERNEL(cholesky, 50) {
  enum { N = 400 };
  static double a[N][N];
  fill_dominant(a[0], N, (int)(round % 5));
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < i; j++) {
      for (int k = 0; k < j; k++) {
        a[i][j] -= a[i][k] * a[j][k];
      }
      a[i][j] /= a[j][j];
    }
    for (int k = 0; k < i; k++) {
      a[i][i] -= a[i][k] * a[i][k];
    }
    a[i][i] = __builtin_sqrt(a[i][i]);
  }
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) {
    sum = mix_f64(sum, a[i][i / 2]);
  }
  return sum;
}

// A = L U in place by elimination of whole rows, without pivoting.
KERNEL(lu, 30) {
  enum { N = 400 };
  static double a[N][N];
  fill_dominant(a[0], N, (int)(round % 5));
  for (int k = 0; k < N; k++) {
    for (int i = k + 1; i < N; i++) {
      a[i][k] /= a[k][k];
      for (int j = k + 1; j < N; j++) {
        a[i][j] -= a[i][k] * a[k][j];
      }
    }
  }
  return digest(a[0], N * N, 97);
}

// x with A x = b: factors by dot products, then substitution forward and backward.
KERNEL(ludcmp, 30) {
  enum { N = 400 };
  static double a[N][N], b[N], x[N], y[N];
  fill_dominant(a[0], N, (int)(round % 5));
  fill(b, 1, N, 1, N);
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < i; j++) {
      double sum = a[i][j];
      for (int k = 0; k < j; k++) {
        sum -= a[i][k] * a[k][j];
      }
      a[i][j] = sum / a[j][j];
    }
    for (int j = i; j < N; j++) {
      double sum = a[i][j];
      for (int k = 0; k < i; k++) {
        sum -= a[i][k] * a[k][j];
      }
      a[i][j] = sum;
    }
  }
  for (int i = 0; i < N; i++) {
    double sum = b[i];
    for (int j = 0; j < i; j++) {
      sum -= a[i][j] * y[j];
    }
    y[i] = sum;
  }
  for (int i = N - 1; i >= 0; i--) {
    double sum = y[i];
    for (int j = i + 1; j < N; j++) {
      sum -= a[i][j] * x[j];
    }
    x[i] = sum / a[i][i];
  }
  return digest(x, N, 1);
}

// A = Q R, columns made orthonormal one after the other.
KERNEL(gramschmidt, 100) {
  enum { M = 200, N = 180 };
  static double a[M][N], q[M][N], r[N][N];
  fill(a[0], M, N, (int)(round % 5), 1009);
  for (int i = 0; i < N; i++) {
    a[i][i] += 10;
  }
  for (int k = 0; k < N; k++) {
    double square = 0;
    for (int i = 0; i < M; i++) {
      square += a[i][k] * a[i][k];
    }
    r[k][k] = __builtin_sqrt(square);
    for (int i = 0; i < M; i++) {
      q[i][k] = a[i][k] / r[k][k];
    }
    for (int j = k + 1; j < N; j++) {
      double dot = 0;
      for (int i = 0; i < M; i++) {
        dot += q[i][k] * a[i][j];
      }
      r[k][j] = dot;
      for (int i = 0; i < M; i++) {
        a[i][j] -= q[i][k] * dot;
      }
    }
  }
  return mix(digest(q[0], M * N, 97), digest(r[0], N, 1));
}

enum { VARIABLES = 240, SAMPLES = 260 };

// Takes each variable's mean from its column.
HELPER void centre(double data[SAMPLES][VARIABLES]) {
  for (int j = 0; j < VARIABLES; j++) {
    double mean = 0;
    for (int i = 0; i < SAMPLES; i++) {
      mean += data[i][j];
    }
    mean /= SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
      data[i][j] -= mean;
    }
  }
}

// out = datat data / divisor, both halves.
HELPER void products(double out[VARIABLES][VARIABLES], double data[SAMPLES][VARIABLES],
                     double divisor) {
  for (int i = 0; i < VARIABLES; i++) {
    for (int j = i; j < VARIABLES; j++) {
      double sum = 0;
      for (int k = 0; k < SAMPLES; k++) {
        sum += data[k][i] * data[k][j];
      }
      out[i][j] = sum / divisor;
      out[j][i] = out[i][j];
    }
  }
}

KERNEL(covariance, 50) {
  static double data[SAMPLES][VARIABLES], out[VARIABLES][VARIABLES];
  fill(data[0], SAMPLES, VARIABLES, (int)(round % 5), 251);
  centre(data);
  products(out, data, SAMPLES - 1);
  return digest(out[0], VARIABLES * VARIABLES, 97);
}

KERNEL(correlation, 50) {
  static double data[SAMPLES][VARIABLES], out[VARIABLES][VARIABLES];
  fill(data[0], SAMPLES, VARIABLES, (int)(round % 5), 251);
  centre(data);
  for (int j = 0; j < VARIABLES; j++) {
    double square = 0;
    for (int i = 0; i < SAMPLES; i++) {
      square += data[i][j] * data[i][j];
    }
    double deviation = __builtin_sqrt(square / SAMPLES);
    double scale = __builtin_sqrt((double)SAMPLES) * (deviation <= 0.1 ? 1 : deviation);
    for (int i = 0; i < SAMPLES; i++) {
      data[i][j] /= scale;
    }
  }
  products(out, data, 1);
  return digest(out[0], VARIABLES * VARIABLES, 97);
}
