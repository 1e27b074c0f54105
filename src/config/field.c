/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Field
 *
 * A value is checked when its map is read, and only its node is kept. Whoever uses it reads the
 * node again; that cannot fail, and is cheap beside parsing YAML.
 */

#include "config/field.h"

#include "base/must.h"
#include "base/number.h"
#include "base/spelling.h"
#include "config/duration.h"

#include <strings.h>

/* --- scalars ----------------------------------------------------------------------- */

bool field_is_null(const struct node *node)
{
    static const struct slice nulls[] = {
        { "", 0 }, { "~", 1 }, { "null", 4 }, { "Null", 4 }, { "NULL", 4 },
    };

    if (node->shape != NODE_SCALAR || !node->is_plain)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
        if (slice_equal(node->text, nulls[i]))
            return true;
    return false;
}

/* Read a switch as YAML 1.1 does, which statsd_exporter's files may rely on. */
static bool parse_switch(struct slice text, bool *ret)
{
    static const char *const on[] = { "true", "yes", "on", "y" };
    static const char *const off[] = { "false", "no", "off", "n" };

    for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
        *ret = strcasecmp(text.at, on[i]) == 0;
        if (*ret || strcasecmp(text.at, off[i]) == 0)
            return true;
    }
    return false;
}

/* Finite; a '+' and a leading point are fine, as in YAML. */
static bool parse_number(struct slice text, double *ret)
{
    return number_parse(text, ret);
}

static bool parse_count(struct slice text, uint64_t *ret)
{
    uint64_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || __builtin_mul_overflow(count, 10, &count) ||
            __builtin_add_overflow(count, (uint64_t)(text.at[i] - '0'), &count))
            return false;
    }
    *ret = count;
    return text.len > 0;
}

static bool has_range(const struct field *field)
{
    return field->least != 0 || field->most != 0;
}

static bool is_within(const struct field *field, double number)
{
    return !has_range(field) || (number >= field->least && number <= field->most);
}

/* --- complaints --------------------------------------------------------------------- */

struct slice field_nearest(const struct field_table *table, struct slice key)
{
    struct spelling spelling;

    spelling_init(&spelling, key);
    for (unsigned i = 0; i < table->n; i++)
        spelling_try(&spelling, slice_of(table->fields[i].key));
    return spelling.nearest;
}

/* Add the problem "WHAT: VALUE: expected …". */
static bool complain(const struct field_reader *reader, struct slice what, const struct node *node,
                     const struct buffer *wrong)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };

    buffer_add(&before, what);
    buffer_add_literal(&before, ": ");
    problems_add_value(reader->problems, node->place, buffer_text(&before), node->text,
                       buffer_text(wrong));
    return false;
}

static void add_words(const char *const *words, struct buffer *out)
{
    for (unsigned i = 0; words[i]; i++)
        buffer_add_format(out, "%s%s", i == 0 ? "" : (words[i + 1] ? ", " : " or "), words[i]);
}

static void add_range(const struct field *field, struct buffer *out)
{
    if (!has_range(field))
        return;
    buffer_add_literal(out, " from ");
    buffer_add_double(out, field->least);
    buffer_add_literal(out, " to ");
    buffer_add_double(out, field->most);
}

static const char *shape_name(enum node_shape shape)
{
    switch (shape) {
    case NODE_SCALAR: return "one value";
    case NODE_LIST: return "a list";
    case NODE_MAP: return "a map";
    }
    return "";
}

static bool complain_of_shape(const struct field_reader *reader, struct slice what,
                              enum node_shape expected, const struct node *node)
{
    problems_add(reader->problems, node->place, "%.*s: expected %s, not %s", (int)what.len, what.at,
                 shape_name(expected), shape_name(node->shape));
    return false;
}

/* --- forms --------------------------------------------------------------------------- */

static bool check_word(const struct field_reader *reader, const struct field *field,
                       struct slice what, const struct node *node)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    struct spelling spelling;

    spelling_init(&spelling, node->text);
    for (unsigned i = 0; field->words[i]; i++) {
        if (slice_equal(node->text, slice_of(field->words[i])))
            return true;
        spelling_try(&spelling, slice_of(field->words[i]));
    }
    buffer_add_literal(&wrong, "expected ");
    add_words(field->words, &wrong);
    if (spelling.nearest.len)
        buffer_add_format(&wrong, "; did you mean %.*s?", (int)spelling.nearest.len,
                          spelling.nearest.at);
    return complain(reader, what, node, &wrong);
}

