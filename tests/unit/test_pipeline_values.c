/* SPDX-License-Identifier: Apache-2.0 */

#include "push.h"

/* --- several values of one series -------------------------------------------------------- */

static void values_of_all_numeric_types_may_be_packed(void **state)
{
    for (unsigned round = 1; round <= 2; round++) { /* the key is new, then known */
        push("c:1:2:3.5|c\nt:100:400|ms\nh:1:2|h\nd:3:4|d");
        assert_true(read_series("c", "").value == 6.5 * round);
        assert_true(read_series("t", "").sum == 0.5 * round);
        assert_true(read_series("h", "").sum == 3 * round);
        assert_true(read_series("d", "").sum == 7 * round);
        assert_int_equal(row.counts[TELEMETRY_LINES], 4 * round);
        assert_int_equal(row.counts[TELEMETRY_PACKED], 5 * round);
        assert_int_equal(samples(), 9 * round);
        assert_identity();
    }
    assert_int_equal(row.counts[TELEMETRY_KEYS], 4);
}

static void packed_gauges_are_applied_in_their_order(void **state)
{
    push("g:1:5:+2:-3|g");
    assert_true(read_series("g", "").value == 4);
    push("g:+1:+1|g");
    assert_true(read_series("g", "").value == 6);
    push("g:+1:7|g");
    assert_true(read_series("g", "").value == 7);
    assert_identity();
}

static void packed_values_share_rate_and_tags(void **state)
{
    push("c:1:2|c|@0.5|#a:1");
    assert_true(read_series("c", "a=\"1\"").value == 6);
    push("h:1:3|h|@0.25|#a:1");
    assert_int_equal(read_series("h", "a=\"1\"").counts[7], 4);
    assert_true(read_series("h", "a=\"1\"").sum == 16);
}

static void a_bad_member_costs_only_itself(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        push("c:1::-1::2:1e999|c");
        assert_true(read_series("c", "").value == 3 * round);
        assert_int_equal(row.counts[TELEMETRY_PACKED], 5 * round);
        assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 3 * round);
        assert_int_equal(verdicts(REFUSED_ILLEGAL_NEGATIVE_COUNTER), round);
        assert_int_equal(samples(), 2 * round);
        assert_identity();
    }
}

/* Then they were part of a name with a colon. */
static void a_member_that_is_no_number_costs_all(void **state)
{
    for (unsigned round = 1; round <= 2; round++) { /* the key is new, then known */
        assert_verdict("a.10_0_0_1:9001.b:7|g", REFUSED_MALFORMED_VALUE);
        assert_verdict("Kafka::Consumer.count:1|c", REFUSED_MALFORMED_VALUE);
        assert_verdict("db,url=http://h:10|ms|@0.5", REFUSED_MALFORMED_VALUE);
        assert_verdict("c:1:NaN|c|#bare|zz", REFUSED_MALFORMED_VALUE);
        assert_int_equal(n_series(), round == 1 ? 0 : 3);
        push("a.10_0_0_1:9001|g\nKafka:1|c\ndb,url=http:10|ms|@0.5");
    }
    assert_true(read_series("a_10_0_0_1", "").value == 9001);
    assert_true(read_series("Kafka", "").value == 2);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 0);
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 0);
}

static void empty_members_at_both_ends_are_bad_too(void **state)
{
    push("c::1:|c\nc:::|c");
    assert_true(read_series("c", "").value == 1);
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 5);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 4);
    assert_identity();
}

static void a_member_that_overflows_costs_only_itself(void **state)
{
    push("c:1e308:1e308:1e307|c\nd:1e300:1|d|@1e-9");
    assert_true(read_series("c", "").value == 1e308 + 1e307);
    assert_int_equal(verdicts(REFUSED_VALUE_OVERFLOW), 2);
    assert_int_equal(samples(), 3);
    assert_identity();
}

