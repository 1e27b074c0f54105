/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Manufacturing bot: two players whose factories, ships and pipelines earn and lose money
 *
 *      bot --metrics=on                                as fast as life, until Ctrl-C
 *      bot --metrics=on --duration=3600 --speed=120    an hour in half a minute
 *
 * The world moves on by a second at a time, when that second is due. Everything that happens in it
 * follows from --seed, so two runs differ only in when their metrics are sent, which is what
 * metrics.c does. Once an hour each of five things goes wrong, for the alerts to see.
 */

#include "metrics.h"
#include "world.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_RUNNING_MAX = 6, N_RETRIES_MAX = 3, PLANNING_S = 15, DEADLINE_S = 1200 };
enum { TICK_MS = 50, HOUR_S = 3600, NS_PER_S = 1000000000 };

const struct product products[N_PRODUCTS] = {
    { "ADVANCED_CIRCUITRY", 61000, 188000 }, { "CLOTHING", 3800, 12400 },
    { "ELECTRONICS", 9500, 27500 },          { "FOOD", 1900, 6200 },
    { "MACHINERY", 17000, 49000 },           { "SHIP_PLATING", 118000, 331000 },
};

/* Seconds of each hour in which something goes wrong. */
static const struct incident {
    int from, to;
} api_outage = { 180, 600 }, repairs = { 660, 1260 }, slump = { 1260, 1860 },
  standstill = { 1860, 2400 }, absence = { 2400, 3000 };

static volatile sig_atomic_t must_stop;

/* --- chance ---------------------------------------------------------------------------------- */

static uint64_t random_state;

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t x = random_state += 0x9e3779b97f4a7c15;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static long between(long least, long most)
{
    return least + (long)(next_random() % (uint64_t)(most - least + 1));
}

/* True once in @n times. */
static bool one_in(unsigned n)
{
    return next_random() % n == 0;
}

static bool is_during(const struct incident *incident, long now)
{
    return now % HOUR_S >= incident->from && now % HOUR_S < incident->to;
}

/* --- pipelines ------------------------------------------------------------------------------- */

/* End a pipeline; the ships that work for it stop. */
static void end_pipeline(const struct world *world, struct player *player,
                         struct pipeline *pipeline, enum pipeline_status status)
{
    pipeline->status = status;
    record_pipeline_completion(player, pipeline, world->now - pipeline->started_at);
    if (status == COMPLETED)
        player->outcomes[player->n_outcomes++ % N_OUTCOMES] =
            (struct outcome){ pipeline->product, world->now, pipeline->cost, pipeline->revenue };
    for (unsigned i = 0; i < N_SHIPS; i++)
        if (player->ships[i].pipeline == pipeline && player->ships[i].task) {
            player->ships[i].task = NULL;
            player->ships[i].free_at = world->now + between(5, 25);
        }
    pipeline->factory->is_taken = false;
    pipeline->status = FREE;
}

static void plan_pipeline(const struct world *world, struct player *player)
{
    for (unsigned i = 0; i < N_PIPELINES; i++)
        if (player->pipelines[i].status == FREE) {
            player->pipelines[i] =
                (struct pipeline){ .status = PLANNING,
                                   .product = (unsigned)between(0, N_PRODUCTS - 1),
                                   .planned_at = world->now };
            return;
        }
}

static struct factory *find_factory(struct player *player, unsigned product)
{
    for (unsigned i = 0; i < N_FACTORIES; i++)
        if (player->factories[i].product == product && !player->factories[i].is_taken)
            return &player->factories[i];
    return NULL;
}

static void start_pipeline(const struct world *world, struct pipeline *pipeline,
                           struct factory *factory)
{
    pipeline->status = EXECUTING;
    pipeline->started_at = world->now;
    pipeline->factory = factory;
    factory->is_taken = true;
    for (unsigned i = 0; i < N_INPUTS; i++) {
        pipeline->tasks[2 * i] = (struct task){ .type = ACQUIRE, .input = i };
        pipeline->tasks[2 * i + 1] = (struct task){ .type = DELIVER, .input = i };
    }
    pipeline->tasks[N_TASKS - 2] = (struct task){ .type = COLLECT };
    pipeline->tasks[N_TASKS - 1] = (struct task){ .type = SELL };
}

