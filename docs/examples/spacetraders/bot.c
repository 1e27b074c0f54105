/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bot: plays SpaceTraders with a simulated fleet, and sends the metrics of the plan
 *
 *      bot --metrics=on                or, as the plan says:  ST_METRICS_ENABLED=true bot
 *      bot --metrics=on --seed=7 --duration=3600 --speed=120 --totals=totals.json
 *
 * Metrics are off by default. Then the client is NULL, which is a valid client: all its functions
 * do nothing, so the rest of the program does not ask. Where to send, UDOMETER_URL says.
 *
 * The loop waits until the next event of the fleet or the next poll is due, and sleeps at most
 * 100 ms at a time, so that it notices a signal.
 */

#include "../totals.h"
#include "fleet.h"
#include "metrics.h"

#include <udometer.h>

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum poll { POLL_CONTAINERS, POLL_SHIPS, POLL_FINANCE, N_POLLS };

#define TICK_MAX_S 0.1
#define FIRST_POLL_S 5 /* simulated seconds after the start, when containers have begun to run */
#define NS_PER_S 1e9

struct options {
    uint64_t seed;
    double duration_s; /* in simulated seconds */
    double speed;      /* simulated seconds for each real one */
    bool is_on;
    const char *totals_path;
    const char *namespace, *subsystem;
    uint64_t poll_ticks[N_POLLS];
};

struct bot {
    struct options options;
    struct metrics metrics;
    struct fleet *fleet;
    uint64_t poll_due[N_POLLS];
    double started_s;
};

static volatile sig_atomic_t is_stopping;

static void stop(int number)
{
    (void)number;
    is_stopping = 1;
}

/* --- options --------------------------------------------------------------------------------- */

static void fail(const char *name, const char *value, const char *expected)
{
    fprintf(stderr, "bot: %s=%s: expected %s\n", name, value, expected);
    exit(2);
}

static bool parse_switch(const char *name, const char *value)
{
    if (strcmp(value, "on") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        return true;
    if (strcmp(value, "off") != 0 && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        fail(name, value, "on or off");
    return false;
}

static double parse_number(const char *name, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end || !(number > 0 && number < 1e12))
        fail(name, value, "a number above 0");
    return number;
}

/* A duration as Go writes it: 10s, 1m or 500ms. */
static uint64_t parse_interval(const char *name, const char *value)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = { { "ms", 0.001 }, { "s", 1 }, { "m", 60 }, { "h", 3600 } };
    char *end;
    double number = strtod(value, &end);

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        double ticks = number * units[i].seconds * TICKS_PER_S;

        if (end != value && strcmp(end, units[i].unit) == 0 && ticks >= 1 && ticks < 1e15)
            return (uint64_t)ticks;
    }
    fail(name, value, "a duration like 10s");
    return 0;
}

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

/* The plan's variables. Its ST_METRICS_PORT and ST_METRICS_PATH are now udometer's. */
static void read_environment(struct options *options)
{
    static const char *const polls[N_POLLS][2] = {
        [POLL_CONTAINERS] = { "ST_METRICS_CONTAINER_POLL_INTERVAL", "10s" },
        [POLL_SHIPS] = { "ST_METRICS_SHIP_POLL_INTERVAL", "30s" },
        [POLL_FINANCE] = { "ST_METRICS_FINANCIAL_POLL_INTERVAL", "60s" },
    };

    options->is_on = parse_switch("ST_METRICS_ENABLED", environment("ST_METRICS_ENABLED", "false"));
    options->namespace = environment("ST_METRICS_NAMESPACE", "spacetraders");
    options->subsystem = environment("ST_METRICS_SUBSYSTEM", "daemon");
    for (unsigned i = 0; i < N_POLLS; i++)
        options->poll_ticks[i] = parse_interval(polls[i][0], environment(polls[i][0], polls[i][1]));
}

static void read_flags(struct options *options, int argc, char **argv)
{
    static const struct option flags[] = {
        { "seed", required_argument, NULL, 's' },   { "duration", required_argument, NULL, 'd' },
        { "speed", required_argument, NULL, 'f' },  { "metrics", required_argument, NULL, 'm' },
        { "totals", required_argument, NULL, 't' }, { 0 },
    };
    int flag;

    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        switch (flag) {
        case 's': options->seed = (uint64_t)parse_number("--seed", optarg); break;
        case 'd': options->duration_s = parse_number("--duration", optarg); break;
        case 'f': options->speed = parse_number("--speed", optarg); break;
        case 'm': options->is_on = parse_switch("--metrics", optarg); break;
        case 't': options->totals_path = optarg; break;
        default: exit(2);
        }
    if (optind < argc)
        fail("argument", argv[optind], "none");
}

