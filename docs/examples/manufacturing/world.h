/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * World: what the bot simulates, as plain data
 *
 * A pipeline makes one product: ships acquire its inputs and deliver them to a factory, the factory
 * produces until its supply is high, a ship collects the goods and sells them. Times are simulated
 * seconds, money is whole credits.
 */

#include <stdbool.h>

enum { N_PLAYERS = 2, N_SHIPS = 12, N_FACTORIES = 8, N_MARKETS = 16, N_PRODUCTS = 6 };
enum { N_INPUTS = 2, N_TASKS = 2 * N_INPUTS + 2, N_PIPELINES = 40, N_OUTCOMES = 256 };

enum level { SCARCE, LIMITED, MODERATE, HIGH, ABUNDANT, N_LEVELS };
enum task_type { ACQUIRE, DELIVER, COLLECT, SELL, N_TASK_TYPES };
enum task_status { TASK_PENDING, TASK_READY, TASK_EXECUTING, TASK_COMPLETED };
enum pipeline_status { FREE, PLANNING, EXECUTING, COMPLETED, FAILED, CANCELLED };

struct product {
    const char *good;
    int input_price, price; /* of a load, in credits */
};

struct factory {
    char symbol[16];
    unsigned product, n_delivered;
    enum level level, polled_level;
    long produced_at; /* end of the production cycle; 0: it does not produce */
    bool is_taken;    /* by a pipeline */
};

struct task {
    enum task_type type;
    enum task_status status;
    unsigned input; /* which one to acquire or deliver */
    unsigned n_retries;
    long retry_at;
};

struct pipeline {
    enum pipeline_status status;
    unsigned product;
    struct factory *factory; /* NULL while it is planned */
    struct task tasks[N_TASKS];
    long planned_at, started_at, cost, revenue;
};

struct ship {
    struct pipeline *pipeline; /* NULL: the ship is idle */
    struct task *task;         /* NULL: it is done, and the ship cools down */
    enum task_type type;
    long started_at, done_at, free_at;
};

/* A pipeline that was completed. */
struct outcome {
    unsigned product;
    long at, cost, revenue;
};

struct player {
    unsigned index;
    char id[8];
    struct factory factories[N_FACTORIES];
    struct pipeline pipelines[N_PIPELINES];
    struct ship ships[N_SHIPS];
    unsigned n_ships; /* not under repair: the first ones */
    struct outcome outcomes[N_OUTCOMES];
    unsigned n_outcomes; /* in all; outcome i is at i % N_OUTCOMES */
};

struct world {
    long now; /* simulated seconds since the start */
    struct player players[N_PLAYERS];
    enum level markets[N_MARKETS][N_PRODUCTS];
};

extern const struct product products[N_PRODUCTS];

/* Whether a factory has what it needs to be emptied by a ship. */
static inline bool factory_is_ready(const struct factory *factory)
{
    return factory->n_delivered == N_INPUTS && factory->level >= HIGH;
}
