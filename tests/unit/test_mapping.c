/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buffer.h"
#include "base/labels.h"
#include "input/mapping.h"
#include "input/parse.h"

/* One for all cases: a mapping must not remember anything of the lines before. */
static struct mapping *mapping;

static int make_mapping(void **state)
{
    return mapping_new(&mapping);
}

static int free_mapping(void **state)
{
    mapping_free(mapping);
    return 0;
}

static enum verdict resolve(struct slice text, struct identity *ret)
{
    struct line line;
    enum verdict verdict = parse_line(text, &line);

    return verdict == VERDICT_APPLIED ? mapping_resolve(mapping, &line, ret) : verdict;
}

static struct identity identity_of(const char *text)
{
    struct identity identity;

    memset(&identity, 0xa5, sizeof(identity));
    if (resolve(slice_of(text), &identity) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    return identity;
}

/* The line has that family and those labels, and @n_tag_errors of its tags were dropped. */
static void must_be(const char *text, const char *family, const char *labels, unsigned n_tag_errors)
{
    struct identity identity = identity_of(text);

    if (!slice_equal(identity.family, slice_of(family)))
        fail_msg("%s: family %.*s", text, (int)identity.family.len, identity.family.at);
    if (!slice_equal(identity.labels, slice_of(labels)))
        fail_msg("%s: labels %.*s", text, (int)identity.labels.len, identity.labels.at);
    if (identity.n_tag_errors != n_tag_errors)
        fail_msg("%s: %u tag errors", text, identity.n_tag_errors);
}

static void must_end_as(enum verdict verdict, struct slice text)
{
    struct identity identity;
    enum verdict actual = resolve(text, &identity);

    if (actual != verdict)
        fail_msg("%.60s: verdict %d, not %d", text.at, actual, verdict);
}

/* The same; @text is taken. */
static void must_end_as_buffer(enum verdict verdict, struct buffer *text)
{
    struct identity identity;
    enum verdict actual = resolve(buffer_text(text), &identity);

    buffer_deinit(text);
    assert_int_equal(actual, verdict);
}

static void add_repeated(struct buffer *buffer, char c, size_t n)
{
    while (n--)
        buffer_add_char(buffer, c);
}

static void freeing_nothing_is_fine(void **state)
{
    mapping_free(NULL);
}

static void says_type_weight_and_what_was_passed_over(void **state)
{
    struct identity identity = identity_of("a.b:1|c|@0.25|x|y|#k:v");

    assert_int_equal(identity.type, SAMPLE_COUNTER);
    assert_true(identity.weight == 4);
    assert_false(identity.has_bad_rate);
    assert_int_equal(identity.n_unknown_sections, 2);
    assert_slice_equal(identity.sent_as, "a.b");
    identity = identity_of("a.b:1|ms|@2");
    assert_int_equal(identity.type, SAMPLE_TIMER);
    assert_true(identity.weight == 1);
    assert_true(identity.has_bad_rate);
    assert_int_equal(identity.n_unknown_sections, 0);
}

static void knows_every_type(void **state)
{
    assert_int_equal(identity_of("a:1|c").type, SAMPLE_COUNTER);
    assert_int_equal(identity_of("a:1|g").type, SAMPLE_GAUGE);
    assert_int_equal(identity_of("a:1|ms").type, SAMPLE_TIMER);
    assert_int_equal(identity_of("a:1|h").type, SAMPLE_HISTOGRAM);
    assert_int_equal(identity_of("a:1|d").type, SAMPLE_DISTRIBUTION);
    must_end_as(REFUSED_ILLEGAL_EVENT, SLICE("a:1|s"));
    must_end_as(REFUSED_ILLEGAL_EVENT, SLICE("a:1|"));
}

static void the_value_does_not_matter(void **state)
{
    must_be("a:|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a:nonsense|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a:\xff|c|#k:v", "a", "k=\"v\"", 0);
}

static void names_become_prometheus_names(void **state)
{
    must_be("bot.trades-done:1|c", "bot_trades_done", "", 0);
    must_be("2fast:1|c", "_2fast", "", 0);
    must_be("a--b:1|c", "a_b", "", 0);
    must_be("gr\xc3\xbc\xc3\x9f:1|c", "gr__", "", 0);
    must_be("!!!:1|c", "___", "", 0);
    must_be("a:1|c|#k.x-y:v", "a", "k_x_y=\"v\"", 0);
    must_be("a:1|c|#1k:v", "a", "_1k=\"v\"", 0);
    must_be("a:1|c|#\xe2\x82\xac:v", "a", "_=\"v\"", 0);
}

/* base/name.h makes an underscore of it, and the mapping's header takes nothing away before. */
static void blanks_count_only_inside_a_key(void **state)
{
    must_be("a:1|c|#k l:v", "a", "k_l=\"v\"", 0);
    must_be("a:1|c|#k:v, l:w", "a", "k=\"v\",l=\"w\"", 0);
    must_be("a:1|c|#k :v", "a", "k=\"v\"", 0);
}

static void values_stay_as_they_were_sent(void **state)
{
    must_be("a:1|c|#k:http://x:80/", "a", "k=\"http://x:80/\"", 0);
    must_be("a:1|c|#k:gr\xc3\xbc\xc3\x9f \xf0\x9f\x92\xa7", "a",
            "k=\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x92\xa7\"", 0);
    must_be("a:1|c|#k:x\"y\\z", "a", "k=\"x\\\"y\\\\z\"", 0);
    must_be("a:1|c|#k:a=b{c}#d@e", "a", "k=\"a=b{c}#d@e\"", 0);
    must_be("a:1|c|#k: v ,l:w", "a", "k=\" v \",l=\"w\"", 0);
    must_be("a:1|c|#k::", "a", "k=\":\"", 0);
}

static void labels_are_sorted(void **state)
{
    must_be("a:1|c|#b:2,a:1", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#a:1,b:2", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#b:2|@0.5|#a:1", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#b:2,B:3,_:4,bb:5,a9:6", "a", "B=\"3\",_=\"4\",a9=\"6\",b=\"2\",bb=\"5\"", 0);
}

static void drops_and_counts_tags_that_lack_something(void **state)
{
    must_be("a:1|c|#flag", "a", "", 1);
    must_be("a:1|c|#:v", "a", "", 1);
    must_be("a:1|c|#k:", "a", "", 1);
    must_be("a:1|c|#:", "a", "", 1);
    must_be("a:1|c|#flag,k:v,:x,y:", "a", "k=\"v\"", 3);
    must_be("a:1|c|#flag|#other,k:v", "a", "k=\"v\"", 2);
}

static void drops_and_counts_reserved_keys(void **state)
{
    must_be("a:1|c|#__x:v", "a", "", 1);
    must_be("a:1|c|#__name__:v,k:v", "a", "k=\"v\"", 1);
    must_be("a:1|c|#__:v", "a", "", 1);
    must_be("a:1|c|#_x:v", "a", "_x=\"v\"", 0);
    must_be("a:1|c|#x__:v", "a", "x__=\"v\"", 0);
}

/* Prometheus reserves the name that it gets to see. */
static void no_label_is_reserved_after_its_name_was_written(void **state)
{
    static const char *const lines[] = { "a:1|c|#..x:v", "a:1|c|#_.x:v", "a:1|c|#-_x:v",
                                         "a:1|c|#..name..:v", "a:1|c|#\xc3\xbc\xc3\xbcx:v" };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct identity identity = identity_of(lines[i]);

        if (slice_starts_with(identity.labels, SLICE("__")))
            fail_msg("%s: labels %.*s", lines[i], (int)identity.labels.len, identity.labels.at);
    }
}

static void of_two_tags_with_one_key_the_last_wins(void **state)
{
    must_be("a:1|c|#k:1,k:2", "a", "k=\"2\"", 0);
    must_be("a:1|c|#k:1,x:0,k:2,k:3", "a", "k=\"3\",x=\"0\"", 0);
    must_be("a:1|c|#k.x:1,k-x:2", "a", "k_x=\"2\"", 0);
    must_be("a:1|c|#k:1|#k:2", "a", "k=\"2\"", 0);
    must_be("a:1|c|#k:1,K:2", "a", "K=\"2\",k=\"1\"", 0);
    must_be("a:1|c|#k:1,k:", "a", "k=\"1\"", 1);
}

static void le_is_taken_on_a_histogram(void **state)
{
    must_be("a:1|h|#le:1", "a", "exported_le=\"1\"", 0);
    must_be("a:1|d|#le:1", "a", "exported_le=\"1\"", 0);
    must_be("a:1|ms|#le:1,a:2", "a", "a=\"2\",exported_le=\"1\"", 0);
    must_be("a:1|ms|#le:1,le:2", "a", "exported_le=\"2\"", 0);
    must_be("a:1|h|#lE:1,lee:2", "a", "lE=\"1\",lee=\"2\"", 0);
    must_be("a:1|c|#le:1", "a", "le=\"1\"", 0);
    must_be("a:1|g|#le:1", "a", "le=\"1\"", 0);
}

/* How often name=" stands in the labels. */
static unsigned n_labels_named(struct slice labels, const char *name)
{
    unsigned n = 0;

    while (labels.len) {
        struct slice label = slice_cut(&labels, ',');

        n += slice_equal(slice_cut(&label, '='), slice_of(name));
    }
    return n;
}

static void exported_le_stays_one_label(void **state)
{
    struct identity identity = identity_of("a:1|h|#le:1,exported_le:2");

    assert_true(n_labels_named(identity.labels, "exported_le") == 1);
    assert_true(n_labels_named(identity.labels, "le") == 0);
    identity = identity_of("a:1|h|#exported_le:2,le:1");
    assert_true(n_labels_named(identity.labels, "exported_le") == 1);
    assert_true(n_labels_named(identity.labels, "le") == 0);
}

static void refuses_what_is_not_utf8(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("\xff:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a\xc3:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a\xed\xa0\x80:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k\xff:v"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xff"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xc0\x80"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:v|#l:\xe2\x82"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xe2,l:\x82\xac"));
}

static void a_nul_is_a_character_like_others(void **state)
{
    struct identity identity;

    assert_int_equal(resolve(SLICE("a\0b:1|c|#k\0l:v\0w"), &identity), VERDICT_APPLIED);
    assert_slice_equal(identity.family, "a_b");
    assert_slice_equal(identity.labels, "k_l=\"v\0w\"");
    assert_slice_equal(identity.sent_as, "a\0b");
}

static void a_name_may_have_512_bytes(void **state)
{
    for (size_t len = METRIC_NAME_MAX; len <= METRIC_NAME_MAX + 1; len++) {
        struct buffer text = { 0 };

        add_repeated(&text, '7', len);
        buffer_add_literal(&text, ":1|c");
        must_end_as_buffer(len > METRIC_NAME_MAX ? REFUSED_NAME_LIMIT : VERDICT_APPLIED, &text);
    }
}

static void the_longest_name_keeps_all_its_bytes(void **state)
{
    struct buffer text = { 0 };
    struct identity identity;

    add_repeated(&text, '7', METRIC_NAME_MAX);
    buffer_add_literal(&text, ":1|c");
    assert_int_equal(resolve(buffer_text(&text), &identity), VERDICT_APPLIED);
    assert_int_equal(identity.family.len, METRIC_NAME_MAX + 1);
    assert_int_equal(identity.sent_as.len, METRIC_NAME_MAX);
    buffer_deinit(&text);
}

/* A line with a tag whose key and value have that many bytes. */
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
    must_end_with_tag(VERDICT_APPLIED, LABEL_NAME_MAX, 1);
    must_end_with_tag(REFUSED_LABEL_LIMIT, LABEL_NAME_MAX + 1, 1);
    must_end_with_tag(VERDICT_APPLIED, 1, LABEL_VALUE_MAX);
    must_end_with_tag(REFUSED_LABEL_LIMIT, 1, LABEL_VALUE_MAX + 1);
    must_end_with_tag(VERDICT_APPLIED, LABEL_NAME_MAX, LABEL_VALUE_MAX);
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
    struct buffer text = line_with_tags(LABELS_MAX, 1);

    must_end_as_buffer(VERDICT_APPLIED, &text);
    text = line_with_tags(LABELS_MAX + 1, 1);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* le and k0 to k62, each of them several times. */
static void tags_that_replace_others_do_not_count(void **state)
{
    struct buffer text = line_with_tags(LABELS_MAX - 1, 4);

    must_end_as_buffer(VERDICT_APPLIED, &text);
}

/* The header limits labels, not tags. */
static void there_may_be_thousands_of_tags_for_few_labels(void **state)
{
    struct buffer text = line_with_tags(3, 2000);

    must_end_as_buffer(VERDICT_APPLIED, &text);
}

/* A line of @n labels whose text is @each bytes, the last one @more bytes longer. */
static void must_end_with_text_of(enum verdict verdict, unsigned n, size_t each, size_t more)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|h|#");
    for (unsigned i = 0; i < n; i++) {
        /* X="…", is five bytes around the value */
        buffer_add_format(&text, "%s%c:", i ? "," : "", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);
        add_repeated(&text, 'x', each - 5 + (i == n - 1 ? more : 0));
    }
    must_end_as_buffer(verdict, &text);
}

static void all_labels_together_have_a_limit(void **state)
{
    must_end_with_text_of(VERDICT_APPLIED, 8, LABELS_TEXT_MAX / 8, 1); /* no comma at the end */
    must_end_with_text_of(REFUSED_LABEL_LIMIT, 8, LABELS_TEXT_MAX / 8, 2);
}

/* As many values as a line can hold, all of bytes that need an escape: refused, in its room. */
static void there_is_room_for_the_longest_labels(void **state)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "a:1|h|");
    for (unsigned i = 0; i < 28; i++) {
        buffer_add_format(&text, "%s", i % 7 ? "," : i ? "|#" : "#");
        add_repeated(&text, '0', LABEL_NAME_MAX - 1);
        buffer_add_char(&text, "ABCDEFGHIJKLMNOPQRSTUVWXYZab"[i]);
        buffer_add_char(&text, ':');
        add_repeated(&text, '"', LABEL_VALUE_MAX);
    }
    assert_true(text.len <= LINE_LENGTH_MAX);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* By the header a bad tag is dropped and counted, however many there are. */
