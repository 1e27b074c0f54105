/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Metrics: what the manufacturing pipeline tells udometer
 *
 * This is the file to copy from. An event is one call of the client: it takes 200 ns, never waits,
 * and cannot fail. A gauge whose label sets come and go is a family: each poll replaces all of its
 * series, so a pipeline that has ended leaves nothing on the page.
 */

#include "metrics.h"

#include "../totals.h"

#include <math.h>
#include <stdio.h>

#define PREFIX "spacetraders_daemon_" /* of all names on the page */

/* A replacement that is one datagram is applied at once; scrapes hardly ever see half of it. */
enum { PACKET_BYTES = 16384, FLUSH_MS = 250, FAMILY_SERIES_MAX = 256, HOUR_S = 3600 };

/* The gauges whose label sets come and go. */
enum family { RUNNING, SUPPLY, MARGIN, MARKETS, N_FAMILIES };

static const char *const family_names[] = {
    [RUNNING] = "manufacturing_pipeline_running_total",
    [SUPPLY] = "manufacturing_factory_supply_level",
    [MARGIN] = "manufacturing_margin_percent",
    [MARKETS] = "market_supply_distribution",
};

static const char *const level_names[] = { "SCARCE", "LIMITED", "MODERATE", "HIGH", "ABUNDANT" };
static const char *const task_names[] = { "ACQUIRE", "DELIVER", "COLLECT", "SELL" };
static const char *const status_names[] = {
    [COMPLETED] = "COMPLETED", [FAILED] = "FAILED", [CANCELLED] = "CANCELLED"
};

static struct udom *udom;
static struct totals *totals;
static struct udom_family *families[N_PLAYERS][N_FAMILIES];

/*
 * Each of these is one call of the client. The totals are for the test of this example; a program
 * of your own does not need them.
 */
#define NOTE(type, ...) totals_note(totals, type, __VA_ARGS__, UDOM_END)
#define COUNT(...) (udom_count(udom, __VA_ARGS__), NOTE(TOTALS_COUNTER, __VA_ARGS__))
#define GAUGE(...) (udom_gauge(udom, __VA_ARGS__), NOTE(TOTALS_GAUGE, __VA_ARGS__))
#define OBSERVE(...) (udom_observe(udom, __VA_ARGS__), NOTE(TOTALS_HISTOGRAM, __VA_ARGS__))
#define REPLACE(player, family, value, ...)                                                        \
    (udom_replace(families[(player)->index][family], value, __VA_ARGS__),                          \
     NOTE(TOTALS_GAUGE, family_names[family], value, "player_id", (player)->id, __VA_ARGS__))

/* --- what happens ---------------------------------------------------------------------------- */

void record_pipeline_completion(const struct player *player, const struct pipeline *pipeline,
                                long duration)
{
    const char *good = products[pipeline->product].good;

    COUNT("manufacturing_pipeline_completed_total", 1, "player_id", player->id, "product_good",
          good, "status", status_names[pipeline->status]);
    OBSERVE("manufacturing_pipeline_duration_seconds", (double)duration, "player_id", player->id,
            "product_good", good);
    OBSERVE("manufacturing_pipeline_profit_credits", (double)(pipeline->revenue - pipeline->cost),
            "player_id", player->id, "product_good", good);
}

void record_task_completion(const struct player *player, enum task_type type, bool is_success,
                            long duration)
{
    COUNT("manufacturing_tasks_completed_total", 1, "player_id", player->id, "task_type",
          task_names[type], "status", is_success ? "success" : "failure");
    OBSERVE("manufacturing_task_duration_seconds", (double)duration, "player_id", player->id,
            "task_type", task_names[type]);
}

void record_task_retry(const struct player *player, enum task_type type)
{
    COUNT("manufacturing_task_retry_total", 1, "player_id", player->id, "task_type",
          task_names[type]);
}

void record_ship_task(const struct player *player, enum task_type type, long duration)
{
    OBSERVE("manufacturing_ship_task_duration_seconds", (double)duration, "player_id", player->id,
            "task_type", task_names[type]);
}

void record_supply_transition(const struct player *player, const char *good, enum level from,
                              enum level to)
{
    COUNT("manufacturing_supply_transitions_total", 1, "player_id", player->id, "good_symbol", good,
          "from_level", level_names[from], "to_level", level_names[to]);
}

void record_factory_cycle(const struct player *player, const struct factory *factory)
{
    COUNT("manufacturing_factory_cycles_total", 1, "player_id", player->id, "factory_symbol",
          factory->symbol, "output_good", products[factory->product].good);
}

