/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"
#include "samples.h"

#include "aggregate/shard.h"
#include "base/labels.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

static struct registry *registry; /* of two workers */
static struct shard *shard;       /* of the first, with room for many keys */
static int64_t now_ns;            /* when lines arrive */

static struct shard *new_shard(unsigned worker, size_t max_key_bytes)
{
    const struct shard_options options = {
        .registry = registry,
        .worker = worker,
        .max_key_bytes = max_key_bytes,
        .seed = 42,
    };
    struct shard *made = NULL;

    assert_int_equal(shard_new(&made, &options), 0);
    return made;
}

/* Find the key of @line or learn it, as the pipeline does. */
static struct key *look_up(struct shard *in, struct line *line, const struct identity *identity)
{
    struct lookup lookup = shard_find(in, line);

    if (!lookup.key)
        assert_int_equal(shard_learn(in, line, identity, &lookup), VERDICT_APPLIED);
    assert_non_null(lookup.key);
    return lookup.key;
}

static bool is_known(struct shard *in, const char *name, const char *rest)
{
    struct line line = line_of(name, rest, 1, now_ns);

    return shard_find(in, &line).key != NULL;
}

static void record(struct shard *in, const char *name, const char *rest, double number,
                   const struct identity *identity)
{
    struct line line = line_of(name, rest, number, now_ns);
    struct key *key = look_up(in, &line, identity);

    assert_int_equal(shard_record(in, key, &line), VERDICT_APPLIED);
}

/* The value of the only series. */
static struct reading read_only_series(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading;

    assert_int_equal(snapshot->n_series, 1);
    series_read(snapshot->series[0], &reading);
    snapshot_unref(snapshot);
    return reading;
}

/* --- keys ------------------------------------------------------------------------- */

static void finds_what_it_has_learnt(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct line line = line_of("x", "|c", 1, now_ns);
    struct lookup lookup = shard_find(shard, &line);

    assert_null(lookup.key);
    assert_int_equal(shard_learn(shard, &line, &identity, &lookup), VERDICT_APPLIED);
    assert_ptr_equal(shard_find(shard, &line).key, lookup.key);
    assert_int_equal(shard_n_keys(shard), 1);
}

static void a_key_is_all_of_a_line_but_its_value(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct line line = line_of("ab", "|c", 1, now_ns);

    look_up(shard, &line, &identity);
    line.value = SLICE("2");
    line.number = 2;
    assert_non_null(shard_find(shard, &line).key);
    assert_false(is_known(shard, "a", "b|c"));
    assert_false(is_known(shard, "ab|", "c"));
    assert_false(is_known(shard, "ab", "|c|#a:b"));
    assert_false(is_known(shard, "ab", "|g"));
}

static void keys_are_copied(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    char name[] = "x", rest[] = "|c";
    struct line line = line_of(name, rest, 1, now_ns);

    look_up(shard, &line, &identity);
    name[0] = rest[1] = '#';
    assert_true(is_known(shard, "x", "|c"));
}

static void tells_what_it_knows_of_a_key(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_TIMER, "");
    struct line line = line_of("x", "|ms|@0.5|x|#bad", 1, now_ns);
    const struct key_facts *facts;

    identity.weight = 2;
    identity.n_tag_errors = 3;
    identity.n_unknown_sections = 4;
    identity.n_undeclared_labels = LABELS_MAX;
    identity.has_bad_rate = true;
    look_up(shard, &line, &identity);
    facts = &look_up(shard, &line, &identity)->facts;
    assert_true(facts->weight == 2);
    assert_int_equal(facts->type, SAMPLE_TIMER);
    assert_int_equal(facts->n_tag_errors, 3);
    assert_int_equal(facts->n_unknown_sections, 4);
    assert_int_equal(facts->n_undeclared_labels, LABELS_MAX);
    assert_true(facts->is_unusual);
    assert_true(facts->has_bad_rate);
}

