/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trace, from its header
 *
 * Each call is written to a log as a word or two. push.h checks that the counters are those of a
 * pipeline without a trace, and tests/fuzz/fuzz_trace.c that the effects are right.
 */

#include "push.h"

#include "tools/explain/refusal.h"

static struct buffer told;
static const char *text_begin; /* of the line */

#define TELL(...) buffer_add_format(&told, __VA_ARGS__)
#define SHOWN(slice) (int)(slice).len, (slice).at

static void on_line(void *ctx, struct slice text)
{
    text_begin = text.at;
    TELL("<");
}

static void on_name(void *ctx, struct slice name)
{
    TELL("name %.*s; ", SHOWN(name));
}

static void on_chain(void *ctx)
{
    TELL("chain; ");
}

static void on_link(void *ctx)
{
    TELL("link; ");
}

static void on_check(void *ctx, const struct service_check *check)
{
    TELL("check %.*s %.*s; ", SHOWN(check->name), SHOWN(check->status));
}

static void on_type(void *ctx, enum sample_type type)
{
    TELL("%s; ", sample_type_facts(type)->name);
}

static void on_tag(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label)
{
    TELL("tag %.*s %s; ", SHOWN(text), fate == TAG_KEPT ? "kept" : "dropped");
}

static void on_section(void *ctx, struct slice section, enum section meaning, bool is_good)
{
    TELL("section %.*s%s; ", SHOWN(section), is_good ? "" : " bad");
}

static void on_series(void *ctx, const struct identity *identity)
{
    TELL("series %.*s{%.*s}; ", SHOWN(identity->family), SHOWN(identity->labels));
}

static const char *word_of(enum verdict verdict)
{
    const char *refusal = verdict_reason(verdict);

    return refusal ? refusal : "skipped";
}

static void tell_verdict(enum verdict verdict, const char *fault)
{
    if (verdict != VERDICT_APPLIED)
        TELL(" %s", word_of(verdict));
    if (fault)
        TELL(" at %d", (int)(fault - text_begin));
}

static void on_sample(void *ctx, const struct trace_sample *sample)
{
    static const char *const actions[] = {
        [EFFECT_NOTHING] = "nothing",   [EFFECT_COUNTS] = "adds",
        [EFFECT_ADDS] = "adds",         [EFFECT_SETS] = "sets",
        [EFFECT_OBSERVES] = "observes", [EFFECT_COLLECTS] = "collects",
        [EFFECT_ENDS] = "ends",
    };
    const struct effect *effect = &sample->effect;

    TELL("%.*s %s", SHOWN(sample->value), actions[effect->action]);
    if (effect->action == EFFECT_COUNTS || effect->action == EFFECT_ADDS ||
        effect->action == EFFECT_SETS || effect->action == EFFECT_OBSERVES)
        TELL(" %g", effect->amount);
    if (effect->action == EFFECT_OBSERVES)
        TELL(" x %g", effect->weight);
    if (effect->action == EFFECT_ENDS || sample->n_ended)
        TELL(" %zu", sample->n_ended);
    if (sample->is_overflow)
        TELL(" overflow");
    tell_verdict(sample->verdict, sample->fault);
    TELL("; ");
}

static void on_verdict(void *ctx, enum verdict verdict, const char *fault,
                       const struct treatment *treatment)
{
    TELL("end");
    tell_verdict(verdict, fault);
    TELL("; ");
}

static void on_line_done(void *ctx)
{
    TELL(">");
}

static const struct trace trace = {
    .on_line = on_line,
    .on_name = on_name,
    .on_chain = on_chain,
    .on_link = on_link,
    .on_check = on_check,
    .resolving = { NULL, on_type, on_tag, on_section, { 0 } },
    .on_series = on_series,
    .on_sample = on_sample,
    .on_verdict = on_verdict,
    .on_line_done = on_line_done,
};

/* Push @datagram; the trace is told @log. */
static void must_tell(const char *datagram, const char *expected)
{
    buffer_clear(&told);
    push(datagram);
    buffer_add_char(&told, '\0');
    assert_string_equal(told.data, expected);
    assert_identity();
}

static void must_tell_end(const char *line, enum verdict verdict, int fault)
{
    char expected[64];

    buffer_clear(&told);
    push(line);
    snprintf(expected, sizeof(expected), "end %s at %d; >", word_of(verdict), fault);
    buffer_add_char(&told, '\0');
    if (!strstr(told.data, expected))
        fail_msg("%s: %s, not %s", line, told.data, expected);
    assert_identity();
}