void record_cost(const struct player *player, const char *cost_type, long credits)
{
    COUNT("manufacturing_cost_total", (double)credits, "player_id", player->id, "cost_type",
          cost_type);
}

void record_revenue(const struct player *player, long credits)
{
    COUNT("manufacturing_revenue_total", (double)credits, "player_id", player->id);
}

/* --- what is the case ------------------------------------------------------------------------ */

static void replace_begin(const struct player *player, enum family family)
{
    udom_replace_begin(families[player->index][family]);
    totals_end(totals, family_names[family], "player_id", player->id);
}

static void replace_end(const struct player *player, enum family family)
{
    udom_replace_end(families[player->index][family]);
}

/* In percent, to a quarter. */
static double share(double part, double whole)
{
    return whole > 0 ? rint(part / whole * 400) / 4 : 0;
}

static void update_pipeline_metrics(const struct player *player)
{
    unsigned n_running[N_PRODUCTS] = { 0 }, n_queued = 0;

    for (unsigned i = 0; i < N_PIPELINES; i++) {
        const struct pipeline *pipeline = &player->pipelines[i];

        n_queued += pipeline->status == PLANNING || pipeline->status == EXECUTING;
        n_running[pipeline->product] += pipeline->status == EXECUTING;
    }
    GAUGE("manufacturing_pipeline_queue_depth", n_queued, "player_id", player->id);
    replace_begin(player, RUNNING);
    for (unsigned i = 0; i < N_PRODUCTS; i++)
        if (n_running[i] > 0)
            REPLACE(player, RUNNING, n_running[i], "product_good", products[i].good);
    replace_end(player, RUNNING);
}

static void update_task_metrics(const struct player *player)
{
    unsigned n_tasks[N_TASK_TYPES][TASK_COMPLETED + 1] = { 0 };

    for (unsigned i = 0; i < N_PIPELINES; i++) {
        const struct pipeline *pipeline = &player->pipelines[i];

        for (unsigned j = 0; pipeline->status == EXECUTING && j < N_TASKS; j++)
            n_tasks[pipeline->tasks[j].type][pipeline->tasks[j].status]++;
    }
    for (enum task_type type = 0; type < N_TASK_TYPES; type++) {
        GAUGE("manufacturing_tasks_pending_total", n_tasks[type][TASK_PENDING], "player_id",
              player->id, "task_type", task_names[type]);
        GAUGE("manufacturing_tasks_ready_total", n_tasks[type][TASK_READY], "player_id", player->id,
              "task_type", task_names[type]);
        GAUGE("manufacturing_tasks_executing_total", n_tasks[type][TASK_EXECUTING], "player_id",
              player->id, "task_type", task_names[type]);
    }
}

/* The level is a label: the series of the level before must end. */
static void update_factory_metrics(const struct player *player)
{
    unsigned n_ready = 0;

    replace_begin(player, SUPPLY);
    for (unsigned i = 0; i < N_FACTORIES; i++) {
        const struct factory *factory = &player->factories[i];
        const char *good = products[factory->product].good;

        n_ready += factory_is_ready(factory);
        GAUGE("manufacturing_factory_inputs_delivered", (double)factory->n_delivered / N_INPUTS,
              "player_id", player->id, "factory_symbol", factory->symbol, "output_good", good);
        REPLACE(player, SUPPLY, 1, "factory_symbol", factory->symbol, "output_good", good,
                "supply_level", level_names[factory->level]);
    }
    replace_end(player, SUPPLY);
    GAUGE("manufacturing_factory_ready_total", n_ready, "player_id", player->id);
}

static void update_ship_metrics(const struct player *player)
{
    unsigned n_assigned = 0, n_idle = 0;

    for (unsigned i = 0; i < N_SHIPS; i++) {
        n_assigned += player->ships[i].pipeline != NULL;
        n_idle += !player->ships[i].pipeline && i < player->n_ships;
    }
    GAUGE("manufacturing_ships_assigned_total", n_assigned, "player_id", player->id);
    GAUGE("manufacturing_ships_idle_total", n_idle, "player_id", player->id);
    GAUGE("manufacturing_ship_utilization_percent", share(n_assigned, n_assigned + n_idle),
          "player_id", player->id);
}

