/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tests file
 *
 * The texts are only read here. What runs them knows lines and pages (daemon/self_test).
 */

#include "config/tests_file.h"

struct test_nodes {
    const struct node *name, *send, *expect;
};

#define LINES_SCHEMA "{\"type\": \"string\"}, {\"type\": \"array\"}, {\"type\": \"object\"}"

#define FIELD_NODES struct test_nodes
static const struct field test_fields[] = {
    { "name", FIELD_TEXT, FIELD(name), "what it shows" },
    { "send", FIELD_ANY, FIELD(send), "lines: a list, or a text of several lines",
      .schema = LINES_SCHEMA },
    { "expect", FIELD_ANY, FIELD(expect),
      "series, each with its value, that there must be then; a list, a text of several lines, or a "
      "map",
      .schema = LINES_SCHEMA },
};
const struct field_table tests_table = FIELD_TABLE(test_fields, "a test");
#undef FIELD_NODES

struct lines {
    struct draft *draft;
    struct slice *items;
    size_t n;
};

static size_t count_lines(struct slice text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

/* Add each line of @text that is not empty. */
static void add_lines(struct lines *lines, struct slice text)
{
    while (text.len) {
        struct slice line = slice_trim(slice_cut(&text, '\n'));

        if (line.len)
            lines->items[lines->n++] = draft_copy(lines->draft, line);
    }
}

/* Add "KEY VALUE". */
static void add_pair(struct lines *lines, const struct node *value)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };

    buffer_add(&line, value->key->text);
    buffer_add_char(&line, ' ');
    buffer_add(&line, value->text);
    add_lines(lines, buffer_text(&line));
}

static void add_item(struct lines *lines, const struct node *item, const char *what)
{
    if (item->shape != NODE_SCALAR)
        problems_add(lines->draft->problems, item->place, "%s: expected a line of text; quote it",
                     what);
    else if (item->key)
        add_pair(lines, item);
    else
        add_lines(lines, item->text);
}

/* The most lines that @node has. */
static size_t room_for(const struct node *node)
{
    size_t n = node->shape == NODE_SCALAR ? count_lines(node->text) : 0;

    for (const struct node *item = node->first; item; item = item->next)
        n += count_lines(item->text) + (item->key ? count_lines(item->key->text) : 0);
    return n;
}

/* Read the lines at @node; none if it is NULL or out of memory. */
static struct lines read_lines(struct draft *draft, const struct node *node, const char *what)
{
    struct lines lines = { .draft = draft };

    if (!node)
        return lines;
    lines.items = draft_alloc(draft, room_for(node) * sizeof(struct slice));
    if (!lines.items)
        return lines;
    if (node->shape == NODE_SCALAR)
        add_lines(&lines, node->text);
    for (const struct node *item = node->first; item; item = item->next)
        add_item(&lines, item, what);
    return lines;
}

static void read_test(struct draft *draft, const struct field_reader *reader,
                      const struct node *node)
{
    struct test_nodes nodes;
    struct lines send, expect;
    struct draft_test *test;

    if (!field_read_item(reader, &tests_table, node, &nodes))
        return;
    if (!nodes.send || !nodes.expect) {
        problems_add(draft->problems, node->place,
                     "expected send: [LINE, …] and expect: [SERIES "
                     "VALUE, …] in this test");
        return;
    }
    draft->says_something = true;
    send = read_lines(draft, nodes.send, "send");
    expect = read_lines(draft, nodes.expect, "expect");
    test = draft_add(draft, &draft->tests, sizeof(*test));
    if (test)
        *test = (struct draft_test){
            .path = draft->file.at,
            .place = node->place,
            .name = nodes.name ? draft_copy(draft, nodes.name->text) : SLICE(""),
            .send = send.items,
            .n_send = send.n,
            .expect = expect.items,
            .n_expect = expect.n,
        };
}

void tests_file_read(struct draft *draft, const struct field_reader *reader,
                     const struct node *list)
{
    for (const struct node *node = list ? list->first : NULL; node; node = node->next)
        read_test(draft, reader, node);
}
