/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Container
 *
 * A container repeats the script of its type, one letter an action, and each action is a command
 * and a request to the API. After a failed one it begins the script again, three times at most.
 */

#include "container.h"

#include "metrics.h"
#include "player.h"

#include <stdio.h>

enum { RESTARTS_MAX = 3 };

#define SECONDS(n) ((uint64_t)(n)*TICKS_PER_S)
#define N_OF(array) (sizeof(array) / sizeof(*(array)))

static const char *const spots[] = { "STATION", "MARKET", "SHIPYARD", "A1", "B2", "C3" };

/* The letters are those of `actions`. Without @iterations it runs until it is stopped. */
static const struct script {
    const char *actions;
    unsigned iterations, pause_s, rest_s; /* between iterations, and before it is started again */
} scripts[] = {
    [NAVIGATE] = { "n", 1, 0, 90 },
    [DOCK] = { "d", 1, 0, 120 },
    [ORBIT] = { "o", 1, 0, 120 },
    [REFUEL] = { "dro", 1, 0, 150 },
    [SCOUT] = { "ndro", 0, 0, 30 },
    [MINING_WORKER] = { "neeendsro", 4, 5, 20 },
    [MINING_COORDINATOR] = { "lm", 20, 20, 30 },
    [TRANSPORT_WORKER] = { "ndondro", 5, 5, 20 },
    [CONTRACT_WORKFLOW] = { "andbondfro", 1, 0, 15 },
    [BALANCING] = { "lm", 10, 30, 60 },
    [TRADING] = { "mndbondsro", 6, 5, 15 },
    [FLEET_ASSIGNMENT] = { "l", 1, 0, 60 },
    [PURCHASE] = { "mp", 1, 0, 1500 },
};

static double seconds_since(const struct world *world, uint64_t ticks)
{
    return (double)(world->now - ticks) / TICKS_PER_S;
}

/* --- routes --------------------------------------------------------------------------------- */

static void refuel(struct container *container)
{
    struct ship *ship = container->ship;
    unsigned units = ship->fuel_max - ship->fuel;
    const char *system = fleet_systems[ship->system];
    char waypoint[32];

    if (units == 0)
        return;
    if (ship->spot < N_OF(spots))
        snprintf(waypoint, sizeof(waypoint), "%s-%s", system, spots[ship->spot]);
    else
        snprintf(waypoint, sizeof(waypoint), "%s-W%03u", system, ship->spot);
    ship->fuel = ship->fuel_max;
    metrics_fuel_purchased(container->world->metrics, container->player, waypoint, units);
    player_transact(container->world, container->player, TRANSACTION_REFUEL, FUEL_COSTS,
                    -1.0 * units);
}

static void choose_destination(struct container *container)
{
    struct route *route = &container->route;
    struct world *world = container->world;

    route->system = container->ship->system;
    if (world_chance(world, 400))
        route->system = world_chance(world, 500) ? 0 : world_roll(world, N_SYSTEMS);
    if (container->is_probe)
        route->spot = (unsigned)N_OF(spots) + container->player->n_scouted++;
    else
        route->spot = world_roll(world, N_OF(spots));
}

static void depart(struct container *container)
{
    struct route *route = &container->route;
    struct ship *ship = container->ship;
    unsigned fuel;

    if (ship->fuel < 100)
        refuel(container);
    fuel = ship->fuel;
    *route = (struct route){ .started = container->world->now,
                             .n_legs = 1 + world_roll(container->world, LEGS_MAX) };
    choose_destination(container);
    for (unsigned i = 0; i < route->n_legs; i++) {
        route->legs[i] = world_plan_leg(container->world, ship, fuel);
        fuel -= route->legs[i].fuel;
    }
    ship->status = IN_TRANSIT;
    container->due += route->legs[0].ticks;
}

static void end_route(struct container *container, enum route_end end)
{
    struct route *route = &container->route;
    unsigned distance = 0, fuel = 0;

    for (unsigned i = 0; i < route->n_legs; i++) {
        distance += route->legs[i].distance;
        fuel += route->legs[i].fuel;
    }
    container->ship->status = IN_ORBIT;
    route->n_legs = 0;
    metrics_route_ended(container->world->metrics, container->player, end,
                        seconds_since(container->world, route->started), distance, fuel);
}

