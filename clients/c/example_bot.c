/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Example bot: plays routes, and sends metrics while it does
 *
 *      cc -I../../include example_bot.c udometer.c -pthread
 *      UDOMETER_URL=udp://127.0.0.1:8125 ./a.out 100
 */

#include <udometer.h>

#include <stdio.h>
#include <stdlib.h>

struct bot {
    struct udom *udom;
    struct udom_metric *completed, *failed, *in_flight, *duration;
};

/* Some work. One in ten calls fails. */
static int play(unsigned route)
{
    unsigned long sum = route;

    for (unsigned i = 0; i < 10000; i++)
        sum = sum * 31 + i;
    return sum != 1 && route % 10 != 0;
}

static void play_and_tell(struct bot *bot, unsigned route)
{
    char player[16];

    UDOM_TIME_SCOPE(bot->duration);
    udom_metric_gauge(bot->in_flight, 1);
    udom_metric_count(play(route) ? bot->completed : bot->failed, 1);
    udom_metric_gauge(bot->in_flight, 0);
    snprintf(player, sizeof(player), "p%u", route % 7);
    udom_set(bot->udom, "players", player, "region", "eu");
}

int main(int argc, char **argv)
{
    struct udom_options options = { .prefix = "bot." };
    unsigned n_routes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
    struct bot bot = { .udom = udom_open(&options) };

    bot.completed = udom_metric(bot.udom, UDOM_COUNTER, "routes_total", "status", "completed");
    bot.failed = udom_metric(bot.udom, UDOM_COUNTER, "routes_total", "status", "failed");
    bot.in_flight = udom_metric(bot.udom, UDOM_GAUGE, "routes_in_flight");
    bot.duration = udom_metric(bot.udom, UDOM_TIMING, "route_duration_seconds");
    for (unsigned route = 0; route < n_routes; route++)
        play_and_tell(&bot, route);
    udom_close(bot.udom);
    return 0;
}
