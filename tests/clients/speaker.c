/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Speaker: makes the calls of the C client that its standard input lists
 *
 *      speaker URL lines|merged
 *
 * A line of the input is a verb and its arguments in hex, with one blank between:
 *
 *      count|gauge|gauge_add|timing_ms|observe|set|expire RATE VALUE NAME [KEY VALUE]…
 *      flush
 *
 * With "lines" each becomes a line of its own, the short way if there is no rate; with "merged" all
 * use prepared metrics. The reply to "flush" is what was sent, dropped and refused.
 */

#include "udometer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_ARGUMENTS_MAX 140
#define LINE_MAX_BYTES (1 << 20)

/* As many tags as a metric may have, and one more; they end at the first NULL. */
#define TAGS_8(t)                                                                                  \
    (t)[0], (t)[1], (t)[2], (t)[3], (t)[4], (t)[5], (t)[6], (t)[7], (t)[8], (t)[9], (t)[10],       \
        (t)[11], (t)[12], (t)[13], (t)[14], (t)[15]
#define TAGS(t)                                                                                    \
    TAGS_8(t), TAGS_8((t) + 16), TAGS_8((t) + 32), TAGS_8((t) + 48), TAGS_8((t) + 64),             \
        TAGS_8((t) + 80), TAGS_8((t) + 96), TAGS_8((t) + 112), (t)[128], (t)[129]

static struct udom *client;
static int is_merging;

struct order {
    const char *verb, *value, *name;
    double rate, number;
    const char *tags[N_ARGUMENTS_MAX];
};

static const struct verb {
    const char *name;
    enum udom_kind kind;
    void (*once)(struct udom *client, const char *name, double value, ...);
    void (*prepared)(struct udom_metric *metric, double value);
} VERBS[] = {
    { "count", UDOM_COUNTER, udom_count, udom_metric_count },
    { "gauge", UDOM_GAUGE, udom_gauge, udom_metric_gauge },
    { "gauge_add", UDOM_GAUGE, udom_gauge_add, udom_metric_gauge_add },
    { "timing_ms", UDOM_TIMING, udom_timing_ms, udom_metric_timing_ms },
    { "observe", UDOM_HISTOGRAM, udom_observe, udom_metric_observe },
};

static uint64_t n_unsampled(void)
{
    struct udom_stats stats;

    udom_get_stats(client, &stats);
    return stats.unsampled;
}

/* Repeat until the update is among those that are sent. */
static void say_prepared(const struct verb *verb, const struct order *order)
{
    struct udom_metric *metric =
        udom_metric_sampled(client, verb->kind, order->rate, order->name, TAGS(order->tags));
    uint64_t before;

    do {
        before = n_unsampled();
        verb->prepared(metric, order->number);
    } while (n_unsampled() > before);
}

static void say_number(const struct order *order)
{
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(*VERBS); i++) {
        if (strcmp(VERBS[i].name, order->verb) != 0)
            continue;
        if (is_merging || order->rate < 1)
            say_prepared(&VERBS[i], order);
        else
            VERBS[i].once(client, order->name, order->number, TAGS(order->tags), UDOM_END);
    }
}

static void say(const struct order *order)
{
    if (strcmp(order->verb, "expire") == 0)
        udom_expire(client, order->name, TAGS(order->tags));
    else if (strcmp(order->verb, "set") != 0)
        say_number(order);
    else if (is_merging)
        udom_metric_set(udom_metric(client, UDOM_SET, order->name, TAGS(order->tags)),
                        order->value);
    else
        udom_set(client, order->name, order->value, TAGS(order->tags));
}

/* Hex to text, in place. */
static char *decode(char *hex)
{
    char *out = hex;
    unsigned byte;

    for (const char *at = hex; sscanf(at, "%2x", &byte) == 1; at += 2)
        *out++ = (char)byte;
    *out = '\0';
    return hex;
}

static void read_order(char *line, struct order *ret)
{
    char *rest = NULL, *words[N_ARGUMENTS_MAX];
    int n = 0;

    memset(ret, 0, sizeof(*ret));
    for (char *word = strtok_r(line, " ", &rest); word && n < N_ARGUMENTS_MAX - 1;
         word = strtok_r(NULL, " ", &rest), n++)
        words[n] = n > 0 ? decode(word) : word;
    if (n < 4)
        return;
    ret->verb = words[0];
    ret->rate = strtod(words[1], NULL);
    ret->value = words[2];
    ret->number = strtod(words[2], NULL);
    ret->name = words[3];
    for (int i = 4; i < n; i++)
        ret->tags[i - 4] = words[i];
}

static void flush(void)
{
    struct udom_stats stats;

    udom_flush(client);
    udom_get_stats(client, &stats);
    printf("%llu %llu %llu\n", (unsigned long long)stats.sent, (unsigned long long)stats.dropped,
           (unsigned long long)stats.refused);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    struct udom_options options = { .flags = UDOM_NO_THREAD, .n_metrics = 8192, .n_threads = 1 };
    struct order order;

    if (argc != 3)
        return 2;
    options.url = argv[1];
    is_merging = strcmp(argv[2], "merged") == 0;
    options.flags |= is_merging ? 0 : UDOM_NO_AGGREGATION;
    client = udom_open(&options);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "flush") == 0) {
            flush();
            continue;
        }
        read_order(line, &order);
        if (order.verb)
            say(&order);
    }
    udom_close(client);
    return 0;
}
