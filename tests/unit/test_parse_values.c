/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse: several samples on a line, from its header and proto/README.md, section 4
 *
 * Results are written as one string: values with a '/' after each, and links as value>rest/.
 */

#include "cuttings.h"

#include "base/number.h"
#include "input/parse.h"

static const struct parse_options options = { .line_max = 65536, .dialects = ~0u };

/* --- several values ------------------------------------------------------------ */

static struct line line_of(const char *text)
{
    struct line line;

    if (parse_line(slice_of(text), &options, &line) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    return line;
}

static void must_unpack(const char *text, const char *expected)
{
    struct line line = line_of(text);
    struct slice values = line.value;
    struct cuttings cut = { .n = 0 };

    while (parse_next_value(&values, &line))
        add(&cut, line.value, '/');
    assert_false(parse_next_value(&values, &line));
    must_be(&cut, text, expected);
}

static void only_a_value_with_a_colon_is_packed(void **state)
{
    static const char *const packed[] = { "a:1:2|c", "a::|c", "a:1:|c", "a::1|c", "a:x:y|s" };
    static const char *const single[] = { "a:1|c",     "a:|c",       "a:x|s",
                                          "a:1|c:2|c", "a:1|c|#k:v", "a[k=v:w]:1|c" };
    struct line line;

    for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
        line = line_of(packed[i]);
        if (!parse_is_packed(&line))
            fail_msg("%s", packed[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
        line = line_of(single[i]);
        if (parse_is_packed(&line))
            fail_msg("%s", single[i]);
    }
}

static void unpacks_every_value(void **state)
{
    must_unpack("a:1:2:3|h", "1/2/3/");
    must_unpack("a:1|h", "1/");
    must_unpack("a:1::3|h", "1//3/");
    must_unpack("a::1|h", "/1/");
    must_unpack("a:1:|h", "1//");
    must_unpack("a::|h", "//");
    must_unpack("a:::|h", "///");
    must_unpack("a:-1: x:+2|g", "-1/ x/+2/");
}

/* The byte of the first packed value that is neither a number nor empty. */
static void must_fault_at(const char *text, size_t fault)
{
    struct line line = line_of(text);
    const char *actual = parse_packed_fault(&line);

    if (actual != text + fault)
        fail_msg("%s: the fault is at %d", text, actual ? (int)(actual - text) : -1);
}

static void all_packed_values_may_be_numbers_or_empty(void **state)
{
    static const char *const lines[] = { "a:1:2|c",    "a:1::3|c",       "a::1|c",
                                         "a:1:|c",     "a::|c",          "a:-1:+2.5:.5:5.|c",
                                         "a:1e5:2|c",  "a:1E-5:-1e+5|c", "a:1e999:2|c",
                                         "a:.5::-1|c", "a:1.5:|c",       "a::1.5|c" };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct line line = line_of(lines[i]);

        if (parse_packed_fault(&line))
            fail_msg("%s", lines[i]);
    }
}

static void points_at_the_packed_value_that_is_neither(void **state)
{
    must_fault_at("a:x:1|c", 2);
    must_fault_at("a:1:x|c", 4);
    must_fault_at("a:1:2:3x:y|c", 7);
    must_fault_at("a::1.2.3|c", 6);
    must_fault_at("a:1:-|c", 5);
    must_fault_at("a:1:.:2|c", 5);
    must_fault_at("a:1:1e:2|c", 6);
    must_fault_at("a:1: 2|c", 4);
    must_fault_at("a:12345678:12345678:1234567\x80|c", 27);
    must_fault_at("a:1/:2|c", 3); /* the byte before '0', and that after ':' */
    must_fault_at("a:1;:2|c", 3);
}

/* Each value is one as parse_next_value() sees it; only range and length are not looked at. */
static void agrees_with_the_values_themselves(void **state)
{
    static const char bytes[] = "0123456789:::..-+eEx";
    uint64_t random = 1;

    for (int i = 0; i < 100000; i++) {
        char text[24] = "";
        struct line line = { .value = { text, 0 } }, member = { .is_number = false };
        struct slice values;
        bool is_good = true;

        for (size_t j = 0; j < sizeof(text); j++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[j] = bytes[(random >> 33) % (sizeof(bytes) - 1)];
        }
        line.value.len = (random >> 20) % sizeof(text);
        values = line.value;
        while (parse_next_value(&values, &member))
            is_good &= !member.value.len || number_prefix(member.value) == member.value.len;
        if (is_good != !parse_packed_fault(&line))
            fail_msg("%.*s", (int)line.value.len, text);
    }
}

static void a_chain_has_the_fault_of_its_first_link(void **state)
{
    struct line line = line_of("a:1:x|c:2|c");

    assert_ptr_equal(parse_chain_fault(&line), line.name.at + 4);
    line = line_of("a:x|c:2|c");
    assert_null(parse_chain_fault(&line));
    line = line_of("a:1:2|c:x:2|c");
    assert_null(parse_chain_fault(&line));
    line = line_of("a:x:y|s:2|c");
    assert_null(parse_chain_fault(&line));
}

static void each_value_is_read_anew(void **state)
{
    struct line line = line_of("a:-1:x:2:+3|g");
    struct slice values = line.value;

    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && line.is_relative && line.number == -1);
    assert_true(parse_next_value(&values, &line));
    assert_false(line.is_number || line.is_relative);
    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && !line.is_relative && line.number == 2);
    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && line.is_relative && line.number == 3);
    assert_slice_equal(line.name, "a");
    assert_slice_equal(line.rest, "|g");
}