/* --- containers ----------------------------------------------------------------------------- */

static void start_container(struct container *container)
{
    container->is_running = true;
    container->player->n_running[container->type]++;
    container->started = container->world->now;
    container->stop_at = container->world->now + SECONDS(300 + world_roll(container->world, 900));
    container->next = scripts[container->type].actions;
    container->n_iterations = 0;
    container->n_restarts = 0;
    container->n_retries = 0;
}

static void end_container(struct container *container, enum container_end end)
{
    uint64_t rest = SECONDS(scripts[container->type].rest_s);

    if (container->route.n_legs)
        end_route(container, ROUTE_ABORTED);
    container->is_running = false;
    container->player->n_running[container->type]--;
    container->due =
        container->world->now + rest / 2 + world_roll(container->world, (unsigned)rest);
    metrics_container_ended(container->world->metrics, container->player, container->type, end,
                            seconds_since(container->world, container->started));
}

/* An action has failed: begin the script again, but not for ever. */
static void handle_error(struct container *container, uint64_t ticks)
{
    if (container->n_restarts == RESTARTS_MAX) {
        end_container(container, CONTAINER_FAILED);
        return;
    }
    container->n_restarts++;
    container->next = scripts[container->type].actions;
    container->due = container->world->now + ticks + SECONDS(5);
    metrics_container_restarted(container->world->metrics, container->player, container->type);
}

/* The script is at its end. */
static void iterate(struct container *container)
{
    const struct script *script = &scripts[container->type];

    metrics_container_iterated(container->world->metrics, container->player, container->type);
    container->n_iterations++;
    container->next = script->actions;
    if (container->n_iterations == script->iterations)
        end_container(container, CONTAINER_COMPLETED);
    else if (script->iterations == 0 && container->world->now >= container->stop_at &&
             !container->is_probe)
        end_container(container, CONTAINER_STOPPED);
    else
        container->due = container->world->now + SECONDS(script->pause_s);
}

static void fly_on(struct container *container)
{
    struct route *route = &container->route;
    const struct leg *leg = &route->legs[route->n_done++];

    if (world_chance(container->world, container->world->phase == SERVER_ERRORS ? 200 : 2)) {
        end_route(container, ROUTE_FAILED);
        handle_error(container, 0);
        return;
    }
    container->ship->fuel -= leg->fuel;
    metrics_segment_completed(container->world->metrics, container->player, leg->mode,
                              leg->distance, leg->fuel);
    if (route->n_done < route->n_legs) {
        container->due = container->world->now + route->legs[route->n_done].ticks;
        return;
    }
    container->ship->system = route->system;
    container->ship->spot = route->spot;
    end_route(container, ROUTE_COMPLETED);
}

/* --- actions -------------------------------------------------------------------------------- */

static void dock(struct container *container)
{
    container->ship->status = DOCKED;
}

static void orbit(struct container *container)
{
    container->ship->status = IN_ORBIT;
}

static void extract(struct container *container)
{
    if (container->cargo_price)
        container->cargo_units = 0;
    container->cargo = &world_ore;
    container->cargo_price = 0;
    container->cargo_units += 1 + world_roll(container->world, 6);
    container->due += SECONDS(10 + world_roll(container->world, 20));
}

static void buy(struct container *container)
{
    const struct good *good = world_choose_good(container->world);
    unsigned units = 5 + world_roll(container->world, 20);

    /* Before an error, it may have bought something that it still has. */
    if (container->cargo_units > 0 || container->player->credits < good->price * units)
        return;
    container->cargo = good;
    container->cargo_price = good->price;
    container->cargo_units = units;
    player_transact(container->world, container->player, TRANSACTION_PURCHASE_CARGO, TRADING_COSTS,
                    -1.0 * good->price * units);
}

static void sell(struct container *container)
{
    const struct good *good = container->cargo;
    double price;

    if (!good || container->cargo_units == 0)
        return;
    price = world_price(container->world, good);
    player_transact(container->world, container->player, TRANSACTION_SELL_CARGO, TRADING_REVENUE,
                    price * container->cargo_units);
    if (container->cargo_price)
        metrics_trade(container->world->metrics, container->player, good->symbol,
                      container->cargo_price, price);
    container->cargo_units = 0;
}

