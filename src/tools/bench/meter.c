/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Meter
 *
 * A page does not show a single moment: its end may count a datagram whose samples its
 * beginning does not contain yet. So once everything sent is accounted for, as received or as
 * dropped, the *next* page is the one to compare.
 */

#include "tools/bench/meter.h"

#include "base/clock.h"
#include "tools/bench/fetch.h"

#include <errno.h>

/* How long to wait after the last datagram that arrived, and in total. */
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

static int read_page(struct meter *meter, const char *url, struct tally *tally)
{
    struct page page = { tally, meter->prefix };

    meter->failed = url;
    return fetch_lines(url, take_line, &page);
}

/* The self-metrics come last, on a page of their own as on the same one. */
static int read_pages(struct meter *meter, struct tally *ret)
{
    int r;

    *ret = (struct tally){ 0 };
    r = read_page(meter, meter->url, ret);
    if (r == 0 && meter->self_url[0])
        r = read_page(meter, meter->self_url, ret);
    if (r < 0)
        return r;
    return ret->is_udometers ? 0 : -ENODATA;
}

int meter_start(struct meter *meter)
{
    return read_pages(meter, &meter->before);
}

/* Whether nothing has arrived for a while, or the time is up. */
static bool is_quiet(int64_t start_ns, int64_t changed_ns)
{
    int64_t now_ns = clock_monotonic_ns();

    return now_ns - changed_ns >= QUIET_NS || now_ns - start_ns >= PATIENCE_NS;
}

int meter_finish(struct meter *meter, const struct workload_totals *sent, struct comparison *ret)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    int64_t start_ns = clock_monotonic_ns(), changed_ns = start_ns;
    double n_lost = (double)sent->n_datagrams;
    bool is_last = false;

    for (;;) {
        struct tally now;
        int r = read_pages(meter, &now);

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

#define EXPECTED "expected udometer's --web.telemetry-path, such as http://127.0.0.1:9102/metrics"

const char *meter_error(int error)
{
    if (error == -ENODATA)
        return "this page has no metrics of udometer; " EXPECTED
               ", with --self-metrics=URL if --web.self-metrics-path is set";
    if (error == -ENOENT)
        return "the server does not give this page; " EXPECTED;
    if (error == -ECONNREFUSED)
        return "nothing listens there; start udometer first, or see its --web.listen-address";
    return fetch_error(error);
}
