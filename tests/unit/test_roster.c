/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The roster has no locks, so a test can examine its whole state after each step. The last case
 * does random things to it and to a model made of a few arrays.
 */

#include "abort.h"
#include "registry_setup.h"
#include "samples.h"

#include "aggregate/roster.h"

#include <errno.h>
#include <stdio.h>

#define WORKERS 3

static struct roster roster;

static const struct family *family_seen; /* from the last admit() */

static enum verdict admit(const char *name, enum sample_type type, const char *labels,
                          unsigned worker, struct cell **ret)
{
    struct identity identity = identity_of(name, type, labels);
    struct roster_request request = roster_request(&roster, &identity, worker, 0);
    struct roster_reply reply;
    enum verdict verdict = roster_find_or_add(&roster, &request, &reply);

    /* It is the overflow series if and only if it is not the requested one. */
    if (verdict == VERDICT_APPLIED)
        assert_int_equal(reply.is_overflow,
                         !slice_equal(series_labels(cell_series(reply.cell)), identity.labels));
    *ret = reply.cell;
    family_seen = reply.family;
    return verdict;
}

static struct series *must_admit(const char *name, enum sample_type type, const char *labels,
                                 unsigned worker)
{
    struct cell *cell = NULL;

    assert_int_equal(admit(name, type, labels, worker, &cell), VERDICT_APPLIED);
    assert_non_null(cell);
    assert_ptr_equal(cell_series(cell)->cells[worker], cell);
    assert_ptr_equal(family_seen, cell_series(cell)->family);
    return cell_series(cell);
}

static void assert_refused(const char *name, enum sample_type type, const char *labels,
                           enum verdict verdict)
{
    struct cell *cell;

    assert_int_equal(admit(name, type, labels, 0, &cell), verdict);
}

static struct family *find_family(const char *name)
{
    struct identity identity = identity_of(name, SAMPLE_END, "");
    struct roster_request request = roster_request(&roster, &identity, 0, 0);

    return roster_find_family(&roster, &request);
}

static void reserve(const char *name, enum metric_type type, int expected)
{
    assert_int_equal(roster_reserve(&roster, slice_of(name), type), expected);
}

/* Remove it, and give back the references that workers and snapshots have. */
static void remove_wholly(struct series *series)
{
    assert_true(roster_remove(&roster, series, SERIES_ENDED));
    series_release_workers(series);
    series_unref(series);
}

static bool is_overflow(const struct series *series)
{
    return slice_equal(series_labels(series), ROSTER_OVERFLOW_LABELS);
}

/* Take the fresh series, of which there are @n. */
static struct fresh_list take_fresh(size_t n)
{
    struct fresh_list fresh = fresh_take(&roster.fresh);
    const struct series *last = NULL;
    size_t length = 0;

    for (const struct series *series = fresh.first; series; series = series->next_fresh) {
        last = series;
        length++;
    }
    assert_int_equal(fresh.n, n);
    assert_int_equal(length, n);
    if (n > 0)
        assert_ptr_equal(fresh.last, last);
    return fresh;
}

/* --- finding and making --------------------------------------------------------------- */

static void is_empty_at_first(void **state)
{
    take_fresh(0);
    assert_int_equal(roster.n_families, 0);
    assert_int_equal(roster.budget.held_bytes, 0);
    assert_null(find_family("x"));
}

static void the_same_labels_are_the_same_series(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);

    assert_ptr_equal(must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0), series);
    assert_ptr_equal(must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 2), series);
    assert_true(must_admit("x", SAMPLE_COUNTER, "a=\"2\"", 0) != series);
    assert_true(must_admit("x", SAMPLE_COUNTER, "", 0) != series);
    assert_true(must_admit("y", SAMPLE_COUNTER, "a=\"1\"", 0) != series);
    assert_slice_equal(series_labels(series), "a=\"1\"");
    assert_slice_equal(series->family->name, "x");
    assert_int_equal(roster.n_series[METRIC_COUNTER], 4);
    assert_int_equal(roster.n_families, 2);
}

static void all_observations_are_one_type(void **state)
{
    struct series *series = must_admit("x", SAMPLE_TIMER, "", 0);

    assert_ptr_equal(must_admit("x", SAMPLE_HISTOGRAM, "", 0), series);
    assert_ptr_equal(must_admit("x", SAMPLE_DISTRIBUTION, "", 0), series);
    assert_int_equal(roster.n_series[METRIC_HISTOGRAM], 1);
}

