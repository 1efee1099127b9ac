// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of matrices: rectangular, chained, symmetric, triangular, and of a tensor with a matrix.
#include "poly.h"

// C = 1.5 A B + 1.2 C
KERNEL(gemm, 250) {
  enum { I = 200, J = 220, K = 240 };
  static double a[I][K], b[K][J], c[I][J];
  if (round == 0) {
    fill(a[0], I, K, 1, I);
    fill(b[0], K, J, 2, J);
  }
  fill(c[0], I, J, (int)(round % 5), K);
  for (int i = 0; i < I; i++) {
    for (int j = 0; j < J; j++) {
      c[i][j] *= 1.2;
    }
    for (int k = 0; k < K; k++) {
      double factor = 1.5 * a[i][k];
      for (int j = 0; j < J; j++) {
        c[i][j] += factor * b[k][j];
      }
    }
  }
  return digest(c[0], I * J, 97);
}

// to = factor * from_a * from_b, each sum in a register: the right operand is read by columns.
#define MULTIPLY(to, a, b, rows, columns, inner, factor)                                           \
  for (int i = 0; i < (rows); i++) {                                                               \
    for (int j = 0; j < (columns); j++) {                                                          \
      double sum = 0;                                                                              \
      for (int k = 0; k < (inner); k++) {                                                          \
        sum += (factor) * (a)[i][k] * (b)[k][j];                                                   \
      }                                                                                            \
      (to)[i][j] = sum;                                                                            \
    }                                                                                              \
  }

// D = 1.5 A B C + 1.2 D
KERNEL(2mm, 50) {
  enum { I = 180, J = 190, K = 210, L = 220 };
  static double a[I][K], b[K][J], ab[I][J], c[J][L], d[I][L];
  if (round == 0) {
    fill(a[0], I, K, 1, I);
    fill(b[0], K, J, 2, J);
    fill(c[0], J, L, 3, L);
  }
  fill(d[0], I, L, (int)(round % 5), K);
  MULTIPLY(ab, a, b, I, J, K, 1.5)
  for (int i = 0; i < I; i++) {
    for (int l = 0; l < L; l++) {
      d[i][l] *= 1.2;
      for (int j = 0; j < J; j++) {
        d[i][l] += ab[i][j] * c[j][l];
      }
    }
  }
  return digest(d[0], I * L, 97);
}

// G = (A B) (C D)
KERNEL(3mm, 30) {
  enum { I = 180, J = 190, K = 200, L = 210, M = 220 };
  static double a[I][K], b[K][J], ab[I][J], c[J][M], d[M][L], cd[J][L], g[I][L];
  if (round == 0) {
    fill(b[0], K, J, 2, J);
    fill(c[0], J, M, 3, L);
    fill(d[0], M, L, 2, K);
  }
  fill(a[0], I, K, (int)(round % 5), I);
  MULTIPLY(ab, a, b, I, J, K, 1.0)
  MULTIPLY(cd, c, d, J, L, M, 1.0)
  MULTIPLY(g, ab, cd, I, L, J, 1.0)
  return digest(g[0], I * L, 97);
}

// C = 1.5 A B + 1.2 C, A symmetric and stored below its diagonal.
KERNEL(symm, 85) {
  enum { I = 200, J = 240 };
  static double a[I][I], b[I][J], c[I][J];
  if (round == 0) {
    fill(a[0], I, I, 1, 100);
    fill(b[0], I, J, 2, 90);
  }
  fill(c[0], I, J, (int)(round % 5), 100);
  for (int i = 0; i < I; i++) {
    for (int j = 0; j < J; j++) {
      double above = 0;
      for (int k = 0; k < i; k++) {
        c[k][j] += 1.5 * b[i][j] * a[i][k];
        above += b[k][j] * a[i][k];
      }
      c[i][j] = 1.2 * c[i][j] + 1.5 * b[i][j] * a[i][i] + 1.5 * above;
    }
  }
  return digest(c[0], I * J, 97);
}

// The lower half of C = 1.5 A At + 1.2 C.
KERNEL(syrk, 180) {
  enum { I = 240, K = 200 };
  static double a[I][K], c[I][I];
  if (round == 0) {
    fill(a[0], I, K, 1, I);
  }
  fill(c[0], I, I, (int)(round % 5), K);
  for (int i = 0; i < I; i++) {
    for (int j = 0; j <= i; j++) {
      c[i][j] *= 1.2;
    }
    for (int k = 0; k < K; k++) {
      for (int j = 0; j <= i; j++) {
        c[i][j] += 1.5 * a[i][k] * a[j][k];
      }
    }
  }
  return digest(c[0], I * I, 97);
}

// The lower half of C = 1.5 (A Bt + B At) + 1.2 C.
KERNEL(syr2k, 90) {
  enum { I = 240, K = 200 };
  static double a[I][K], b[I][K], c[I][I];
  if (round == 0) {
    fill(a[0], I, K, 1, I);
    fill(b[0], I, K, 2, K);
  }
  fill(c[0], I, I, (int)(round % 5), K);
  for (int i = 0; i < I; i++) {
    for (int j = 0; j <= i; j++) {
      c[i][j] *= 1.2;
    }
    for (int k = 0; k < K; k++) {
      for (int j = 0; j <= i; j++) {
        c[i][j] += a[j][k] * 1.5 * b[i][k] + b[j][k] * 1.5 * a[i][k];
      }
    }
  }
  return digest(c[0], I * I, 97);
}

// B = 1.5 At B in place, A unit lower triangular.
KERNEL(trmm, 110) {
  enum { I = 200, J = 240 };
  static double a[I][I], b[I][J];
  if (round == 0) {
    fill(a[0], I, I, 1, I);
  }
  fill(b[0], I, J, (int)(round % 5), J);
  for (int i = 0; i < I; i++) {
    for (int j = 0; j < J; j++) {
      for (int k = i + 1; k < I; k++) {
        b[i][j] += a[k][i] * b[k][j];
      }
      b[i][j] *= 1.5;
    }
  }
  return digest(b[0], I * J, 97);
}

// Each row of a tensor times a matrix, in place.
KERNEL(doitgen, 120) {
  enum { R = 50, Q = 40, P = 60 };
  static double tensor[R][Q][P], matrix[P][P], row[P];
  if (round == 0) {
    fill(matrix[0], P, P, 1, P);
  }
  fill(tensor[0][0], R * Q, P, (int)(round % 5), P);
  for (int r = 0; r < R; r++) {
    for (int q = 0; q < Q; q++) {
      for (int p = 0; p < P; p++) {
        double sum = 0;
        for (int s = 0; s < P; s++) {
          sum += tensor[r][q][s] * matrix[s][p];
        }
        row[p] = sum;
      }
      for (int p = 0; p < P; p++) {
        tensor[r][q][p] = row[p];
      }
    }
  }
  return digest(tensor[0][0], R * Q * P, 97);
}
