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

#include <errno.h>

#define PREFIX_MAX 100
#define SECONDS_MAX 1e6

/* --- texts ---------------------------------------------------------------------------- */

static int read_target(void *to, const char *text, const struct value_range *range,
                       struct buffer *wrong)
{
    struct address address;
    int r = target_parse(&address, text);

    if (r == -EINVAL)
        return value_refuse(wrong, "HOST:PORT, udp://HOST[:PORT] or unix:///PATH");
    if (r < 0)
        return value_refuse_address(wrong, r);
    return value_read_text(to, text, range, wrong);
}

static int read_url(void *to, const char *text, const struct value_range *range,
                    struct buffer *wrong)
{
    int r = text[0] ? fetch_check(text) : 0;

    if (r == -EINVAL)
        return value_refuse(wrong,
                            "http://HOST:PORT/PATH, for example http://127.0.0.1:9102/metrics");
    if (r < 0)
        return value_refuse_address(wrong, r);
    return value_read_text(to, text, range, wrong);
}

static int read_prefix(void *to, const char *text, const struct value_range *range,
                       struct buffer *wrong)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strspn(text, letters);

    if (len == 0 || len > PREFIX_MAX || text[len] || (text[0] >= '0' && text[0] <= '9'))
        return value_refuse(wrong, "a name of letters, digits and _, at most 100 bytes long, that "
                                   "does not begin with a digit");
    return value_read_text(to, text, range, wrong);
}

const struct value_form bench_target = {
    .size = sizeof(char *),
    .read = read_target,
    .deinit = value_free_text,
};

const struct value_form bench_url = {
    .size = sizeof(char *),
    .read = read_url,
    .deinit = value_free_text,
};

const struct value_form bench_prefix = {
    .size = sizeof(char *),
    .read = read_prefix,
    .deinit = value_free_text,
};

/* --- numbers -------------------------------------------------------------------------- */

static int read_padding(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    uint64_t n_bytes = BENCH_BYTES_AUTO;

    if (strcmp(text, "auto") != 0 && !value_parse_number(&n_bytes, text, range))
        return value_refuse_number(wrong, range, "auto, or ");
    *(uint64_t *)to = n_bytes;
    return 0;
}

static void write_padding(const void *value, const struct value_range *range, struct buffer *out)
{
    if (*(const uint64_t *)value == BENCH_BYTES_AUTO)
        buffer_add_literal(out, "auto");
    else
        value_number.write(value, range, out);
}

static int read_seconds(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    double seconds;

    if (!number_parse(slice_of(text), &seconds) || seconds < 1e-3 || seconds > SECONDS_MAX)
        return value_refuse(wrong, "a number of seconds from 0.001 to 1000000, for example 2.5");
    *(int64_t *)to = (int64_t)(seconds * (double)CLOCK_NS_PER_S);
    return 0;
}

const struct value_form bench_padding = {
    .size = sizeof(uint64_t),
    .read = read_padding,
    .write = write_padding,
};

const struct value_form bench_seconds = {
    .size = sizeof(int64_t),
    .read = read_seconds,
};

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

static int read_mix(void *to, const char *text, const struct value_range *range,
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
    return 0;
}

static void write_mix(const void *value, const struct value_range *range, struct buffer *out)
{
    const unsigned *percent = value;
    const char *separator = "";

    for (enum sample_type type = 0; type < WORKLOAD_N_TYPES; type++) {
        if (percent[type] == 0)
            continue;
        buffer_add_format(out, "%s%s:%u", separator, sample_type_facts(type)->letters.at,
                          percent[type]);
        separator = ",";
    }
}

const struct value_form bench_mix = {
    .size = sizeof(unsigned[WORKLOAD_N_TYPES]),
    .read = read_mix,
    .write = write_mix,
};