/* --- chains ---------------------------------------------------------------------- */

/* The links of the line, each as value>rest with a '/' after it; NULL if it is not a chain. */
static void must_chain(const char *text, const char *expected)
{
    struct line line = line_of(text);
    struct slice links = { line.value.at, line.value.len + line.rest.len };
    struct cuttings cut = { .n = 0 };

    if (parse_is_chain(&line) != (expected != NULL))
        fail_msg("%s: is%s a chain", text, expected ? " not" : "");
    if (!expected)
        return;
    while (parse_next_link(&links, &line)) {
        add(&cut, line.value, '>');
        add(&cut, line.rest, '/');
        assert_slice_equal(line.name, "a");
    }
    assert_false(parse_next_link(&links, &line));
    must_be(&cut, text, expected);
}

static void a_colon_in_a_type_begins_the_next_link(void **state)
{
    must_chain("a:1|c:200|ms:6|g", "1>|c/200>|ms/6>|g/");
    must_chain("a:1|c:2|c", "1>|c/2>|c/");
    must_chain("a:1|c:-2|g|c:id", "1>|c/-2>|g|c:id/");
}

static void a_colon_in_a_rate_begins_the_next_link(void **state)
{
    must_chain("a:1|c:200|ms|@0.1:6|g", "1>|c/200>|ms|@0.1/6>|g/");
    must_chain("a:1|ms|@0.1:2|c", "1>|ms|@0.1/2>|c/");
    must_chain("a:1|ms|@0.1|@0.5:2|c|@0.2:3|c", "1>|ms|@0.1|@0.5/2>|c|@0.2/3>|c/");
    must_chain("a:1|c|@:2|c", "1>|c|@/2>|c/");
    must_chain("a:1|c|T123|@0.5:2|c", "1>|c|T123|@0.5/2>|c/");
}

static void a_colon_in_another_section_does_not(void **state)
{
    must_chain("a:1|c|c:id", NULL);
    must_chain("a:1|c|T1:2|c", NULL);
    must_chain("a:1|c|x:2|c", NULL);
    must_chain("a:1|c||:2|c", NULL);
    must_chain("a:1|c:2|c|e:x:3|g", "1>|c/2>|c|e:x:3|g/");
}

static void one_sample_is_no_chain(void **state)
{
    must_chain("a:1|c", NULL);
    must_chain("a:1|", NULL);
    must_chain("a:1||", NULL);
    must_chain("a:1:2|c|@0.5", NULL);
    must_chain("a:x:y|s", NULL);
}