static void a_worker_that_asked_holds_one_reference(void **state)
{
    struct series *series = must_admit("x", SAMPLE_SET, "", 1);

    assert_int_equal(series->refs, 2);
    must_admit("x", SAMPLE_SET, "", 1);
    assert_int_equal(series->refs, 2);
    must_admit("x", SAMPLE_SET, "", 0);
    assert_int_equal(series->refs, 3);
    assert_null(series->cells[2]);
}

static void admitting_revives_an_expiring_series(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "", 0);

    series_set_state(series, SERIES_EXPIRING);
    assert_ptr_equal(must_admit("x", SAMPLE_COUNTER, "", 1), series);
    assert_int_equal(series_state(series), SERIES_LIVE);
    assert_false(cell_must_ask(series->cells[0]));
    assert_false(cell_must_ask(series->cells[1]));
}

static void finds_a_family_whatever_its_type(void **state)
{
    struct series *counter = must_admit("x", SAMPLE_COUNTER, "", 0);
    struct series *histogram = must_admit("y", SAMPLE_TIMER, "", 0);

    assert_ptr_equal(find_family("x"), counter->family);
    assert_ptr_equal(find_family("y"), histogram->family);
    assert_null(find_family("y_sum"));
    assert_null(find_family("z"));
    reserve("own", METRIC_GAUGE, 0);
    assert_true(find_family("own")->is_reserved);
}

/* --- names -------------------------------------------------------------------------------- */

