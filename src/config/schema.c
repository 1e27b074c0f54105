/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Schema
 *
 * Two sorts of tables describe a config file: the options, whose dotted names may be nested maps,
 * and the tables of fields. Both become objects. Nothing is described twice in the file, so objects
 * stand where they are used.
 */

#include "config/schema.h"

#include "config/field.h"
#include "config/names_file.h"
#include "config/settings.h"

#include <stdio.h>

/* JSON that grows. */
struct json {
    struct buffer *out;
    unsigned depth;
    bool is_first; /* of the members of the innermost object or array */
};

/* --- JSON ------------------------------------------------------------------------------ */

static void add_text(struct json *json, const char *text)
{
    buffer_add_char(json->out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buffer_add_char(json->out, '\\');
        buffer_add_char(json->out, *c);
    }
    buffer_add_char(json->out, '"');
}

/* Begin the next member; @key is NULL in an array. */
static void begin_member(struct json *json, const char *key)
{
    if (!json->is_first)
        buffer_add_char(json->out, ',');
    json->is_first = false;
    if (json->depth)
        buffer_add_char(json->out, '\n');
    for (unsigned i = 0; i < json->depth; i++)
        buffer_add_literal(json->out, "  ");
    if (key) {
        add_text(json, key);
        buffer_add_literal(json->out, ": ");
    }
}

static void open(struct json *json, const char *key, char bracket)
{
    begin_member(json, key);
    buffer_add_char(json->out, bracket);
    json->depth++;
    json->is_first = true;
}

static void close(struct json *json, char bracket)
{
    json->depth--;
    if (!json->is_first) {
        buffer_add_char(json->out, '\n');
        for (unsigned i = 0; i < json->depth; i++)
            buffer_add_literal(json->out, "  ");
    }
    buffer_add_char(json->out, bracket);
    json->is_first = false;
}

static void add_string(struct json *json, const char *key, const char *text)
{
    begin_member(json, key);
    add_text(json, text);
}

/* A member whose value is JSON already. */
static void add_raw(struct json *json, const char *key, const char *raw)
{
    begin_member(json, key);
    buffer_add(json->out, slice_of(raw));
}

static void add_number(struct json *json, const char *key, double number)
{
    begin_member(json, key);
    buffer_add_double(json->out, number);
}

/* --- fields ------------------------------------------------------------------------------ */

static void add_table(struct json *json, const struct field_table *table);

static void add_words(struct json *json, const char *const *words, unsigned n)
{
    open(json, "enum", '[');
    for (unsigned i = 0; i < n; i++)
        if (words[i])
            add_string(json, NULL, words[i]);
    close(json, ']');
}

static unsigned count_words(const char *const *words)
{
    unsigned n = 0;

    while (words[n])
        n++;
    return n;
}

static void add_range(struct json *json, const struct field *field)
{
    if (field->least == 0 && field->most == 0)
        return;
    add_number(json, "minimum", field->least);
    add_number(json, "maximum", field->most);
}

#define DURATION "^([0-9.]+(ns|us|µs|ms|s|m|h|d))+$|^0$"

/* The members of a scalar's schema. */
static void add_scalar(struct json *json, enum field_form form)
{
    switch (form) {
    case FIELD_TEXT: add_raw(json, "type", "[\"string\", \"number\", \"boolean\"]"); break;
    case FIELD_SWITCH: add_string(json, "type", "boolean"); break;
    case FIELD_NUMBER: add_string(json, "type", "number"); break;
    case FIELD_COUNT: add_string(json, "type", "integer"); break;
    case FIELD_DURATION:
        add_raw(json, "type", "[\"string\", \"integer\"]");
        add_string(json, "pattern", DURATION);
        break;
    case FIELD_LIST: add_string(json, "type", "array"); break;
    case FIELD_WORD:
    case FIELD_MAP:
    case FIELD_ENTRIES:
    case FIELD_ANY: break;
    }
}

/* A map of @table, as one of several schemas. */
static void add_alternative(struct json *json, const struct field_table *table)
{
    open(json, NULL, '{');
    add_table(json, table);
    close(json, '}');
}

static void add_item(struct json *json, const struct field *field)
{
    add_scalar(json, field->item);
    add_range(json, field);
}

/* The schema of the items of a list: maps of one or two tables, or scalars, or both. */
static void add_items(struct json *json, const struct field *field)
{
    open(json, "items", '{');
    if (field->other || field->has_maps) {
        open(json, "anyOf", '[');
        if (field->has_maps) {
            open(json, NULL, '{');
            add_item(json, field);
            close(json, '}');
        }
        add_alternative(json, field->table);
        if (field->other)
            add_alternative(json, field->other);
        close(json, ']');
    } else if (field->table) {
        add_table(json, field->table);
    } else {
        add_item(json, field);
    }
    close(json, '}');
}

/* What a value of FIELD_ANY may be: one of some schemas, or a map of a table. */
static void add_any(struct json *json, const struct field *field)
{
    open(json, "anyOf", '[');
    add_raw(json, NULL, field->schema);
    if (field->table)
        add_alternative(json, field->table);
    close(json, ']');
}

