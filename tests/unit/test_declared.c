/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Declared series: the table of them, and what becomes of them in a registry
 */

#include "admit.h"

#include "aggregate/counter.h"
#include "aggregate/declared.h"
#include "aggregate/ending.h"
#include "base/metric_spec.h"
#include "output/text.h"

/* --- the table ------------------------------------------------------------------------------- */

/* Those of all parts. */
static size_t find_older(const struct declared *declared, uint64_t generation, struct series **ret,
                         size_t max)
{
    size_t n = 0;

    for (unsigned part = 0; part < DECLARED_PARTS; part++)
        n += declared_older(declared, generation, part, ret + n, max - n);
    return n;
}

static void finds_those_that_no_newer_config_declares(void **state)
{
    struct series a = { 0 }, b = { 0 }, c = { 0 };
    struct declared declared = { 0 };
    struct series *older[3];

    assert_true(declared_note(&declared, 7, &a, 1));
    assert_true(declared_note(&declared, 7, &b, 1));
    assert_true(declared_note(&declared, 8, &c, 2));
    assert_true(declared_note(&declared, 7, &a, 2));
    assert_true(a.is_declared);
    assert_int_equal(find_older(&declared, 1, older, 3), 0);
    assert_int_equal(find_older(&declared, 2, older, 3), 1);
    assert_ptr_equal(older[0], &b);
    assert_int_equal(find_older(&declared, 3, older, 3), 3);
    assert_int_equal(find_older(&declared, 3, older, 2), 2);
    declared_deinit(&declared);
}

static void one_may_take_the_place_of_another(void **state)
{
    struct series a = { 0 }, b = { 0 };
    struct declared declared = { 0 };
    struct series *older[1];

    assert_true(declared_note(&declared, 7, &a, 1));
    declared_replace(&declared, 7, &a, &b);
    assert_false(a.is_declared);
    assert_true(b.is_declared);
    assert_int_equal(find_older(&declared, 2, older, 1), 1);
    assert_ptr_equal(older[0], &b);
    declared_remove(&declared, 7, &b);
    assert_false(b.is_declared);
    assert_int_equal(find_older(&declared, 2, older, 1), 0);
    declared_deinit(&declared);
}

/* --- in a registry --------------------------------------------------------------------------- */

static struct registry *registry;

static int set_up(void **state)
{
    registry = new_registry(2, 10, SIZE_MAX);
    return 0;
}

static int tear_down(void **state)
{
    registry_free(registry);
    return 0;
}

static enum verdict declare(const char *name, enum sample_type type, const char *labels,
                            uint64_t generation)
{
    struct identity identity = identity_of(name, type, labels);

    identity.sent_as = SLICE("");
    identity.generation = generation;
    identity.is_type_declared = true;
    return registry_declare(registry, &identity);
}

static void assert_page(const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer page = { 0 };
    struct snapshot *snapshot = registry_snapshot(registry);
    struct exposition *exposition;

    assert_int_equal(exposition_new(&exposition, &text_writer, snapshot, NULL), 0);
    assert_int_equal(exposition_write(exposition, &page, SIZE_MAX), 0);
    buffer_add_char(&page, '\0');
    assert_string_equal(page.data, expected);
    exposition_free(exposition);
    snapshot_unref(snapshot);
}

static int64_t now_ns;

static void count(const char *name, const char *labels, double amount)
{
    struct identity identity = identity_of(name, SAMPLE_COUNTER, labels);
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, ++now_ns, &identity, &admission), VERDICT_APPLIED);
    assert_int_equal(counter_record((struct counter_cell *)admission.cell, amount),
                     VERDICT_APPLIED);
    cell_touch(admission.cell, now_ns);
}

/* An x, of worker 0. */
static size_t end(const char *name, const char *labels)
{
    const struct identity identity = identity_of(name, SAMPLE_END, labels);
    const struct end_request request = { .identity = &identity, .arrived_ns = ++now_ns };
    size_t allowance = SIZE_MAX, n;

    assert_int_equal(registry_end(registry, &request, &allowance, &n), VERDICT_APPLIED);
    return n;
}

