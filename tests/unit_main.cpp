// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main function of every `<folder>_test` program: doctest's own, compiled once.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
