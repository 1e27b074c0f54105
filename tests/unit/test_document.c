/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buffer.h"
#include "config/alias.h"
#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct buffer text;
static char path[] = "/tmp/udometer-test-document-XXXXXX";

/* The number of calls of calloc() that succeed; -1: all. */
static int n_callocs_left = -1;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    if (n_callocs_left == 0)
        return NULL;
    if (n_callocs_left > 0)
        n_callocs_left--;
    return __real_calloc(n, size);
}

/* --- a tree as one line ---------------------------------------------------------- */

static void add_node(const struct node *node, bool has_places);

static void add_values(const struct node *node, bool has_places)
{
    for (const struct node *value = node->first; value; value = value->next) {
        if (value->key) {
            add_node(value->key, has_places);
            buffer_add_literal(&text, ": ");
        }
        add_node(value, has_places);
        if (value->is_repeated)
            buffer_add_literal(&text, " again");
        if (value->next)
            buffer_add_literal(&text, ", ");
    }
}

static void add_node(const struct node *node, bool has_places)
{
    if (has_places)
        buffer_add_format(&text, "%u:%u ", node->place.line, node->place.column);
    switch (node->shape) {
    case NODE_SCALAR:
        assert_int_equal(node->text.at[node->text.len], '\0');
        buffer_add_format(&text, node->is_plain ? "%s" : "'%s'", node->text.at);
        break;
    case NODE_LIST:
        buffer_add_char(&text, '[');
        add_values(node, has_places);
        buffer_add_char(&text, ']');
        break;
    case NODE_MAP:
        buffer_add_char(&text, '{');
        add_values(node, has_places);
        buffer_add_char(&text, '}');
        break;
    }
}

static void add_problems(const struct problems *problems)
{
    buffer_clear(&text);
    buffer_add(&text, buffer_text(&problems->lines));
    buffer_add_char(&text, '\0');
}

/* The tree of @bytes as text. */
static const char *tree(struct slice bytes, bool has_places)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(document_freep) struct document *document = document_parse(bytes, &problems);

    if (!document) {
        add_problems(&problems);
        fail_msg("%.*s: %s", (int)bytes.len, bytes.at, text.data);
    }
    assert_int_equal(problems.n, 0);
    buffer_clear(&text);
    if (document_root(document))
        add_node(document_root(document), has_places);
    buffer_add_char(&text, '\0');
    return text.data;
}

/* The problems of @bytes, which is refused. */
static const char *problems_of(struct slice bytes)
{
    CLEANUP(problems_deinit) struct problems problems = { .path = "f" };
    struct document *document = document_parse(bytes, &problems);

    if (document)
        fail_msg("accepted: %.*s", (int)bytes.len, bytes.at);
    add_problems(&problems);
    assert_true(problems.n > 0);
    return text.data;
}

#define assert_tree(bytes, expected) assert_string_equal(tree(SLICE(bytes), false), expected)
#define assert_places(bytes, expected) assert_string_equal(tree(SLICE(bytes), true), expected)
#define assert_problems(bytes, expected) assert_string_equal(problems_of(SLICE(bytes)), expected)

/* --- trees ----------------------------------------------------------------------- */

static void maps_lists_and_scalars_make_a_tree(void **state)
{
    assert_tree("a: 1\nb:\n  c: [x, y]\n  d:\n  - e: 1\n    f: 2\n  - g\n",
                "{a: 1, b: {c: [x, y], d: [{e: 1, f: 2}, g]}}");
    assert_tree("- - a\n  - b\n- []\n- {}\n", "[[a, b], [], {}]");
    assert_tree("word", "word");
}

static void flow_style_is_the_same_tree(void **state)
{
    assert_tree("{\"a\": [1, {\"b\": null}], \"c\": {}}", "{'a': [1, {'b': null}], 'c': {}}");
    assert_tree("[a: 1, b]", "[{a: 1}, b]");
}

static void a_file_may_be_empty(void **state)
{
    assert_tree("", "");
    assert_string_equal(tree((struct slice){ NULL, 0 }, false), "");
    assert_tree("\n\n", "");
    assert_tree("# only this", "");
    assert_tree("---\n", "");
    assert_tree("---\n# this\n...\n", "");
    assert_tree("\xef\xbb\xbf", "");
}

static void an_empty_value_is_an_empty_plain_scalar(void **state)
{
    assert_tree("a:\nb: ''\nc: ~\n", "{a: , b: '', c: ~}");
    assert_tree("- \n- x\n", "[, x]");
    assert_tree("{a, b: }", "{a: , b: }");
    assert_tree("? a\n", "{a: }");
}

