/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Metrics
 *
 * This is the file to copy from. Each function is an event or a poll of the plan, and sends what
 * the plan says of it. COUNT, OBSERVE and GAUGE are udom_count(), udom_observe() and udom_gauge(),
 * and also note what was sent, which only --totals needs. If metrics are off, the client is NULL,
 * and the same calls do nothing.
 */

#include "metrics.h"

#include "../totals.h"

#include <udometer.h>

#include <string.h>

#define COUNT(metrics, name, value, ...)                                                           \
    do {                                                                                           \
        udom_count((metrics)->udom, name, value, __VA_ARGS__);                                     \
        totals_note((metrics)->totals, TOTALS_COUNTER, name, value, __VA_ARGS__, UDOM_END);        \
    } while (0)

#define OBSERVE(metrics, name, value, ...)                                                         \
    do {                                                                                           \
        udom_observe((metrics)->udom, name, value, __VA_ARGS__);                                   \
        totals_note((metrics)->totals, TOTALS_HISTOGRAM, name, value, __VA_ARGS__, UDOM_END);      \
    } while (0)

#define GAUGE(metrics, name, value, ...)                                                           \
    do {                                                                                           \
        udom_gauge((metrics)->udom, name, value, __VA_ARGS__);                                     \
        totals_note((metrics)->totals, TOTALS_GAUGE, name, value, __VA_ARGS__, UDOM_END);          \
    } while (0)

static const char *const container_types[] = {
    [NAVIGATE] = "navigate",
    [DOCK] = "dock",
    [ORBIT] = "orbit",
    [REFUEL] = "refuel",
    [SCOUT] = "scout",
    [MINING_WORKER] = "mining_worker",
    [MINING_COORDINATOR] = "mining_coordinator",
    [TRANSPORT_WORKER] = "transport_worker",
    [CONTRACT_WORKFLOW] = "contract_workflow",
    [BALANCING] = "balancing",
    [TRADING] = "trading",
    [FLEET_ASSIGNMENT] = "fleet_assignment",
    [PURCHASE] = "purchase",
};

static const char *const container_ends[] = { "completed", "failed", "stopped" };
static const char *const route_ends[] = { "completed", "failed", "aborted" };
static const char *const flight_modes[] = { "CRUISE", "DRIFT", "BURN", "STEALTH" };
static const char *const ship_statuses[] = { "docked", "in_orbit", "in_transit" };

static const char *const categories[] = {
    [FUEL_COSTS] = "FUEL_COSTS",
    [TRADING_REVENUE] = "TRADING_REVENUE",
    [TRADING_COSTS] = "TRADING_COSTS",
    [SHIP_INVESTMENTS] = "SHIP_INVESTMENTS",
    [CONTRACT_REVENUE] = "CONTRACT_REVENUE",
};

static const char *const transaction_types[] = {
    [TRANSACTION_REFUEL] = "REFUEL",
    [TRANSACTION_PURCHASE_CARGO] = "PURCHASE_CARGO",
    [TRANSACTION_SELL_CARGO] = "SELL_CARGO",
    [TRANSACTION_PURCHASE_SHIP] = "PURCHASE_SHIP",
    [TRANSACTION_CONTRACT_ACCEPTED] = "CONTRACT_ACCEPTED",
    [TRANSACTION_CONTRACT_FULFILLED] = "CONTRACT_FULFILLED",
};

/* --- the start ------------------------------------------------------------------------------- */

/*
 * Prometheus sees an increase only between two scrapes: of a counter that appears with its first
 * event, increase() misses that event. Counting 0 makes it appear before.
 */