static void the_first_type_has_the_name(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "", 0);

    assert_refused("x", SAMPLE_GAUGE, "", REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(family_seen, series->family);
    assert_refused("x", SAMPLE_SET, "a=\"1\"", REFUSED_TYPE_CONFLICT);
    assert_refused("x", SAMPLE_TIMER, "", REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(family_seen, series->family);
    assert_int_equal(roster.n_families, 1);
}

static void a_histogram_has_the_names_it_is_exposed_under(void **state)
{
    struct series *series = must_admit("x", SAMPLE_TIMER, "", 0);

    assert_refused("x_sum", SAMPLE_COUNTER, "", REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(family_seen, series->family);
    assert_refused("x_bucket", SAMPLE_TIMER, "", REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(family_seen, series->family);
    assert_refused("x_count", SAMPLE_SET, "", REFUSED_TYPE_CONFLICT);
    must_admit("x_total", SAMPLE_COUNTER, "", 0);
}

static void a_histogram_whose_names_are_taken_is_refused(void **state)
{
    struct series *series = must_admit("x_count", SAMPLE_GAUGE, "", 0);
    size_t bytes = roster.budget.held_bytes;

    assert_refused("x", SAMPLE_TIMER, "", REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(family_seen, series->family);
    assert_int_equal(roster.budget.held_bytes, bytes);
    assert_int_equal(roster.n_families, 1);
    must_admit("x_sum", SAMPLE_COUNTER, "", 0);
}

static void own_names_are_reserved(void **state)
{
    reserve("own", METRIC_HISTOGRAM, 0);
    assert_refused("own", SAMPLE_HISTOGRAM, "", REFUSED_RESERVED_NAME);
    assert_refused("own", SAMPLE_COUNTER, "", REFUSED_RESERVED_NAME);
    assert_refused("own_sum", SAMPLE_GAUGE, "", REFUSED_RESERVED_NAME);
    assert_int_equal(roster.n_families, 0);
    assert_int_equal(roster.budget.held_bytes, 0);
}

static void what_is_taken_cannot_be_reserved(void **state)
{
    must_admit("x_sum", SAMPLE_COUNTER, "", 0);
    reserve("x_sum", METRIC_GAUGE, -EEXIST);
    reserve("x", METRIC_HISTOGRAM, -EEXIST);
    reserve("x", METRIC_GAUGE, 0);
    reserve("x", METRIC_GAUGE, -EEXIST);
}

static void a_name_is_free_after_its_last_series(void **state)
{
    struct series *first = must_admit("x", SAMPLE_TIMER, "a=\"1\"", 0);
    struct series *last = must_admit("x", SAMPLE_TIMER, "a=\"2\"", 1);

    fresh_take(&roster.fresh);
    remove_wholly(first);
    assert_refused("x", SAMPLE_COUNTER, "", REFUSED_TYPE_CONFLICT);
    remove_wholly(last);
    assert_null(find_family("x"));
    must_admit("x", SAMPLE_COUNTER, "", 0);
    must_admit("x_sum", SAMPLE_GAUGE, "", 0);
}

/* --- going ---------------------------------------------------------------------------------- */

static void a_removed_series_stays_for_its_readers(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "", 0);
    size_t bytes = roster.budget.held_bytes;

    fresh_take(&roster.fresh);
    assert_true(roster_remove(&roster, series, SERIES_ENDED));
    assert_int_equal(series_state(series), SERIES_ENDED);
    assert_int_equal(roster.budget.held_bytes, bytes);
    assert_int_equal(roster.n_series[METRIC_COUNTER], 0);
    assert_int_equal(roster.n_families, 0);
    assert_slice_equal(series->family->name, "x");
    series_release_workers(series);
    series_unref(series);
    assert_int_equal(roster.budget.held_bytes, 0);
}

static void a_new_series_comes_in_its_place(void **state)
{
    struct series *old = must_admit("x", SAMPLE_COUNTER, "", 0), *new;

    fresh_take(&roster.fresh);
    assert_true(roster_remove(&roster, old, SERIES_ENDED));
    new = must_admit("x", SAMPLE_COUNTER, "", 0);
    assert_true(new != old);
    assert_int_equal(series_state(new), SERIES_LIVE);
    assert_ptr_equal(find_family("x")->series, new);
    assert_int_equal(find_family("x")->n_series, 1);
    series_release_workers(old);
    series_unref(old);
}

static void what_has_ended_can_be_put_back(void **state)
{
    struct series *series = must_admit("x", SAMPLE_TIMER, "", 0);
    size_t bytes = roster.budget.held_bytes;

    assert_true(roster_remove(&roster, series, SERIES_ENDED));
    assert_null(find_family("x"));
    assert_true(roster_put_back(&roster, series));
    assert_int_equal(series_state(series), SERIES_LIVE);
    assert_ptr_equal(find_family("x")->series, series);
    assert_ptr_equal(must_admit("x", SAMPLE_TIMER, "", 0), series);
    assert_refused("x_sum", SAMPLE_COUNTER, "", REFUSED_TYPE_CONFLICT);
    assert_int_equal(roster.n_series[METRIC_HISTOGRAM], 1);
    assert_int_equal(roster.n_families, 1);
    assert_int_equal(roster.budget.held_bytes, bytes);
}

static void beyond_the_limit_it_cannot(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "", 0);

    fresh_take(&roster.fresh);
    assert_true(roster_remove(&roster, series, SERIES_ENDED));
    roster.max_series = 1;
    must_admit("y", SAMPLE_COUNTER, "", 0);
    assert_false(roster_put_back(&roster, series));
    assert_int_equal(series_state(series), SERIES_ENDED);
    assert_null(find_family("x"));
    assert_int_equal(roster.n_families, 1);
    assert_int_equal(roster.n_series[METRIC_COUNTER], 1);
    series_release_workers(series);
    series_unref(series);
}

/* --- fresh ones ------------------------------------------------------------------------------ */

static void fresh_series_are_given_once(void **state)
{
    must_admit("x", SAMPLE_COUNTER, "", 0);
    must_admit("x", SAMPLE_COUNTER, "", 1);
    must_admit("y", SAMPLE_GAUGE, "", 0);
    take_fresh(2);
    take_fresh(0);
    must_admit("x", SAMPLE_COUNTER, "", 2);
    take_fresh(0);
}

static void fresh_series_can_be_given_back(void **state)
{
    struct fresh_list fresh;

    must_admit("x", SAMPLE_COUNTER, "", 0);
    must_admit("y", SAMPLE_COUNTER, "", 0);
    fresh = take_fresh(2);
    must_admit("z", SAMPLE_COUNTER, "", 0);
    fresh_put_back(&roster.fresh, fresh);
    fresh = take_fresh(3);
    fresh_put_back(&roster.fresh, fresh);
    must_admit("a", SAMPLE_COUNTER, "", 0);
    fresh = take_fresh(4);
    fresh_put_back(&roster.fresh, (struct fresh_list){ 0 });
    take_fresh(0);
    fresh_put_back(&roster.fresh, fresh);
    fresh_put_back(&roster.fresh, (struct fresh_list){ 0 });
    take_fresh(4);
}

/* --- limits ------------------------------------------------------------------------ */

static void beyond_the_series_limit_there_is_one_for_all(void **state)
{
    struct series *overflow;

    roster.max_series = 2;
    must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);
    must_admit("x", SAMPLE_COUNTER, "a=\"2\"", 0);
    overflow = must_admit("x", SAMPLE_COUNTER, "a=\"3\"", 0);
    assert_true(is_overflow(overflow));
    assert_ptr_equal(must_admit("x", SAMPLE_COUNTER, "a=\"4\"", 0), overflow);
    assert_ptr_equal(must_admit("x", SAMPLE_COUNTER, "a=\"5\"", 1), overflow);
    assert_false(is_overflow(must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 1)));
}