static void a_refusal_of_the_registry_is_passed_on_and_not_remembered(void **state)
{
    const struct identity gauge = identity_of("x", SAMPLE_GAUGE, "");
    struct line line = line_of("x", "|g", 1, now_ns);
    struct lookup lookup;

    record(shard, "x", "|c", 1, &(struct identity){ .family = SLICE("x"), .weight = 1 });
    lookup = shard_find(shard, &line);
    assert_null(lookup.key);
    assert_int_equal(shard_learn(shard, &line, &gauge, &lookup), REFUSED_TYPE_CONFLICT);
    assert_null(shard_find(shard, &line).key);
    assert_int_equal(shard_n_keys(shard), 1);
}

static void aliases_lead_to_one_series_each_with_its_own_weight(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_COUNTER, "");

    record(shard, "x", "|c", 1, &identity);
    record(shard, "X", "|c|#a:", 10, &identity);
    identity.weight = 10;
    record(shard, "x", "|c|@0.1", 10, &identity);
    record(shard, "x", "|c", 1, &identity);
    assert_true(read_only_series().value == 112);
    assert_int_equal(shard_n_keys(shard), 3);
}

static char *text_of(size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, 'a', len);
    text[len] = '\0';
    return text;
}

static void a_key_of_the_greatest_length_is_remembered(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    char *name = text_of(KEY_LENGTH_MAX - 2);

    record(shard, name, "|c", 1, &identity);
    assert_true(is_known(shard, name, "|c"));
    assert_int_equal(shard_n_keys(shard), 1);
    free(name);
}

static void a_longer_key_is_understood_and_not_remembered(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    char *name = text_of(KEY_LENGTH_MAX - 1), *longest = text_of(65536);

    for (unsigned i = 0; i < 3; i++)
        record(shard, name, "|c", 1, &identity);
    record(shard, longest, "|c", 1, &identity);
    assert_true(read_only_series().value == 4);
    assert_int_equal(shard_n_keys(shard), 0);
    assert_int_equal(shard_n_evicted(shard), 0);
    free(longest);
    free(name);
}

static void a_batch_is_prepared_at_once(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct line lines[] = { line_of("a", "|c", 1, now_ns), line_of("b", "|c", 1, now_ns),
                            line_of("a", "|c", 1, now_ns) };
    struct lookup found[2];

    shard_prepare(shard, lines, 3);
    for (unsigned i = 0; i < 2; i++) {
        assert_null(shard_find_prepared(shard, i, &lines[i]));
        found[i] = shard_missed(shard, i);
        assert_null(found[i].key);
        assert_int_equal(shard_learn(shard, &lines[i], &identity, &found[i]), VERDICT_APPLIED);
    }
    assert_ptr_equal(shard_find_prepared(shard, 2, &lines[2]), found[0].key);
    shard_prepare(shard, lines, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_ptr_equal(shard_find_prepared(shard, i, &lines[i]), found[i % 2].key);
    shard_prepare(shard, lines, 0);
}

/* --- recording --------------------------------------------------------------------- */

static void a_timer_is_sent_in_milliseconds_and_kept_in_seconds(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_TIMER, "");

    record(shard, "x", "|ms", 250, &identity);
    assert_true(read_only_series().sum == 0.25);
    assert_int_equal(read_only_series().counts[5], 1);
}

static void histograms_and_distributions_are_kept_as_sent(void **state)
{
    const struct identity histogram = identity_of("x", SAMPLE_HISTOGRAM, "");
    const struct identity distribution = identity_of("x", SAMPLE_DISTRIBUTION, "");

    record(shard, "x", "|h", 2, &histogram);
    record(shard, "x", "|d", 20, &distribution);
    assert_true(read_only_series().sum == 22);
    assert_int_equal(read_only_series().counts[8], 1);
    assert_int_equal(read_only_series().counts[11], 1);
}

static void a_signed_gauge_is_relative(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_GAUGE, "");
    struct line line = line_of("x", "|g", -3, now_ns);
    struct key *key;

    record(shard, "x", "|g", 10, &identity);
    line.is_relative = true;
    key = look_up(shard, &line, &identity);
    assert_int_equal(shard_n_changes(shard), 0);
    assert_int_equal(shard_record(shard, key, &line), VERDICT_APPLIED);
    assert_int_equal(shard_record(shard, key, &line), VERDICT_APPLIED);
    assert_int_equal(shard_n_changes(shard), 2);
    assert_true(read_only_series().value == 4);
}