/* 1.4 observations of it are too much, although one at a time is recorded at first. */
static void a_member_is_checked_at_its_rate(void **state)
{
    push("a:1.7e308:1|h|@0.7");
    assert_int_equal(verdicts(REFUSED_VALUE_OVERFLOW), 1);
    assert_int_equal(verdicts(VERDICT_APPLIED), 1);
    assert_true(read_series("a", "").sum == 1);
    push("b:1:1.7e308|h|@0.7");
    assert_int_equal(verdicts(REFUSED_VALUE_OVERFLOW), 2);
    assert_int_equal(verdicts(VERDICT_APPLIED), 2);
    assert_identity();
}

static void bad_members_alone_make_no_series(void **state)
{
    push("c::-1|c|#bare|zz");
    assert_int_equal(n_series(), 0);
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 0);
    assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], 0);
    assert_identity();
}

static void what_refuses_the_line_refuses_it_once(void **state)
{
    assert_verdict("c:1:2:3|y", REFUSED_ILLEGAL_EVENT);
    assert_verdict("c\xff:1:2:3|c", REFUSED_MALFORMED_LINE);
    assert_verdict("c,k=v:1:2:3|c|#k:v", REFUSED_MIXED_TAGGING_STYLES);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 0);
}

static void what_refuses_a_sample_refuses_each(void **state)
{
    push("c:1|c\nc:1::2|g\nown:1:2|g");
    assert_int_equal(verdicts(REFUSED_TYPE_CONFLICT), 2);
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 1);
    assert_int_equal(verdicts(REFUSED_RESERVED_NAME), 2);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 3);
    assert_identity();
}

static void errors_that_cost_no_sample_count_once_a_line(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        push("c:1:2:3|c|@7|#bare,:v|zz");
        assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 2 * round);
        assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], round);
        assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], round);
    }
    push("c::-2|c|@7|#bare,:v|zz"); /* no sample of it was applied */
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 4);
    push("c::2|c|@7|#bare,:v|zz"); /* one was */
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 6);
    assert_identity();
}

/* --- sets -------------------------------------------------------------------------------- */

static void a_set_is_how_many_different_values_there_were(void **state)
{
    push("s:alice|s\ns:bob|s\ns:alice|s\ns:1|s\ns:1.0|s");
    assert_true(read_series("s", "").value == 4);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_SET], 5);
    assert_identity();
}

static void a_value_of_a_set_may_hold_colons(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        push("s:a:b|s\ns:a|s\ns:b|s\ns:1:2|s\ns::|s\ns:http://x:80/|s|#k:v");
        assert_true(read_series("s", "").value == 5);
        assert_int_equal(row.counts[TELEMETRY_PACKED], 0);
        assert_int_equal(samples(), 6 * round);
    }
    assert_identity();
}

static void a_value_of_a_set_may_be_any_bytes(void **state)
{
    static const char lines[] = "s:\xff\xfe|s\ns:\xff|s\ns:\0|s\ns:\0\0|s\ns:a b|s\ns:+1|s";

    pipeline_push(pipeline, SLICE(lines), 0);
    pipeline_flush(pipeline);
    assert_true(read_series("s", "").value == 6);
    assert_identity();
}

static void an_empty_value_of_a_set_makes_no_series(void **state)
{
    assert_verdict("s:|s", REFUSED_MALFORMED_VALUE);
    assert_int_equal(n_series(), 0);
    assert_verdict("s:x|s|@0.1", VERDICT_APPLIED); /* rates do not matter to it */
    assert_verdict("s:|s|@0.1", REFUSED_MALFORMED_VALUE);
    assert_true(read_series("s", "").value == 1);
}

static void a_set_is_neither_gauge_nor_counter(void **state)
{
    assert_verdict("s:1|s", VERDICT_APPLIED);
    assert_verdict("s:1|g", REFUSED_TYPE_CONFLICT);
    assert_verdict("s:1|c", REFUSED_TYPE_CONFLICT);
    assert_verdict("s:1|ms", REFUSED_TYPE_CONFLICT);
}