static void each_type_but_gauges_has_an_overflow_series(void **state)
{
    must_admit("c", SAMPLE_COUNTER, "", 0);
    must_admit("h", SAMPLE_TIMER, "", 0);
    must_admit("s", SAMPLE_SET, "", 0);
    must_admit("g", SAMPLE_GAUGE, "", 0);
    roster.max_series = 4;
    assert_true(is_overflow(must_admit("c", SAMPLE_COUNTER, "a=\"1\"", 0)));
    assert_true(is_overflow(must_admit("h", SAMPLE_TIMER, "a=\"1\"", 0)));
    assert_true(is_overflow(must_admit("s", SAMPLE_SET, "a=\"1\"", 0)));
    assert_refused("g", SAMPLE_GAUGE, "a=\"1\"", REFUSED_SERIES_LIMIT);
    must_admit("g", SAMPLE_GAUGE, "", 1);
}

static void a_new_name_beyond_the_limit_is_refused(void **state)
{
    roster.max_series = 1;
    must_admit("x", SAMPLE_COUNTER, "", 0);
    assert_refused("y", SAMPLE_COUNTER, "", REFUSED_SERIES_LIMIT);
    assert_null(find_family("y"));
    assert_int_equal(roster.n_families, 1);
}

/* Not even if there were memory for the family and its overflow series. */
static void a_new_name_does_not_begin_with_its_overflow_series(void **state)
{
    struct series *series = must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);

    roster.budget.max_bytes = roster.budget.held_bytes - 1;
    fresh_take(&roster.fresh);
    remove_wholly(series);
    assert_refused("x", SAMPLE_COUNTER, "a=\"1\"", REFUSED_SERIES_LIMIT);
    assert_null(find_family("x"));
    assert_int_equal(roster.budget.held_bytes, 0);
    roster.budget.max_bytes++;
    must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);
}

static void a_family_has_a_limit_of_its_own(void **state)
{
    roster.max_family_series = 1;
    must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);
    must_admit("y", SAMPLE_GAUGE, "a=\"1\"", 0);
    assert_true(is_overflow(must_admit("x", SAMPLE_COUNTER, "a=\"2\"", 0)));
    assert_refused("y", SAMPLE_GAUGE, "a=\"2\"", REFUSED_SERIES_LIMIT);
    assert_false(is_overflow(must_admit("z", SAMPLE_COUNTER, "a=\"2\"", 0)));
}

static enum verdict admit_at(const char *name, const char *labels, int64_t arrived_ns)
{
    struct identity identity = identity_of(name, SAMPLE_COUNTER, labels);
    struct roster_request request = roster_request(&roster, &identity, 0, arrived_ns);
    struct roster_reply reply;

    return roster_find_or_add(&roster, &request, &reply);
}

/* Neither a known name nor one of the config has a rate, and each worker has its own. */
static void new_names_have_a_rate(void **state)
{
    struct identity declared = identity_of("declared", SAMPLE_COUNTER, "");
    struct roster_request request = roster_request_of_config(&roster, &declared);
    struct family *family;

    roster.max_new_names = 1000;
    roster.name_rates[0] = (struct name_rate){ .has_started = true, .saved_ns = 2000000 };
    must_admit("x", SAMPLE_COUNTER, "", 0);
    must_admit("y", SAMPLE_GAUGE, "", 0);
    assert_refused("z", SAMPLE_COUNTER, "", REFUSED_NAME_RATE);
    assert_null(find_family("z"));
    assert_refused("y", SAMPLE_COUNTER, "", REFUSED_TYPE_CONFLICT);
    must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);
    must_admit("of_another_worker", SAMPLE_COUNTER, "", 1);
    assert_int_equal(roster_declare(&roster, &request, &family), VERDICT_APPLIED);
    assert_int_equal(admit_at("z", "", 1000000), VERDICT_APPLIED);
    assert_int_equal(admit_at("another", "", 1000000), REFUSED_NAME_RATE);
    roster.max_new_names = 0;
    assert_int_equal(admit_at("another", "", 1000000), VERDICT_APPLIED);
}