static void begin_at_zero(struct metrics *metrics, const struct player *player)
{
    for (unsigned type = 0; type < N_CONTAINER_TYPES; type++) {
        const char *name = container_types[type];

        for (unsigned i = 0; i < 3; i++)
            COUNT(metrics, "container_total", 0, "player_id", player->id, "container_type", name,
                  "status", container_ends[i]);
        COUNT(metrics, "container_restarts_total", 0, "player_id", player->id, "container_type",
              name);
        COUNT(metrics, "container_iterations_total", 0, "player_id", player->id, "container_type",
              name);
    }
    for (unsigned i = 0; i < 3; i++)
        COUNT(metrics, "routes_total", 0, "player_id", player->id, "status", route_ends[i]);
    GAUGE(metrics, "player_credits_balance", player->credits, "player_id", player->id, "agent",
          player->agent);
}

/* The plan's, for the totals. */
static const struct {
    const char *name;
    double bounds[10]; /* ended by a 0 */
} histograms[] = {
    { "container_duration_seconds", { 1, 5, 10, 30, 60, 300, 600, 1800, 3600 } },
    { "route_duration_seconds", { 10, 30, 60, 120, 300, 600, 1200, 1800 } },
    { "fuel_efficiency_ratio", { 0.1, 0.5, 1, 2, 5, 10, 20 } },
    { "transaction_amount", { 100, 500, 1000, 5000, 10000, 50000, 100000, 500000 } },
    { "trade_profit_per_unit", { 1, 5, 10, 50, 100, 500, 1000 } },
    { "trade_margin_percent", { 5, 10, 25, 50, 75, 100, 150, 200 } },
    { "api_request_duration_seconds", { 0.1, 0.25, 0.5, 1, 2.5, 5, 10 } },
    { "api_rate_limit_wait_seconds", { 0.1, 0.5, 1, 2, 5 } },
    { "command_duration_seconds", { 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30 } },
};

static void declare_totals(struct totals *totals)
{
    for (size_t i = 0; i < sizeof(histograms) / sizeof(*histograms); i++)
        totals_declare(totals, histograms[i].name, histograms[i].bounds);
}

void metrics_init(struct metrics *metrics, const struct fleet *fleet)
{
    declare_totals(metrics->totals);
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = fleet_player(fleet, i);

        /* Gauges whose series are known, prepared: the fast way. */
        for (unsigned type = 0; type < N_CONTAINER_TYPES; type++)
            metrics->running[i][type] =
                udom_metric(metrics->udom, UDOM_GAUGE, "container_running_total", "player_id",
                            player->id, "container_type", container_types[type]);
        /* Gauges whose series come and go: all of a player are replaced together. */
        metrics->ships[i] =
            udom_family(metrics->udom, "ships_total", SHIPS_MAX, "player_id", player->id);
        metrics->statuses[i] = udom_family(metrics->udom, "ship_status_total", N_SHIP_STATUSES,
                                           "player_id", player->id);
        begin_at_zero(metrics, player);
    }
}

/* --- polls ----------------------------------------------------------------------------------- */

static void set_running(struct metrics *metrics, const struct fleet *fleet, bool is_up)
{
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = fleet_player(fleet, i);

        for (unsigned type = 0; type < N_CONTAINER_TYPES; type++) {
            unsigned n = is_up ? player->n_running[type] : 0;

            udom_metric_gauge(metrics->running[i][type], n);
            totals_note(metrics->totals, TOTALS_GAUGE, "container_running_total", n, "player_id",
                        player->id, "container_type", container_types[type], UDOM_END);
        }
    }
}

void metrics_poll_containers(struct metrics *metrics, const struct fleet *fleet)
{
    set_running(metrics, fleet, true);
}

/* Ships of @player with the role and system of @ship; 0 if one before @ship has been counted. */
static unsigned count_alike(const struct player *player, const struct ship *ship)
{
    unsigned n = 0;

    for (const struct ship *other = player->ships; other < player->ships + player->n_ships;
         other++) {
        if (strcmp(other->role, ship->role) != 0 || other->system != ship->system)
            continue;
        if (other < ship)
            return 0;
        n++;
    }
    return n;
}