static void scalars_say_whether_they_are_quoted(void **state)
{
    assert_tree(
        "- plain words\n- 'it''s'\n- \"a\\tb\\u00e4\"\n- |\n  one\n  two\n- >-\n  one\n  two\n",
        "[plain words, 'it's', 'a\tb\xc3\xa4', 'one\ntwo\n', 'one two']");
}

static void a_document_may_have_marks(void **state)
{
    assert_tree("%YAML 1.1\n---\na: 1\n...\n", "{a: 1}");
    assert_tree("---\na: 1\n", "{a: 1}");
}

static void tags_and_anchors_are_ignored(void **state)
{
    assert_tree("a: !!str 5\nb: &x 6\nc: !mine [7]\n", "{a: 5, b: 6, c: [7]}");
}

static void repeated_keys_are_marked(void **state)
{
    assert_tree("a: 1\nb: 2\na: 3\n'a': 4\nc: {a: 1}\n",
                "{a: 1, b: 2, a: 3 again, 'a': 4 again, c: {a: 1}}");
    assert_tree("- b: {x: 1, x: 2}\n- b: 1\n", "[{b: {x: 1, x: 2 again}}, {b: 1}]");
    assert_tree("{a: 1, a: 2, a: 3}", "{a: 1, a: 2 again, a: 3 again}");
    assert_tree("aa: 1\na: 1\naaa: 1\n'': 1\n", "{aa: 1, a: 1, aaa: 1, '': 1}");
}

/* --- places ---------------------------------------------------------------------- */

static void nodes_know_their_places(void **state)
{
    assert_places("a: 1\nbc:\n  d:   x\n  e:\n    - f\n    - [g,  h]\n",
                  "1:1 {1:1 a: 1:4 1, 2:1 bc: 3:3 {3:3 d: 3:8 x, "
                  "4:3 e: 5:5 [5:7 f, 6:7 [6:8 g, 6:12 h]]}}");
    assert_places("# first\n\n- \"q\"\n- |\n  block\n", "3:1 [3:3 'q', 4:3 'block\n']");
    assert_places("{a: {b: c}}", "1:1 {1:2 a: 1:5 {1:6 b: 1:9 c}}");
}

static void an_empty_value_stands_after_its_key(void **state)
{
    assert_places("a:\nb: 1\n", "1:1 {1:1 a: 1:3 , 2:1 b: 2:4 1}");
    assert_places("- a\n-\n", "1:1 [1:3 a, 2:2 ]");
}

static void columns_count_characters(void **state)
{
    assert_places("\xc3\xa4\xe2\x82\xac: \xf0\x9f\x8c\xa7 # \n",
                  "1:1 {1:1 \xc3\xa4\xe2\x82\xac: 1:5 "
                  "\xf0\x9f\x8c\xa7}");
    assert_places("a:\tb\n", "1:1 {1:1 a: 1:4 b}");
}

static void any_line_break_ends_a_line(void **state)
{
    assert_places("a: 1\r\nb: 2\r\n", "1:1 {1:1 a: 1:4 1, 2:1 b: 2:4 2}");
    assert_places("a: 1\rb: 2\r", "1:1 {1:1 a: 1:4 1, 2:1 b: 2:4 2}");
    assert_problems("#\n#\r#\r\n#\xc2\x85#\xe2\x80\xa8#\xe2\x80\xa9 @",
                    "f:7:2: found character that cannot start any token; quote the value, or "
                    "indent with spaces\n");
    assert_problems("#\n#\r#\r\n#\xc2\x85#\xe2\x80\xa8#\xe2\x80\xa9 \xff",
                    "f:7:2: invalid leading UTF-8 octet\n");
}

static void a_byte_order_mark_has_no_column(void **state)
{
    assert_places("\xef\xbb\xbf"
                  "a: 1\n",
                  "1:1 {1:1 a: 1:4 1}");
    assert_problems("\xef\xbb\xbf"
                    "a: \xff\n",
                    "f:1:4: invalid leading UTF-8 octet\n");
}

/* --- problems -------------------------------------------------------------------- */

static void says_where_yaml_is_broken(void **state)
{
    assert_problems("a: 1\nb: \"x\nc: 1\n",
                    "f:4:1: found unexpected end of stream; is a quote missing?\n");
    assert_problems("a: 1\n\tb: 1\n", "f:2:1: found a tab character that violates indentation\n");
    assert_problems("a: [1\n", "f:2:1: did not find expected ',' or ']'\n");
    assert_problems("a: b: c\n", "f:1:5: mapping values are not allowed in this context; check the "
                                 "indentation, or quote a value with ': ' in it\n");
    assert_problems("a: @\n", "f:1:4: found character that cannot start any token; quote the "
                              "value, or indent with spaces\n");
    assert_problems("a: 1\n b: 1\n", "f:2:3: mapping values are not allowed in this context; check "
                                     "the indentation, or quote a value with ': ' in it\n");
    assert_problems("a: 1\n- b\n",
                    "f:2:1: did not find expected key; check the indentation here and above\n");
}

