/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replacer: replaces the series of a gauge again and again, until its standard input ends
 *
 *      replacer URL expire
 */

#include "udometer.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUND_MS 3
#define N_SERIES 5

static int input_goes_on(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, ROUND_MS) == 0;
}

static void expire_and_set(struct udom *client, int round)
{
    char text[16];

    udom_expire(client, "queue");
    for (int i = 0; i < N_SERIES; i++) {
        snprintf(text, sizeof(text), "%d", round + i);
        udom_gauge(client, "queue", i, "job", text);
    }
}

int main(int argc, char **argv)
{
    struct udom_options options = { .flush_ms = 7 };
    struct udom *client;

    if (argc != 3)
        return 2;
    options.url = argv[1];
    client = udom_open(&options);
    for (int round = 0; input_goes_on(); round++)
        expire_and_set(client, round);
    udom_close(client);
    return 0;
}