static void a_link_may_be_odd(void **state)
{
    must_chain("a:1|c:", "1>|c/>/");
    must_chain("a:1|c:2", "1>|c/2>/");
    must_chain("a:1|c::", "1>|c/:>/");
    must_chain("a:1|c::2|c", "1>|c/:2>|c/");
    must_chain("a:1|c:|c", "1>|c/>|c/");
    must_chain("a:1|c|@0.5:", "1>|c|@0.5/>/");
}

static void a_link_may_be_packed(void **state)
{
    must_chain("a:1:2|c:3:4|ms", "1:2>|c/3:4>|ms/");
    must_chain("a:x:y|s:3:4|ms:z|s", "x:y>|s/3:4>|ms/z>|s/");
}

static void a_tag_section_makes_it_no_chain(void **state)
{
    must_chain("a:1|c:2|ms|#k:v", NULL);
    must_chain("a:1|c|#k:v|@0.1:2|ms", NULL);
    must_chain("a:1|c|@0.1:2|ms|#", NULL);
    must_chain("a:1|#c:2|ms", NULL);
    must_chain("a:1|c:#2|s", "1>|c/#2>|s/");
}

static void each_link_is_read_anew(void **state)
{
    struct line line = line_of("a:-1|g:x|s:2|ms");
    struct slice links = { line.value.at, line.value.len + line.rest.len };

    assert_true(parse_next_link(&links, &line));
    assert_true(line.is_number && line.is_relative && line.number == -1);
    assert_true(parse_next_link(&links, &line));
    assert_false(line.is_number || line.is_relative);
    assert_true(parse_next_link(&links, &line));
    assert_true(line.is_number && !line.is_relative && line.number == 2);
}

/* "[aaa…]:1|c:2|c", with a name of @name_len bytes. */
static bool is_chain_with_name(size_t name_len)
{
    static char text[CHAIN_NAME_MAX + 64];
    struct slice whole = { text, name_len + 8 };
    struct line line;

    memset(text, 'a', name_len);
    text[0] = '[';
    text[name_len - 1] = ']';
    memcpy(text + name_len, ":1|c:2|c", 8);
    assert_int_equal(parse_line(whole, &options, &line), VERDICT_APPLIED);
    assert_int_equal(line.name.len, name_len);
    return parse_is_chain(&line);
}

static void a_chain_has_a_name_of_1024_bytes_at_most(void **state)
{
    assert_true(is_chain_with_name(CHAIN_NAME_MAX - 1));
    assert_true(is_chain_with_name(CHAIN_NAME_MAX));
    assert_false(is_chain_with_name(CHAIN_NAME_MAX + 1));
    assert_int_equal(CHAIN_NAME_MAX, 1024);
}

/* Cutting all links, with the check before, reads the line a few times at most. */
static void endures_a_chain_of_20000_links(void **state)
{
    static char text[65536];
    struct slice links = { text + 2, 60000 };
    struct line line;
    unsigned n = 0;

    for (size_t i = 0; i < 60002; i++)
        text[i] = "c:|"[(i + 2) % 3];
    memcpy(text, "a:", 2);
    assert_int_equal(parse_line((struct slice){ text, 60002 }, &options, &line), VERDICT_APPLIED);
    assert_true(parse_is_chain(&line));
    while (parse_next_link(&links, &line))
        n++;
    assert_true(n >= 20000);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(only_a_value_with_a_colon_is_packed),
        CASE(unpacks_every_value),
        CASE(all_packed_values_may_be_numbers_or_empty),
        CASE(points_at_the_packed_value_that_is_neither),
        CASE(agrees_with_the_values_themselves),
        CASE(a_chain_has_the_fault_of_its_first_link),
        CASE(each_value_is_read_anew),
        CASE(a_colon_in_a_type_begins_the_next_link),
        CASE(a_colon_in_a_rate_begins_the_next_link),
        CASE(a_colon_in_another_section_does_not),
        CASE(one_sample_is_no_chain),
        CASE(a_link_may_be_odd),
        CASE(a_link_may_be_packed),
        CASE(a_tag_section_makes_it_no_chain),
        CASE(each_link_is_read_anew),
        CASE(a_chain_has_a_name_of_1024_bytes_at_most),
        CASE(endures_a_chain_of_20000_links),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
