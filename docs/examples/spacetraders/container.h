/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_H
#define CONTAINER_H

/*
 * Container: a task of the daemon, such as trading with one ship, that is repeated
 */

#include "world.h"

enum { LEGS_MAX = 3 };

struct route {
    struct leg legs[LEGS_MAX];
    unsigned n_legs, n_done; /* n_legs is 0 if the ship is not under way */
    uint64_t started;
    unsigned system, spot; /* its destination */
};

struct container {
    struct world *world;
    enum container_type type;
    struct player *player;
    struct ship *ship; /* NULL if its type needs none */
    bool is_probe;     /* it runs only while probes are out */
    bool is_running;
    uint64_t due, started, stop_at;
    const char *next;   /* action */
    unsigned n_retries; /* of its request */
    uint64_t command_started;
    unsigned n_iterations, n_restarts;
    struct route route;
    const struct good *cargo;
    unsigned cargo_units, cargo_price; /* the price is 0 if it was mined */
};

/* Its next step: to be called when the world's clock is at @container->due, which this moves. */
void container_go_on(struct container *container);

/* Stop it, if it runs; its ship's route is aborted. */
void container_stop(struct container *container);

/* Buy it a ship, if the API and the player's credits allow it. It goes on when that is done. */
void container_buy_probe(struct container *container);

#endif