static int begin_traced(void **state)
{
    if (begin(state) < 0)
        return -1;
    pipeline_set_trace(pipeline, &trace);
    return 0;
}

static int end_traced(void **state)
{
    buffer_deinit(&told);
    told = (struct buffer){ 0 };
    return end(state);
}

/* --- lines ------------------------------------------------------------------------------ */

static void tells_a_line_step_by_step(void **state)
{
    must_tell(" a.b:2|c|@0.5|#k:v,flag,l:w|T1 \r\n\n  \n",
              "<name a.b; counter; section @0.5; section #k:v,flag,l:w; tag k:v kept; "
              "tag flag dropped; tag l:w kept; section T1; series a_b{k=\"v\",l=\"w\"}; "
              "2 adds 4; >");
    must_tell("a,k=v:1|g", "<name a,k=v; gauge; tag k=v kept; series a{k=\"v\"}; 1 sets 1; >");
    must_tell("\n \r\n", "");
}

static void tells_of_a_known_key_what_it_told_of_a_new_one(void **state)
{
    static const char *const lines[] = {
        "a:1|c|@0.5|#k:v,flag",
        "b:1:x:-1:2|c",
        "c[k=v]:+3|g|zz",
        "d:250|ms|@0.1|c:id",
        "e:some:text|s",
        "f:1|c:2|g:3|c",
        "g,k=v:1|c|@0.1:200|ms:6|g|#l:w",
    };
    char first[1024];

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        uint64_t n_misses = row.counts[TELEMETRY_KEY_MISSES];

        buffer_clear(&told);
        push(lines[i]);
        snprintf(first, sizeof(first), "%.*s", (int)told.len, told.data);
        assert_true(row.counts[TELEMETRY_KEY_MISSES] > n_misses);
        n_misses = row.counts[TELEMETRY_KEY_MISSES];
        must_tell(lines[i], first);
        if (!strstr(first, "chain") && !strstr(first, "end "))
            assert_int_equal(row.counts[TELEMETRY_KEY_MISSES], n_misses);
    }
}

static void tells_lines_one_by_one(void **state)
{
    must_tell("a:1|c\na:2|c\nnonsense\na:3|c",
              "<name a; counter; series a{}; 1 adds 1; >"
              "<name a; counter; series a{}; 2 adds 2; ><end malformed_line at 8; >"
              "<name a; counter; series a{}; 3 adds 3; >");
}

static void tells_each_link_of_a_chain(void **state)
{
    must_tell("a,k=v:1|c:200|ms|@0.1:6:|g",
              "<name a,k=v; chain; tag k=v kept; link; counter; series a{k=\"v\"}; 1 adds 1; "
              "link; timer; section @0.1; series a{k=\"v\"}; 200 observes 0.2 x 10 type_conflict; "
              "link; gauge; series a{k=\"v\"}; 6 sets 6 type_conflict;  nothing malformed_value "
              "at 24; >");
}

/* That a value is not a number is told at once for the line, link or chain that it refuses. */
static void tells_a_packed_value_that_refuses_more_than_itself(void **state)
{
    must_tell("a:1:2x:3|c", "<name a; counter; series a{}; end malformed_value at 5; >");
    must_tell("a:1|c:2:x:3|c:4|c",
              "<name a; chain; link; counter; series a{}; 1 adds 1; link; counter; series a{}; "
              "end malformed_value at 8; link; counter; series a{}; 4 adds 4; >");
    must_tell("b:x:1|c:2|c", "<name b; chain; end malformed_value at 2; >");
}

/* What looks like a sample at first is told again when it turns out to be a chain. */
static void tells_anew_when_it_is_a_chain(void **state)
{
    must_tell(
        "a,k=v:1|c|@0.1:2|c:3",
        "<name a,k=v; counter; tag k=v kept; section @0.1:2 bad; "
        "section c:3; chain; tag k=v kept; "
        "link; counter; section @0.1; series a{k=\"v\"}; 1 adds 10; "
        "link; counter; series a{k=\"v\"}; 2 adds 2; link; 3 nothing malformed_line at 20; >");
}

/* --- samples ----------------------------------------------------------------------------- */

