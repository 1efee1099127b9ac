// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gravity of a few bodies, symplectic Euler steps: dependent chains of double arithmetic, division and square root.
#define KERNEL_NAME "nbody"
#define KERNEL_ROUNDS 350
#include "bench.h"

#define BODIES 6
#define STEPS 20000
#define TIME_STEP 0.002

typedef struct {
  double position[3];
  double velocity[3];
  double mass;
} Body;

static Body bodies[BODIES];

static void place(void) {
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) {
      bodies[i].position[axis] = (double)(random_u32() % 20001) / 1000.0 - 10.0;
      bodies[i].velocity[axis] = (double)(random_u32() % 2001) / 4000.0 - 0.25;
    }
    bodies[i].mass = i == 0 ? 30.0 : 0.01 + (double)i * 0.02;
  }
}

static void step(void) {
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) {
      double delta[3];
      double square = 0.01; // softening: no pair comes closer than this
      for (int axis = 0; axis < 3; axis++) {
        delta[axis] = bodies[i].position[axis] - bodies[j].position[axis];
        square += delta[axis] * delta[axis];
      }
      double factor = TIME_STEP / (square * __builtin_sqrt(square));
      for (int axis = 0; axis < 3; axis++) {
        bodies[i].velocity[axis] -= delta[axis] * bodies[j].mass * factor;
        bodies[j].velocity[axis] += delta[axis] * bodies[i].mass * factor;
      }
    }
  }
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) {
      bodies[i].position[axis] += TIME_STEP * bodies[i].velocity[axis];
    }
  }
}

static uint32_t kernel_round(uint32_t round) {
  if (round == 0) {
    place();
  }
  for (int i = 0; i < STEPS; i++) {
    step();
  }
  uint32_t sum = 0;
  for (int i = 0; i < BODIES; i++) {
    sum = mix_f64(sum, bodies[i].position[i % 3]);
  }
  return sum;
}