static void says_where_a_file_is_not_utf8(void **state)
{
    assert_problems("a: 1\nb: \xff\n", "f:2:4: invalid leading UTF-8 octet\n");
    assert_problems("a: 1\r\n\xc3\xa4: \xc3(\n", "f:2:5: invalid trailing UTF-8 octet\n");
    assert_problems("a: 1\rb: \xe2\x82", "f:2:4: incomplete UTF-8 octet sequence\n");
    assert_problems("a: \xed\xa0\x80", "f:1:4: invalid Unicode character\n");
    assert_problems("\xff\xfe"
                    "a\0",
                    "f:1:1: invalid leading UTF-8 octet\n");
    assert_problems("\xfe\xff\0a", "f:1:1: invalid leading UTF-8 octet\n");
}

static void control_characters_are_refused(void **state)
{
    assert_problems("a: 1\nb: \0\n", "f:2:4: control characters are not allowed\n");
    assert_problems("a: \x1b[1m\n", "f:1:4: control characters are not allowed\n");
    assert_problems("a: \"4\\0 or more\"\n", "f:1:4: this contains a NUL character\n");
}

static void an_alias_is_the_value_of_its_anchor(void **state)
{
    assert_tree("a: &x 1\nb: *x\n", "{a: 1, b: 1}");
    assert_tree("a: &x [1, {c: d}]\nb: [*x, *x]\n",
                "{a: [1, {c: d}], b: [[1, {c: d}], [1, {c: d}]]}");
    assert_tree("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}");
    assert_tree("a: &x k\n*x : 1\n", "{a: k, k: 1}");
    assert_tree("- &x {a: 1}\n- *x\n", "[{a: 1}, {a: 1}]");
}

static void an_alias_of_nothing_is_told(void **state)
{
    assert_problems("a: *nothing\n", "f:1:4: *nothing: no value above has the anchor &nothing; if "
                                     "the text begins with '*', quote it\n");
    assert_problems("a: &a [*a]\n", "f:1:8: *a: no value above has the anchor &a; if the text "
                                    "begins with '*', quote it\n");
    assert_problems("a: *.b.c\n", "f:1:5: did not find expected alphabetic or numeric character; "
                                  "quote a value that begins with '*' or '&'\n");
}

static void a_merge_key_adds_the_keys_of_a_map(void **state)
{
    assert_tree("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", "{a: {b: 1, c: 2}, d: {c: 3, b: 1}}");
    assert_tree("- &x {a: 1}\n- &y {a: 2, b: 3}\n- {<<: [*x, *y]}\n",
                "[{a: 1}, {a: 2, b: 3}, {a: 1, b: 3}]");
    assert_tree("- &x {a: 1}\n- &y {<<: *x, b: 2}\n- {<<: *y, c: 3}\n",
                "[{a: 1}, {b: 2, a: 1}, {c: 3, b: 2, a: 1}]");
    assert_tree("{'<<': 1}", "{'<<': 1}");
    assert_problems("<<: 1\n", "f:1:5: <<: expected a map to merge, such as *NAME, or a list of "
                               "maps\n");
}

static void an_alias_bomb_makes_no_tree(void **state)
{
    CLEANUP(buffer_deinit) struct buffer bomb = { 0 };

    buffer_add_literal(&bomb, "- &a0 [x, x]\n");
    for (int i = 1; i < 30; i++)
        buffer_add_format(&bomb, "- &a%d [*a%d, *a%d]\n", i, i - 1, i - 1);
    assert_string_equal(problems_of(buffer_text(&bomb)),
                        "f:18:15: this file has too many values; expected at most 1000000, "
                        "including keys\n");
    buffer_clear(&bomb);
    buffer_add_literal(&bomb, "- &a0 [x]\n");
    for (int i = 1; i < 40; i++)
        buffer_add_format(&bomb, "- &a%d [*a%d]\n", i, i - 1);
    assert_string_equal(problems_of(buffer_text(&bomb)), "f:32:9: this is nested too deeply\n");
}

