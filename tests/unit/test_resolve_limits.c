/* SPDX-License-Identifier: Apache-2.0 */

/* Limits of names and labels, tried on both sides; test_resolve.c has the rest */

#include "resolve.h"

#include "input/labeller.h"

/* --- limits ------------------------------------------------------------------ */

#define NAME_MAX_BYTES 512
#define N_LABELS 64
#define LABEL_NAME_BYTES 256
#define LABEL_VALUE_BYTES 2048
#define LABELS_BYTES 8192

static void a_name_may_have_512_bytes(void **state)
{
    for (size_t len = NAME_MAX_BYTES; len <= NAME_MAX_BYTES + 1; len++) {
        struct buffer text = { 0 };

        add_repeated(&text, '7', len);
        buffer_add_literal(&text, ":1|c");
        must_end_as_buffer(len > NAME_MAX_BYTES ? REFUSED_NAME_LIMIT : VERDICT_APPLIED, &text);
    }
}

static void the_longest_name_keeps_all_its_bytes(void **state)
{
    struct buffer text = { 0 };
    struct identity identity;

    add_repeated(&text, '7', NAME_MAX_BYTES);
    buffer_add_literal(&text, ":1|c");
    assert_int_equal(resolve(buffer_text(&text), &identity), VERDICT_APPLIED);
    assert_int_equal(identity.family.len, NAME_MAX_BYTES + 1);
    assert_int_equal(identity.sent_as.len, NAME_MAX_BYTES);
    buffer_deinit(&text);
}

/* Only the name without its tags is measured. */
static void tags_do_not_make_a_name_longer(void **state)
{
    static const char *const around[][2] = {
        { "", ",k=v" }, { "", "#k=v" }, { "", "[k=v]" }, { "[k=v]", "" }, { "", "" }
    };

    for (size_t i = 0; i < 2 * ARRAY_SIZE(around); i++) {
        size_t len = NAME_MAX_BYTES + i % 2;
        struct buffer text = { 0 };

        buffer_add(&text, slice_of(around[i / 2][0]));
        add_repeated(&text, 'a', len);
        buffer_add(&text, slice_of(around[i / 2][1]));
        buffer_add_literal(&text, ":1|c");
        must_end_as_buffer(len > NAME_MAX_BYTES ? REFUSED_NAME_LIMIT : VERDICT_APPLIED, &text);
    }
}

/* The limits are in bytes as sent, however long their replacement is. */
static void a_limit_counts_what_was_sent(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.name = 4;
    options.limits.label_name = 4;
    options.limits.label_value = 4;
    must_be_with(&options, "\xc3\xbc\xc3\xbc:1|c", "__", "", 0);
    must_end_as_with(&options, REFUSED_NAME_LIMIT, "\xc3\xbc\xc3\xbc.:1|c");
    must_be_with(&options, "----:1|c|#--k-:\"\"\"\"", "_", "_k_=\"\\\"\\\"\\\"\\\"\"", 0);
    must_end_as_with(&options, REFUSED_NAME_LIMIT, "-----:1|c");
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#--k--:v");
    must_be_with(&options, "a:1|c|#   k   :v", "a", "k=\"v\"", 0);
    must_be_with(&options, "a:1|c|#1234:v", "a", "_1234=\"v\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#k:v v v");
}

/* A tag that is too long is refused even if it would be dropped for its name. */
static void a_reserved_tag_has_limits_too(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.label_name = 4;
    options.limits.label_value = 4;
    must_be_with(&options, "a:1|c|#__xx:1234", "a", "", 1);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#__xxx:1");
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#__xx:12345");
}

static void a_refused_name_is_refused_at_its_limit(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;
    struct slice text = SLICE("abcde:1|c");
    struct identity identity;
    struct resolver *own;

    options.limits.name = 3;
    assert_int_equal(resolve_new(&own, &options), 0);
    assert_int_equal(resolve_by(own, ALL, text, &identity), REFUSED_NAME_LIMIT);
    assert_ptr_equal(resolve_fault(own), text.at + 3);
    resolve_free(own);
}