/* That is how a gauge is set below zero where a sign means to change it. */
static void a_change_from_0_does_not_count_as_one(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_GAUGE, "");
    struct line line = line_of("x", "|g", -3, now_ns);

    for (unsigned i = 0; i < 2; i++) {
        record(shard, "x", "|g", 0, &identity);
        line.is_relative = true;
        assert_int_equal(shard_record(shard, look_up(shard, &line, &identity), &line),
                         VERDICT_APPLIED);
        assert_true(read_only_series().value == -3);
    }
    assert_int_equal(shard_n_changes(shard), 0);
}

static void record_gauge(struct shard *in, double number, bool is_relative, int64_t arrived_ns)
{
    const struct identity identity = identity_of("x", SAMPLE_GAUGE, "");
    struct line line = line_of("x", "|g", number, now_ns);
    struct key *key = look_up(in, &line, &identity);

    line.is_relative = is_relative;
    line.arrived_ns = arrived_ns;
    assert_int_equal(shard_record(in, key, &line), VERDICT_APPLIED);
}

static void arrival_orders_gauges_between_workers(void **state)
{
    CLEANUP(shard_freep) struct shard *other = new_shard(1, 1 << 20);

    record_gauge(shard, 1, false, 2000);
    record_gauge(other, 2, false, 1000); /* applied later, arrived earlier */
    assert_true(read_only_series().value == 1);
    record_gauge(other, 5, true, 3000);
    assert_true(read_only_series().value == 6);
    record_gauge(shard, 100, false, 4000);
    assert_true(read_only_series().value == 100);
}

static void samples_of_one_moment_keep_their_order_in_a_worker(void **state)
{
    record_gauge(shard, 1, true, 1000);
    record_gauge(shard, 10, false, 1000);
    record_gauge(shard, 1, true, 1000);
    assert_true(read_only_series().value == 11);
    record_gauge(shard, 20, false, 900); /* the kernel's stamps may go backwards */
    assert_true(read_only_series().value == 20);
}

static void without_arrivals_a_single_worker_keeps_the_order(void **state)
{
    record_gauge(shard, 1, true, 0);
    record_gauge(shard, 10, false, 0);
    record_gauge(shard, 1, true, 0);
    record_gauge(shard, 7, false, 0);
    record_gauge(shard, -1, true, 0);
    assert_true(read_only_series().value == 6);
}

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_HISTOGRAM };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct identity identity = identity_of(i ? "histogram" : "counter", types[i], "");
        struct line line = line_of(i ? "h" : "c", "|", DBL_MAX, now_ns);
        struct reading before, after;
        struct key *key;

        record(shard, i ? "h" : "c", "|", DBL_MAX, &identity);
        key = look_up(shard, &line, &identity);
        memset(&before, 0, sizeof(before));
        memset(&after, 0, sizeof(after));
        struct snapshot *snapshot = registry_snapshot(registry);
        series_read(snapshot->series[i], &before);
        assert_int_equal(shard_record(shard, key, &line), REFUSED_VALUE_OVERFLOW);
        series_read(snapshot->series[i], &after);
        assert_memory_equal(&before, &after, sizeof(before));
        snapshot_unref(snapshot);
    }
}

static void recording_notes_the_time(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct snapshot *snapshot;

    now_ns = 77;
    record(shard, "x", "|c", 1, &identity);
    snapshot = registry_snapshot(registry);
    assert_int_equal(series_touched_ns(snapshot->series[0]), 77);
    now_ns = 78;
    assert_int_equal(series_touched_ns(snapshot->series[0]), 77);
    record(shard, "x", "|c", 1, &identity);
    assert_int_equal(series_touched_ns(snapshot->series[0]), 78);
    snapshot_unref(snapshot);
}

