/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Workload, from its header
 *
 * The workload says what its datagrams add up to. Here the same is counted again, by reading their
 * text in the order in which they are sent.
 */

#include "unit.h"

#include "base/number.h"
#include "tools/bench/workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SERIES_MAX 1000

static struct workload_spec reference(void)
{
    return (struct workload_spec){
        .prefix = "bench",
        .percent = { [SAMPLE_COUNTER] = 60, [SAMPLE_GAUGE] = 20, [SAMPLE_TIMER] = 20 },
        .seed = 1,
        .n_series = 10000,
        .n_lines = 20,
        .n_labels = 3,
        .n_bytes = 1399,
        .n_datagrams = UINT64_MAX,
    };
}

static struct workload_spec small_mix(void)
{
    struct workload_spec spec = reference();

    spec.percent[SAMPLE_COUNTER] = spec.percent[SAMPLE_GAUGE] = 20;
    spec.percent[SAMPLE_TIMER] = spec.percent[SAMPLE_SET] = 20;
    spec.percent[SAMPLE_HISTOGRAM] = spec.percent[SAMPLE_DISTRIBUTION] = 10;
    spec.n_series = 250;
    spec.n_lines = 7;
    spec.n_bytes = 0;
    return spec;
}

/* The same, with series of this type only. */
static struct workload_spec only(enum sample_type type)
{
    struct workload_spec spec = small_mix();

    memset(spec.percent, 0, sizeof(spec.percent));
    spec.percent[type] = 100;
    return spec;
}

static struct workload *make(struct workload_spec spec)
{
    struct workload *workload;

    assert_int_equal(workload_new(&workload, &spec), 0);
    return workload;
}

/* --- counting again ---------------------------------------------------------------- */

struct series {
    struct slice name, rest; /* what is before and after the value */
    double gauge;
    uint64_t set; /* a bit for each value */
};

struct recount {
    struct series series[SERIES_MAX];
    unsigned n_series;
    struct workload_totals totals;
};

/* The series of a line; a new one is counted. */
static struct series *find(struct recount *recount, struct slice name, struct slice rest,
                           struct workload_total *total)
{
    struct series *series = recount->series;

    while (series < recount->series + recount->n_series &&
           !(slice_equal(series->name, name) && slice_equal(series->rest, rest)))
        series++;
    if (series == recount->series + recount->n_series) {
        assert_true(recount->n_series++ < SERIES_MAX);
        *series = (struct series){ .name = name, .rest = rest };
        total->n_series++;
    }
    return series;
}

static void count_line(struct recount *recount, struct slice line)
{
    struct slice name = slice_cut(&line, ':'), value = slice_cut(&line, '|'), rest = line;
    enum sample_type type = workload_type(slice_cut(&line, '|'));
    struct workload_total *total;
    struct series *series;
    double number;

    assert_in_range(type, 0, WORKLOAD_N_TYPES - 1);
    assert_true(number_parse(value, &number));
    total = &recount->totals.types[type];
    series = find(recount, name, rest, total);
    total->n_samples++;
    switch (type) {
    case SAMPLE_GAUGE:
        total->sum += number - series->gauge;
        series->gauge = number;
        break;
    case SAMPLE_SET:
        assert_true(number >= 0 && number < 64);
        total->sum += !(series->set >> (unsigned)number & 1);
        series->set |= UINT64_C(1) << (unsigned)number;
        break;
    case SAMPLE_TIMER: total->sum += number / 1000; break;
    case SAMPLE_COUNTER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: total->sum += number; break;
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: fail();
    }
}

static void count_datagram(struct recount *recount, struct slice datagram)
{
    recount->totals.n_datagrams++;
    recount->totals.n_bytes += datagram.len;
    while (datagram.len > 0) {
        count_line(recount, slice_cut(&datagram, '\n'));
        recount->totals.n_lines++;
    }
}

static void must_be_equal(const struct workload_totals *a, const struct workload_totals *b)
{
    assert_int_equal(a->n_datagrams, b->n_datagrams);
    assert_int_equal(a->n_bytes, b->n_bytes);
    assert_int_equal(a->n_lines, b->n_lines);
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++) {
        assert_int_equal(a->types[type].n_samples, b->types[type].n_samples);
        assert_int_equal(a->types[type].n_series, b->types[type].n_series);
        assert_true(a->types[type].sum == b->types[type].sum);
    }
}