static void a_name_that_a_newer_config_gives_another_type_has_no_rate(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_GAUGE, "");
    struct roster_request request = roster_request(&roster, &identity, 0, 0);
    struct roster_reply reply;

    roster.max_new_names = 1000;
    roster.name_rates[0] = (struct name_rate){ .has_started = true, .saved_ns = 1000000 };
    must_admit("x", SAMPLE_COUNTER, "", 0);
    assert_refused("y", SAMPLE_COUNTER, "", REFUSED_NAME_RATE);
    identity.generation++;
    identity.is_type_declared = true;
    assert_int_equal(roster_find_or_add(&roster, &request, &reply), VERDICT_APPLIED);
    assert_refused("y", SAMPLE_COUNTER, "", REFUSED_NAME_RATE);
}

/* Beyond a limit a name costs little, and nothing that must be bounded by time. */
static void a_name_beyond_a_limit_does_not_count_for_the_rate(void **state)
{
    roster.max_new_names = 1000;
    roster.max_series = 1;
    roster.name_rates[0] = (struct name_rate){ .has_started = true, .saved_ns = 2000000 };
    must_admit("x", SAMPLE_COUNTER, "", 0);
    for (unsigned i = 0; i < 5; i++)
        assert_refused("y", SAMPLE_COUNTER, "", REFUSED_SERIES_LIMIT);
    roster.max_series = 10;
    must_admit("y", SAMPLE_COUNTER, "", 0);
    assert_refused("z", SAMPLE_COUNTER, "", REFUSED_NAME_RATE);
}

static void there_is_room_again_when_series_go(void **state)
{
    struct series *series;

    roster.max_series = 1;
    series = must_admit("x", SAMPLE_GAUGE, "", 0);
    fresh_take(&roster.fresh);
    assert_refused("y", SAMPLE_GAUGE, "", REFUSED_SERIES_LIMIT);
    remove_wholly(series);
    must_admit("y", SAMPLE_GAUGE, "", 0);
}

static void memory_stays_below_its_limit(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_TIMER, SAMPLE_SET };
    char labels[32];

    roster.budget.max_bytes = 1 << 20;
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(labels, sizeof(labels), "a=\"%u\"", i);
        must_admit(i % 3 == 0 ? "c" : i % 3 == 1 ? "t" : "s", types[i % 3], labels, i % WORKERS);
        assert_true(roster.budget.held_bytes <= roster.budget.max_bytes);
    }
    assert_true(is_overflow(must_admit("c", SAMPLE_COUNTER, "b=\"1\"", 0)));
    assert_true(is_overflow(must_admit("s", SAMPLE_SET, "b=\"1\"", 2)));
    must_admit("c", SAMPLE_COUNTER, "a=\"0\"", 0);
}

/* Each family can have its overflow series, however many families there are. */
static void many_small_families_can_all_overflow(void **state)
{
    struct cell *cell;
    char name[32];
    unsigned n = 0;

    roster.budget.max_bytes = 1 << 20;
    do {
        snprintf(name, sizeof(name), "c%u", n++);
    } while (admit(name, SAMPLE_COUNTER, "a=\"1\"", 0, &cell) == VERDICT_APPLIED);
    assert_true(n > 100);
    roster.budget.max_bytes = roster.budget.held_bytes;
    for (unsigned i = 0; i + 1 < n; i++) {
        snprintf(name, sizeof(name), "c%u", i);
        for (unsigned worker = 0; worker < WORKERS; worker++)
            assert_true(is_overflow(must_admit(name, SAMPLE_COUNTER, "a=\"2\"", worker)));
        assert_true(roster.budget.held_bytes <= roster.budget.max_bytes);
    }
}