static void accept(struct container *container)
{
    player_transact(container->world, container->player, TRANSACTION_CONTRACT_ACCEPTED,
                    CONTRACT_REVENUE, 500 + world_roll(container->world, 500));
}

static void fulfill(struct container *container)
{
    container->cargo_units = 0;
    player_transact(container->world, container->player, TRANSACTION_CONTRACT_FULFILLED,
                    CONTRACT_REVENUE, 3000 + world_roll(container->world, 6000));
}

static void purchase_ship(struct container *container)
{
    (void)player_add_ship(container->world, container->player, "HAULER", 1,
                          20000 + world_roll(container->world, 4000));
}

static const struct action {
    char letter;
    const char *command, *method, *endpoint;
    void (*effect)(struct container *);
} actions[] = {
    { 'n', "NavigateRouteCommand", "POST", "/my/ships/{symbol}/navigate", depart },
    { 'd', "DockShipCommand", "POST", "/my/ships/{symbol}/dock", dock },
    { 'o', "OrbitShipCommand", "POST", "/my/ships/{symbol}/orbit", orbit },
    { 'r', "RefuelShipCommand", "POST", "/my/ships/{symbol}/refuel", refuel },
    { 'e', "ExtractResourcesCommand", "POST", "/my/ships/{symbol}/extract", extract },
    { 'b', "PurchaseCargoCommand", "POST", "/my/ships/{symbol}/purchase", buy },
    { 's', "SellCargoCommand", "POST", "/my/ships/{symbol}/sell", sell },
    { 'a', "AcceptContractCommand", "POST", "/my/contracts/{id}/accept", accept },
    { 'f', "FulfillContractCommand", "POST", "/my/contracts/{id}/fulfill", fulfill },
    { 'p', "PurchaseShipCommand", "POST", "/my/ships", purchase_ship },
    { 'l', "ListShipsQuery", "GET", "/my/ships", NULL },
    { 'm', "GetMarketQuery", "GET", "/systems/{system}/waypoints/{waypoint}/market", NULL },
};

static const struct action *action_of(char letter)
{
    const struct action *action = actions;

    while (action->letter != letter)
        action++;
    return action;
}

/* As the mediator's middleware does: whatever the command, its time and outcome are told. */
static void end_command(struct container *container, const struct action *action, bool is_ok,
                        uint64_t ticks)
{
    double seconds =
        seconds_since(container->world, container->command_started) + (double)ticks / TICKS_PER_S;

    container->n_retries = 0;
    metrics_command(container->world->metrics, action->command, is_ok, seconds);
    if (!is_ok && action->effect == depart)
        metrics_route_ended(container->world->metrics, container->player, ROUTE_FAILED, seconds, 0,
                            0);
}

static void act(struct container *container)
{
    const struct action *action = action_of(*container->next);
    uint64_t ticks = 1 + world_roll(container->world, 4);

    if (container->n_retries == 0)
        container->command_started = container->world->now;
    switch (world_request(container->world, action->method, action->endpoint, container->n_retries,
                          &ticks)) {
    case REQUEST_OK:
        end_command(container, action, true, ticks);
        container->next++;
        container->due = container->world->now + ticks;
        if (action->effect)
            action->effect(container);
        break;
    case REQUEST_RETRY:
        container->n_retries++;
        container->due = container->world->now + ticks;
        break;
    case REQUEST_FAILED:
        end_command(container, action, false, ticks);
        handle_error(container, ticks);
        break;
    }
}

void container_go_on(struct container *container)
{
    if (!container->is_running)
        start_container(container);
    else if (container->route.n_legs)
        fly_on(container);
    else if (*container->next)
        act(container);
    else
        iterate(container);
}

void container_stop(struct container *container)
{
    if (container->is_running)
        end_container(container, CONTAINER_STOPPED);
}

void container_buy_probe(struct container *container)
{
    const struct action *action = action_of('p');
    uint64_t ticks = 1;
    bool is_ok =
        world_request(container->world, action->method, action->endpoint, 0, &ticks) == REQUEST_OK;

    container->command_started = container->world->now;
    container->due = container->world->now + ticks;
    end_command(container, action, is_ok, ticks);
    if (is_ok)
        container->ship =
            player_add_ship(container->world, container->player, "SATELLITE", 4, 4096);
}