static void record_in_set(struct shard *in, struct slice value)
{
    const struct identity identity = identity_of("x", SAMPLE_SET, "");
    struct line line = { .name = SLICE("x"), .value = value, .rest = SLICE("|s") };
    struct key *key = look_up(in, &line, &identity);

    assert_int_equal(shard_record(in, key, &line), VERDICT_APPLIED);
}

static void a_set_counts_different_values(void **state)
{
    record_in_set(shard, SLICE("one"));
    record_in_set(shard, SLICE("two"));
    record_in_set(shard, SLICE("one"));
    record_in_set(shard, SLICE("o"));
    record_in_set(shard, SLICE("1"));
    record_in_set(shard, SLICE("1.0"));
    assert_true(read_only_series().value == 5);
}

static void a_value_of_a_set_is_any_bytes(void **state)
{
    static const char bytes[] = "a:b\xff\0c";

    record_in_set(shard, (struct slice){ bytes, 7 });
    record_in_set(shard, (struct slice){ bytes, 6 });
    record_in_set(shard, (struct slice){ bytes, 5 });
    record_in_set(shard, (struct slice){ bytes, 3 });
    record_in_set(shard, (struct slice){ bytes, 7 });
    assert_true(read_only_series().value == 4);
}

static void workers_count_the_same_value_of_a_set_once(void **state)
{
    CLEANUP(shard_freep) struct shard *other = new_shard(1, 1 << 20);

    record_in_set(shard, SLICE("one"));
    record_in_set(other, SLICE("one"));
    record_in_set(other, SLICE("two"));
    assert_true(read_only_series().value == 2);
    assert_int_equal(registry_count(registry).series[METRIC_SET], 1);
}

static void record_dogstatsd_gauge(double number)
{
    const struct identity identity = identity_of("x", SAMPLE_GAUGE, "");
    struct line line = line_of("x", "|g", number, now_ns);
    struct key *key = look_up(shard, &line, &identity);

    line.is_relative = true;
    line.is_dogstatsd = true;
    assert_int_equal(shard_record(shard, key, &line), VERDICT_APPLIED);
}

static void a_sign_is_just_a_sign_where_the_dialect_says_so(void **state)
{
    record_gauge(shard, 10, false, 0);
    record_dogstatsd_gauge(-3);
    assert_true(read_only_series().value == -3);
    assert_int_equal(shard_n_changes(shard), 0);
    record_gauge(shard, -3, true, 0); /* from another listener */
    assert_true(read_only_series().value == -6);
}

/* --- eviction ------------------------------------------------------------------------ */

#define FEW 200 /* series, and keys, of the tests below */

static void record_numbered(struct shard *in, unsigned i, double number)
{
    char name[32];
    struct identity identity;

    snprintf(name, sizeof(name), "numbered_series_%06u", i);
    identity = identity_of(name, SAMPLE_COUNTER, "");
    record(in, name, "|c", number, &identity);
}

static void keys_keep_within_their_memory(void **state)
{
    /* A key takes more than 24 bytes, so there are never this many. */
    size_t max = 16384, n_max = max / 24;
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, max);

    for (unsigned i = 0; i < 5 * n_max; i++) {
        record_numbered(scarce, i, 1);
        assert_true(shard_n_keys(scarce) < n_max);
        assert_int_equal(shard_n_keys(scarce) + shard_n_evicted(scarce), i + 1);
    }
    assert_in_range(shard_n_keys(scarce), n_max / 20, n_max);
}

static void evictions_lose_no_value(void **state)
{
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, 4096);
    struct snapshot *snapshot;
    struct reading reading;

    for (unsigned round = 0; round < 10; round++)
        for (unsigned i = 0; i < FEW; i++)
            record_numbered(scarce, (i * 7) % FEW, i % 3);
    assert_true(shard_n_evicted(scarce) > FEW);
    snapshot = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, FEW);
    for (unsigned i = 0; i < FEW; i++) {
        series_read(snapshot->series[(i * 7) % FEW], &reading);
        assert_true(reading.value == 10 * (i % 3));
    }
    snapshot_unref(snapshot);
}

