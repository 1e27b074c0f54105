/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opener: opens the C client as the environment says, and counts x once
 *
 *      opener [--url=URL] [--prefix=PREFIX]
 *
 * The flags are options of the client. The exit status is 3 if it does not open.
 */

#include "udometer.h"

#include <string.h>

int main(int argc, char **argv)
{
    struct udom_options options = { .flags = UDOM_NO_THREAD };
    struct udom *client;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--url=", 6) == 0)
            options.url = argv[i] + 6;
        if (strncmp(argv[i], "--prefix=", 9) == 0)
            options.prefix = argv[i] + 9;
    }
    client = udom_open(&options);
    udom_count(client, "x", 1, "k", "v");
    udom_close(client);
    return client ? 0 : 3;
}
