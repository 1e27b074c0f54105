/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Meter
 *
 * A page is not one moment: its end may count a datagram whose samples its beginning
 * does not show yet. So once everything sent is accounted for, as received or as
 * dropped, the page *after* that is the one to judge by.
 */

#include "tools/bench/meter.h"

#include "base/clock.h"
#include "tools/bench/fetch.h"

#include <errno.h>

/* Wait for so long after the last datagram that came, and for so long in all. */
#define QUIET_NS CLOCK_NS_PER_S
#define PATIENCE_NS (5 * CLOCK_NS_PER_S)

#define PAUSE_NS (20 * CLOCK_NS_PER_MS)

struct page {
    struct tally *tally;
    const char *prefix;
};

static void take_line(void *ctx, struct slice line)
{
    const struct page *page = ctx;

    tally_add_line(page->tally, page->prefix, line);
}

static int read_page(const struct meter *meter, struct tally *ret)
{
    struct page page = { ret, meter->prefix };
    int r;

    *ret = (struct tally){ 0 };
    r = fetch_lines(meter->url, take_line, &page);
    if (r < 0)
        return r;
    return ret->is_udometers ? 0 : -ENODATA;
}

int meter_start(struct meter *meter)
{
    return read_page(meter, &meter->before);
}

/* Has nothing come for a while, or did it all take too long? */
static bool is_quiet(int64_t start_ns, int64_t changed_ns)
{
    int64_t now_ns = clock_monotonic_ns();

    return now_ns - changed_ns >= QUIET_NS || now_ns - start_ns >= PATIENCE_NS;
}

int meter_finish(const struct meter *meter, const struct workload_totals *sent,
                 struct comparison *ret)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    int64_t start_ns = clock_monotonic_ns(), changed_ns = start_ns;
    double n_lost = (double)sent->n_datagrams;
    bool is_last = false;

    for (;;) {
        struct tally now;
        int r = read_page(meter, &now);

        if (r < 0)
            return r;
        tally_compare(&meter->before, &now, sent, meter->is_one_flow, ret);
        if (ret->agrees || is_last)
            return 0;
        if (ret->n_lost_datagrams != n_lost)
            changed_ns = clock_monotonic_ns();
        n_lost = ret->n_lost_datagrams;
        is_last = comparison_is_complete(ret) || is_quiet(start_ns, changed_ns);
        nanosleep(&pause, NULL);
    }
}