/* The group before it is part of the line, but not of the name. */
static void a_name_after_a_group_is_refused_at_its_limit(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;
    struct slice text = SLICE("[k=v]abcd:1|c");
    struct identity identity;
    struct resolver *own;

    options.limits.name = 3;
    assert_int_equal(resolve_new(&own, &options), 0);
    assert_int_equal(resolve_by(own, ALL, text, &identity), REFUSED_NAME_LIMIT);
    assert_ptr_equal(resolve_fault(own), memchr(text.at, 'd', text.len));
    resolve_free(own);
}

/* A line with a tag whose key and value have these numbers of bytes. */
static void must_end_with_tag(enum verdict verdict, size_t key_len, size_t value_len)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|c|#x:y,");
    add_repeated(&text, '7', key_len);
    buffer_add_char(&text, ':');
    add_repeated(&text, '"', value_len);
    must_end_as_buffer(verdict, &text);
}

static void labels_have_their_limits(void **state)
{
    must_end_with_tag(VERDICT_APPLIED, LABEL_NAME_BYTES, 1);
    must_end_with_tag(REFUSED_LABEL_LIMIT, LABEL_NAME_BYTES + 1, 1);
    must_end_with_tag(VERDICT_APPLIED, 1, LABEL_VALUE_BYTES);
    must_end_with_tag(REFUSED_LABEL_LIMIT, 1, LABEL_VALUE_BYTES + 1);
    must_end_with_tag(VERDICT_APPLIED, LABEL_NAME_BYTES, LABEL_VALUE_BYTES);
    must_end_with_tag(REFUSED_LABEL_LIMIT, 60000, 1);
    must_end_with_tag(REFUSED_LABEL_LIMIT, 1, 60000);
}

/* "a:1|c|#…" with @n different keys, each @n_times. */
static struct buffer line_with_tags(unsigned n, unsigned n_times)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|h|#le:1");
    for (unsigned i = 1; i < n * n_times; i++)
        buffer_add_format(&text, ",k%u:%u", i % n, i);
    return text;
}