static void tells_what_each_type_does(void **state)
{
    must_tell("c:2|c|@0.25", "<name c; counter; section @0.25; series c{}; 2 adds 8; >");
    must_tell("g:-2|g|@0.25", "<name g; gauge; section @0.25; series g{}; -2 adds -2; >");
    must_tell("g:2|g", "<name g; gauge; series g{}; 2 sets 2; >");
    must_tell("t:500|ms|@0.25",
              "<name t; timer; section @0.25; series t{}; 500 observes 0.5 x 4; >");
    must_tell("h:-5|h", "<name h; histogram; series h{}; -5 observes -5 x 1; >");
    must_tell("d:5|d", "<name d; distribution; series d{}; 5 observes 5 x 1; >");
    must_tell("s:a:b|s", "<name s; set; series s{}; a:b collects; >");
    must_tell("c:0|x", "<name c; expire; series c{}; 0 ends 1; >");
    must_tell("t:0::0|x",
              "<name t; expire; series t{}; 0 ends 1;  nothing malformed_value at 4; 0 ends 0; >");
}

static void a_sign_is_just_a_sign_where_that_is_said(void **state)
{
    pipeline_set_dogstatsd(pipeline, true);
    must_tell("g:+2|g", "<name g; gauge; series g{}; +2 sets 2; >");
}

static void tells_which_byte_of_a_value_is_wrong(void **state)
{
    must_tell("a:1x|c", "<name a; counter; series a{}; 1x nothing malformed_value at 3; >");
    must_tell("a:1:|c", "<name a; counter; series a{}; 1 adds 1;  nothing malformed_value at 4; >");
    must_tell("a:|s", "<name a; set; series a{};  nothing malformed_value at 2; >");
    must_tell(
        "a:2:-1|c",
        "<name a; counter; series a{}; 2 adds 2; -1 nothing illegal_negative_counter at 4; >");
    must_tell("b:1e308|c|@0.1",
              "<name b; counter; section @0.1; series b{}; 1e308 nothing value_overflow at 2; >");
}

/* If the registry refuses the line, or the sum is too large, no byte is wrong. */
static void tells_what_a_refused_value_would_have_done(void **state)
{
    must_tell("own:1|g", "<name own; gauge; series own{}; 1 sets 1 reserved_name; >");
    must_tell(
        "a:1e308:1e308|c",
        "<name a; counter; series a{}; 1e308 adds 1e+308; 1e308 adds 1e+308 value_overflow; >");
    must_tell("a:1e308|c", "<name a; counter; series a{}; 1e308 adds 1e+308 value_overflow; >");
    must_tell("a:1|g", "<name a; gauge; series a{}; 1 sets 1 type_conflict; >");
}

/* One and a half observations of it would be too large, although the next one would count as 1. */
static void tells_that_a_rate_makes_it_too_large(void **state)
{
    push("a:1|h|@0.7");
    must_tell("a:1e308|h|@0.7", "<name a; histogram; section @0.7; series a{}; "
                                "1e308 observes 1e+308 x 1.42857; >");
    must_tell("a:1.7e308|h|@0.7", "<name a; histogram; section @0.7; series a{}; "
                                  "1.7e308 nothing value_overflow at 2; >");
}

static void a_rate_does_not_weigh_an_end(void **state)
{
    must_tell("a:1e308|x|@0.001", "<name a; expire; section @0.001; series a{}; 1e308 ends 0; >");
}

static void tells_of_the_overflow_series(void **state)
{
    char line[32];

    pipeline_set_trace(pipeline, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "a:1|c|#k:%u", i);
        push(line);
    }
    pipeline_set_trace(pipeline, &trace);
    must_tell("a:1|c|#k:x", "<name a; counter; section #k:x; tag k:x kept; series a{k=\"x\"}; "
                            "1 adds 1 overflow; >");
    must_tell("a:-1|c|#k:x", "<name a; counter; section #k:x; tag k:x kept; series a{k=\"x\"}; "
                             "-1 nothing illegal_negative_counter at 2; >");
}

/* --- refused as a whole ---------------------------------------------------------------------- */

static void tells_which_byte_of_a_line_is_wrong(void **state)
{
    must_tell_end("nonsense", REFUSED_MALFORMED_LINE, 8);
    must_tell_end(":1|c", REFUSED_MALFORMED_LINE, 0);
    must_tell_end("_e{1,1}:ab", REFUSED_MALFORMED_LINE, 0);
    must_tell_end("a:1|q", REFUSED_ILLEGAL_EVENT, 4);
    must_tell_end("a:1|c|#k:\xff", REFUSED_MALFORMED_LINE, 9);
    must_tell_end("a,k=v:1|c|#l:w", REFUSED_MIXED_TAGGING_STYLES, 11);
    must_tell_end("a:1|x|#bare", REFUSED_MALFORMED_LINE, 7);
    must_tell_end("[k=v]:1|c", REFUSED_MALFORMED_LINE, 0);
}

