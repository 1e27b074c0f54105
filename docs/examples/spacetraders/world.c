/* SPDX-License-Identifier: Apache-2.0 */

/*
 * World
 *
 * Each hour has the same troubles at the same minutes, so that every alert has a reason to fire
 * once. What an answer of the API takes is known at once, so it is reported when it is asked for.
 */

#include "world.h"

#include "metrics.h"

#include <string.h>

#define SECONDS(n) ((uint64_t)(n)*TICKS_PER_S)
/* The API allows two requests a second, and two at once. */
#define REQUEST_INTERVAL (TICKS_PER_S / 2)

enum { HOUR_S = 3600, RETRIES_MAX = 5 };

static const struct {
    unsigned from_s;
    enum phase phase;
} phases[] = {
    { 0, CALM },    { 180, HURRY },          /* all ships burn fuel */
    { 660, CALM },  { 720, THRIFT },         /* all ships drift, to save it */
    { 1140, CALM }, { 1200, SERVER_ERRORS }, /* the API fails */
    { 1680, CALM }, { 1740, CROWDED },       /* others use up the limit of requests */
    { 2040, CALM }, { 2100, SCOUTING },      /* 40 probes are sent out */
    { 3060, CALM }, { 3120, DOWN },          /* the daemon is updated */
    { 3360, CALM },
};
#define N_PHASES (sizeof(phases) / sizeof(*phases))

const struct good world_ore = { "IRON_ORE", 64, 120 };

static const struct good goods[] = {
    { "IRON_ORE", 64, 120 }, { "COPPER", 64, 85 },     { "FUEL", 64, 45 },
    { "ALUMINUM", 128, 60 }, { "MACHINERY", 512, 95 }, { "ELECTRONICS", 1024, 210 },
    { "MEDICINE", 256, 75 }, { "CLOTHING", 128, 30 },  { "FOOD", 32, 12 },
    { "SILICON", 64, 25 },   { "JEWELRY", 512, 160 },  { "FABRICS", 32, 18 },
};

/* splitmix64 */
unsigned world_roll(struct world *world, unsigned n)
{
    uint64_t z = world->random += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (unsigned)((z ^ (z >> 31)) % n);
}

bool world_chance(struct world *world, unsigned per_mille)
{
    return world_roll(world, 1000) < per_mille;
}

void world_begin_phase(struct world *world)
{
    unsigned next = ++world->n_phases;

    world->phase = phases[(next - 1) % N_PHASES].phase;
    world->next_phase_due = SECONDS(next / N_PHASES * HOUR_S + phases[next % N_PHASES].from_s);
}

/* --- the API -------------------------------------------------------------------------------- */

struct answer {
    const char *status_code, *error; /* error: NULL if all is well */
    uint64_t ticks;
};

static struct answer ask(struct world *world)
{
    bool is_ill = world->phase == SERVER_ERRORS;
    uint64_t ticks = 40 + world_roll(world, is_ill ? 2500 : 160);

    if (world_chance(world, is_ill ? 100 : 2))
        return (struct answer){ "0", "timeout", SECONDS(10) };
    if (world_chance(world, is_ill ? 850 : 8))
        return (struct answer){ "502", "server_error", ticks };
    if (world_chance(world, world->phase == CROWDED ? 500 : 4))
        return (struct answer){ "429", "rate_limit", 20 + world_roll(world, 40) };
    if (world_chance(world, 1))
        return (struct answer){ "409", "client_error", ticks };
    if (world_chance(world, 15))
        ticks += world_roll(world, 1000);
    return (struct answer){ "200", NULL, ticks };
}

/* Wait for a turn, as the rate limiter does. Returns how long that takes. */
static uint64_t wait_for_turn(struct world *world, const char *endpoint)
{
    uint64_t wait = 0;

    if (world->next_slot < world->now)
        world->next_slot = world->now;
    if (world->next_slot - world->now > REQUEST_INTERVAL)
        wait = world->next_slot - world->now - REQUEST_INTERVAL;
    world->next_slot += REQUEST_INTERVAL;
    metrics_api_rate_limit_wait(world->metrics, endpoint, (double)wait / TICKS_PER_S);
    return wait;
}

enum outcome world_request(struct world *world, const char *method, const char *endpoint,
                           unsigned n_retries, uint64_t *ret_ticks)
{
    struct answer answer;

    *ret_ticks += wait_for_turn(world, endpoint);
    answer = ask(world);
    *ret_ticks += answer.ticks;
    metrics_api_request(world->metrics, method, endpoint, answer.status_code,
                        (double)answer.ticks / TICKS_PER_S);
    if (!answer.error)
        return REQUEST_OK;
    metrics_api_error(world->metrics, endpoint, answer.error);
    if (n_retries == RETRIES_MAX || strcmp(answer.error, "client_error") == 0)
        return REQUEST_FAILED;
    metrics_api_retry(world->metrics, endpoint, answer.error);
    *ret_ticks += SECONDS(1) << n_retries;
    return REQUEST_RETRY;
}

/* --- prices and distances ------------------------------------------------------------------- */

const struct good *world_choose_good(struct world *world)
{
    return &goods[world_roll(world, sizeof(goods) / sizeof(*goods))];
}

double world_price(struct world *world, const struct good *good)
{
    if (world_chance(world, 50))
        return good->price - good->price / 16.0;
    return good->price + good->profit / 2.0 + world_roll(world, good->profit);
}

static enum flight_mode choose_mode(struct world *world)
{
    static const enum flight_mode usual[] = { CRUISE, CRUISE, CRUISE, CRUISE, CRUISE,
                                              CRUISE, CRUISE, BURN,   BURN,   STEALTH };

    if (world->phase == HURRY)
        return BURN;
    if (world->phase == THRIFT || world_chance(world, 40))
        return DRIFT;
    return usual[world_roll(world, 10)];
}

struct leg world_plan_leg(struct world *world, const struct ship *ship, unsigned fuel)
{
    unsigned distance = 16 * (1 + world_roll(world, 6));
    struct leg leg = { .mode = choose_mode(world), .distance = distance };

    leg.fuel = distance / ship->fuel_ratio * (leg.mode == BURN ? 2 : 1);
    /* With the rest of its fuel a ship can only drift. */
    if (leg.mode == DRIFT || leg.fuel > fuel) {
        leg.mode = DRIFT;
        leg.fuel = distance / 16;
    }
    switch (leg.mode) {
    case CRUISE: leg.ticks = SECONDS(5) + SECONDS(distance) / 4; break;
    case DRIFT: leg.ticks = SECONDS(10) + SECONDS(distance) * 3 / 2; break;
    case BURN: leg.ticks = SECONDS(3) + SECONDS(distance) / 8; break;
    case STEALTH: leg.ticks = SECONDS(5) + SECONDS(distance) / 2; break;
    case N_FLIGHT_MODES: break;
    }
    return leg;
}
