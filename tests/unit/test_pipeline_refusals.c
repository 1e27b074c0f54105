/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a sink is told about refused lines: push.h checks that it is told about each of them
 */

#include "push.h"

/* Push @datagram, whose last refusal must be of @text. ^ in @marks is the byte of the fault. */
static void assert_told(const char *datagram, enum verdict reason, const char *text,
                        const char *marks)
{
    const char *mark = strchr(marks, '^');

    last_told = (struct refusal){ 0 };
    push(datagram);
    assert_identity();
    assert_int_equal(last_told.reason, reason);
    assert_int_equal(last_told.text.len, strlen(text));
    assert_memory_equal(last_told.text.at, text, strlen(text));
    if (!mark)
        assert_null(last_told.fault);
    else
        assert_int_equal(last_told.fault - last_told.text.at, mark - marks);
}

static void what_is_not_a_line_is_told_with_its_fault(void **state)
{
    assert_told("good:1|c\n  no line \r\ngood:1|c", REFUSED_MALFORMED_LINE, "no line", "       ^");
    assert_told("a:1|", REFUSED_ILLEGAL_EVENT, "a:1|", "    ^");
    assert_told("a:1|y|#k:v", REFUSED_ILLEGAL_EVENT, "a:1|y|#k:v", "    ^");
    assert_told("a\xff:1|c", REFUSED_MALFORMED_LINE, "a\xff:1|c", " ^");
    assert_told("a:x|c", REFUSED_MALFORMED_VALUE, "a:x|c", "  ^");
    assert_told("a:1.5.5|c|@0.1", REFUSED_MALFORMED_VALUE, "a:1.5.5|c|@0.1", "     ^");
}

static void a_value_is_told_with_its_whole_line_whether_its_key_is_known(void **state)
{
    assert_told("a:-1|c|#k:v", REFUSED_ILLEGAL_NEGATIVE_COUNTER, "a:-1|c|#k:v", "  ^");
    push("a:1|c|#k:v");
    assert_told("a:-1|c|#k:v", REFUSED_ILLEGAL_NEGATIVE_COUNTER, "a:-1|c|#k:v", "  ^");
    assert_told("a:12x|c|#k:v", REFUSED_MALFORMED_VALUE, "a:12x|c|#k:v", "    ^");
    push("big:1.7e308|c");
    assert_told("big:1.7e308|c", REFUSED_VALUE_OVERFLOW, "big:1.7e308|c", "");
}

static void each_refused_value_of_a_packed_line_is_told(void **state)
{
    assert_told("a:1:-2:3:-4|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER, "a:1:-2:3:-4|c", "         ^");
    assert_int_equal(n_told[REFUSED_ILLEGAL_NEGATIVE_COUNTER], 2);
}

static void a_link_is_told_with_its_whole_chain(void **state)
{
    assert_told("a:1|c:-5|c:3|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER, "a:1|c:-5|c:3|c", "      ^");
    assert_told("a:1|c:-5|c:3|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER, "a:1|c:-5|c:3|c", "      ^");
}

static void what_the_registry_refuses_has_no_fault(void **state)
{
    push("a:1|c");
    assert_told("a:1|g|#k:v", REFUSED_TYPE_CONFLICT, "a:1|g|#k:v", "");
    assert_told("own:1|g", REFUSED_RESERVED_NAME, "own:1|g", "");
}

static void a_service_check_is_told_whole(void **state)
{
    struct pipeline_options options = *default_pipeline();

    options.has_check_gauges = true;
    assert_int_equal(make_pipeline(&options), 0);
    push("app:1|c");
    assert_told("_sc|app|0|#k:v", REFUSED_TYPE_CONFLICT, "_sc|app|0|#k:v", "");
    assert_told("_sc|a\xff|0|#k:v", REFUSED_MALFORMED_LINE, "_sc|a\xff|0|#k:v", "     ^");
    /* The line before it waits until the check is taken. */
    assert_told("new:1|c\n_sc|app|0", REFUSED_TYPE_CONFLICT, "_sc|app|0", "");
}

static void lines_that_wait_are_told_when_they_are_flushed(void **state)
{
    push("a:1|c");
    pipeline_push(pipeline, SLICE("a:-1|c\na:-2|c"), 0);
    assert_int_equal(n_told[REFUSED_ILLEGAL_NEGATIVE_COUNTER], 0);
    pipeline_flush(pipeline);
    assert_int_equal(n_told[REFUSED_ILLEGAL_NEGATIVE_COUNTER], 2);
    assert_slice_equal(last_told.text, "a:-2|c");
}

static void a_line_that_a_stream_has_refused_has_the_text_that_is_given(void **state)
{
    push("nonsense");
    pipeline_refuse(pipeline, REFUSED_LINE_LIMIT, SLICE("a_long_na"));
    assert_int_equal(last_told.reason, REFUSED_LINE_LIMIT);
    assert_slice_equal(last_told.text, "a_long_na");
    pipeline_refuse(pipeline, REFUSED_NO_MEMORY, (struct slice){ NULL, 0 });
    assert_int_equal(last_told.reason, REFUSED_NO_MEMORY);
    assert_int_equal(last_told.text.len, 0);
    assert_null(last_told.fault);
    assert_identity();
}

static void skipped_lines_are_not_told(void **state)
{
    push("_e{1,1}:a|b\n_sc|name|0");
    assert_identity();
    assert_int_equal(verdicts(SKIPPED_EVENT) + verdicts(SKIPPED_SERVICE_CHECK), 2);
}

static void nobody_has_to_listen(void **state)
{
    pipeline_set_sink(pipeline, NULL);
    push("nonsense");
    assert_int_equal(verdicts(REFUSED_MALFORMED_LINE), 1);
    assert_int_equal(n_told[REFUSED_MALFORMED_LINE], 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        PIPELINE_CASE(what_is_not_a_line_is_told_with_its_fault),
        PIPELINE_CASE(a_value_is_told_with_its_whole_line_whether_its_key_is_known),
        PIPELINE_CASE(each_refused_value_of_a_packed_line_is_told),
        PIPELINE_CASE(a_link_is_told_with_its_whole_chain),
        PIPELINE_CASE(what_the_registry_refuses_has_no_fault),
        PIPELINE_CASE(a_service_check_is_told_whole),
        PIPELINE_CASE(lines_that_wait_are_told_when_they_are_flushed),
        PIPELINE_CASE(a_line_that_a_stream_has_refused_has_the_text_that_is_given),
        PIPELINE_CASE(skipped_lines_are_not_told),
        PIPELINE_CASE(nobody_has_to_listen),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