/* --- chains ------------------------------------------------------------------------------- */

static void a_chain_is_several_samples_of_one_name(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        push("n:1|c:2|c:3|c");
        assert_true(read_series("n", "").value == 6 * round);
        assert_int_equal(row.counts[TELEMETRY_LINES], round);
        assert_int_equal(row.counts[TELEMETRY_PACKED], 2 * round);
        assert_int_equal(samples(), 3 * round);
        assert_identity();
    }
}

/* So there are never more misses than lines. */
static void a_chain_is_one_line_whose_key_is_not_known(void **state)
{
    for (unsigned i = 1; i <= 3; i++) {
        push("a:1|c:2|c:3|c");
        assert_int_equal(row.counts[TELEMETRY_LINES], i);
        assert_int_equal(row.counts[TELEMETRY_KEY_MISSES], i);
    }
}

static void each_link_of_a_chain_has_its_own_rate(void **state)
{
    push("n:1|c|@0.1:2|c:3|c|@0.5");
    assert_true(read_series("n", "").value == 10 + 2 + 6);
    push("n:1|c|@0.5:1|c|@0.25"); /* two rates, but of different links */
    assert_true(read_series("n", "").value == 18 + 2 + 4);
    assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], 0);
    assert_identity();
}

static void a_value_is_divided_by_its_rate(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        push("n:15|c|@0.03\np:15:3:4.5|c|@0.03\nh:2|h|@1e-5\nt:1:1:1|h|@0.3");
        assert_true(read_series("n", "").value == 500 * round);
        assert_true(read_series("p", "").value == 750 * round);
        assert_true(read_series("h", "").sum == 200000 * round);
        assert_true(read_series("t", "").sum == 10 * round);
        assert_identity();
    }
}

static void each_link_of_a_chain_has_its_own_type(void **state)
{
    push("n:1|h:200|ms:3|d");
    assert_true(read_series("n", "").sum == 1 + 0.2 + 3);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_HISTOGRAM], 1);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_TIMER], 1);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_DISTRIBUTION], 1);
    push("m:1|c:200|ms:6|g"); /* the first type wins */
    assert_true(read_series("m", "").value == 1);
    assert_int_equal(verdicts(REFUSED_TYPE_CONFLICT), 2);
    assert_identity();
}

static void links_of_a_chain_may_be_packed(void **state)
{
    push("n:1:2|c:3::4|c|@0.5");
    assert_true(read_series("n", "").value == 3 + 14);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 4);
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 1);
    assert_identity();
}

static void a_member_that_is_no_number_costs_its_link(void **state)
{
    push("n:1|c:3:x:4|c:2|c");
    assert_true(read_series("n", "").value == 3);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 2);
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 1);
    assert_identity();
}

/* The first link follows the name, which had a colon. */
static void in_the_first_link_it_costs_the_chain(void **state)
{
    assert_verdict("n:3:x|c:1|c:2|c", REFUSED_MALFORMED_VALUE);
    assert_int_equal(n_series(), 0);
    push("s:x:y|s:z|s\nn:x|c:1|c"); /* nothing is packed there */
    assert_true(read_series("n", "").value == 1);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_SET], 2);
    assert_identity();
}

static void a_chain_shares_the_tags_in_its_name(void **state)
{
    push("n,k=v:1|c:2|c");
    assert_true(read_series("n", "k=\"v\"").value == 3);
    push("m[k=a:b]:1|c:2|c");
    assert_true(read_series("m", "k=\"a:b\"").value == 3);
    assert_identity();
}

static void with_tags_after_the_type_there_is_no_chain(void **state)
{
    assert_verdict("n:1|c:2|c|#k:v", REFUSED_ILLEGAL_EVENT);
    assert_verdict("n:1|c|@0.5:2|c|#k:v", VERDICT_APPLIED); /* a bad rate, an unknown section */
    assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], 1);
    assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], 1);
    assert_true(read_series("n", "k=\"v\"").value == 1);
}

