/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLEET_H
#define FLEET_H

/*
 * Fleet: a simulated SpaceTraders daemon, with its players, ships and containers
 *
 * It has a clock of its own, which fleet_step() moves to the next event, so how fast time passes is
 * up to the caller. The same seed gives the same events. Times are counted in ticks, and prices and
 * distances are chosen, so that every sum of them is exact in a double, in any order.
 */

#include <stdbool.h>
#include <stdint.h>

#define TICKS_PER_S 512

struct metrics;

enum container_type {
    NAVIGATE,
    DOCK,
    ORBIT,
    REFUEL,
    SCOUT,
    MINING_WORKER,
    MINING_COORDINATOR,
    TRANSPORT_WORKER,
    CONTRACT_WORKFLOW,
    BALANCING,
    TRADING,
    FLEET_ASSIGNMENT,
    PURCHASE,
    N_CONTAINER_TYPES
};

enum container_end { CONTAINER_COMPLETED, CONTAINER_FAILED, CONTAINER_STOPPED };
enum route_end { ROUTE_COMPLETED, ROUTE_FAILED, ROUTE_ABORTED };
enum flight_mode { CRUISE, DRIFT, BURN, STEALTH, N_FLIGHT_MODES };
enum ship_status { DOCKED, IN_ORBIT, IN_TRANSIT, N_SHIP_STATUSES };

enum category {
    FUEL_COSTS,
    TRADING_REVENUE,
    TRADING_COSTS,
    SHIP_INVESTMENTS,
    CONTRACT_REVENUE,
    N_CATEGORIES
};

enum transaction_type {
    TRANSACTION_REFUEL,
    TRANSACTION_PURCHASE_CARGO,
    TRANSACTION_SELL_CARGO,
    TRANSACTION_PURCHASE_SHIP,
    TRANSACTION_CONTRACT_ACCEPTED,
    TRANSACTION_CONTRACT_FULFILLED
};

enum { N_PLAYERS = 2, N_SYSTEMS = 4, SHIPS_MAX = 64 };

struct ship {
    const char *role;
    enum ship_status status;
    unsigned system, spot; /* where it is; a spot of a system is a waypoint */
    unsigned fuel, fuel_max;
    unsigned fuel_ratio; /* distance per unit of fuel in CRUISE: 1, 2 or 4 */
};

struct player {
    const char *id, *agent;
    double credits;
    double revenue[N_CATEGORIES], expenses[N_CATEGORIES];
    struct ship ships[SHIPS_MAX];
    unsigned n_ships;
    unsigned n_running[N_CONTAINER_TYPES]; /* containers */
    unsigned n_scouted;                    /* waypoints that its probes were sent to */
};

extern const char *const fleet_systems[N_SYSTEMS];

/* A new fleet, whose events are told to @metrics. Returns NULL without memory. */
struct fleet *fleet_new(uint64_t seed, struct metrics *metrics);
void fleet_free(struct fleet *fleet);

/* When the next event is due, in ticks since the start. */
uint64_t fleet_next(const struct fleet *fleet);

/* Set the clock to fleet_next(), and let what is due happen. */
void fleet_step(struct fleet *fleet);

/* Whether the daemon runs; once an hour it is stopped for some minutes. */
bool fleet_is_up(const struct fleet *fleet);

/* One of the N_PLAYERS players. */
const struct player *fleet_player(const struct fleet *fleet, unsigned i);

/* Ask the ledger for profit and loss, which takes the time of a query. */
const struct player *fleet_profit_loss(struct fleet *fleet, unsigned i);

#endif