/* Pretend to send @n datagrams, but not every @skip-th; then both counts must be the same. */
static void must_add_up(const struct workload *workload, uint64_t n, uint64_t skip)
{
    uint64_t n_datagrams = workload_n_datagrams(workload);
    struct workload_sent *sent = calloc(n_datagrams, sizeof(*sent));
    struct recount *recount = calloc(1, sizeof(*recount));
    struct workload_totals totals;

    assert_non_null(sent);
    assert_non_null(recount);
    for (uint64_t i = 0; i < n; i++) {
        if (skip && i % skip == 0)
            continue;
        sent[i % n_datagrams].n_times++;
        sent[i % n_datagrams].last_turn = i + 1;
        count_datagram(recount, workload_datagram(workload, i % n_datagrams));
    }
    assert_int_equal(workload_add_up(workload, sent, &totals), 0);
    must_be_equal(&totals, &recount->totals);
    free(recount);
    free(sent);
}

static void totals_are_what_a_recount_finds(void **state)
{
    struct workload *workload = make(small_mix());
    uint64_t n = workload_n_datagrams(workload);

    must_add_up(workload, 0, 0);
    must_add_up(workload, 1, 0);
    must_add_up(workload, n / 2, 3);
    must_add_up(workload, n, 0);
    workload_free(workload);
}

static void each_type_alone_adds_up(void **state)
{
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++) {
        struct workload *workload = make(only((enum sample_type)type));

        must_add_up(workload, workload_n_datagrams(workload), 0);
        workload_free(workload);
    }
}

static void what_comes_last_counts_for_a_gauge(void **state)
{
    struct workload_spec spec = only(SAMPLE_GAUGE);
    struct workload *workload;

    spec.n_series = 10;
    spec.n_datagrams = 9;
    workload = make(spec);
    assert_int_equal(workload_n_datagrams(workload), 9);
    for (uint64_t n = 0; n < 30; n++)
        for (uint64_t skip = 0; skip < 9; skip += 2)
            must_add_up(workload, n, skip);
    workload_free(workload);
}

/* --- text ------------------------------------------------------------------------------ */

static void the_bytes_are_these(void **state)
{
    struct workload_spec spec = small_mix();
    struct workload *workload;

    spec.n_series = 100;
    spec.n_lines = 2;
    spec.is_sequential = true;
    workload = make(spec);
    assert_int_equal(workload_n_datagrams(workload), 50);
    assert_slice_equal(workload_datagram(workload, 0),
                       "bench_c_0:6|c|#series:00,tag1:1,tag2:2xxxxx\n"
                       "bench_g_0:771|g|#series:01,tag1:2,tag2:3xxx");
    assert_slice_equal(workload_datagram(workload, 49),
                       "bench_g_0:100|g|#series:98,tag1:9,tag2:0xxx\n"
                       "bench_h_0:37|h|#series:99,tag1:0,tag2:1xxxx");
    workload_free(workload);
}

static void the_same_spec_makes_the_same_bytes(void **state)
{
    struct workload_spec other_seed = small_mix(), few = small_mix();
    struct workload *a = make(small_mix()), *b = make(small_mix()), *c, *d;
    uint64_t n_equal = 0;

    other_seed.seed = 2;
    few.n_datagrams = 11;
    c = make(other_seed);
    d = make(few);
    assert_int_equal(workload_n_datagrams(a), workload_n_datagrams(b));
    for (uint64_t i = 0; i < workload_n_datagrams(a); i++) {
        struct slice datagram = workload_datagram(a, i);

        assert_true(slice_equal(datagram, workload_datagram(b, i)));
        n_equal += slice_equal(datagram, workload_datagram(c, i));
        /* Making fewer datagrams does not change them. */
        if (i < 11)
            assert_true(slice_equal(datagram, workload_datagram(d, i)));
    }
    assert_int_equal(n_equal, 0);
    workload_free(a);
    workload_free(b);
    workload_free(c);
    workload_free(d);
}

