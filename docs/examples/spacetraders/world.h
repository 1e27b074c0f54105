/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORLD_H
#define WORLD_H

/*
 * World: what the daemon does not decide: luck, troubles, distances, and the answers of the API
 */

#include "fleet.h"

enum phase { CALM, HURRY, THRIFT, SERVER_ERRORS, CROWDED, SCOUTING, DOWN };

struct world {
    struct metrics *metrics;
    uint64_t random, now; /* now: in ticks */
    uint64_t next_slot;   /* the next that the API's limit allows */
    enum phase phase;
    unsigned n_phases; /* that have begun */
    uint64_t next_phase_due;
};

/* A part of a route, without a stop. */
struct leg {
    enum flight_mode mode;
    unsigned distance, fuel;
    uint64_t ticks;
};

struct good {
    const char *symbol;
    unsigned price, profit; /* a power of 2, so that margins are exact; and what is usually made */
};

extern const struct good world_ore; /* what is mined */

/* A number from 0 to @n - 1. */
unsigned world_roll(struct world *world, unsigned n);
bool world_chance(struct world *world, unsigned per_mille);

/* Begin the phase that is due. Each hour has the same phases. */
void world_begin_phase(struct world *world);

enum outcome { REQUEST_OK, REQUEST_RETRY, REQUEST_FAILED };

/*
 * Make a request, after the rate limiter's wait. Adds to @ret_ticks what it takes, and if it should
 * be tried again, the pause before that.
 */
enum outcome world_request(struct world *world, const char *method, const char *endpoint,
                           unsigned n_retries, uint64_t *ret_ticks);

const struct good *world_choose_good(struct world *world);

/* What @good sells for now: now and then less than its price. */
double world_price(struct world *world, const struct good *good);

/* A leg to somewhere for @ship, if it has @fuel units. */
struct leg world_plan_leg(struct world *world, const struct ship *ship, unsigned fuel);

#endif