/* Its memory is counted for one series at a time. */
static void an_overflow_series_uses_prepaid_memory_until_it_is_freed(void **state)
{
    size_t bytes;
    struct series *series;

    roster.max_family_series = 1;
    must_admit("c", SAMPLE_COUNTER, "a=\"1\"", 0);
    bytes = roster.budget.held_bytes;
    series = must_admit("c", SAMPLE_COUNTER, "a=\"2\"", 0);
    assert_true(is_overflow(series));
    assert_int_equal(roster.budget.held_bytes, bytes);
    series_ref(series);
    fresh_take(&roster.fresh);
    remove_wholly(series);
    assert_int_equal(roster.budget.held_bytes, bytes);
    must_admit("c", SAMPLE_COUNTER, "a=\"2\"", 0);
    assert_true(roster.budget.held_bytes > bytes);
    roster.budget.max_bytes = roster.budget.held_bytes;
    series_unref(series);
    assert_true(roster.budget.held_bytes > bytes);
}

static void without_memory_gauges_and_new_names_are_refused(void **state)
{
    char labels[32];
    struct cell *cell;
    unsigned n = 0;

    roster.budget.max_bytes = 100000;
    do {
        snprintf(labels, sizeof(labels), "a=\"%u\"", n++);
    } while (admit("g", SAMPLE_GAUGE, labels, 0, &cell) == VERDICT_APPLIED);
    assert_true(n > 50 && n < 2000);
    assert_refused("g", SAMPLE_GAUGE, labels, REFUSED_SERIES_LIMIT);
    assert_refused("new", SAMPLE_HISTOGRAM, "", REFUSED_SERIES_LIMIT);
    assert_null(find_family("new"));
    assert_true(roster.budget.held_bytes <= roster.budget.max_bytes);
    must_admit("g", SAMPLE_GAUGE, "a=\"0\"", 0);
}

/* --- against a simple model ------------------------------------------------------------ */

static const char *const names[] = { "a", "b", "b_sum", "b_count", "c", "d", "own", "own_sum" };
static const char *const label_texts[] = {
    "", "l=\"1\"", "l=\"2\"", "l=\"3\"", "l=\"4\"", "k=\"1\",l=\"1\"", "overflow=\"true\""
};
static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_GAUGE, SAMPLE_TIMER, SAMPLE_SET };

#define N_NAMES ARRAY_SIZE(names)
#define N_LABELS ARRAY_SIZE(label_texts)
#define OVERFLOW_AT (N_LABELS - 1) /* a sender may send them, too */
#define MODEL_SERIES 12
#define MODEL_FAMILY_SERIES 5

static struct model {
    struct series *series[N_NAMES][N_LABELS];
    enum sample_type types[N_NAMES]; /* where there are series */
    size_t n_of_name[N_NAMES], n;
    size_t n_fresh;
} model;

static uint32_t random_state;

static unsigned random_below(unsigned n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 12) % n;
}

/* Whether @name is one of the names under which the histogram @of is exposed. */
static bool is_part_of(const char *name, const char *of)
{
    size_t len = strlen(of);

    return strncmp(name, of, len) == 0 &&
           (strcmp(name + len, "_sum") == 0 || strcmp(name + len, "_count") == 0);
}

/*
 * The name that a sample conflicts with, or N_NAMES. Beyond the limit a new family does not claim
 * its names, so it does not get to see who has those around it.
 */
static unsigned model_conflict(unsigned name, enum sample_type type)
{
    if (model.n_of_name[name])
        return model.types[name] == type ? N_NAMES : name;
    for (unsigned i = 0; i < N_NAMES; i++) {
        bool is_inside = model.types[i] == SAMPLE_TIMER && is_part_of(names[name], names[i]);
        bool is_around =
            type == SAMPLE_TIMER && model.n < MODEL_SERIES && is_part_of(names[i], names[name]);

        if (model.n_of_name[i] && (is_inside || is_around))
            return i;
    }
    return N_NAMES;
}

static bool model_has_room(unsigned name)
{
    return model.n < MODEL_SERIES && model.n_of_name[name] < MODEL_FAMILY_SERIES;
}

/* The labels that the series will have, or N_LABELS if it is refused. */
static unsigned model_place(unsigned name, enum sample_type type, unsigned labels)
{
    if (model.series[name][labels] || model_has_room(name))
        return labels;
    if (type == SAMPLE_GAUGE || model.n_of_name[name] == 0)
        return N_LABELS;
    return OVERFLOW_AT;
}