static void must_have_lines_of(struct workload_spec spec, size_t n_bytes)
{
    struct workload *workload = make(spec);

    assert_int_equal(workload_datagram_bytes(&spec), n_bytes);
    for (uint64_t i = 0; i + 1 < workload_n_datagrams(workload); i++)
        assert_int_equal(workload_datagram(workload, i).len, n_bytes);
    workload_free(workload);
}

static void datagrams_are_as_long_as_asked_for(void **state)
{
    struct workload_spec spec = reference();

    must_have_lines_of(spec, 1399);
    spec.n_bytes = 1418;
    must_have_lines_of(spec, 1399);
    spec.n_bytes = 1419;
    must_have_lines_of(spec, 1419);
    spec = (struct workload_spec){
        .prefix = "bench",
        .percent = { [SAMPLE_COUNTER] = 100 },
        .n_series = 10000,
        .n_lines = 1,
        .n_bytes = 28,
        .n_datagrams = UINT64_MAX,
    };
    must_have_lines_of(spec, 28);
    /* What does not fit is longer: bench_c_0000:1|c */
    spec.n_bytes = 10;
    must_have_lines_of(spec, 16);
}

static void a_sequence_has_each_series_once(void **state)
{
    struct workload_spec spec = reference();
    struct workload_totals totals;
    struct workload_sent *sent;
    struct workload *workload;

    spec.is_sequential = true;
    spec.n_series = 100010;
    workload = make(spec);
    assert_int_equal(workload_n_datagrams(workload), 5001);
    sent = calloc(5001, sizeof(*sent));
    assert_non_null(sent);
    for (unsigned i = 0; i < 5001; i++)
        sent[i] = (struct workload_sent){ 1, i + 1 };
    assert_int_equal(workload_add_up(workload, sent, &totals), 0);
    assert_int_equal(totals.n_lines, 100010);
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++)
        assert_int_equal(totals.types[type].n_series, totals.types[type].n_samples);
    assert_in_range(totals.types[SAMPLE_COUNTER].n_series, 60000, 60010);
    assert_in_range(totals.types[SAMPLE_GAUGE].n_series, 20000, 20010);
    assert_in_range(totals.types[SAMPLE_TIMER].n_series, 20000, 20010);
    free(sent);
    workload_free(workload);
}

static void refuses_what_is_too_large(void **state)
{
    struct workload_spec spec = reference();
    struct workload *workload;

    spec.n_lines = 940;
    spec.n_bytes = 940 * 70;
    assert_int_equal(workload_check(&spec), -EMSGSIZE);
    assert_int_equal(workload_new(&workload, &spec), -EMSGSIZE);
    spec = reference();
    assert_int_equal(workload_check(&spec), 0);
    spec.n_series = 16000000;
    assert_int_equal(workload_check(&spec), -E2BIG);
    assert_int_equal(workload_new(&workload, &spec), -E2BIG);
}

static void letters_and_types_belong_together(void **state)
{
    assert_int_equal(workload_type(SLICE("c")), SAMPLE_COUNTER);
    assert_int_equal(workload_type(SLICE("g")), SAMPLE_GAUGE);
    assert_int_equal(workload_type(SLICE("ms")), SAMPLE_TIMER);
    assert_int_equal(workload_type(SLICE("h")), SAMPLE_HISTOGRAM);
    assert_int_equal(workload_type(SLICE("d")), SAMPLE_DISTRIBUTION);
    assert_int_equal(workload_type(SLICE("s")), SAMPLE_SET);
    assert_int_equal(workload_type(SLICE("x")), WORKLOAD_N_TYPES);
    assert_int_equal(workload_type(SLICE("")), WORKLOAD_N_TYPES);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(totals_are_what_a_recount_finds),    CASE(each_type_alone_adds_up),
        CASE(what_comes_last_counts_for_a_gauge), CASE(the_bytes_are_these),
        CASE(the_same_spec_makes_the_same_bytes), CASE(datagrams_are_as_long_as_asked_for),
        CASE(a_sequence_has_each_series_once),    CASE(refuses_what_is_too_large),
        CASE(letters_and_types_belong_together),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