static void anchors_and_merged_keys_are_limited(void **state)
{
    CLEANUP(buffer_deinit) struct buffer many = { 0 };

    for (int i = 0; i <= ALIAS_ANCHORS_MAX; i++)
        buffer_add_format(&many, "- &a%d x\n", i);
    assert_string_equal(problems_of(buffer_text(&many)),
                        "f:1001:3: too many anchors; expected at most 1000\n");
    buffer_clear(&many);
    buffer_add_literal(&many, "- &x { a: b }\n- <<: *x\n");
    for (int i = 0; i <= ALIAS_MERGE_MAX; i++)
        buffer_add_format(&many, "  k%d: x\n", i);
    assert_string_equal(problems_of(buffer_text(&many)),
                        "f:2:7: <<: expected a map of at most 1000 keys\n");
}

static void a_key_is_a_scalar(void **state)
{
    assert_problems("? {a: 1}\n: 5\n", "f:1:3: expected a plain key\n");
    assert_problems("{[a]: 1, b: 2, {c: d}: [e]}\n", "f:1:2: expected a plain key\n"
                                                     "f:1:16: expected a plain key\n");
    assert_problems("? - {? [a] : b}\n", "f:1:3: expected a plain key\n"
                                         "f:1:8: expected a plain key\n");
}

static void a_second_document_is_refused(void **state)
{
    const char *expected = "f:2:1: a second document begins here; expected only one in this file\n";

    assert_problems("a: 1\n---\nb: 1\n", expected);
    assert_problems("a: 1\n---\n", expected);
    assert_problems("---\n---\n", expected);
    assert_problems("a: 1\n...\nb: 1\n", "f:3:1: did not find expected <document start>\n");
}

static void all_problems_are_found_up_to_broken_yaml(void **state)
{
    assert_problems("a: *x\nb: \"\\0\"\n? [c]\n: 1\ne: @\nf: *v\n",
                    "f:1:4: *x: no value above has the anchor &x; if the text begins with '*', "
                    "quote it\n"
                    "f:2:4: this contains a NUL character\n"
                    "f:3:3: expected a plain key\n"
                    "f:5:4: found character that cannot start any token; quote the value, or "
                    "indent with spaces\n");
}

/* --- limits ---------------------------------------------------------------------- */

/* @n times @unit, then @middle, then @n times @end; valid until the next call. */
static struct slice nested(unsigned n, const char *unit, const char *middle, const char *end)
{
    static struct buffer bytes;

    buffer_deinit(&bytes);
    for (unsigned i = 0; i < n; i++)
        buffer_add(&bytes, slice_of(unit));
    buffer_add(&bytes, slice_of(middle));
    for (unsigned i = 0; i < n; i++)
        buffer_add(&bytes, slice_of(end));
    return buffer_text(&bytes);
}

static void nesting_has_a_limit(void **state)
{
    assert_non_null(strstr(tree(nested(DOCUMENT_DEPTH_MAX, "[", "x", "]"), false), "[[x]]"));
    assert_string_equal(problems_of(nested(DOCUMENT_DEPTH_MAX + 1, "[", "x", "]")),
                        "f:1:33: this is nested too deeply\n");
    assert_string_equal(problems_of(nested(DOCUMENT_DEPTH_MAX + 1, "{a: ", "x", "}")),
                        "f:1:129: this is nested too deeply\n");
    assert_string_equal(problems_of(nested(300000, "[", "", "")),
                        "f:1:33: this is nested too deeply\n");
    assert_string_equal(problems_of(nested(300000, "- ", "", "")),
                        "f:1:65: this is nested too deeply\n");
    assert_non_null(
        strstr(problems_of(nested(300000, "? ", "", "")), "f:1:65: this is nested too deeply\n"));
}

static void values_have_a_limit(void **state)
{
    assert_int_equal(DOCUMENT_NODES_MAX, 1000000);
    /* The list, and the values in it. */
    (void)tree(nested(DOCUMENT_NODES_MAX - 1, "- a\n", "", ""), false);
    assert_string_equal(problems_of(nested(DOCUMENT_NODES_MAX, "- a\n", "", "")),
                        "f:1000000:3: this file has too many values; expected at most 1000000, "
                        "including keys\n");
}

static void without_memory_there_is_one_problem(void **state)
{
    const struct slice bytes = SLICE("a: [b, c]\nd: {e: f}\n");
    bool is_read = false;

    for (int n = 0; !is_read; n++) {
        CLEANUP(problems_deinit) struct problems problems = { .path = "f" };
        struct document *document;

        assert_true(n < 10);
        n_callocs_left = n;
        document = document_parse(bytes, &problems);
        n_callocs_left = -1;
        is_read = document != NULL;
        if (!is_read) {
            add_problems(&problems);
            assert_string_equal(text.data, "f: out of memory\n");
        }
        document_free(document);
    }
}