#define C_HEADER "# HELP c Declared, and not sent yet.\n# TYPE c counter\n"
#define C_SENT_HEADER "# HELP c Sent as c.\n# TYPE c counter\n"

static void is_exposed_at_zero_before_the_first_sample(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a=\"1\"", 1), VERDICT_APPLIED);
    assert_page(C_HEADER "c{a=\"1\"} 0\n");
    count("c", "a=\"1\"", 3);
    assert_page(C_SENT_HEADER "c{a=\"1\"} 3\n");
}

static void has_the_help_of_its_metric(void **state)
{
    const struct metric_spec spec = { .help = SLICE("Routes flown."), .ttl_ns = SPEC_TTL_DEFAULT };
    struct identity identity = identity_of("c", SAMPLE_COUNTER, "");

    identity.spec = &spec;
    identity.sent_as = SLICE("");
    assert_int_equal(registry_declare(registry, &identity), VERDICT_APPLIED);
    assert_page("# HELP c Routes flown.\n# TYPE c counter\nc 0\n");
    count("c", "", 1);
    assert_page("# HELP c Routes flown.\n# TYPE c counter\nc 1\n");
}

/* The first to send it is not another spelling. */
static void the_first_spelling_is_no_alias(void **state)
{
    struct identity identity = identity_of("c", SAMPLE_COUNTER, "");
    struct admission admission;

    identity.sent_as = SLICE("c!");
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 0), VERDICT_APPLIED);
    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    assert_page("# HELP c Sent as c!.\n# TYPE c counter\nc 0\n");
    count("c", "", 1);
    assert_page("# HELP c Sent as c!, and in other spellings.\n# TYPE c counter\nc 1\n");
}

static void all_types_begin_at_zero(void **state)
{
    static const struct buckets one = { .n = 1, .bounds = { 5 } };
    const struct metric_spec spec = { .buckets = &one, .ttl_ns = SPEC_TTL_DEFAULT };
    struct identity histogram = identity_of("h", SAMPLE_HISTOGRAM, "");

    histogram.spec = &spec;
    histogram.sent_as = SLICE("");
    assert_int_equal(registry_declare(registry, &histogram), VERDICT_APPLIED);
    assert_int_equal(declare("g", SAMPLE_GAUGE, "", 1), VERDICT_APPLIED);
    assert_int_equal(declare("s", SAMPLE_SET, "", 1), VERDICT_APPLIED);
    assert_page("# HELP g Declared, and not sent yet.\n# TYPE g gauge\ng 0\n"
                "# HELP h Declared, and not sent yet.\n# TYPE h histogram\n"
                "h_bucket{le=\"5\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
                "# HELP s Declared, and not sent yet.\n# TYPE s gauge\ns 0\n");
}

/* Sweep series "c", whatever its TTL. Returns whether it expired. */
static size_t sweep(struct series *series)
{
    struct sweep_item item = { series, series_touched_ns(series), false };
    size_t n;

    mark(registry, &item, 1);
    n = remove_expiring(registry, &item, 1);
    if (n > 0)
        series_release_workers(series);
    end_sweep(&item, 1);
    return n;
}

static struct series *first_of_page(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct series *series = snapshot->series[0];

    snapshot_unref(snapshot);
    return series;
}

static void its_ttl_sets_it_back_to_zero(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    count("c", "", 2);
    assert_int_equal(sweep(first_of_page()), 1);
    assert_page(C_SENT_HEADER "c 0\n");
    count("c", "", 1);
    assert_page(C_SENT_HEADER "c 1\n");
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
}

static void does_not_expire_without_a_sample(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    assert_int_equal(sweep(first_of_page()), 0);
    count("c", "", 2);
    assert_int_equal(sweep(first_of_page()), 1);
    assert_int_equal(sweep(first_of_page()), 0);
    assert_page(C_SENT_HEADER "c 0\n");
}

