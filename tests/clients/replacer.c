/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replacer: replaces the series of a gauge again and again, until its standard input ends
 *
 *      replacer URL expire|replace N_SERIES N_NEW
 *
 * In each round, N_NEW of the N_SERIES are new.
 */

#include "udometer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUND_MS 3

static int input_goes_on(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, ROUND_MS) == 0;
}

struct rig {
    struct udom *client;
    struct udom_family *family;
    int n_series, n_new;
};

static void expire_and_set(const struct rig *rig, int round)
{
    char text[16];

    udom_expire(rig->client, "queue");
    for (int i = 0; i < rig->n_series; i++) {
        snprintf(text, sizeof(text), "%d", round * rig->n_new + i);
        udom_gauge(rig->client, "queue", i, "job", text);
    }
}

static void replace(const struct rig *rig, int round)
{
    char text[16];

    udom_replace_begin(rig->family);
    for (int i = 0; i < rig->n_series; i++) {
        snprintf(text, sizeof(text), "%d", round * rig->n_new + i);
        udom_replace(rig->family, i, "job", text);
    }
    udom_replace_end(rig->family);
}

int main(int argc, char **argv)
{
    struct udom_options options = { .flush_ms = 7 };
    struct rig rig;

    if (argc != 5)
        return 2;
    options.url = argv[1];
    rig.n_series = atoi(argv[3]);
    rig.n_new = atoi(argv[4]);
    rig.client = udom_open(&options);
    rig.family = udom_family(rig.client, "queue", 0);
    for (int round = 0; input_goes_on(); round++) {
        if (strcmp(argv[2], "replace") == 0)
            replace(&rig, round);
        else
            expire_and_set(&rig, round);
    }
    udom_close(rig.client);
    return 0;
}