static void poll_locations(struct metrics *metrics, unsigned i, const struct player *player)
{
    totals_end(metrics->totals, "ships_total", "player_id", player->id);
    udom_replace_begin(metrics->ships[i]);
    for (unsigned j = 0; j < player->n_ships; j++) {
        const struct ship *ship = &player->ships[j];
        const char *location = fleet_systems[ship->system];
        unsigned n = count_alike(player, ship);

        if (n == 0)
            continue;
        udom_replace(metrics->ships[i], n, "role", ship->role, "location", location);
        totals_note(metrics->totals, TOTALS_GAUGE, "ships_total", n, "player_id", player->id,
                    "role", ship->role, "location", location, UDOM_END);
    }
    udom_replace_end(metrics->ships[i]);
}

static void poll_statuses(struct metrics *metrics, unsigned i, const struct player *player)
{
    unsigned n[N_SHIP_STATUSES] = { 0 };

    for (unsigned j = 0; j < player->n_ships; j++)
        n[player->ships[j].status]++;
    totals_end(metrics->totals, "ship_status_total", "player_id", player->id);
    udom_replace_begin(metrics->statuses[i]);
    for (unsigned status = 0; status < N_SHIP_STATUSES; status++) {
        if (n[status] == 0)
            continue;
        udom_replace(metrics->statuses[i], n[status], "status", ship_statuses[status]);
        totals_note(metrics->totals, TOTALS_GAUGE, "ship_status_total", n[status], "player_id",
                    player->id, "status", ship_statuses[status], UDOM_END);
    }
    udom_replace_end(metrics->statuses[i]);
}

void metrics_poll_ships(struct metrics *metrics, const struct fleet *fleet)
{
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        poll_locations(metrics, i, fleet_player(fleet, i));
        poll_statuses(metrics, i, fleet_player(fleet, i));
    }
}

void metrics_poll_finance(struct metrics *metrics, struct fleet *fleet)
{
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = fleet_profit_loss(fleet, i);
        double net = 0;

        for (unsigned j = 0; j < N_CATEGORIES; j++) {
            if (player->revenue[j] > 0)
                GAUGE(metrics, "total_revenue", player->revenue[j], "player_id", player->id,
                      "category", categories[j]);
            if (player->expenses[j] > 0)
                GAUGE(metrics, "total_expenses", player->expenses[j], "player_id", player->id,
                      "category", categories[j]);
            net += player->revenue[j] - player->expenses[j];
        }
        GAUGE(metrics, "net_profit", net, "player_id", player->id);
    }
}

void metrics_stop(struct metrics *metrics, const struct fleet *fleet)
{
    set_running(metrics, fleet, false);
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = fleet_player(fleet, i);

        udom_replace_begin(metrics->ships[i]);
        udom_replace_end(metrics->ships[i]);
        totals_end(metrics->totals, "ships_total", "player_id", player->id);
        udom_replace_begin(metrics->statuses[i]);
        udom_replace_end(metrics->statuses[i]);
        totals_end(metrics->totals, "ship_status_total", "player_id", player->id);
    }
}

/* --- events: containers, routes and fuel ---------------------------------------------------- */

void metrics_container_ended(struct metrics *metrics, const struct player *player,
                             enum container_type type, enum container_end end, double seconds)
{
    COUNT(metrics, "container_total", 1, "player_id", player->id, "container_type",
          container_types[type], "status", container_ends[end]);
    OBSERVE(metrics, "container_duration_seconds", seconds, "player_id", player->id,
            "container_type", container_types[type]);
}

void metrics_container_restarted(struct metrics *metrics, const struct player *player,
                                 enum container_type type)
{
    COUNT(metrics, "container_restarts_total", 1, "player_id", player->id, "container_type",
          container_types[type]);
}