static void a_bad_type_in_a_chain_refuses_all_of_it(void **state)
{
    assert_verdict("n:1|c:2|y:3|c", REFUSED_ILLEGAL_EVENT);
    assert_verdict("n:1|c:2|c:3|", REFUSED_ILLEGAL_EVENT);
    assert_verdict("n:1|y:2|c", REFUSED_ILLEGAL_EVENT);
    assert_int_equal(n_series(), 0);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 0);
}

static void a_link_without_a_type_costs_only_itself(void **state)
{
    push("n:1|c:2");
    assert_true(read_series("n", "").value == 1);
    assert_int_equal(verdicts(REFUSED_MALFORMED_LINE), 1);
    push("n:1|c:2:3|c:"); /* an empty value is one, too */
    assert_true(read_series("n", "").value == 7);
    assert_int_equal(verdicts(REFUSED_MALFORMED_LINE), 2);
    assert_int_equal(row.counts[TELEMETRY_PACKED], 1 + 3);
    assert_identity();
}

static void a_bad_value_in_a_chain_costs_only_itself(void **state)
{
    push("n:1|c:x|c:-1|c::|c:4|c");
    assert_true(read_series("n", "").value == 5);
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 3);
    assert_int_equal(verdicts(REFUSED_ILLEGAL_NEGATIVE_COUNTER), 1);
    assert_int_equal(row.counts[TELEMETRY_LINES], 1);
    assert_identity();
}

static void errors_in_a_chain_count_for_each_link(void **state)
{
    push("n,bare:1|c|@7:2|c|@8:x|c|@9:3|c");
    assert_int_equal(samples(), 3);
    assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], 2);
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 3);
    assert_identity();
}

/* A chain costs a hash of the name for each link, so the name must not be long. */
static void there_is_no_chain_after_a_very_long_name(void **state)
{
    char line[1200];

    memset(line, 'v', sizeof(line));
    memcpy(line, "n,k=", 4);
    strcpy(line + CHAIN_NAME_MAX, ":1|c:2|c");
    push(line);
    assert_int_equal(samples(), 2);
    strcpy(line + CHAIN_NAME_MAX, "v:1|c:2|c");
    assert_verdict(line, REFUSED_ILLEGAL_EVENT);
    assert_int_equal(samples(), 2);
}

static void links_of_a_chain_are_known_after_the_first(void **state)
{
    push("n:1|c");
    push("n:1|c:2|c:3|c");
    assert_int_equal(row.counts[TELEMETRY_KEYS], 1);
    assert_true(read_series("n", "").value == 7);
}

/* --- ending series -------------------------------------------------------------------------- */

static void x_ends_the_series_that_have_its_tags(void **state)
{
    push("g:1|g|#a:1,b:1\ng:2|g|#a:1,b:2\ng:3|g|#a:2,b:1\nc:1|c|#a:1");
    push("g:0|x|#a:1");
    assert_int_equal(row.counts[TELEMETRY_ENDED], 2);
    assert_int_equal(n_series(), 2);
    assert_true(read_series("g", "a=\"2\",b=\"1\"").value == 3);
    push("g,b=1:0|x"); /* in any dialect */
    assert_int_equal(n_series(), 1);
    assert_int_equal(row.counts[TELEMETRY_ENDED], 3);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_END], 2);
    assert_identity();
}

static void x_takes_effect_in_the_order_of_lines(void **state)
{
    push("g:1|g|#a:1\ng:2|g|#a:2\ng:1|x\ng:5|g|#a:3");
    assert_int_equal(n_series(), 1);
    assert_true(read_series("g", "a=\"3\"").value == 5);
}

