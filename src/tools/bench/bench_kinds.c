/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench kinds
 *
 * As config/setting_kinds.c: each function reads one kind of value, strictly, and the
 * sentence about a mistake says what would be right.
 */

#include "tools/bench/bench_kinds.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/target.h"
#include "tools/bench/bench_options.h"
#include "tools/bench/fetch.h"
#include "tools/bench/load.h"

#include <stdlib.h>

#define PREFIX_MAX 100
#define SECONDS_MAX 1e6

const char *set_target(void *to, const char *text, enum settings_source source)
{
    struct address address;

    if (target_parse(&address, text) < 0)
        return "expected HOST:PORT, with a host that is known here, or unix:///PATH";
    return set_text(to, text, source);
}

const char *set_scrape_url(void *to, const char *text, enum settings_source source)
{
    if (text[0] && !fetch_understands(text))
        return "expected http://HOST:PORT/PATH, for example http://127.0.0.1:9102/metrics";
    return set_text(to, text, source);
}

const char *set_prefix(void *to, const char *text, enum settings_source source)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strspn(text, letters);

    if (len == 0 || len > PREFIX_MAX || text[len] || (text[0] >= '0' && text[0] <= '9'))
        return "expected a name of letters, digits and _, which does not begin with a digit, "
               "of at most 100 bytes";
    return set_text(to, text, source);
}

/* --- numbers -------------------------------------------------------------------------- */

const char *set_whole(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 0, 1000000000,
                              "expected a whole number from 0 to 1000000000");
}

const char *set_up_to_64(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 1, 64, "expected a whole number from 1 to 64");
}

const char *set_labels(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 0, 64, "expected a whole number from 0 to 64");
}

const char *set_series(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 1, 10000000, "expected a whole number from 1 to 10000000");
}

const char *set_padding(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "auto") == 0) {
        *(uint64_t *)to = BENCH_BYTES_AUTO;
        return NULL;
    }
    return setting_set_number(to, text, 0, WORKLOAD_DATAGRAM_MAX,
                              "expected auto, or a whole number from 0 to 65507");
}

const char *set_duration_ns(void *to, const char *text, enum settings_source source)
{
    double seconds;

    if (!number_parse(slice_of(text), &seconds) || seconds < 1e-3 || seconds > SECONDS_MAX)
        return "expected a number of seconds from 0.001 to 1000000, for example 2.5";
    *(int64_t *)to = (int64_t)(seconds * (double)CLOCK_NS_PER_S);
    return NULL;
}

/* --- words ---------------------------------------------------------------------------- */

/* One part of a mix: "ms:20". */
static bool read_share(struct slice share, unsigned *percent)
{
    enum sample_type type = workload_type(slice_cut(&share, ':'));
    unsigned value = 0;

    if (type == WORKLOAD_N_TYPES || percent[type] > 0 || share.len == 0 || share.len > 3)
        return false;
    for (size_t i = 0; i < share.len; i++) {
        if (share.at[i] < '0' || share.at[i] > '9')
            return false;
        value = value * 10 + (unsigned)(share.at[i] - '0');
    }
    percent[type] = value;
    return true;
}

const char *set_mix(void *to, const char *text, enum settings_source source)
{
    unsigned percent[WORKLOAD_N_TYPES] = { 0 }, sum = 0;
    struct slice rest = slice_of(text);
    bool is_good = true;

    while (is_good && rest.len > 0)
        is_good = read_share(slice_cut(&rest, ','), percent);
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++)
        sum += percent[type];
    if (!is_good || sum != 100)
        return "expected types and how many percent of the series they are, 100 in all: "
               "c:60,g:20,ms:20; types are c, g, ms, h, d, s";
    memcpy(to, percent, sizeof(percent));
    return NULL;
}

const char *set_order(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "random") != 0 && strcmp(text, "sequential") != 0)
        return "expected random or sequential";
    *(bool *)to = text[0] == 's';
    return NULL;
}

const char *set_report(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
        return "expected text or json";
    *(bool *)to = text[0] == 'j';
    return NULL;
}

const char *set_sink(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "blocking") != 0 && strcmp(text, "coalescing") != 0)
        return "expected blocking or coalescing";
    *(enum sink_kind *)to = text[0] == 'b' ? SINK_BLOCKING : SINK_COALESCING;
    return NULL;
}