void metrics_container_iterated(struct metrics *metrics, const struct player *player,
                                enum container_type type)
{
    COUNT(metrics, "container_iterations_total", 1, "player_id", player->id, "container_type",
          container_types[type]);
}

void metrics_segment_completed(struct metrics *metrics, const struct player *player,
                               enum flight_mode mode, double distance, unsigned fuel)
{
    COUNT(metrics, "route_segments_completed_total", 1, "player_id", player->id);
    COUNT(metrics, "fuel_consumed_units_total", fuel, "player_id", player->id, "flight_mode",
          flight_modes[mode]);
    OBSERVE(metrics, "fuel_efficiency_ratio", distance / fuel, "player_id", player->id);
}

void metrics_route_ended(struct metrics *metrics, const struct player *player, enum route_end end,
                         double seconds, double distance, unsigned fuel)
{
    COUNT(metrics, "routes_total", 1, "player_id", player->id, "status", route_ends[end]);
    OBSERVE(metrics, "route_duration_seconds", seconds, "player_id", player->id, "status",
            route_ends[end]);
    if (end != ROUTE_COMPLETED)
        return;
    COUNT(metrics, "route_distance_traveled_total", distance, "player_id", player->id);
    COUNT(metrics, "route_fuel_consumed_total", fuel, "player_id", player->id);
}

void metrics_fuel_purchased(struct metrics *metrics, const struct player *player,
                            const char *waypoint, unsigned units)
{
    COUNT(metrics, "fuel_purchased_units_total", units, "player_id", player->id, "waypoint",
          waypoint);
}

/* --- events: finance ------------------------------------------------------------------------ */

void metrics_transaction(struct metrics *metrics, const struct player *player,
                         enum transaction_type type, enum category category, double amount)
{
    COUNT(metrics, "transactions_total", 1, "player_id", player->id, "type",
          transaction_types[type], "category", categories[category]);
    OBSERVE(metrics, "transaction_amount", amount < 0 ? -amount : amount, "player_id", player->id,
            "type", transaction_types[type], "category", categories[category]);
    GAUGE(metrics, "player_credits_balance", player->credits, "player_id", player->id, "agent",
          player->agent);
}

void metrics_trade(struct metrics *metrics, const struct player *player, const char *good,
                   double buy_price, double sell_price)
{
    double profit = sell_price - buy_price;

    OBSERVE(metrics, "trade_profit_per_unit", profit, "player_id", player->id, "good_symbol", good);
    OBSERVE(metrics, "trade_margin_percent", profit / buy_price * 100, "player_id", player->id,
            "good_symbol", good);
}

/* --- events: API and commands --------------------------------------------------------------- */

void metrics_api_request(struct metrics *metrics, const char *method, const char *endpoint,
                         const char *status_code, double seconds)
{
    COUNT(metrics, "api_requests_total", 1, "method", method, "endpoint", endpoint, "status_code",
          status_code);
    OBSERVE(metrics, "api_request_duration_seconds", seconds, "method", method, "endpoint",
            endpoint);
}

void metrics_api_rate_limit_wait(struct metrics *metrics, const char *endpoint, double seconds)
{
    OBSERVE(metrics, "api_rate_limit_wait_seconds", seconds, "endpoint", endpoint);
}

void metrics_api_error(struct metrics *metrics, const char *endpoint, const char *error_type)
{
    COUNT(metrics, "api_errors_total", 1, "endpoint", endpoint, "error_type", error_type);
}

void metrics_api_retry(struct metrics *metrics, const char *endpoint, const char *reason)
{
    COUNT(metrics, "api_retries_total", 1, "endpoint", endpoint, "reason", reason);
}

void metrics_command(struct metrics *metrics, const char *command, bool is_ok, double seconds)
{
    const char *status = is_ok ? "success" : "error";

    OBSERVE(metrics, "command_duration_seconds", seconds, "command", command, "status", status);
    COUNT(metrics, "command_total", 1, "command", command, "status", status);
}