static bool check_number(const struct field_reader *reader, const struct field *field,
                         struct slice what, const struct node *node)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    bool is_count = field->form == FIELD_COUNT;
    uint64_t count;
    double number;

    if (is_count && parse_count(node->text, &count) && is_within(field, (double)count))
        return true;
    if (!is_count && parse_number(node->text, &number) && is_within(field, number))
        return true;
    buffer_add_format(&wrong, "expected a %s", is_count ? "whole number" : "number");
    add_range(field, &wrong);
    return complain(reader, what, node, &wrong);
}

/* What is wrong with a duration; NULL: nothing. */
static const char *duration_fault(enum duration_outcome outcome)
{
    switch (outcome) {
    case DURATION_VALID:
    case DURATION_ZERO_WITHOUT_UNIT: return NULL;
    case DURATION_NO_UNIT: return "has no unit; write s for seconds: ";
    case DURATION_NEGATIVE:
        return "is negative; expected a duration like 90s, 15m or 1h30m; 0s: never";
    case DURATION_TOO_LONG: return "is too long; expected at most 292 years; 0s: never";
    case DURATION_INVALID: return "expected a duration like 90s, 15m, 1h30m or 7d; 0s: never";
    }
    return NULL;
}

static bool check_duration(const struct field_reader *reader, struct slice what,
                           const struct node *node)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    int64_t ns;
    enum duration_outcome outcome = duration_parse(node->text, &ns);
    const char *fault = duration_fault(outcome);

    if (outcome == DURATION_ZERO_WITHOUT_UNIT)
        problems_warn(reader->problems, node->place,
                      "%.*s: 0 has no unit; write 0s, which means "
                      "never",
                      (int)what.len, what.at);
    if (!fault)
        return true;
    buffer_add_format(&wrong, "%s", fault);
    if (outcome == DURATION_NO_UNIT)
        buffer_add_format(&wrong, "%.*ss", (int)node->text.len, node->text.at);
    return complain(reader, what, node, &wrong);
}

static bool check_switch(const struct field_reader *reader, struct slice what,
                         const struct node *node)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    bool value;

    if (parse_switch(node->text, &value))
        return true;
    buffer_add_literal(&wrong, "expected true or false");
    return complain(reader, what, node, &wrong);
}

static enum node_shape shape_of(enum field_form form)
{
    switch (form) {
    case FIELD_TEXT:
    case FIELD_SWITCH:
    case FIELD_WORD:
    case FIELD_NUMBER:
    case FIELD_COUNT:
    case FIELD_DURATION:
    case FIELD_ANY: return NODE_SCALAR;
    case FIELD_LIST: return NODE_LIST;
    case FIELD_MAP:
    case FIELD_ENTRIES: return NODE_MAP;
    }
    return NODE_SCALAR;
}

bool field_check(const struct field_reader *reader, const struct field *field, struct slice what,
                 const struct node *node)
{
    if (field->form != FIELD_ANY && node->shape != shape_of(field->form))
        return complain_of_shape(reader, what, shape_of(field->form), node);
    switch (field->form) {
    case FIELD_SWITCH: return check_switch(reader, what, node);
    case FIELD_WORD: return check_word(reader, field, what, node);
    case FIELD_NUMBER:
    case FIELD_COUNT: return check_number(reader, field, what, node);
    case FIELD_DURATION: return check_duration(reader, what, node);
    case FIELD_TEXT:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ENTRIES:
    case FIELD_ANY: return true;
    }
    return true;
}

/* --- maps ------------------------------------------------------------------------------ */

static const struct field *find_field(const struct field_table *table, struct slice key)
{
    for (unsigned i = 0; i < table->n; i++)
        if (slice_equal(slice_of(table->fields[i].key), key))
            return &table->fields[i];
    return NULL;
}

static void add_nearest(const struct field_table *table, struct slice key, struct buffer *text)
{
    const struct field *field = find_field(table, key);

    buffer_add_format(text, "; did you mean %.*s", (int)key.len, key.at);
    if (field && field->instead)
        buffer_add_format(text, ", which is now %s", field->instead);
    buffer_add_char(text, '?');
}

/* Whether a map for defaults in @table, if there is one, may have @key: no name is a default. */
static bool is_of_defaults(const struct field_table *table, struct slice key)
{
    const struct field *defaults = find_field(table, SLICE("defaults"));

    return defaults && defaults->table && !slice_equal(key, SLICE("name")) &&
           find_field(defaults->table, key);
}

