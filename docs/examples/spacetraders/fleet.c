/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fleet
 *
 * The fleet is a list of containers, each with the time at which it goes on. fleet_step() sets the
 * clock to the earliest, and lets that one go on.
 */

#include "fleet.h"

#include "container.h"
#include "metrics.h"
#include "player.h"

#include <stdlib.h>

enum { CONTAINERS_MAX = 80, PROBES = 40 };

#define SECONDS(n) ((uint64_t)(n)*TICKS_PER_S)
#define N_OF(array) (sizeof(array) / sizeof(*(array)))

const char *const fleet_systems[N_SYSTEMS] = { "X1-C3", "X1-A1", "X1-B2", "X1-D4" };

struct fleet {
    struct world world;
    struct player players[N_PLAYERS];
    struct container containers[CONTAINERS_MAX];
    unsigned n_containers;
};

/* --- phases --------------------------------------------------------------------------------- */

static void send_out_probes(struct fleet *fleet)
{
    for (unsigned i = fleet->n_containers - PROBES; i < fleet->n_containers; i++) {
        struct container *probe = &fleet->containers[i];

        probe->due = fleet->world.now;
        if (!probe->ship)
            container_buy_probe(probe);
        if (!probe->ship)
            probe->due = UINT64_MAX;
    }
}

/* Stop all containers, or only probes. */
static void stop_containers(struct fleet *fleet, bool is_all)
{
    for (unsigned i = 0; i < fleet->n_containers; i++) {
        struct container *container = &fleet->containers[i];

        if (!is_all && !container->is_probe)
            continue;
        container_stop(container);
        container->due = UINT64_MAX;
    }
}

static void restart_containers(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->n_containers - PROBES; i++)
        fleet->containers[i].due = fleet->world.now + world_roll(&fleet->world, SECONDS(10));
}

static void begin_phase(struct fleet *fleet)
{
    enum phase before = fleet->world.phase;

    world_begin_phase(&fleet->world);
    if (fleet->world.phase == SCOUTING)
        send_out_probes(fleet);
    if (before == SCOUTING)
        stop_containers(fleet, false);
    if (fleet->world.phase == DOWN) {
        stop_containers(fleet, true);
        metrics_stop(fleet->world.metrics, fleet);
    }
    if (before == DOWN)
        restart_containers(fleet);
}

/* --- the whole ------------------------------------------------------------------------------ */

static const struct {
    unsigned player, n;
    enum container_type type;
    const char *role; /* of its ship; NULL: it needs none */
    unsigned fuel_ratio;
} crews[] = {
    { 0, 3, MINING_WORKER, "EXCAVATOR", 2 },
    { 0, 3, TRADING, "HAULER", 1 },
    { 0, 1, TRANSPORT_WORKER, "HAULER", 1 },
    { 0, 1, CONTRACT_WORKFLOW, "COMMAND", 2 },
    { 0, 2, SCOUT, "SATELLITE", 4 },
    { 0, 1, NAVIGATE, "EXPLORER", 2 },
    { 0, 1, DOCK, "EXPLORER", 2 },
    { 0, 1, ORBIT, "EXPLORER", 2 },
    { 0, 1, REFUEL, "EXPLORER", 2 },
    { 0, 1, MINING_COORDINATOR, NULL, 0 },
    { 0, 1, BALANCING, NULL, 0 },
    { 0, 1, FLEET_ASSIGNMENT, NULL, 0 },
    { 0, 1, PURCHASE, NULL, 0 },
    { 1, 2, MINING_WORKER, "EXCAVATOR", 2 },
    { 1, 2, TRADING, "HAULER", 1 },
    { 1, 1, CONTRACT_WORKFLOW, "COMMAND", 2 },
    { 1, 1, SCOUT, "SATELLITE", 4 },
    { 1, 1, MINING_COORDINATOR, NULL, 0 },
    { 0, PROBES, SCOUT, NULL, 0 },
};

static void add_container(struct fleet *fleet, size_t crew)
{
    struct container *container = &fleet->containers[fleet->n_containers++];

    *container = (struct container){ .world = &fleet->world,
                                     .type = crews[crew].type,
                                     .player = &fleet->players[crews[crew].player],
                                     .is_probe = crews[crew].n == PROBES };
    if (crews[crew].role)
        container->ship = player_add_ship(&fleet->world, container->player, crews[crew].role,
                                          crews[crew].fuel_ratio, 0);
    container->due = container->is_probe ? UINT64_MAX : world_roll(&fleet->world, SECONDS(10));
}

struct fleet *fleet_new(uint64_t seed, struct metrics *metrics)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));

    if (!fleet)
        return NULL;
    fleet->world = (struct world){ .metrics = metrics, .random = seed };
    fleet->players[0] = (struct player){ .id = "1", .agent = "AGENT-1", .credits = 245000 };
    fleet->players[1] = (struct player){ .id = "2", .agent = "AGENT-2", .credits = 150000 };
    for (size_t crew = 0; crew < N_OF(crews); crew++)
        for (unsigned i = 0; i < crews[crew].n; i++)
            add_container(fleet, crew);
    return fleet;
}

void fleet_free(struct fleet *fleet)
{
    free(fleet);
}

/* The container that goes on first. */
static unsigned first(const struct fleet *fleet)
{
    unsigned first = 0;

    for (unsigned i = 1; i < fleet->n_containers; i++)
        if (fleet->containers[i].due < fleet->containers[first].due)
            first = i;
    return first;
}

uint64_t fleet_next(const struct fleet *fleet)
{
    uint64_t due = fleet->containers[first(fleet)].due;

    return due < fleet->world.next_phase_due ? due : fleet->world.next_phase_due;
}

void fleet_step(struct fleet *fleet)
{
    fleet->world.now = fleet_next(fleet);
    if (fleet->world.now == fleet->world.next_phase_due)
        begin_phase(fleet);
    else
        container_go_on(&fleet->containers[first(fleet)]);
}

bool fleet_is_up(const struct fleet *fleet)
{
    return fleet->world.phase != DOWN;
}

const struct player *fleet_profit_loss(struct fleet *fleet, unsigned i)
{
    metrics_command(fleet->world.metrics, "GetProfitLossQuery", true,
                    (20.0 + world_roll(&fleet->world, 100)) / TICKS_PER_S);
    return &fleet->players[i];
}

const struct player *fleet_player(const struct fleet *fleet, unsigned i)
{
    return &fleet->players[i];
}