static void drops_thousands_of_bad_tags(void **state)
{
    struct buffer text = { 0 };
    struct identity identity;
    enum verdict verdict;

    buffer_add_literal(&text, "a:1|c|#k:v");
    for (int i = 0; i < 10000; i++)
        buffer_add_literal(&text, ",x,:y");
    verdict = resolve(buffer_text(&text), &identity);
    buffer_deinit(&text);
    assert_int_equal(verdict, VERDICT_APPLIED);
    assert_slice_equal(identity.labels, "k=\"v\"");
    assert_int_equal(identity.n_tag_errors, 20000);
}

static void a_refused_line_leaves_no_trace(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#x:1,y:2,z:\xff"));
    must_be("a:1|c|#k:v", "a", "k=\"v\"", 0);
    must_end_as(REFUSED_ILLEGAL_EVENT, SLICE("a:1|q|@0.5|#x:1"));
    must_be("b:1|c", "b", "", 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(freeing_nothing_is_fine),
        CASE(says_type_weight_and_what_was_passed_over),
        CASE(knows_every_type),
        CASE(the_value_does_not_matter),
        CASE(names_become_prometheus_names),
        CASE(blanks_count_only_inside_a_key),
        CASE(values_stay_as_they_were_sent),
        CASE(labels_are_sorted),
        CASE(drops_and_counts_tags_that_lack_something),
        CASE(drops_and_counts_reserved_keys),
        CASE(no_label_is_reserved_after_its_name_was_written),
        CASE(of_two_tags_with_one_key_the_last_wins),
        CASE(le_is_taken_on_a_histogram),
        CASE(exported_le_stays_one_label),
        CASE(refuses_what_is_not_utf8),
        CASE(a_nul_is_a_character_like_others),
        CASE(a_name_may_have_512_bytes),
        CASE(the_longest_name_keeps_all_its_bytes),
        CASE(labels_have_their_limits),
        CASE(a_line_may_have_64_labels),
        CASE(tags_that_replace_others_do_not_count),
        CASE(there_may_be_thousands_of_tags_for_few_labels),
        CASE(all_labels_together_have_a_limit),
        CASE(there_is_room_for_the_longest_labels),
        CASE(drops_thousands_of_bad_tags),
        CASE(a_refused_line_leaves_no_trace),
    };

    return cmocka_run_group_tests(cases, make_mapping, free_mapping);
}