/* Whether all that a task depends on has been done. */
static bool is_ready(const struct pipeline *pipeline, const struct task *task, long now)
{
    if (now < task->retry_at)
        return false;
    switch (task->type) {
    case DELIVER:
    case SELL: return task[-1].status == TASK_COMPLETED; /* ACQUIRE of the same input; COLLECT */
    case COLLECT: return factory_is_ready(pipeline->factory);
    case ACQUIRE:
    case N_TASK_TYPES: break;
    }
    return true;
}

static void step_pipelines(const struct world *world, struct player *player)
{
    bool is_standstill = is_during(&standstill, world->now);
    unsigned n_running = 0;

    if (!is_standstill && one_in(70))
        plan_pipeline(world, player);
    for (unsigned i = 0; i < N_PIPELINES; i++)
        n_running += player->pipelines[i].status == EXECUTING;
    for (unsigned i = 0; i < N_PIPELINES; i++) {
        struct pipeline *pipeline = &player->pipelines[i];
        struct factory *factory = find_factory(player, pipeline->product);
        bool is_planned = pipeline->status == PLANNING;

        if (!is_standstill && is_planned && world->now >= pipeline->planned_at + PLANNING_S &&
            factory && n_running < N_RUNNING_MAX) {
            start_pipeline(world, pipeline, factory);
            n_running++;
        }
        if (pipeline->status != EXECUTING)
            continue;
        for (struct task *task = pipeline->tasks; task < pipeline->tasks + N_TASKS; task++)
            if (task->status == TASK_PENDING && is_ready(pipeline, task, world->now))
                task->status = TASK_READY;
        if (world->now - pipeline->started_at >= DEADLINE_S ||
            (is_during(&slump, world->now) && one_in(1500)))
            end_pipeline(world, player, pipeline, CANCELLED);
    }
}

/* --- ships ----------------------------------------------------------------------------------- */

/* What a task that succeeded changes. */
static void complete_task(const struct world *world, struct player *player, struct ship *ship)
{
    struct pipeline *pipeline = ship->pipeline;
    const struct product *product = &products[pipeline->product];
    long credits;

    switch (ship->type) {
    case ACQUIRE:
        credits = product->input_price * between(85, 115) / 100 / N_INPUTS;
        pipeline->cost += credits;
        record_cost(player, "acquire", credits);
        break;
    case DELIVER:
        credits = between(60, 340);
        pipeline->cost += credits;
        record_cost(player, "deliver", credits);
        if (pipeline->factory->n_delivered < N_INPUTS)
            pipeline->factory->n_delivered++;
        break;
    case COLLECT:
        /* Others may have taken goods while the ship was on its way. */
        pipeline->factory->level =
            pipeline->factory->level > MODERATE ? pipeline->factory->level - 2 : SCARCE;
        pipeline->factory->n_delivered = 0;
        break;
    case SELL:
        credits = product->price * between(85, 115) / 100;
        pipeline->revenue = is_during(&slump, world->now) ? credits / 4 : credits;
        record_revenue(player, pipeline->revenue);
        end_pipeline(world, player, pipeline, COMPLETED);
        break;
    case N_TASK_TYPES: break;
    }
}

/* The ship has done its task, well or not. */
static void finish_task(const struct world *world, struct player *player, struct ship *ship)
{
    struct task *task = ship->task;
    bool is_success = !(is_during(&api_outage, world->now) ? between(1, 100) <= 80 : one_in(30));

    record_task_completion(player, ship->type, is_success, world->now - ship->started_at);
    ship->task = NULL;
    ship->free_at = world->now + between(5, 25);
    if (is_success) {
        task->status = TASK_COMPLETED;
        complete_task(world, player, ship);
    } else if (task->n_retries < N_RETRIES_MAX) {
        task->status = TASK_PENDING;
        task->retry_at = world->now + (15L << task->n_retries++);
        record_task_retry(player, ship->type);
    } else {
        end_pipeline(world, player, ship->pipeline, FAILED);
    }
}