static void what_x_has_ended_begins_anew(void **state)
{
    push("c:5|c");
    push("c:1|c\nc:1|x\nc:2|c");
    assert_true(read_series("c", "").value == 2);
    push("c:1|x\nc:7|g"); /* the name is still free */
    assert_true(read_series("c", "").value == 7);
    assert_int_equal(row.counts[TELEMETRY_ENDED], 2);
}

static void x_on_a_histogram_knows_of_exported_le(void **state)
{
    push("h:1|h|#le:1\nh:1|h|#le:2\nh:0|x|#le:1");
    assert_int_equal(n_series(), 1);
    read_series("h", "exported_le=\"2\"");
}

static void x_of_nothing_is_applied(void **state)
{
    assert_verdict("unknown:0|x", VERDICT_APPLIED);
    assert_int_equal(row.counts[TELEMETRY_ENDED], 0);
    assert_int_equal(n_series(), 0);
}

static void x_has_its_refusals(void **state)
{
    push("g:1|g");
    assert_verdict("own:0|x", REFUSED_RESERVED_NAME);
    assert_verdict("g:y|x", REFUSED_MALFORMED_VALUE);
    assert_verdict("g:|x", REFUSED_MALFORMED_VALUE);
    assert_verdict("g\xff:0|x", REFUSED_MALFORMED_LINE);
    assert_int_equal(n_series(), 1);
    assert_verdict("g:1e5|x|@0.5", VERDICT_APPLIED); /* any number, and any rate */
    assert_int_equal(n_series(), 0);
}

/* Push a gauge that arrives at 5 s, and @x at 10 s. Returns whether it ends the gauge. */
static bool ends(const char *x)
{
    bool is_ended;

    push_at("g:1|g", INT64_C(5000000000));
    push_at(x, INT64_C(10000000000));
    is_ended = n_series() == 0;
    push("g:0|x");
    assert_identity();
    return is_ended;
}

static void an_x_below_zero_says_how_old_the_last_sample_must_be(void **state)
{
    assert_true(ends("g:-4.999|x"));
    assert_true(ends("g:-5|x"));
    assert_false(ends("g:-5.000001|x"));
    assert_false(ends("g:-9e9|x\ng:-1e300|x"));
    assert_true(ends("g:5.1|x"));
    assert_true(ends("g:-0|x"));
    assert_false(ends("g:-5.1|x|@0.5"));
    assert_false(ends("g:1|g:-4|x")); /* a chain, whose gauge arrives now */
}

static void however_little_is_an_age(void **state)
{
    push_at("g:1|g", 1);
    push_at("g:-1e-300|x", 1);
    assert_int_equal(n_series(), 1);
    push_at("g:-1e-300|x", 2);
    assert_int_equal(n_series(), 0);
}

static void of_packed_ages_the_shortest_counts(void **state)
{
    assert_true(ends("g:-6:-4|x"));
    assert_true(ends("g:-4:-6|x"));
    assert_true(ends("g::-6:1|x"));
    assert_false(ends("g:-6::-7|x"));
}

static void x_takes_no_key(void **state)
{
    for (unsigned i = 0; i < 3; i++)
        push("g:1|g\ng:1|x");
    assert_int_equal(n_series(), 0);
    assert_int_equal(row.counts[TELEMETRY_ENDED], 3);
    assert_in_range(row.counts[TELEMETRY_KEYS], 0, 1);
}

/* On a line of its own, the same bytes have the container as a label. */
static void a_link_with_a_container_shares_no_key_with_a_line(void **state)
{
    struct pipeline_options options = *default_pipeline();

    options.resolve.has_container_label = true;
    assert_int_equal(make_pipeline(&options), 0);
    for (unsigned i = 0; i < 2; i++) {
        push("a:1|c|c:x|@0.5:10|c\na:100|c|c:x|@0.5");
        push("b:100|c|c:x|@0.5\nb:1|c|c:x|@0.5:10|c");
    }
    assert_true(read_series("a", "").value == 2 * 12);
    assert_true(read_series("a", "container_id=\"x\"").value == 2 * 200);
    assert_true(read_series("b", "").value == 2 * 12);
    assert_true(read_series("b", "container_id=\"x\"").value == 2 * 200);
    assert_identity();
}