/* Of the pipelines that were completed in the last hour. */
static void update_economic_metrics(const struct player *player, long now)
{
    long costs[N_PRODUCTS] = { 0 }, revenues[N_PRODUCTS] = { 0 }, profit = 0;
    unsigned first = player->n_outcomes > N_OUTCOMES ? player->n_outcomes - N_OUTCOMES : 0;

    for (unsigned i = first; i < player->n_outcomes; i++) {
        const struct outcome *outcome = &player->outcomes[i % N_OUTCOMES];

        if (outcome->at <= now - HOUR_S)
            continue;
        costs[outcome->product] += outcome->cost;
        revenues[outcome->product] += outcome->revenue;
        profit += outcome->revenue - outcome->cost;
    }
    GAUGE("manufacturing_profit_rate", (double)profit, "player_id", player->id);
    replace_begin(player, MARGIN);
    for (unsigned i = 0; i < N_PRODUCTS; i++)
        if (revenues[i] > 0)
            REPLACE(player, MARGIN, share((double)(revenues[i] - costs[i]), (double)revenues[i]),
                    "product_good", products[i].good);
    replace_end(player, MARGIN);
}

void update_all_metrics(const struct world *world)
{
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = &world->players[i];

        update_pipeline_metrics(player);
        update_task_metrics(player);
        update_factory_metrics(player);
        update_ship_metrics(player);
        update_economic_metrics(player, world->now);
    }
}

/* How many markets have a good at a level, for each that there is. */
static void update_markets(const struct world *world, const struct player *player)
{
    replace_begin(player, MARKETS);
    for (unsigned good = 0; good < N_PRODUCTS; good++) {
        unsigned n_markets[N_LEVELS] = { 0 };

        for (unsigned i = 0; i < N_MARKETS; i++)
            n_markets[world->markets[i][good]]++;
        for (enum level level = 0; level < N_LEVELS; level++)
            if (n_markets[level] > 0)
                REPLACE(player, MARKETS, n_markets[level], "good_symbol", products[good].good,
                        "supply_level", level_names[level]);
    }
    replace_end(player, MARKETS);
}

void update_market_metrics(const struct world *world)
{
    for (unsigned i = 0; i < N_PLAYERS; i++)
        update_markets(world, &world->players[i]);
}

/* --- the client ------------------------------------------------------------------------------ */

static void declare_totals(void)
{
    static const double pipeline_s[] = { 60, 120, 300, 600, 900, 1200, 1800, 3600, 0 };
    static const double task_s[] = { 10, 30, 60, 120, 300, 600, 0 };
    static const double credits[] = { 1000, 5000, 10000, 50000, 100000, 500000, 0 };

    totals_declare(totals, "manufacturing_pipeline_duration_seconds", pipeline_s);
    totals_declare(totals, "manufacturing_pipeline_profit_credits", credits);
    totals_declare(totals, "manufacturing_task_duration_seconds", task_s);
    totals_declare(totals, "manufacturing_ship_task_duration_seconds", task_s);
}

/* Show counters from the start, at zero, so that rate() sees the first increment. */
static void announce(const struct player *player)
{
    for (unsigned i = 0; i < N_PRODUCTS; i++)
        for (enum pipeline_status status = COMPLETED; status <= CANCELLED; status++)
            COUNT("manufacturing_pipeline_completed_total", 0, "player_id", player->id,
                  "product_good", products[i].good, "status", status_names[status]);
    for (enum task_type type = 0; type < N_TASK_TYPES; type++) {
        COUNT("manufacturing_tasks_completed_total", 0, "player_id", player->id, "task_type",
              task_names[type], "status", "success");
        COUNT("manufacturing_tasks_completed_total", 0, "player_id", player->id, "task_type",
              task_names[type], "status", "failure");
        COUNT("manufacturing_task_retry_total", 0, "player_id", player->id, "task_type",
              task_names[type]);
    }
    record_cost(player, "acquire", 0);
    record_cost(player, "deliver", 0);
    record_revenue(player, 0);
}

int metrics_open(const struct world *world, bool is_on)
{
    struct udom_options options = { .url = is_on ? NULL : "off",
                                    .prefix = PREFIX,
                                    .packet_bytes = PACKET_BYTES,
                                    .flush_ms = FLUSH_MS };

    udom = udom_open(&options);
    if (!udom)
        return -1;
    totals = totals_new(PREFIX);
    declare_totals();
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        const struct player *player = &world->players[i];

        for (unsigned j = 0; j < N_FAMILIES; j++)
            families[i][j] =
                udom_family(udom, family_names[j], FAMILY_SERIES_MAX, "player_id", player->id);
        announce(player);
    }
    return 0;
}

int metrics_close(const char *totals_path, double loop_seconds)
{
    struct udom_stats sent;
    int err = 0;

    udom_flush(udom);
    udom_get_stats(udom, &sent);
    udom_close(udom);
    udom = NULL;
    if (totals_path)
        err = totals_write(totals, totals_path, &sent, loop_seconds);
    totals_free(totals);
    totals = NULL;
    return err;
}