static void assign(const struct world *world, struct player *player, struct pipeline *pipeline,
                   struct task *task)
{
    static const struct {
        long least, most;
    } durations[] = {
        [ACQUIRE] = { 25, 110 }, [DELIVER] = { 20, 90 }, [COLLECT] = { 6, 40 }, [SELL] = { 30, 200 }
    };

    for (struct ship *ship = player->ships; ship < player->ships + player->n_ships; ship++)
        if (!ship->pipeline) {
            long duration = between(durations[task->type].least, durations[task->type].most);

            *ship =
                (struct ship){ pipeline, task, task->type, world->now, world->now + duration, 0 };
            task->status = TASK_EXECUTING;
            return;
        }
}

static void step_ships(const struct world *world, struct player *player)
{
    player->n_ships = is_during(&repairs, world->now) ? N_SHIPS / 4 : N_SHIPS;
    for (struct ship *ship = player->ships; ship < player->ships + N_SHIPS; ship++) {
        if (ship->task && world->now >= ship->done_at)
            finish_task(world, player, ship);
        if (ship->pipeline && !ship->task && world->now >= ship->free_at) {
            record_ship_task(player, ship->type, world->now - ship->started_at);
            ship->pipeline = NULL;
        }
    }
    for (unsigned i = 0; i < N_PIPELINES; i++)
        for (unsigned j = 0; player->pipelines[i].status == EXECUTING && j < N_TASKS; j++)
            if (player->pipelines[i].tasks[j].status == TASK_READY)
                assign(world, player, &player->pipelines[i], &player->pipelines[i].tasks[j]);
}

/* --- factories and markets ------------------------------------------------------------------- */

/* A level goes up or down by one, where it can; down twice as often. */
static void drift(enum level *level)
{
    if (one_in(3))
        *level += *level < ABUNDANT;
    else
        *level -= *level > SCARCE;
}

static void step_factories(const struct world *world, struct player *player)
{
    bool is_standstill = is_during(&standstill, world->now);

    for (struct factory *factory = player->factories; factory < player->factories + N_FACTORIES;
         factory++) {
        /* What nobody produces is soon bought up. */
        if (is_standstill)
            factory->level -= factory->level > SCARCE && one_in(60);
        else if (one_in(500))
            drift(&factory->level);
        if (factory->n_delivered < N_INPUTS || factory->level >= HIGH)
            continue;
        if (factory->produced_at == 0) {
            factory->produced_at = world->now + between(30, 75);
        } else if (world->now >= factory->produced_at) {
            factory->produced_at = 0;
            factory->level++;
            record_factory_cycle(player, factory);
        }
    }
}

/* As often as metrics are polled: see what has changed. */
static void monitor_supply(struct player *player)
{
    for (unsigned i = 0; i < N_FACTORIES; i++) {
        struct factory *factory = &player->factories[i];

        if (factory->level != factory->polled_level)
            record_supply_transition(player, products[factory->product].good, factory->polled_level,
                                     factory->level);
        factory->polled_level = factory->level;
    }
}

static void step_markets(struct world *world)
{
    enum level *level = &world->markets[between(0, N_MARKETS - 1)][between(0, N_PRODUCTS - 1)];

    if (!one_in(4))
        return;
    if (one_in(2))
        *level += *level < ABUNDANT;
    else
        *level -= *level > SCARCE;
}

/* --- the world ------------------------------------------------------------------------------- */

