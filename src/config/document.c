/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Document
 *
 * libyaml turns the bytes into events: a scalar, the start of a list, its end, … An event
 * makes a node, which is appended to the innermost open list or map. A key is kept until its
 * value follows; then the value is appended and points to the key.
 *
 * Reading continues after something that is not accepted, to find all such problems; the
 * tree is discarded at the end. Reading stops at once only where libyaml fails or a limit is
 * reached.
 *
 * Nothing recurses: the open lists and maps are a stack of limited depth. Each alias counts with
 * all that it stands for (config/alias.h), so a few lines cannot expand to a huge tree.
 */

#include "config/document.h"

#include "base/arena.h"
#include "config/alias.h"
#include "config/file.h"

#include <stdlib.h>
#include <yaml.h>

struct document {
    struct arena arena; /* holds all nodes and texts */
    struct node *root;
};

/* An open list or map. */
struct level {
    struct node *node;
    struct node **end;   /* where to link its next value */
    size_t n;            /* values so far */
    bool is_key;         /* it stands where a key should be */
    struct slice anchor; /* its name; `at` is NULL if it has none */
};

struct reading {
    struct document *document;
    struct problems *problems;
    struct slice bytes;
    yaml_parser_t parser;
    struct level levels[DOCUMENT_DEPTH_MAX];
    unsigned depth;
    struct anchors anchors;
    struct node *key; /* in the innermost map, whose value comes next; NULL: none */
    unsigned n_nodes, n_documents;
};

