/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench forms
 *
 * As in config/value.c, each form is read strictly, and the error sentence
 * says what was expected.
 */

#include "tools/bench/bench_forms.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/target.h"
#include "tools/bench/fetch.h"
#include "tools/bench/workload.h"

#define PREFIX_MAX 100
#define SECONDS_MAX 1e6

/* --- texts ---------------------------------------------------------------------------- */

static bool read_target(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    struct address address;

    if (target_parse(&address, text) < 0)
        return value_refuse(wrong, "HOST:PORT, with a host that can be resolved, or unix:///PATH");
    return value_read_text(to, text, range, wrong);
}

static bool read_url(void *to, const char *text, const struct value_range *range,
                     struct buffer *wrong)
{
    if (text[0] && !fetch_understands(text))
        return value_refuse(wrong,
                            "http://HOST:PORT/PATH, for example http://127.0.0.1:9102/metrics");
    return value_read_text(to, text, range, wrong);
}

static bool read_prefix(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strspn(text, letters);

    if (len == 0 || len > PREFIX_MAX || text[len] || (text[0] >= '0' && text[0] <= '9'))
        return value_refuse(wrong, "a name of letters, digits and _, at most 100 bytes long, that "
                                   "does not begin with a digit");
    return value_read_text(to, text, range, wrong);
}

const struct value_form bench_target = { sizeof(char *), read_target, value_free_text };
const struct value_form bench_url = { sizeof(char *), read_url, value_free_text };
const struct value_form bench_prefix = { sizeof(char *), read_prefix, value_free_text };

/* --- numbers -------------------------------------------------------------------------- */

static bool read_padding(void *to, const char *text, const struct value_range *range,
                         struct buffer *wrong)
{
    uint64_t n_bytes = BENCH_BYTES_AUTO;

    if (strcmp(text, "auto") != 0 && !value_parse_number(&n_bytes, text, range))
        return value_refuse_number(wrong, range, "auto, or ");
    *(uint64_t *)to = n_bytes;
    return true;
}

static bool read_seconds(void *to, const char *text, const struct value_range *range,
                         struct buffer *wrong)
{
    double seconds;

    if (!number_parse(slice_of(text), &seconds) || seconds < 1e-3 || seconds > SECONDS_MAX)
        return value_refuse(wrong, "a number of seconds from 0.001 to 1000000, for example 2.5");
    *(int64_t *)to = (int64_t)(seconds * (double)CLOCK_NS_PER_S);
    return true;
}

const struct value_form bench_padding = { sizeof(uint64_t), read_padding, NULL };
const struct value_form bench_seconds = { sizeof(int64_t), read_seconds, NULL };

/* --- mix ------------------------------------------------------------------------------ */

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

static bool read_mix(void *to, const char *text, const struct value_range *range,
                     struct buffer *wrong)
{
    unsigned percent[WORKLOAD_N_TYPES] = { 0 }, sum = 0;
    struct slice rest = slice_of(text);
    bool is_good = true;

    while (is_good && rest.len > 0)
        is_good = read_share(slice_cut(&rest, ','), percent);
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++)
        sum += percent[type];
    if (!is_good || sum != 100)
        return value_refuse(wrong, "types and their percentages of the series, 100 in total: "
                                   "c:60,g:20,ms:20; types are " SAMPLE_LETTERS_OF_SERIES);
    memcpy(to, percent, sizeof(percent));
    return true;
}

const struct value_form bench_mix = { sizeof(unsigned[WORKLOAD_N_TYPES]), read_mix, NULL };