static void a_line_may_have_64_labels(void **state)
{
    struct buffer text = line_with_tags(N_LABELS, 1);

    must_end_as_buffer(VERDICT_APPLIED, &text);
    text = line_with_tags(N_LABELS + 1, 1);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* le and k0 to k62, each of them several times. */
static void tags_that_replace_others_do_not_count(void **state)
{
    struct buffer text = line_with_tags(N_LABELS - 1, 4);

    must_end_as_buffer(VERDICT_APPLIED, &text);
}

/* The limit is on labels, not on tags. */
static void there_may_be_thousands_of_tags_for_few_labels(void **state)
{
    struct buffer text = line_with_tags(3, 2000);

    must_end_as_buffer(VERDICT_APPLIED, &text);
}

static void but_not_any_number_of_them(void **state)
{
    struct buffer text = line_with_tags(2, LABELLER_TAGS_MAX / 2);

    must_end_as_buffer(VERDICT_APPLIED, &text);
    text = line_with_tags(1, LABELLER_TAGS_MAX + 1);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* A line of @n labels whose text has @each bytes, and the last one @more. */
static void must_end_with_text_of(enum verdict verdict, unsigned n, size_t each, size_t more)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|h|#");
    for (unsigned i = 0; i < n; i++) {
        /* X="…", adds five bytes to the value */
        buffer_add_format(&text, "%s%c:", i ? "," : "", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);
        add_repeated(&text, 'x', each - 5 + (i == n - 1 ? more : 0));
    }
    must_end_as_buffer(verdict, &text);
}

static void all_labels_together_have_a_limit(void **state)
{
    must_end_with_text_of(VERDICT_APPLIED, 8, LABELS_BYTES / 8, 1); /* no comma at the end */
    must_end_with_text_of(REFUSED_LABEL_LIMIT, 8, LABELS_BYTES / 8, 2);
}

/*
 * As many values as a line can hold, all of bytes that need an escape: refused, within the buffer.
 */
static void there_is_room_for_the_longest_labels(void **state)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|h|");
    for (unsigned i = 0; i < 28; i++) {
        buffer_add_format(&text, "%s", i % 7 ? "," : i ? "|#" : "#");
        add_repeated(&text, '0', LABEL_NAME_BYTES - 1);
        buffer_add_char(&text, "ABCDEFGHIJKLMNOPQRSTUVWXYZab"[i]);
        buffer_add_char(&text, ':');
        add_repeated(&text, '"', LABEL_VALUE_BYTES);
    }
    assert_true(text.len <= 65536);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* The buffer is full, and each name is as long as it may be. */
static void there_is_room_for_256_labels(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;
    struct identity identity;
    struct resolver *own;

    options.limits.labels = LABELS_MAX;
    options.limits.label_name = 4;
    options.limits.labels_text = 60000;
    assert_int_equal(resolve_new(&own, &options), 0);
    for (unsigned n = LABELS_MAX; n <= LABELS_MAX + 1; n++) {
        struct buffer text = { 0 };
        enum verdict verdict;

        buffer_add_literal(&text, "a:1|x|#le:1");
        for (unsigned i = 1; i < n; i++)
            buffer_add_format(&text, ",%04u:%u,%04u:%u", i, i, i, n);
        verdict = resolve_by(own, ALL, buffer_text(&text), &identity);
        buffer_deinit(&text);
        assert_int_equal(verdict, n > LABELS_MAX ? REFUSED_LABEL_LIMIT : VERDICT_APPLIED);
    }
    resolve_free(own);
}

static void a_limit_of_labels_may_be_zero(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.labels = 0;
    must_be_with(&options, "a:1|c", "a", "", 0);
    must_be_with(&options, "a:1|c|#flag,__x:y", "a", "", 2);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#k:v");
}

/* The end of the line is in scratch memory, but its fault must not be. */
static void a_fault_after_an_empty_group_is_in_the_line(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.labels = 1;
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a[],k=v,l=w:1|c");
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a[,]b#k=v,l=w:1|c");
}

/* The limit is on what Prometheus sees: with quotes, commas, and escapes. */
static void the_limit_of_all_labels_counts_what_is_shown(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.labels_text = 11;
    must_be_with(&options, "a:1|c|#k:v,l:w", "a", "k=\"v\",l=\"w\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#k:v,l:ww");
    must_be_with(&options, "a:1|c|#k:1234567", "a", "k=\"1234567\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#k:123456\"");
    must_be_with(&options, "a:1|c|#k:12345\"", "a", "k=\"12345\\\"\"", 0);
    must_be_with(&options, "a:1|c|#1:123456", "a", "_1=\"123456\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#1:1234567");
    must_be_with(&options, "a:1|c|#le:123456", "a", "le=\"123456\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|h|#le:123456");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_name_may_have_512_bytes),
        CASE(the_longest_name_keeps_all_its_bytes),
        CASE(tags_do_not_make_a_name_longer),
        CASE(a_limit_counts_what_was_sent),
        CASE(a_reserved_tag_has_limits_too),
        CASE(a_refused_name_is_refused_at_its_limit),
        CASE(a_name_after_a_group_is_refused_at_its_limit),
        CASE(labels_have_their_limits),
        CASE(a_line_may_have_64_labels),
        CASE(tags_that_replace_others_do_not_count),
        CASE(there_may_be_thousands_of_tags_for_few_labels),
        CASE(but_not_any_number_of_them),
        CASE(all_labels_together_have_a_limit),
        CASE(there_is_room_for_the_longest_labels),
        CASE(there_is_room_for_256_labels),
        CASE(a_limit_of_labels_may_be_zero),
        CASE(a_fault_after_an_empty_group_is_in_the_line),
        CASE(the_limit_of_all_labels_counts_what_is_shown),
    };

    return cmocka_run_group_tests(cases, make_resolver, free_resolver);
}