/* --- files ----------------------------------------------------------------------- */

static void write_file(struct slice bytes)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

/* The problems of a file that is refused. */
static const char *problems_of_file(const char *name)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };

    assert_null(document_read(name, "--the.flag", &problems));
    assert_string_equal(problems.path, name);
    add_problems(&problems);
    assert_int_equal(problems.n, 1);
    return text.data;
}

static void a_file_is_read_whole(void **state)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(document_freep) struct document *document = NULL;

    write_file(SLICE("a: 1\nb: \xc3\xa4\n"));
    document = document_read(path, "--the.flag", &problems);
    assert_non_null(document);
    assert_int_equal(problems.n, 0);
    assert_string_equal(problems.path, path);
    assert_slice_equal(document_root(document)->first->next->text, "\xc3\xa4");
}

static void says_why_a_file_cannot_be_read(void **state)
{
    assert_string_equal(problems_of_file("/tmp/no/such/file.yml"),
                        "/tmp/no/such/file.yml: cannot be read: there is no folder /tmp/no; "
                        "check --the.flag\n");
    assert_string_equal(problems_of_file("/tmp"),
                        "/tmp: cannot be read: Is a directory; check --the.flag\n");
    assert_string_equal(problems_of_file(""),
                        ": cannot be read: No such file or directory; check --the.flag\n");
}

static void a_file_without_permission_cannot_be_read(void **state)
{
    if (geteuid() == 0)
        skip(); /* root may read any file */
    write_file(SLICE("a: 1\n"));
    assert_int_equal(chmod(path, 0), 0);
    assert_non_null(strstr(problems_of_file(path), ": cannot be read: Permission denied; "));
    assert_int_equal(chmod(path, 0600), 0);
}

static void an_endless_file_is_not_read_to_its_end(void **state)
{
    assert_string_equal(problems_of_file("/dev/zero"), "/dev/zero: is too large; expected at "
                                                       "most 16384 KiB; check --the.flag\n");
}

static void a_file_has_a_limit_of_size(void **state)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(document_freep) struct document *document = NULL;
    CLEANUP(buffer_deinit) struct buffer bytes = { 0 };

    while (bytes.len < FILE_BYTES_MAX)
        buffer_add_char(&bytes, 'a');
    write_file(buffer_text(&bytes));
    document = document_read(path, "--the.flag", &problems);
    assert_non_null(document);
    assert_int_equal(document_root(document)->text.len, FILE_BYTES_MAX);
    buffer_add_char(&bytes, 'a');
    write_file(buffer_text(&bytes));
    assert_non_null(strstr(problems_of_file(path), ": is too large; expected at most 16384 KiB"));
}

static int begin(void **state)
{
    int fd = mkstemp(path);

    return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
    nested(0, "", "", "");
    buffer_deinit(&text);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(maps_lists_and_scalars_make_a_tree),
        CASE(flow_style_is_the_same_tree),
        CASE(a_file_may_be_empty),
        CASE(an_empty_value_is_an_empty_plain_scalar),
        CASE(scalars_say_whether_they_are_quoted),
        CASE(a_document_may_have_marks),
        CASE(tags_and_anchors_are_ignored),
        CASE(repeated_keys_are_marked),
        CASE(nodes_know_their_places),
        CASE(an_empty_value_stands_after_its_key),
        CASE(columns_count_characters),
        CASE(any_line_break_ends_a_line),
        CASE(a_byte_order_mark_has_no_column),
        CASE(says_where_yaml_is_broken),
        CASE(says_where_a_file_is_not_utf8),
        CASE(control_characters_are_refused),
        CASE(an_alias_is_the_value_of_its_anchor),
        CASE(an_alias_of_nothing_is_told),
        CASE(a_merge_key_adds_the_keys_of_a_map),
        CASE(anchors_and_merged_keys_are_limited),
        CASE(an_alias_bomb_makes_no_tree),
        CASE(a_key_is_a_scalar),
        CASE(a_second_document_is_refused),
        CASE(all_problems_are_found_up_to_broken_yaml),
        CASE(nesting_has_a_limit),
        CASE(values_have_a_limit),
        CASE(without_memory_there_is_one_problem),
        CASE(a_file_is_read_whole),
        CASE(says_why_a_file_cannot_be_read),
        CASE(a_file_without_permission_cannot_be_read),
        CASE(an_endless_file_is_not_read_to_its_end),
        CASE(a_file_has_a_limit_of_size),
    };

    return cmocka_run_group_tests(cases, begin, end);
}