/* It was sent before the config declared it, and is about to expire. */
static void one_that_is_declared_later_stays_as_well(void **state)
{
    struct sweep_item item;

    count("c", "", 2);
    item.series = cell_series(admit(registry, 0, "c", SAMPLE_COUNTER, ""));
    item.touched_ns = series_touched_ns(item.series);
    mark(registry, &item, 1);
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    assert_int_equal(remove_expiring(registry, &item, 1), 0);
    end_sweep(&item, 1);
    assert_page(C_SENT_HEADER "c 2\n");
}

static void an_x_sets_it_back_to_zero(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a=\"1\"", 1), VERDICT_APPLIED);
    count("c", "a=\"1\"", 3);
    count("c", "a=\"2\"", 4);
    assert_page(C_SENT_HEADER "c{a=\"1\"} 3\nc{a=\"2\"} 4\n");
    assert_int_equal(end("c", ""), 2);
    assert_page(C_SENT_HEADER "c{a=\"1\"} 0\n");
    count("c", "a=\"1\"", 1);
    assert_page(C_SENT_HEADER "c{a=\"1\"} 1\n");
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
    assert_int_equal(registry_count(registry).families, 1);
}

/* Or a loop of x would make series, and nothing else. */
static void an_x_has_no_effect_on_one_at_zero(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    assert_int_equal(end("c", ""), 0);
    assert_page(C_HEADER "c 0\n");
    count("c", "", 1);
    assert_int_equal(end("c", ""), 1);
    assert_int_equal(end("c", ""), 0);
    assert_page(C_SENT_HEADER "c 0\n");
}

static void it_keeps_its_value_when_a_newer_config_declares_it(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    count("c", "", 3);
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 2), VERDICT_APPLIED);
    assert_int_equal(registry_undeclare(registry, 2), 0);
    assert_page(C_SENT_HEADER "c 3\n");
}

static void it_goes_when_a_newer_config_does_not(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a=\"1\"", 1), VERDICT_APPLIED);
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a=\"2\"", 1), VERDICT_APPLIED);
    assert_page(C_HEADER "c{a=\"1\"} 0\nc{a=\"2\"} 0\n");
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a=\"2\"", 2), VERDICT_APPLIED);
    assert_int_equal(registry_undeclare(registry, 2), 1);
    assert_page(C_HEADER "c{a=\"2\"} 0\n");
    assert_int_equal(registry_undeclare(registry, 3), 1);
    assert_page("");
    assert_int_equal(registry_count(registry).families, 0);
}

/* What was sent is not lost; it expires like any other. */
static void one_that_was_sent_stays_until_it_expires(void **state)
{
    struct cell *cell;

    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    count("c", "", 3);
    assert_int_equal(registry_undeclare(registry, 2), 0);
    assert_page(C_SENT_HEADER "c 3\n");
    cell = admit(registry, 0, "c", SAMPLE_COUNTER, "");
    remove_series(registry, cell);
    assert_page("");
}

static void another_type_of_a_newer_config_takes_its_place(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    assert_page(C_HEADER "c 0\n");
    assert_int_equal(declare("c", SAMPLE_GAUGE, "", 2), VERDICT_APPLIED);
    assert_page("# HELP c Declared, and not sent yet.\n# TYPE c gauge\nc 0\n");
    assert_int_equal(registry_undeclare(registry, 2), 0);
}

static void there_may_be_more_than_one_batch(void **state)
{
    registry_free(registry);
    registry = new_large_registry();
    for (unsigned i = 0; i < 1000; i++) {
        char labels[32];

        snprintf(labels, sizeof(labels), "a=\"%u\"", i);
        assert_int_equal(declare("c", SAMPLE_COUNTER, labels, 1), VERDICT_APPLIED);
    }
    assert_int_equal(registry_undeclare(registry, 2), 1000);
    assert_page("");
}