static struct place place_of(const yaml_mark_t *mark)
{
    return (struct place){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

static bool fail_without_memory(struct problems *problems)
{
    problems_add(problems, PLACE_NONE, "out of memory");
    return false;
}

/* --- the tree -------------------------------------------------------------------- */

static struct level *innermost(struct reading *reading)
{
    return reading->depth ? &reading->levels[reading->depth - 1] : NULL;
}

static bool expects_key(struct reading *reading)
{
    struct level *level = innermost(reading);

    return level && level->node->shape == NODE_MAP && !reading->key;
}

/* Count @n more nodes at @place. Returns false, with a problem, at the limit. */
static bool count_nodes(struct reading *reading, unsigned n, struct place place)
{
    if (n <= DOCUMENT_NODES_MAX - reading->n_nodes) {
        reading->n_nodes += n;
        return true;
    }
    problems_add(reading->problems, place,
                 "this file has too many values; expected at most %d, including keys",
                 DOCUMENT_NODES_MAX);
    return false;
}

/* Make a node for what begins at @mark. Returns NULL, with a problem, at a limit. */
static struct node *new_node(struct reading *reading, enum node_shape shape,
                             const yaml_mark_t *mark)
{
    struct node *node;

    if (!count_nodes(reading, 1, place_of(mark)))
        return NULL;
    node = arena_alloc(&reading->document->arena, sizeof(*node));
    if (!node) {
        fail_without_memory(reading->problems);
        return NULL;
    }
    node->shape = shape;
    node->place = place_of(mark);
    node->n_nodes = 1;
    node->height = 1;
    return node;
}

/* Append @node, which is not a key, to the innermost list or map. */
static void append(struct reading *reading, struct node *node)
{
    struct level *level = innermost(reading);

    if (!level) {
        reading->document->root = node;
        return;
    }
    node->key = reading->key;
    reading->key = NULL;
    *level->end = node;
    level->end = &node->next;
    level->n++;
}

/* By the key's text; equal ones in the order of the file. */
static int compare_keys(const void *a, const void *b)
{
    const struct node *left = *(struct node *const *)a, *right = *(struct node *const *)b;
    int order = slice_compare(left->key->text, right->key->text);

    if (order != 0)
        return order;
    if (left->place.line != right->place.line)
        return left->place.line < right->place.line ? -1 : 1;
    return left->place.column < right->place.column ? -1 : 1;
}

/* In a complete map, mark each value whose key an earlier value has. */
static bool mark_repeated(struct reading *reading, const struct level *map)
{
    struct node **sorted = calloc(map->n + 1, sizeof(struct node *));
    size_t n = 0;

    if (!sorted)
        return fail_without_memory(reading->problems);
    for (struct node *value = map->node->first; value; value = value->next)
        sorted[n++] = value;
    qsort(sorted, n, sizeof(struct node *), compare_keys);
    for (size_t i = 1; i < n; i++)
        sorted[i]->is_repeated = slice_equal(sorted[i]->key->text, sorted[i - 1]->key->text);
    free(sorted);
    return true;
}

/* --- events: each function returns whether to read on ---------------------------- */

/* Add a complete node, as a key or a value. */
static void add_node(struct reading *reading, struct node *node)
{
    if (expects_key(reading))
        reading->key = node;
    else
        append(reading, node);
}

/* Returns NULL, with a problem, at a limit. */
static struct node *add_scalar(struct reading *reading, struct slice text, const yaml_mark_t *mark)
{
    struct node *node = new_node(reading, NODE_SCALAR, mark);

    if (!node)
        return NULL;
    node->text = arena_copy(&reading->document->arena, text);
    if (!node->text.at) {
        fail_without_memory(reading->problems);
        return NULL;
    }
    add_node(reading, node);
    return node;
}

/* Copy the name of an anchor or alias; @ret stays empty if there is none. */
static bool copy_name(struct reading *reading, const yaml_char_t *name, struct slice *ret)
{
    *ret = (struct slice){ NULL, 0 };
    if (!name)
        return true;
    *ret = arena_copy(&reading->document->arena, slice_of((const char *)name));
    return ret->at || fail_without_memory(reading->problems);
}

/* Let @name, if there is one, stand for the complete @node. */
static bool add_anchor(struct reading *reading, struct slice name, const struct node *node)
{
    if (!name.at)
        return true;
    switch (anchors_add(&reading->anchors, &reading->document->arena, name, node)) {
    case ALIAS_DONE:
    case ALIAS_NOT_A_MAP: return true;
    case ALIAS_NO_MEMORY: return fail_without_memory(reading->problems);
    case ALIAS_TOO_MANY: break;
    }
    problems_add(reading->problems, node->place, "too many anchors; expected at most %d",
                 ALIAS_ANCHORS_MAX);
    return false;
}

static bool read_scalar(struct reading *reading, const yaml_event_t *event)
{
    struct slice text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    struct slice anchor;
    struct node *node;

    /* An empty document is one empty scalar. */
    if (reading->depth == 0 && text.len == 0)
        return true;
    if (memchr(text.at, '\0', text.len))
        problems_add(reading->problems, place_of(&event->start_mark),
                     "this contains a NUL character");
    node = add_scalar(reading, text, &event->start_mark);
    if (!node || !copy_name(reading, event->data.scalar.anchor, &anchor))
        return false;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return add_anchor(reading, anchor, node);
}

/* Add a copy of the complete @node, with its nodes counted once more. */
static bool add_copy(struct reading *reading, const struct node *node, const yaml_mark_t *mark)
{
    struct node *copy;

    if (node->shape != NODE_SCALAR && expects_key(reading))
        problems_add(reading->problems, place_of(mark), "expected a plain key");
    if (reading->depth + node->height > DOCUMENT_DEPTH_MAX + 1) {
        problems_add(reading->problems, place_of(mark), "this is nested too deeply");
        return false;
    }
    copy = new_node(reading, node->shape, mark);
    if (!copy || !count_nodes(reading, node->n_nodes - 1, place_of(mark)))
        return false;
    *copy = *node;
    copy->place = place_of(mark);
    copy->key = copy->next = NULL;
    copy->is_repeated = false;
    copy->is_alias = true;
    add_node(reading, copy);
    return true;
}

/* In the tree, which will be discarded, an alias of nothing is an empty value. */
static bool read_alias(struct reading *reading, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct node *node = anchors_find(&reading->anchors, slice_of(name));

    if (node)
        return add_copy(reading, node, &event->start_mark);
    problems_add(
        reading->problems, place_of(&event->start_mark),
        "*%.40s: no value above has the anchor &%.40s; if the text begins with '*', quote it", name,
        name);
    return add_scalar(reading, SLICE(""), &event->start_mark) != NULL;
}

/* A list or map begins. */
static bool open_level(struct reading *reading, enum node_shape shape, const yaml_mark_t *mark,
                       const yaml_char_t *anchor)
{
    bool is_key = expects_key(reading);
    struct level *level;
    struct node *node;

    if (is_key)
        problems_add(reading->problems, place_of(mark), "expected a plain key");
    if (reading->depth == DOCUMENT_DEPTH_MAX) {
        problems_add(reading->problems, place_of(mark), "this is nested too deeply");
        return false;
    }
    node = new_node(reading, shape, mark);
    if (!node)
        return false;
    if (!is_key)
        append(reading, node);
    level = &reading->levels[reading->depth++];
    *level = (struct level){ .node = node, .end = &node->first, .is_key = is_key };
    return copy_name(reading, anchor, &level->anchor);
}

/* Replace the merge keys of a complete map, if it has any. */
static bool merge(struct reading *reading, struct node *map)
{
    const struct node *value = alias_find_merge(map);
    unsigned n_before = map->n_nodes;

    if (!value)
        return true;
    switch (alias_merge(&reading->document->arena, map)) {
    case ALIAS_DONE: break;
    case ALIAS_NO_MEMORY: return fail_without_memory(reading->problems);
    case ALIAS_NOT_A_MAP:
        problems_add(reading->problems, value->place,
                     "<<: expected a map to merge, such as *NAME, or a list of maps");
        return true;
    case ALIAS_TOO_MANY:
        problems_add(reading->problems, value->place, "<<: expected a map of at most %d keys",
                     ALIAS_MERGE_MAX);
        return false;
    }
    return map->n_nodes <= n_before || count_nodes(reading, map->n_nodes - n_before, value->place);
}

static bool close_level(struct reading *reading)
{
    struct level *level = &reading->levels[--reading->depth];

    if (level->is_key)
        reading->key = level->node;
    alias_measure(level->node);
    if (level->node->shape == NODE_MAP &&
        (!mark_repeated(reading, level) || !merge(reading, level->node)))
        return false;
    return add_anchor(reading, level->anchor, level->node);
}

static bool open_document(struct reading *reading, const yaml_mark_t *mark)
{
    if (reading->n_documents++ == 0)
        return true;
    problems_add(reading->problems, place_of(mark),
                 "a second document begins here; expected only one in this file");
    return false;
}

static bool read_event(struct reading *reading, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return open_document(reading, mark);
    case YAML_SCALAR_EVENT: return read_scalar(reading, event);
    case YAML_ALIAS_EVENT: return read_alias(reading, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(reading, NODE_LIST, mark, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_level(reading, NODE_MAP, mark, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_level(reading);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: return true;
    case YAML_STREAM_END_EVENT: return false;
    }
    return false;
}

/* --- bytes ----------------------------------------------------------------------- */

/* The length of the YAML 1.1 line break that @bytes begins with; 0 if there is none. */
static size_t break_len(struct slice bytes)
{
    static const struct slice breaks[] = { { "\n", 1 },           { "\r\n", 2 },
                                           { "\r", 1 },           { "\xc2\x85", 2 },
                                           { "\xe2\x80\xa8", 3 }, { "\xe2\x80\xa9", 3 } };

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++)
        if (slice_starts_with(bytes, breaks[i]))
            return breaks[i].len;
    return 0;
}

/* The place of byte number @offset. */
static struct place find_place(struct slice bytes, size_t offset)
{
    struct place place = { 1, 1 };
    size_t i = 0;

    while (i < offset && i < bytes.len) {
        size_t len = break_len((struct slice){ bytes.at + i, bytes.len - i });

        if (len)
            place = (struct place){ place.line + 1, 1 };
        else if ((bytes.at[i] & 0xc0) != 0x80) /* a character begins */
            place.column++;
        i += len ? len : 1;
    }
    return place;
}

/* What to do about what libyaml says; "" if that is clear. */
static const char *yaml_hint(const char *problem)
{
    static const struct {
        const char *problem, *hint;
    } hints[] = {
        { "did not find expected key", "; check the indentation here and above" },
        { "did not find expected '-' indicator", "; check the indentation here and above" },
        { "did not find expected alphabetic or numeric character",
          "; quote a value that begins with '*' or '&'" },
        { "found unknown escape character",
          "; in double quotes write \\\\ for a backslash, or use single quotes" },
        { "found character that cannot start any token",
          "; quote the value, or indent with spaces" },
        { "mapping values are not allowed in this context",
          "; check the indentation, or quote a value with ': ' in it" },
        { "did not find expected node content", "; is a ']', '}' or quote missing?" },
        { "found unexpected end of stream", "; is a quote missing?" },
        { "could not find expected ':'", "; a key and its value are written KEY: VALUE" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
        if (strcmp(problem, hints[i].problem) == 0)
            return hints[i].hint;
    return "";
}

/* Say why libyaml stopped. For bytes that it cannot decode, it gives only an offset. */
static bool fail_parser(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    struct place place = place_of(&parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR)
        return fail_without_memory(reading->problems);
    if (parser->error == YAML_READER_ERROR)
        place = find_place(reading->bytes, parser->problem_offset);
    problems_add(reading->problems, place, "%s%s",
                 parser->problem ? parser->problem : "this is not YAML",
                 parser->problem ? yaml_hint(parser->problem) : "");
    return false;
}

static bool read_next(struct reading *reading)
{
    yaml_event_t event;
    bool goes_on;

    if (!yaml_parser_parse(&reading->parser, &event))
        return fail_parser(reading);
    goes_on = read_event(reading, &event);
    yaml_event_delete(&event);
    return goes_on;
}

static void read_stream(struct reading *reading)
{
    if (!yaml_parser_initialize(&reading->parser)) {
        fail_without_memory(reading->problems);
        return;
    }
    yaml_parser_set_encoding(&reading->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &reading->parser, (const unsigned char *)(reading->bytes.len ? reading->bytes.at : ""),
        reading->bytes.len);
    while (read_next(reading))
        ;
    yaml_parser_delete(&reading->parser);
}

struct document *document_parse(struct slice bytes, struct problems *problems)
{
    static const struct slice byte_order_mark = { "\xef\xbb\xbf", 3 };
    CLEANUP(document_freep) struct document *document = calloc(1, sizeof(*document));
    struct reading reading = { .document = document, .problems = problems, .bytes = bytes };
    unsigned n_before = problems->n;

    if (!document) {
        fail_without_memory(problems);
        return NULL;
    }
    if (slice_starts_with(bytes, byte_order_mark))
        reading.bytes =
            (struct slice){ bytes.at + byte_order_mark.len, bytes.len - byte_order_mark.len };
    read_stream(&reading);
    return problems->n == n_before ? TAKE(document) : NULL;
}

struct document *document_read(const char *path, const char *flag, struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer bytes = { 0 };

    if (!file_read(path, flag, &bytes, problems))
        return NULL;
    return document_parse(buffer_text(&bytes), problems);
}

void document_free(struct document *document)
{
    if (!document)
        return;
    arena_deinit(&document->arena);
    free(document);
}

const struct node *document_root(const struct document *document)
{
    return document->root;
}
