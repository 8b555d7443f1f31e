/* SPDX-License-Identifier: MIT */
/* fuzz.h - the two functions of a fuzz target, as libFuzzer (and replay.c, without it) calls them. */
#ifndef LXA_FUZZ_H
#define LXA_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);	/* aborts when something is wrong */

/* A target may know how its inputs are built, and change them in better ways than byte by byte. */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);	/* byte by byte; libFuzzer or replay.c has it */

#endif