/* More than a batch in each part of the table, among as many that stay. */
static void of_many_only_the_older_ones_go(void **state)
{
    const unsigned n = 40000;
    struct snapshot *snapshot;

    registry_free(registry);
    registry = new_large_registry();
    for (unsigned i = 0; i < n; i++) {
        char labels[32];

        snprintf(labels, sizeof(labels), "a=\"%u\"", i);
        assert_int_equal(declare("c", SAMPLE_COUNTER, labels, 1 + i % 2), VERDICT_APPLIED);
    }
    assert_int_equal(registry_undeclare(registry, 2), n / 2);
    assert_int_equal(registry_undeclare(registry, 2), 0);
    snapshot = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, n / 2);
    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct slice labels = series_labels(snapshot->series[i]);

        assert_int_equal((labels.at[labels.len - 2] - '0') % 2, 1);
    }
    snapshot_unref(snapshot);
}

static void limits_hold_for_them_too(void **state)
{
    struct conflict conflict;

    count("other", "", 1);
    assert_int_equal(declare("other", SAMPLE_GAUGE, "", 0), REFUSED_TYPE_CONFLICT);
    assert_true(registry_latest_conflict(registry, &conflict));
    assert_string_equal(conflict.name, "other");
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(declare("c", SAMPLE_COUNTER, (const char[]){ (char)('a' + i), 0 }, 1),
                         VERDICT_APPLIED);
    assert_int_equal(declare("c", SAMPLE_COUNTER, "z", 1), REFUSED_SERIES_LIMIT);
    assert_int_equal(declare("c", SAMPLE_COUNTER, "a", 2), VERDICT_APPLIED);
    assert_int_equal(declare("d", SAMPLE_COUNTER, "", 1), REFUSED_SERIES_LIMIT);
    assert_int_equal(registry_count(registry).families, 2);
}

static void all_memory_comes_back(void **state)
{
    assert_int_equal(declare("c", SAMPLE_COUNTER, "", 1), VERDICT_APPLIED);
    count("c", "", 3);
    end("c", "");
    assert_int_equal(registry_undeclare(registry, 2), 1);
    assert_page("");
    {
        size_t n;
        struct sweep_item *ended = registry_take_ended(registry, &n);

        assert_int_equal(n, 2);
        for (size_t i = 0; i < n; i++) {
            series_release_workers(ended[i].series);
            series_unref(ended[i].series);
        }
        free(ended);
    }
    assert_int_equal(registry_count(registry).bytes, 0);
}

#define DECLARED_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(finds_those_that_no_newer_config_declares),
        CASE(one_may_take_the_place_of_another),
        DECLARED_CASE(is_exposed_at_zero_before_the_first_sample),
        DECLARED_CASE(has_the_help_of_its_metric),
        DECLARED_CASE(the_first_spelling_is_no_alias),
        DECLARED_CASE(all_types_begin_at_zero),
        DECLARED_CASE(its_ttl_sets_it_back_to_zero),
        DECLARED_CASE(does_not_expire_without_a_sample),
        DECLARED_CASE(one_that_is_declared_later_stays_as_well),
        DECLARED_CASE(an_x_sets_it_back_to_zero),
        DECLARED_CASE(an_x_has_no_effect_on_one_at_zero),
        DECLARED_CASE(it_keeps_its_value_when_a_newer_config_declares_it),
        DECLARED_CASE(it_goes_when_a_newer_config_does_not),
        DECLARED_CASE(one_that_was_sent_stays_until_it_expires),
        DECLARED_CASE(another_type_of_a_newer_config_takes_its_place),
        DECLARED_CASE(there_may_be_more_than_one_batch),
        DECLARED_CASE(of_many_only_the_older_ones_go),
        DECLARED_CASE(limits_hold_for_them_too),
        DECLARED_CASE(all_memory_comes_back),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