static void model_add(unsigned name, enum sample_type type, unsigned place, struct series *series)
{
    if (model.series[name][place]) {
        assert_ptr_equal(model.series[name][place], series);
        return;
    }
    model.series[name][place] = series;
    model.types[name] = type;
    model.n_of_name[name]++;
    model.n++;
    model.n_fresh++;
}

static void admit_any(void)
{
    unsigned name = random_below(N_NAMES), labels = random_below(N_LABELS);
    enum sample_type type = types[random_below(ARRAY_SIZE(types))];
    unsigned conflict = model_conflict(name, type), place = model_place(name, type, labels);
    unsigned worker = random_below(WORKERS);

    if (strncmp(names[name], "own", 3) == 0) {
        assert_refused(names[name], type, label_texts[labels], REFUSED_RESERVED_NAME);
    } else if (conflict < N_NAMES) {
        assert_refused(names[name], type, label_texts[labels], REFUSED_TYPE_CONFLICT);
        assert_ptr_equal(family_seen, find_family(names[conflict]));
    } else if (place == N_LABELS) {
        assert_refused(names[name], type, label_texts[labels], REFUSED_SERIES_LIMIT);
    } else {
        struct series *series = must_admit(names[name], type, label_texts[labels], worker);

        assert_true(slice_equal(series_labels(series), slice_of(label_texts[place])));
        assert_true(slice_equal(series->family->name, slice_of(names[name])));
        model_add(name, type, place, series);
    }
}

static void take_any_fresh(void)
{
    struct fresh_list fresh = take_fresh(model.n_fresh);

    if (random_below(2)) {
        fresh_put_back(&roster.fresh, fresh);
        take_fresh(model.n_fresh);
    }
    model.n_fresh = 0;
}

static void remove_any(void)
{
    unsigned name = random_below(N_NAMES), labels = random_below(N_LABELS);
    struct series *series = model.series[name][labels];

    if (!series)
        return;
    take_any_fresh(); /* which may have it */
    remove_wholly(series);
    model.series[name][labels] = NULL;
    model.n_of_name[name]--;
    model.n--;
}

/*
 * The list of the family has exactly the series of the model, linked both ways. Returns their
 * bytes.
 */
static size_t check_family(const struct family *family, unsigned name)
{
    const struct series *before = NULL;
    size_t n = 0, bytes = family->size, cell_bytes = kind_cell_size(family->type, buckets);

    /* Its overflow series is counted from the start, with all cells. */
    if (family->type != METRIC_GAUGE)
        bytes += series_size(ROSTER_OVERFLOW_LABELS, WORKERS) + WORKERS * cell_bytes;
    for (const struct series *series = family->series; series; series = series->next_in_family) {
        assert_ptr_equal(series->prev_in_family, before);
        assert_ptr_equal(series->family, family);
        assert_true(series_is_registered(series));
        if (!series->is_prepaid)
            bytes += series_size(series_labels(series), WORKERS);
        for (unsigned i = 0; i < WORKERS && !series->is_prepaid; i++)
            bytes += series->cells[i] ? cell_bytes : 0;
        before = series;
        n++;
    }
    assert_int_equal(n, model.n_of_name[name]);
    assert_int_equal(family->n_series, n);
    assert_true(n <= MODEL_FAMILY_SERIES + 1);
    assert_int_equal(family->type, metric_type_of(model.types[name]));
    return bytes;
}

static void check_all(void)
{
    size_t n_families = 0, n = 0, bytes = 0;

    for (unsigned i = 0; i < N_NAMES; i++) {
        struct family *family = find_family(names[i]);

        if (family && family->is_reserved)
            continue;
        assert_int_equal(family != NULL, model.n_of_name[i] > 0);
        if (family) {
            bytes += check_family(family, i);
            n_families++;
        }
    }
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        n += roster.n_series[type];
    assert_int_equal(n, model.n);
    assert_int_equal(roster.series.n, model.n);
    assert_int_equal(roster.n_families, n_families);
    assert_true(n_families <= MODEL_SERIES);
    assert_int_equal(roster.budget.held_bytes, bytes);
    assert_int_equal(roster.fresh.n, model.n_fresh);
}

