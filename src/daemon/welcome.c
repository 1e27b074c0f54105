/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Welcome
 *
 * Uses only commands that are available everywhere: bash sends, curl scrapes.
 */

#include "daemon/welcome.h"

#include <string.h>

/* bash takes host and port as parts of a path, without brackets around the host. */
static void write_sending(const char *udp, struct buffer *out)
{
    const char *colon = strrchr(udp, ':');
    bool has_brackets = udp[0] == '[';

    if (!colon)
        return;
    buffer_add_format(
        out, "Send something:  printf 'hello_total:1|c|#from:you' > /dev/udp/%.*s/%s   (in bash)\n",
        (int)(colon - udp) - 2 * has_brackets, udp + has_brackets, colon + 1);
}

void welcome_write(const char *udp, const char *http, const char *telemetry_path,
                   struct buffer *out)
{
    if (udp)
        write_sending(udp, out);
    buffer_add_format(out,
                      "Scrape it:       curl http://%s%s\n"
                      "Read on:         README.md, docs/architecture.md, and udometer --help\n",
                      http, telemetry_path);
}