static void evicted_aliases_leave_the_others(void **state)
{
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, 4096);
    const struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    char rest[32];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(rest, sizeof(rest), "|c|#alias:%u", i % 50);
        record(scarce, "x", rest, 1, &identity);
    }
    assert_true(shard_n_evicted(scarce) > 0);
    assert_true(read_only_series().value == 1000);
}

static void the_key_just_learnt_is_there(void **state)
{
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, 4096);
    char name[32];

    for (unsigned i = 0; i < FEW; i++) {
        record_numbered(scarce, i, 1);
        snprintf(name, sizeof(name), "numbered_series_%06u", i);
        assert_true(is_known(scarce, name, "|c"));
    }
}

static void keys_in_use_stay(void **state)
{
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, 2 << 20);
    unsigned n = 30000, n_used = 100, n_known = 0;
    char name[32];

    /* A hundred are written every second, each of the others once. */
    for (unsigned i = 0; i < n; i++) {
        if (i % 1000 == 0) {
            now_ns = 1 + i / 1000;
            for (unsigned used = 0; used < n_used; used++)
                record_numbered(scarce, used, 1);
        }
        record_numbered(scarce, n_used + i, 1);
    }
    assert_true(shard_n_evicted(scarce) > n / 10);
    for (unsigned used = 0; used < n_used; used++) {
        snprintf(name, sizeof(name), "numbered_series_%06u", used);
        n_known += is_known(scarce, name, "|c");
    }
    assert_int_equal(n_known, n_used);
}

static void a_key_that_makes_room_is_the_only_one_to_go(void **state)
{
    CLEANUP(shard_freep) struct shard *scarce = new_shard(0, 4096);
    unsigned n = 0, n_known = 0;
    char name[32];

    while (shard_n_evicted(scarce) == 0)
        record_numbered(scarce, n++, 1);
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "numbered_series_%06u", i);
        n_known += is_known(scarce, name, "|c");
    }
    assert_int_equal(n_known, n - 1);
}

/* --- letting go ---------------------------------------------------------------------- */

static struct sweep_item item_of_only_series(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct sweep_item item = { snapshot->series[0], series_touched_ns(snapshot->series[0]), false };

    series_ref(item.series);
    snapshot_unref(snapshot);
    return item;
}