static void x_in_a_chain_ends_what_came_before(void **state)
{
    push("g:1|g:0|x:5|c");
    assert_true(read_series("g", "").value == 5);
    assert_int_equal(registry_count(registry).series[METRIC_GAUGE], 0);
    assert_identity();
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        PIPELINE_CASE(values_of_all_numeric_types_may_be_packed),
        PIPELINE_CASE(packed_gauges_are_applied_in_their_order),
        PIPELINE_CASE(packed_values_share_rate_and_tags),
        PIPELINE_CASE(a_bad_member_costs_only_itself),
        PIPELINE_CASE(a_member_that_is_no_number_costs_all),
        PIPELINE_CASE(empty_members_at_both_ends_are_bad_too),
        PIPELINE_CASE(a_member_that_overflows_costs_only_itself),
        PIPELINE_CASE(a_member_is_checked_at_its_rate),
        PIPELINE_CASE(bad_members_alone_make_no_series),
        PIPELINE_CASE(what_refuses_the_line_refuses_it_once),
        PIPELINE_CASE(what_refuses_a_sample_refuses_each),
        PIPELINE_CASE(errors_that_cost_no_sample_count_once_a_line),
        PIPELINE_CASE(a_set_is_how_many_different_values_there_were),
        PIPELINE_CASE(a_value_of_a_set_may_hold_colons),
        PIPELINE_CASE(a_value_of_a_set_may_be_any_bytes),
        PIPELINE_CASE(an_empty_value_of_a_set_makes_no_series),
        PIPELINE_CASE(a_set_is_neither_gauge_nor_counter),
        PIPELINE_CASE(a_chain_is_several_samples_of_one_name),
        PIPELINE_CASE(a_chain_is_one_line_whose_key_is_not_known),
        PIPELINE_CASE(each_link_of_a_chain_has_its_own_rate),
        PIPELINE_CASE(each_link_of_a_chain_has_its_own_type),
        PIPELINE_CASE(a_value_is_divided_by_its_rate),
        PIPELINE_CASE(links_of_a_chain_may_be_packed),
        PIPELINE_CASE(a_member_that_is_no_number_costs_its_link),
        PIPELINE_CASE(in_the_first_link_it_costs_the_chain),
        PIPELINE_CASE(a_chain_shares_the_tags_in_its_name),
        PIPELINE_CASE(with_tags_after_the_type_there_is_no_chain),
        PIPELINE_CASE(a_bad_type_in_a_chain_refuses_all_of_it),
        PIPELINE_CASE(a_link_without_a_type_costs_only_itself),
        PIPELINE_CASE(a_bad_value_in_a_chain_costs_only_itself),
        PIPELINE_CASE(errors_in_a_chain_count_for_each_link),
        PIPELINE_CASE(there_is_no_chain_after_a_very_long_name),
        PIPELINE_CASE(links_of_a_chain_are_known_after_the_first),
        PIPELINE_CASE(x_ends_the_series_that_have_its_tags),
        PIPELINE_CASE(x_takes_effect_in_the_order_of_lines),
        PIPELINE_CASE(what_x_has_ended_begins_anew),
        PIPELINE_CASE(x_on_a_histogram_knows_of_exported_le),
        PIPELINE_CASE(x_of_nothing_is_applied),
        PIPELINE_CASE(x_has_its_refusals),
        PIPELINE_CASE(an_x_below_zero_says_how_old_the_last_sample_must_be),
        PIPELINE_CASE(however_little_is_an_age),
        PIPELINE_CASE(of_packed_ages_the_shortest_counts),
        PIPELINE_CASE(x_takes_no_key),
        PIPELINE_CASE(a_link_with_a_container_shares_no_key_with_a_line),
        PIPELINE_CASE(x_in_a_chain_ends_what_came_before),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