static void complain_of_unknown(const struct field_reader *reader, const struct field_table *table,
                                const struct node *value)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    struct slice key = value->key->text, nearest = SLICE("");
    bool is_misplaced = is_of_defaults(table, key);

    /* Comparing with all keys is slow, and the text would not be kept. */
    if (!is_misplaced && !problems_are_many(reader->problems))
        nearest = field_nearest(table, key);
    buffer_add_format(&text, "%.*s: unknown key of %s", (int)key.len, key.at, table->what);
    if (is_misplaced)
        buffer_add_literal(&text, "; write it below defaults");
    else if (nearest.len)
        add_nearest(table, nearest, &text);
    if (reader->is_lenient)
        problems_warn(reader->problems, value->key->place, "%.*s%s", (int)text.len, text.data,
                      nearest.len ? "" : "; it is ignored");
    else
        problems_add(reader->problems, value->key->place, "%.*s", (int)text.len, text.data);
}

/* Whether a value whose key an earlier one has counts. */
static bool accept_repeated(const struct field_reader *reader, const struct node *value)
{
    struct slice key = value->key->text;

    if (reader->is_lenient)
        problems_warn(reader->problems, value->key->place,
                      "%.*s: is given twice here; the last one counts", (int)key.len, key.at);
    else
        problems_add(reader->problems, value->key->place, "%.*s: is given twice in this map",
                     (int)key.len, key.at);
    return reader->is_lenient;
}

static void warn_of_outdated(const struct field_reader *reader, const struct field *field,
                             const struct node *value)
{
    problems_warn(reader->problems, value->key->place,
                  "%s: statsd_exporter has removed this key; write %s instead", field->key,
                  field->instead);
}

/* statsd_exporter takes an empty word as none. */
static bool is_empty_word(const struct field *field, const struct node *value)
{
    return field->form == FIELD_WORD && value->shape == NODE_SCALAR && value->text.len == 0;
}

bool field_has_key(const struct node *map, const char *key)
{
    for (const struct node *value = map->first; value; value = value->next)
        if (value->key && slice_equal(value->key->text, slice_of(key)))
            return true;
    return false;
}

static void read_value(const struct field_reader *reader, const struct field_table *table,
                       const struct node *value, void *ret)
{
    const struct field *field = find_field(table, value->key->text);
    const struct node **member;

    if (!field) {
        if (!reader->skips_unknown)
            complain_of_unknown(reader, table, value);
        return;
    }
    if (value->is_repeated && !accept_repeated(reader, value))
        return;
    member = (const struct node **)((char *)ret + field->offset);
    *member = NULL;
    if (field->instead)
        warn_of_outdated(reader, field, value);
    if (field_is_null(value) || (reader->is_lenient && is_empty_word(field, value)))
        problems_warn(reader->problems, value->key->place,
                      "%s: is empty; remove it or give it a value", field->key);
    else if (field_check(reader, field, value->key->text, value))
        *member = value;
}

void field_read(const struct field_reader *reader, const struct field_table *table,
                const struct node *map, void *ret)
{
    MUST(map->shape == NODE_MAP);
    memset(ret, 0, table->size);
    for (const struct node *value = map->first; value; value = value->next)
        read_value(reader, table, value, ret);
}

bool field_read_item(const struct field_reader *reader, const struct field_table *table,
                     const struct node *node, void *ret)
{
    if (node->shape == NODE_MAP) {
        field_read(reader, table, node, ret);
        return true;
    }
    problems_add(reader->problems, node->place, "expected %s, KEY: VALUE, not %s", table->what,
                 shape_name(node->shape));
    return false;
}

/* --- values of valid nodes ----------------------------------------------------------------- */

bool field_switch(const struct node *node)
{
    bool value = false;

    MUST(parse_switch(node->text, &value));
    return value;
}

double field_number(const struct node *node)
{
    double number = 0;

    MUST(parse_number(node->text, &number));
    return number;
}

uint64_t field_count(const struct node *node)
{
    uint64_t count = 0;

    MUST(parse_count(node->text, &count));
    return count;
}

int64_t field_duration_ns(const struct node *node)
{
    int64_t ns = 0;
    enum duration_outcome outcome = duration_parse(node->text, &ns);

    MUST(outcome == DURATION_VALID || outcome == DURATION_ZERO_WITHOUT_UNIT);
    return ns;
}

unsigned field_word(const char *const *words, const struct node *node)
{
    unsigned i = 0;

    while (words[i] && !slice_equal(node->text, slice_of(words[i])))
        i++;
    MUST(words[i] != NULL);
    return i;
}