/* --- the end --------------------------------------------------------------------------------- */

/* What a scrape must show now, for a test. */
static bool write_totals(struct bot *bot, double loop_s)
{
    struct udom_stats stats;

    udom_get_stats(bot->metrics.udom, &stats);
    return totals_write(bot->metrics.totals, bot->options.totals_path, &stats, loop_s) == 0;
}

/* --- the loop -------------------------------------------------------------------------------- */

static double clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

/* Sleep until @at, in simulated seconds; less if a signal says to stop. */
static void wait_until(const struct bot *bot, double at)
{
    double left_s;

    while (!is_stopping && (left_s = bot->started_s + at / bot->options.speed - clock_s()) > 0) {
        double sleep_s = left_s < TICK_MAX_S ? left_s : TICK_MAX_S;
        struct timespec sleep = { .tv_nsec = (long)(sleep_s * NS_PER_S) };

        nanosleep(&sleep, NULL);
    }
}

static void poll_one(struct bot *bot, enum poll poll)
{
    if (!fleet_is_up(bot->fleet))
        return;
    switch (poll) {
    case POLL_CONTAINERS: metrics_poll_containers(&bot->metrics, bot->fleet); break;
    case POLL_SHIPS: metrics_poll_ships(&bot->metrics, bot->fleet); break;
    case POLL_FINANCE: metrics_poll_finance(&bot->metrics, bot->fleet); break;
    case N_POLLS: break;
    }
}

/* The poll that is due first. */
static enum poll first_poll(const struct bot *bot)
{
    enum poll first = 0;

    for (enum poll poll = 1; poll < N_POLLS; poll++)
        if (bot->poll_due[poll] < bot->poll_due[first])
            first = poll;
    return first;
}

static void play(struct bot *bot)
{
    while (!is_stopping) {
        enum poll poll = first_poll(bot);
        bool is_poll = bot->poll_due[poll] < fleet_next(bot->fleet);
        double at = (double)(is_poll ? bot->poll_due[poll] : fleet_next(bot->fleet)) / TICKS_PER_S;

        wait_until(bot, fmin(at, bot->options.duration_s));
        if (is_stopping || at >= bot->options.duration_s)
            break;
        if (!is_poll) {
            fleet_step(bot->fleet);
            continue;
        }
        bot->poll_due[poll] += bot->options.poll_ticks[poll];
        poll_one(bot, poll);
    }
    for (enum poll poll = 0; poll < N_POLLS; poll++)
        poll_one(bot, poll);
}

static bool open_bot(struct bot *bot)
{
    struct udom_options client = { .n_metrics = 64 };
    char prefix[256];

    snprintf(prefix, sizeof(prefix), "%s_%s_", bot->options.namespace, bot->options.subsystem);
    client.prefix = prefix;
    if (bot->options.is_on)
        bot->metrics.udom = udom_open(&client);
    else
        fputs("bot: metrics are off; --metrics=on or ST_METRICS_ENABLED=true sends them\n", stderr);
    if (bot->options.is_on && bot->options.totals_path)
        bot->metrics.totals = totals_new(prefix);
    bot->fleet = fleet_new(bot->options.seed, &bot->metrics);
    if (bot->fleet)
        metrics_init(&bot->metrics, bot->fleet);
    for (enum poll poll = 0; poll < N_POLLS; poll++)
        bot->poll_due[poll] = FIRST_POLL_S * TICKS_PER_S;
    bot->started_s = clock_s();
    return bot->fleet;
}

static void close_bot(struct bot *bot)
{
    udom_close(bot->metrics.udom);
    totals_free(bot->metrics.totals);
    fleet_free(bot->fleet);
}

int main(int argc, char **argv)
{
    struct bot bot = { .options = { .seed = 1, .duration_s = INFINITY, .speed = 1 } };
    struct sigaction action = { .sa_handler = stop };
    bool is_well;

    read_environment(&bot.options);
    read_flags(&bot.options, argc, argv);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    is_well = open_bot(&bot);
    if (is_well) {
        play(&bot);
        udom_flush(bot.metrics.udom);
    }
    if (is_well && bot.options.totals_path && !write_totals(&bot, clock_s() - bot.started_s)) {
        perror(bot.options.totals_path);
        is_well = false;
    }
    close_bot(&bot);
    return is_well ? 0 : 1;
}