static void removes_all_keys_of_a_removed_series(void **state)
{
    const struct identity x = identity_of("x", SAMPLE_COUNTER, ""),
                          y = identity_of("y", SAMPLE_GAUGE, "");
    struct sweep_item item;

    record(shard, "x", "|c", 1, &x);
    record(shard, "x", "|c|@1", 1, &x);
    record(shard, "x", "|c|#", 1, &x);
    item = item_of_only_series();
    record(shard, "y", "|g", 1, &y);
    mark_expiring(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    shard_release(shard, &item, 1);
    assert_int_equal(shard_n_keys(shard), 1);
    assert_true(is_known(shard, "y", "|g"));
    assert_int_equal(item.series->refs, 1);
    series_unref(item.series);
}

static void does_not_release_a_series_that_is_live(void **state)
{
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct sweep_item item;

    record(shard, "x", "|c", 1, &x);
    item = item_of_only_series();
    mark_expiring(registry, &item, 1);
    record(shard, "x", "|c", 1, &x);
    remove_expiring(registry, &item, 1);
    shard_release(shard, &item, 1);
    assert_true(is_known(shard, "x", "|c"));
    assert_true(read_only_series().value == 2);
    series_unref(item.series);
}

static void a_removed_series_that_is_written_again_is_a_new_one(void **state)
{
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct sweep_item item;

    record(shard, "x", "|c", 5, &x);
    item = item_of_only_series();
    mark_expiring(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    record(shard, "x", "|c", 1, &x); /* before it removed its keys */
    assert_true(read_only_series().value == 1);
    shard_release(shard, &item, 1);
    record(shard, "x", "|c", 1, &x);
    assert_true(read_only_series().value == 2);
    assert_true(is_known(shard, "x", "|c"));
    series_unref(item.series);
}

static void a_series_of_another_worker_is_none_of_its_business(void **state)
{
    CLEANUP(shard_freep) struct shard *other = new_shard(1, 1 << 20);
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct sweep_item item;

    record(shard, "x", "|c", 5, &x);
    item = item_of_only_series();
    mark_expiring(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    shard_release(other, &item, 1);
    assert_int_equal(item.series->refs, 2);
    shard_release(shard, &item, 1);
    assert_int_equal(item.series->refs, 1);
    series_unref(item.series);
}

static void releases_a_series_only_once(void **state)
{
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct sweep_item items[2];

    record(shard, "x", "|c", 5, &x);
    items[0] = items[1] = item_of_only_series();
    mark_expiring(registry, items, 1);
    remove_expiring(registry, items, 1);
    shard_release(shard, items, 2); /* twice in one list */
    shard_release(shard, items, 1); /* and in another one */
    assert_int_equal(items[0].series->refs, 1);
    series_unref(items[0].series);
    assert_int_equal(registry_count(registry).bytes, 0);
}

/* --- passing keys and overflow ------------------------------------------------------------ */

static void a_passing_key_is_not_remembered(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_GAUGE, "");

    identity.is_passing = true;
    identity.n_tag_errors = 2;
    for (unsigned i = 0; i < 3; i++) {
        struct line line = line_of("x", "|g", i, now_ns);
        struct lookup lookup = shard_find(shard, &line);

        assert_null(lookup.key);
        assert_int_equal(shard_learn(shard, &line, &identity, &lookup), VERDICT_APPLIED);
        assert_int_equal(lookup.key->facts.type, SAMPLE_GAUGE);
        assert_int_equal(lookup.key->facts.n_tag_errors, 2);
        assert_int_equal(shard_record(shard, lookup.key, &line), VERDICT_APPLIED);
    }
    assert_int_equal(shard_n_keys(shard), 0);
    assert_true(read_only_series().value == 2);
}

static void a_passing_key_leaves_those_that_are_known(void **state)
{
    struct identity x = identity_of("x", SAMPLE_COUNTER, ""),
                    y = identity_of("y", SAMPLE_COUNTER, "");

    record(shard, "x", "|c", 1, &x);
    y.is_passing = true;
    record(shard, "y", "|c", 1, &y);
    record(shard, "x", "|c", 1, &x);
    assert_true(is_known(shard, "x", "|c"));
    assert_int_equal(shard_n_keys(shard), 1);
}

/* A family with as many series as it may have, and one more. */
static const struct key_facts *record_beyond(struct shard *in, const char *rest, double number)
{
    struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct line line = line_of("x", rest, number, now_ns);
    struct key *key;

    identity.labels = slice_of(rest);
    key = look_up(in, &line, &identity);
    assert_int_equal(shard_record(in, key, &line), VERDICT_APPLIED);
    return &key->facts;
}

static void what_overflows_is_not_remembered(void **state)
{
    const struct registry_options options = {
        .n_workers = 1, .max_series = 1, .max_bytes = SIZE_MAX, .seed = 42, .buckets = buckets
    };
    CLEANUP(registry_freep) struct registry *scarce = NULL;
    CLEANUP(shard_freep) struct shard *of_scarce = NULL;
    struct snapshot *snapshot;
    struct reading reading;

    assert_int_equal(registry_new(&scarce, &options), 0);
    assert_int_equal(shard_new(&of_scarce, &(struct shard_options){ .registry = scarce,
                                                                    .max_key_bytes = 1 << 20,
                                                                    .seed = 42 }),
                     0);
    assert_false(record_beyond(of_scarce, "a=\"1\"", 1)->is_overflow);
    assert_true(record_beyond(of_scarce, "a=\"2\"", 10)->is_overflow);
    assert_true(record_beyond(of_scarce, "a=\"2\"", 20)->is_overflow);
    assert_true(record_beyond(of_scarce, "a=\"3\"", 30)->is_overflow);
    assert_false(record_beyond(of_scarce, "a=\"1\"", 2)->is_overflow);
    assert_int_equal(shard_n_keys(of_scarce), 1);
    snapshot = registry_snapshot(scarce);
    assert_int_equal(snapshot->n_series, 2);
    series_read(snapshot->series[0], &reading);
    assert_true(reading.value == 3);
    assert_slice_equal(series_labels(snapshot->series[1]), "overflow=\"true\"");
    series_read(snapshot->series[1], &reading);
    assert_true(reading.value == 60);
    snapshot_unref(snapshot);
}

/* --- ending series --------------------------------------------------------------------------- */

static enum verdict try_end(const char *family, size_t *ret)
{
    const struct identity identity = identity_of(family, SAMPLE_END, "");

    return shard_end(shard, now_ns, 0, &identity, ret);
}

/* Take the series that have ended, and remove their keys from both shards. Returns their number. */
static size_t bury(struct shard *other)
{
    size_t n;
    struct sweep_item *ended = registry_take_ended(registry, &n);

    shard_release(shard, ended, n);
    shard_release(other, ended, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ended[i].series->refs, 1);
        series_unref(ended[i].series);
    }
    free(ended);
    return n;
}

static void what_is_ended_begins_anew_in_all_workers(void **state)
{
    CLEANUP(shard_freep) struct shard *other = new_shard(1, 1 << 20);
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    size_t n;

    record(shard, "x", "|c", 5, &x);
    record(other, "x", "|c", 6, &x);
    snapshot_unref(registry_snapshot(registry));
    assert_int_equal(try_end("x", &n), VERDICT_APPLIED);
    assert_int_equal(n, 1);
    assert_false(is_known(shard, "x", "|c"));
    record(other, "x", "|c", 1, &x);
    assert_true(read_only_series().value == 1);
    record(shard, "x", "|c", 2, &x);
    assert_true(read_only_series().value == 3);
    assert_int_equal(bury(other), 1);
    assert_true(is_known(shard, "x", "|c"));
    assert_true(is_known(other, "x", "|c"));
    assert_int_equal(try_end("x", &n), VERDICT_APPLIED);
    assert_int_equal(bury(other), 1);
    assert_int_equal(shard_n_keys(shard) + shard_n_keys(other), 0);
    assert_int_equal(registry_count(registry).bytes, 0);
}

/* As in a datagram with an x between two lines of a series, the second after a chain. */
static void what_was_prepared_before_a_key_went_is_looked_up_again(void **state)
{
    const struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct line group[2] = { line_of("x", "|c", 1, now_ns), line_of("x", "|c", 1, now_ns) };
    size_t n;

    record(shard, "x", "|c", 5, &x);
    shard_prepare(shard, group, 2);
    assert_int_equal(try_end("x", &n), VERDICT_APPLIED);
    assert_null(shard_find_prepared(shard, 0, &group[0]));
    assert_int_equal(shard_n_keys(shard), 0);
    assert_false(is_known(shard, "another", "|c"));
    assert_null(shard_find_prepared(shard, 1, &group[1]));
    record(shard, "x", "|c", 5, &x);
    assert_non_null(shard_find_prepared(shard, 1, &group[1]));
}

static void ending_nothing_is_applied_too(void **state)
{
    size_t n = 77;

    assert_int_equal(try_end("nothing", &n), VERDICT_APPLIED);
    assert_int_equal(n, 0);
}

/* A family so large that in one second only a few searches of it are allowed. */
static void looking_is_limited_by_the_second(void **state)
{
    const size_t n_series = 50000;
    struct identity x = identity_of("x", SAMPLE_COUNTER, "");
    struct identity none = identity_of("x", SAMPLE_END, "");
    char labels[32];
    size_t n;

    for (unsigned i = 0; i < n_series; i++) {
        struct admission admission;

        snprintf(labels, sizeof(labels), "i=\"%u\"", i);
        x.labels = slice_of(labels);
        assert_int_equal(registry_admit(registry, 0, 0, &x, &admission), VERDICT_APPLIED);
    }
    none.labels = SLICE("no=\"one\"");
    /* Their labels have 5 to 9 bytes, i="0" to i="49999". */
    for (unsigned i = 0; i < SHARD_END_ALLOWANCE / (n_series * (ENDING_LOOK_BYTES + 9)); i++)
        assert_int_equal(shard_end(shard, now_ns, 0, &none, &n), VERDICT_APPLIED);
    assert_int_equal(shard_end(shard, now_ns, 0, &none, &n), REFUSED_END_LIMIT);
    now_ns = SHARD_END_PERIOD_NS - 1; /* the same second */
    assert_int_equal(shard_end(shard, now_ns, 0, &none, &n), REFUSED_END_LIMIT);
    assert_int_equal(try_end("nothing", &n), VERDICT_APPLIED);
    now_ns++;
    assert_int_equal(shard_end(shard, now_ns, 0, &none, &n), VERDICT_APPLIED);
    assert_int_equal(try_end("x", &n), VERDICT_APPLIED);
    assert_int_equal(n, n_series);
}

static void free_accepts_null(void **state)
{
    shard_free(NULL);
}

static int begin(void **state)
{
    registry = new_registry(2, 100000, SIZE_MAX);
    now_ns = 0;
    shard = new_shard(0, 64 << 20);
    return 0;
}

static int end(void **state)
{
    shard_free(shard);
    registry_free(registry);
    return 0;
}

#define SHARD_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SHARD_CASE(finds_what_it_has_learnt),
        SHARD_CASE(a_key_is_all_of_a_line_but_its_value),
        SHARD_CASE(keys_are_copied),
        SHARD_CASE(tells_what_it_knows_of_a_key),
        SHARD_CASE(a_refusal_of_the_registry_is_passed_on_and_not_remembered),
        SHARD_CASE(aliases_lead_to_one_series_each_with_its_own_weight),
        SHARD_CASE(a_key_of_the_greatest_length_is_remembered),
        SHARD_CASE(a_longer_key_is_understood_and_not_remembered),
        SHARD_CASE(a_batch_is_prepared_at_once),
        SHARD_CASE(a_timer_is_sent_in_milliseconds_and_kept_in_seconds),
        SHARD_CASE(histograms_and_distributions_are_kept_as_sent),
        SHARD_CASE(a_signed_gauge_is_relative),
        SHARD_CASE(a_change_from_0_does_not_count_as_one),
        SHARD_CASE(arrival_orders_gauges_between_workers),
        SHARD_CASE(samples_of_one_moment_keep_their_order_in_a_worker),
        SHARD_CASE(without_arrivals_a_single_worker_keeps_the_order),
        SHARD_CASE(an_overflow_is_refused_and_changes_nothing),
        SHARD_CASE(recording_notes_the_time),
        SHARD_CASE(a_set_counts_different_values),
        SHARD_CASE(a_value_of_a_set_is_any_bytes),
        SHARD_CASE(workers_count_the_same_value_of_a_set_once),
        SHARD_CASE(a_sign_is_just_a_sign_where_the_dialect_says_so),
        SHARD_CASE(keys_keep_within_their_memory),
        SHARD_CASE(evictions_lose_no_value),
        SHARD_CASE(evicted_aliases_leave_the_others),
        SHARD_CASE(the_key_just_learnt_is_there),
        SHARD_CASE(keys_in_use_stay),
        SHARD_CASE(a_key_that_makes_room_is_the_only_one_to_go),
        SHARD_CASE(removes_all_keys_of_a_removed_series),
        SHARD_CASE(does_not_release_a_series_that_is_live),
        SHARD_CASE(a_removed_series_that_is_written_again_is_a_new_one),
        SHARD_CASE(a_series_of_another_worker_is_none_of_its_business),
        SHARD_CASE(releases_a_series_only_once),
        SHARD_CASE(a_passing_key_is_not_remembered),
        SHARD_CASE(a_passing_key_leaves_those_that_are_known),
        SHARD_CASE(what_overflows_is_not_remembered),
        SHARD_CASE(what_is_ended_begins_anew_in_all_workers),
        SHARD_CASE(what_was_prepared_before_a_key_went_is_looked_up_again),
        SHARD_CASE(ending_nothing_is_applied_too),
        SHARD_CASE(looking_is_limited_by_the_second),
        SHARD_CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