/* An x whose labels mean too many series is refused before the line is recognised as a chain. */
static void an_end_with_an_odd_bracket_does_nothing(void **state)
{
    must_tell("a[b:1|x|@0.5:2|c", "<name a[b; expire; end malformed_line at 1; >");
}

static void tells_the_type_even_if_the_name_is_wrong(void **state)
{
    must_tell("[k=v]:1|c", "<name [k=v]; counter; end malformed_line at 0; >");
}

static void tells_what_a_stream_refused(void **state)
{
    char expected[32];

    buffer_clear(&told);
    pipeline_refuse(pipeline, REFUSED_LINE_LIMIT, (struct slice){ NULL, 0 });
    buffer_add_char(&told, '\0');
    snprintf(expected, sizeof(expected), "end %s; ", word_of(REFUSED_LINE_LIMIT));
    assert_string_equal(told.data, expected);
}

/* --- what is not a line --------------------------------------------------------------------- */

static void tells_what_is_skipped(void **state)
{
    must_tell("_e{1,1}:a|b", "<end skipped; >");
    must_tell("_sc|a b|2|#k:v", "<check a b 2; end skipped; >");
}

static void tells_what_becomes_of_a_check(void **state)
{
    struct pipeline_options options = *default_pipeline();

    options.has_check_gauges = true;
    assert_int_equal(make_pipeline(&options), 0);
    pipeline_set_trace(pipeline, &trace);
    must_tell("_sc|a b|2|h:x|#k:v|m:y", "<check a b 2; section h:x; section #k:v; tag k:v kept; "
                                        "series a_b{hostname=\"x\",k=\"v\"}; 2 sets 2; >");
    must_tell("_sc|a|1|#k:\xff", "<check a 1; section #k:\xff; end malformed_line at 11; >");
    assert_true(read_series("a_b", "hostname=\"x\",k=\"v\"").value == 2);
}

/* --- setting it ---------------------------------------------------------------------------- */

static void tells_nothing_of_what_was_pushed_before(void **state)
{
    pipeline_set_trace(pipeline, NULL);
    pipeline_push(pipeline, SLICE("a:1|c"), 0);
    pipeline_set_trace(pipeline, &trace);
    assert_int_equal(told.len, 0);
    assert_true(read_series("a", "").value == 1);
    pipeline_push(pipeline, SLICE("a:1|c"), 0);
    assert_true(read_series("a", "").value == 2);
    pipeline_set_trace(pipeline, NULL);
    must_tell("a:1|c", "");
    assert_true(read_series("a", "").value == 3);
}

#define TRACE_CASE(name) cmocka_unit_test_setup_teardown(name, begin_traced, end_traced)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TRACE_CASE(tells_a_line_step_by_step),
        TRACE_CASE(tells_of_a_known_key_what_it_told_of_a_new_one),
        TRACE_CASE(tells_lines_one_by_one),
        TRACE_CASE(tells_each_link_of_a_chain),
        TRACE_CASE(tells_anew_when_it_is_a_chain),
        TRACE_CASE(tells_a_packed_value_that_refuses_more_than_itself),
        TRACE_CASE(tells_what_each_type_does),
        TRACE_CASE(a_sign_is_just_a_sign_where_that_is_said),
        TRACE_CASE(tells_which_byte_of_a_value_is_wrong),
        TRACE_CASE(tells_what_a_refused_value_would_have_done),
        TRACE_CASE(tells_that_a_rate_makes_it_too_large),
        TRACE_CASE(a_rate_does_not_weigh_an_end),
        TRACE_CASE(tells_of_the_overflow_series),
        TRACE_CASE(tells_which_byte_of_a_line_is_wrong),
        TRACE_CASE(an_end_with_an_odd_bracket_does_nothing),
        TRACE_CASE(tells_the_type_even_if_the_name_is_wrong),
        TRACE_CASE(tells_what_a_stream_refused),
        TRACE_CASE(tells_what_is_skipped),
        TRACE_CASE(tells_what_becomes_of_a_check),
        TRACE_CASE(tells_nothing_of_what_was_pushed_before),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