static void add_field(struct json *json, const struct field *field)
{
    open(json, field->key, '{');
    add_string(json, "description", field->help);
    if (field->instead)
        add_raw(json, "deprecated", "true");
    if (field->schema)
        add_any(json, field);
    switch (field->form) {
    case FIELD_WORD: add_words(json, field->words, count_words(field->words)); break;
    case FIELD_LIST:
        add_scalar(json, field->form);
        add_items(json, field);
        break;
    case FIELD_MAP: add_table(json, field->table); break;
    case FIELD_ENTRIES:
        add_string(json, "type", "object");
        open(json, "additionalProperties", '{');
        add_scalar(json, field->item);
        close(json, '}');
        break;
    case FIELD_NUMBER:
    case FIELD_COUNT:
        add_scalar(json, field->form);
        add_range(json, field);
        break;
    case FIELD_TEXT:
    case FIELD_SWITCH:
    case FIELD_DURATION:
    case FIELD_ANY: add_scalar(json, field->form); break;
    }
    close(json, '}');
}

static void add_fields(struct json *json, const struct field_table *table)
{
    for (unsigned i = 0; i < table->n; i++)
        add_field(json, &table->fields[i]);
}

/* The members of the schema of a map. */
static void add_table(struct json *json, const struct field_table *table)
{
    add_string(json, "type", "object");
    open(json, "properties", '{');
    add_fields(json, table);
    close(json, '}');
    add_raw(json, "additionalProperties", "false");
}

/* --- options ----------------------------------------------------------------------------- */

static void add_unit(struct json *json, const struct value_range *range)
{
    switch (range->unit) {
    case VALUE_PLAIN:
        add_string(json, "type", "integer");
        add_number(json, "minimum", range->zero ? 0 : (double)range->least);
        add_number(json, "maximum", (double)range->most);
        return;
    case VALUE_BYTES:
        add_raw(json, "type", "[\"integer\", \"string\"]");
        add_string(json, "pattern", "^[0-9]+(KiB|MiB|GiB)?$");
        return;
    case VALUE_SECONDS:
        add_string(json, "type", "string");
        add_string(json, "pattern", "^[0-9]+[smhd]$");
        return;
    }
}

static void add_value(struct json *json, const struct option *option)
{
    if (option->form == &value_number)
        add_unit(json, &option->range);
    else if (option->form == &value_word)
        add_words(json, option->range.words, option->range.n_words);
    else if (option->form == &value_switch)
        add_string(json, "type", "boolean");
    else if (option->is_list)
        add_raw(json, "type", "[\"string\", \"array\"]");
    else
        add_raw(json, "type", "[\"string\", \"integer\"]");
}

static void add_option(struct json *json, const char *key, const struct option *option)
{
    open(json, key, '{');
    add_string(json, "description", option->help);
    add_value(json, option);
    close(json, '}');
}

static bool is_in_file(const struct option *option)
{
    return option->lowest_source <= OPTION_FILE;
}

/* The part of a name before its first dot; all of it, if there is none. */
static struct slice section_of(const struct option *option)
{
    struct slice name = slice_of(option->name);

    return slice_cut(&name, '.');
}

/* Whether an earlier row is of the same section. */
static bool is_repeated(unsigned row)
{
    const struct option *options = settings_table.options;

    for (unsigned i = 0; i < row; i++)
        if (is_in_file(&options[i]) &&
            slice_equal(section_of(&options[i]), section_of(&options[row])))
            return true;
    return false;
}

/* The nested form: a map with the options of the section of @row. */
static void add_section(struct json *json, unsigned row)
{
    const struct option *options = settings_table.options;
    struct slice section = section_of(&options[row]);
    char key[64];

    snprintf(key, sizeof(key), "%.*s", (int)section.len, section.at);
    open(json, key, '{');
    add_string(json, "type", "object");
    open(json, "properties", '{');
    for (unsigned i = row; i < settings_table.n; i++)
        if (is_in_file(&options[i]) && slice_equal(section_of(&options[i]), section))
            add_option(json, options[i].name + section.len + 1, &options[i]);
    close(json, '}');
    add_raw(json, "additionalProperties", "false");
    close(json, '}');
}

static void add_options(struct json *json)
{
    const struct option *options = settings_table.options;

    for (unsigned i = 0; i < settings_table.n; i++) {
        if (!is_in_file(&options[i]))
            continue;
        if (strchr(options[i].name, '.') && !is_repeated(i))
            add_section(json, i);
        add_option(json, options[i].name, &options[i]);
    }
}

/* --- the schema ------------------------------------------------------------------------------ */

void schema_write(struct buffer *out)
{
    struct json json = { .out = out, .is_first = true };

    open(&json, NULL, '{');
    add_string(&json, "$schema", "http://json-schema.org/draft-07/schema#");
    add_string(&json, "title", "udometer.yml, the config file of udometer");
    add_string(&json, "type", "object");
    open(&json, "properties", '{');
    add_options(&json);
    add_fields(&json, &names_file_table);
    close(&json, '}');
    add_raw(&json, "additionalProperties", "false");
    close(&json, '}');
    buffer_add_char(out, '\n');
}