static void init_world(struct world *world)
{
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        struct player *player = &world->players[i];

        player->index = i;
        snprintf(player->id, sizeof(player->id), "%u", i + 1);
        for (unsigned j = 0; j < N_FACTORIES; j++) {
            struct factory *factory = &player->factories[j];

            snprintf(factory->symbol, sizeof(factory->symbol), "X1-DK%u-F%u", 50 + i, j + 1);
            factory->product = j % N_PRODUCTS;
            factory->level = factory->polled_level = (enum level)between(SCARCE, HIGH);
        }
        /* Work for the first second, so that counters grow soon. */
        for (unsigned j = 0; j < N_RUNNING_MAX; j++)
            plan_pipeline(world, player);
    }
    for (unsigned i = 0; i < N_MARKETS * N_PRODUCTS; i++)
        world->markets[i / N_PRODUCTS][i % N_PRODUCTS] = (enum level)between(SCARCE, ABUNDANT);
}

/* What happens in a second. While the daemon is down nothing happens, and nothing is sent. */
static void step(struct world *world)
{
    if (is_during(&absence, world->now)) {
        world->now++;
        return;
    }
    for (unsigned i = 0; i < N_PLAYERS; i++) {
        step_pipelines(world, &world->players[i]);
        step_ships(world, &world->players[i]);
        step_factories(world, &world->players[i]);
        if (world->now % POLL_S == 0)
            monitor_supply(&world->players[i]);
    }
    step_markets(world);
    if (world->now % POLL_S == 0)
        update_all_metrics(world);
    if (world->now % MARKET_POLL_S == 0)
        update_market_metrics(world);
    world->now++;
}

/* --- the program ----------------------------------------------------------------------------- */

struct options {
    double duration, speed;
    bool has_metrics;
    const char *totals_path;
};

static double real_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / NS_PER_S;
}

/* Each second happens when it is due, and the program sleeps meanwhile. Returns the time taken. */
static double run(struct world *world, const struct options *options)
{
    const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
    double started = real_seconds();

    while (!must_stop && (options->duration <= 0 || (double)world->now < options->duration)) {
        if ((double)world->now <= (real_seconds() - started) * options->speed)
            step(world);
        else
            nanosleep(&tick, NULL);
    }
    return real_seconds() - started;
}

static void on_signal(int number)
{
    must_stop = number;
}

static int usage(void)
{
    fprintf(stderr, "usage: bot [--seed=N] [--duration=SECONDS] [--speed=FACTOR]"
                    " [--metrics=on|off] [--totals=FILE]\n");
    return 2;
}

static void refuse(const char *flag, const char *value, const char *expected)
{
    fprintf(stderr, "bot: --%s=%s: expected %s\n", flag, value, expected);
    exit(2);
}

static double to_number(const char *flag, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end || !(number > 0 && number < 1e12))
        refuse(flag, value, "a number above 0");
    return number;
}

static bool to_switch(const char *flag, const char *value)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        refuse(flag, value, "on or off");
    return strcmp(value, "on") == 0;
}

/* Returns 0, or -1 if an argument is unknown. */
static int read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        { "seed", required_argument, NULL, 's' },   { "duration", required_argument, NULL, 'd' },
        { "speed", required_argument, NULL, 'f' },  { "metrics", required_argument, NULL, 'm' },
        { "totals", required_argument, NULL, 't' }, { 0 },
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (letter == 's')
            random_state = (uint64_t)to_number("seed", optarg);
        else if (letter == 'd')
            options->duration = to_number("duration", optarg);
        else if (letter == 'f')
            options->speed = to_number("speed", optarg);
        else if (letter == 'm')
            options->has_metrics = to_switch("metrics", optarg);
        else if (letter == 't')
            options->totals_path = optarg;
        else
            return -1;
    }
    return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct world world;
    struct options options = { .speed = 1 };
    const struct sigaction action = { .sa_handler = on_signal };
    double loop_seconds;

    random_state = 1;
    if (read_options(&options, argc, argv) < 0)
        return usage();
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    init_world(&world);
    if (metrics_open(&world, options.has_metrics) < 0) {
        fprintf(stderr, "bot: cannot open the client: %s\n", strerror(errno));
        return 1;
    }
    loop_seconds = run(&world, &options);
    if (metrics_close(options.totals_path, loop_seconds) < 0) {
        fprintf(stderr, "bot: %s: %s\n", options.totals_path, strerror(errno));
        return 1;
    }
    return 0;
}
