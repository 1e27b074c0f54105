/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shard, with identities whose values have a treatment
 */

#include "registry_setup.h"
#include "samples.h"

#include "aggregate/shard.h"
#include "base/treatment.h"

static struct registry *registry;
static struct shard *shard;

static int begin(void **state)
{
    struct shard_options options = { .max_key_bytes = 4096, .seed = 42 };

    registry = options.registry = new_registry(1, 100, SIZE_MAX);
    return shard_new(&shard, &options);
}

static int end(void **state)
{
    shard_free(shard);
    registry_free(registry);
    return 0;
}

static struct identity treated(const char *family, const struct treatment *treatment)
{
    struct identity identity = identity_of(family, SAMPLE_COUNTER, "");

    identity.treatment = treatment;
    return identity;
}

static void record(const struct line *line, const struct identity *identity)
{
    struct lookup lookup = shard_find(shard, line);

    if (!lookup.key)
        assert_int_equal(shard_learn(shard, line, identity, &lookup), VERDICT_APPLIED);
    assert_ptr_equal(shard_treatment(shard, lookup.key), identity->treatment);
    assert_int_equal(identity->treatment ? shard_record_treated(shard, lookup.key, line)
                                         : shard_record(shard, lookup.key, line),
                     VERDICT_APPLIED);
}

static double value_of(const char *family)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading = { .value = -1 };

    for (size_t i = 0; i < snapshot->n_series; i++)
        if (slice_equal(snapshot->series[i]->family->name, slice_of(family)))
            series_read(snapshot->series[i], &reading);
    snapshot_unref(snapshot);
    return reading.value;
}

static void each_key_has_the_treatment_of_its_identity(void **state)
{
    const struct treatment doubled = { .scale = 2 }, tripled = { .scale = 3 };
    const struct identity twice = treated("twice", &doubled);
    const struct identity thrice = treated("thrice", &tripled);
    const struct identity once = treated("once", NULL);
    struct line a = line_of("a", "|c", 5, 0), longer = line_of("a_longer_name", "|c", 5, 0),
                b = line_of("b", "|c", 5, 0);

    for (unsigned i = 0; i < 2; i++) {
        record(&a, &twice);
        record(&longer, &thrice);
        record(&b, &once);
    }
    assert_true(value_of("twice") == 20);
    assert_true(value_of("thrice") == 30);
    assert_true(value_of("once") == 10);
}

static void a_passing_key_has_it_too(void **state)
{
    const struct treatment doubled = { .scale = 2 };
    struct identity passing = treated("twice", &doubled), plain = treated("once", NULL);
    struct line line = line_of("a", "|c", 5, 0), other = line_of("b", "|c", 5, 0);

    passing.is_passing = plain.is_passing = true;
    record(&line, &passing);
    record(&other, &plain);
    assert_int_equal(shard_n_keys(shard), 0);
    assert_true(value_of("twice") == 10);
    assert_true(value_of("once") == 5);
}

static void what_is_skipped_is_known_and_makes_no_series(void **state)
{
    const struct treatment skipped = { .fate = SKIPPED_RULE, .scale = 1 };
    const struct identity identity = treated("a", &skipped);
    struct line line = line_of("a", "|c", 5, 0);
    struct lookup lookup = shard_find(shard, &line);

    shard_learn_skipped(shard, &line, &identity, &lookup);
    assert_ptr_equal(shard_find(shard, &line).key, lookup.key);
    assert_ptr_equal(shard_treatment(shard, lookup.key), &skipped);
    assert_int_equal(count_series(registry), 0);
}

static void skipped_keys_are_the_first_to_be_evicted(void **state)
{
    const struct treatment skipped = { .fate = SKIPPED_RULE, .scale = 1 };
    const struct identity identity = treated("a", &skipped), kept = treated("b", NULL);
    struct line line = line_of("kept", "|c", 5, 0);
    char name[] = "a000";

    line.arrived_ns = 1000;
    record(&line, &kept);
    for (unsigned i = 0; i < 1000; i++) {
        struct line other;
        struct lookup lookup;

        name[1] = (char)('0' + i / 100);
        name[2] = (char)('0' + i / 10 % 10);
        name[3] = (char)('0' + i % 10);
        other = line_of(name, "|c", 1, 0);
        lookup = shard_find(shard, &other);
        shard_learn_skipped(shard, &other, &identity, &lookup);
    }
    assert_true(shard_n_evicted(shard) > 900);
    assert_non_null(shard_find(shard, &line).key);
}

static void removes_all_keys_but_no_value(void **state)
{
    struct treatment scaled = { .scale = 2 };
    const struct identity identity = treated("a", &scaled);
    struct line line = line_of("a", "|c", 5, 0);

    record(&line, &identity);
    shard_remove_keys(shard);
    assert_int_equal(shard_n_keys(shard), 0);
    assert_null(shard_find(shard, &line).key);
    scaled.scale = 10;
    record(&line, &identity);
    assert_true(value_of("a") == 60);
}

static void a_group_that_was_prepared_before_is_looked_up_again(void **state)
{
    const struct identity identity = treated("a", NULL);
    struct line line = line_of("a", "|c", 5, 0);

    record(&line, &identity);
    shard_prepare(shard, &line, 1);
    shard_remove_keys(shard);
    assert_null(shard_find_prepared(shard, 0, &line));
}

#define SHARD_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARD_CASE(each_key_has_the_treatment_of_its_identity),
        SHARD_CASE(a_passing_key_has_it_too),
        SHARD_CASE(what_is_skipped_is_known_and_makes_no_series),
        SHARD_CASE(skipped_keys_are_the_first_to_be_evicted),
        SHARD_CASE(removes_all_keys_but_no_value),
        SHARD_CASE(a_group_that_was_prepared_before_is_looked_up_again),
    };

    return cmocka_run_group_tests(tests, make_buckets, free_buckets);
}