static void agrees_with_a_model(void **state)
{
    model = (struct model){ 0 };
    random_state = 42;
    roster.max_series = MODEL_SERIES;
    roster.max_family_series = MODEL_FAMILY_SERIES;
    reserve("own", METRIC_HISTOGRAM, 0);
    for (unsigned i = 0; i < 50000; i++) {
        /* It fills and empties in turns. */
        if (random_below(10) < (i / 1000 % 2 ? 4 : 8))
            admit_any();
        else
            remove_any();
        if (i % 8 == 0)
            check_all();
        if (i % 100 == 0)
            take_any_fresh();
    }
    check_all();
}

/* --- what must not be ------------------------------------------------------------------ */

static struct series *two_series(void)
{
    must_admit("x", SAMPLE_COUNTER, "a=\"1\"", 0);
    return must_admit("x", SAMPLE_COUNTER, "a=\"2\"", 0);
}

static void remove_one_twice(void)
{
    struct series *series = two_series();

    assert_true(roster_remove(&roster, series, SERIES_ENDED));
    assert_true(roster_remove(&roster, series, SERIES_ENDED));
}

static void remove_one_that_its_family_does_not_have(void)
{
    struct series *series = two_series();

    series->family->series = series->next_in_family;
    assert_true(roster_remove(&roster, series, SERIES_ENDED));
}

static void removing_what_is_not_there_aborts(void **state)
{
    assert_aborts(remove_one_twice, "is_step(before, state) does not hold");
    assert_aborts(remove_one_that_its_family_does_not_have, "== series does not hold");
}

static int begin(void **state)
{
    roster = (struct roster){
        .n_workers = WORKERS,
        .max_series = 1000000,
        .max_family_series = 1000000,
        .budget.max_bytes = SIZE_MAX,
        .buckets = buckets,
        .names.seed = 42,
    };
    return 0;
}

/* Memory checkers see whether all of it was freed. */
static int end(void **state)
{
    roster_deinit(&roster);
    assert_int_equal(roster.budget.held_bytes, 0);
    return 0;
}

#define ROSTER_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ROSTER_CASE(is_empty_at_first),
        ROSTER_CASE(the_same_labels_are_the_same_series),
        ROSTER_CASE(all_observations_are_one_type),
        ROSTER_CASE(a_worker_that_asked_holds_one_reference),
        ROSTER_CASE(admitting_revives_an_expiring_series),
        ROSTER_CASE(finds_a_family_whatever_its_type),
        ROSTER_CASE(the_first_type_has_the_name),
        ROSTER_CASE(a_histogram_has_the_names_it_is_exposed_under),
        ROSTER_CASE(a_histogram_whose_names_are_taken_is_refused),
        ROSTER_CASE(own_names_are_reserved),
        ROSTER_CASE(what_is_taken_cannot_be_reserved),
        ROSTER_CASE(a_name_is_free_after_its_last_series),
        ROSTER_CASE(a_removed_series_stays_for_its_readers),
        ROSTER_CASE(a_new_series_comes_in_its_place),
        ROSTER_CASE(what_has_ended_can_be_put_back),
        ROSTER_CASE(beyond_the_limit_it_cannot),
        ROSTER_CASE(fresh_series_are_given_once),
        ROSTER_CASE(fresh_series_can_be_given_back),
        ROSTER_CASE(beyond_the_series_limit_there_is_one_for_all),
        ROSTER_CASE(each_type_but_gauges_has_an_overflow_series),
        ROSTER_CASE(a_new_name_beyond_the_limit_is_refused),
        ROSTER_CASE(a_new_name_does_not_begin_with_its_overflow_series),
        ROSTER_CASE(a_family_has_a_limit_of_its_own),
        ROSTER_CASE(new_names_have_a_rate),
        ROSTER_CASE(a_name_that_a_newer_config_gives_another_type_has_no_rate),
        ROSTER_CASE(a_name_beyond_a_limit_does_not_count_for_the_rate),
        ROSTER_CASE(there_is_room_again_when_series_go),
        ROSTER_CASE(memory_stays_below_its_limit),
        ROSTER_CASE(many_small_families_can_all_overflow),
        ROSTER_CASE(an_overflow_series_uses_prepaid_memory_until_it_is_freed),
        ROSTER_CASE(without_memory_gauges_and_new_names_are_refused),
        ROSTER_CASE(agrees_with_a_model),
        ROSTER_CASE(removing_what_is_not_there_aborts),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
