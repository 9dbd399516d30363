/* SPDX-License-Identifier: MIT */
#ifndef PROVE_SCENARIOS_H
#define PROVE_SCENARIOS_H

#include <stdint.h>

/* One run: what is done follows from the seed, who goes on when from both. */
struct run {
    uint64_t seed;
    uint64_t schedule;
    uint64_t keep; /* bit i: operation i is done; all, unless shrunk */
};

/* Does it, and fails if anything is wrong. */
void scenario_run(const struct run *run);

const char *scenario_name(uint64_t seed);
unsigned scenario_length(uint64_t seed); /* how many operations */

#endif
