/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Option
 *
 * Nothing here knows an option or a form by name: a row says where its value is, and its form
 * reads and frees it.
 */

#include "config/option.h"

#include "base/must.h"

#include <errno.h>
#include <stdlib.h>

/* --- rows ------------------------------------------------------------------------------ */

const struct option *option_find(const struct option_table *table, struct slice name)
{
    for (unsigned i = 0; i < table->n; i++)
        if (slice_equal(slice_of(table->options[i].name), name))
            return &table->options[i];
    return NULL;
}

bool option_has_prefix(const struct option_table *table, struct slice prefix)
{
    for (unsigned i = 0; i < table->n; i++) {
        const char *name = table->options[i].name;

        if (slice_starts_with(slice_of(name), prefix) && name[prefix.len] == '.')
            return true;
    }
    return false;
}

bool option_is_switch(const struct option *option)
{
    return option->form == &value_switch || option->is_switch;
}

void option_variable(const struct option *option, char ret[OPTION_VARIABLE_MAX])
{
    size_t len = strlen(OPTION_VARIABLE), name_len = strlen(option->name);

    MUST_BE(len + name_len, <, (size_t)OPTION_VARIABLE_MAX);
    memcpy(ret, OPTION_VARIABLE, len);
    for (size_t i = 0; i < name_len; i++) {
        char c = option->name[i];

        ret[len++] = c == '.' || c == '-' ? '_' : (char)(c - 'a' + 'A');
    }
    ret[len] = '\0';
}

void option_write_variable(const struct option *option, struct buffer *out)
{
    char variable[OPTION_VARIABLE_MAX];

    option_variable(option, variable);
    buffer_add(out, slice_of(variable));
}

void option_write_before(const struct option *option, enum option_source source, struct buffer *out)
{
    switch (source) {
    case OPTION_FLAG: buffer_add_format(out, "--%s=", option->name); break;
    case OPTION_ENVIRONMENT:
        option_write_variable(option, out);
        buffer_add_char(out, '=');
        break;
    case OPTION_FILE:
    case OPTION_DEFAULT: buffer_add_format(out, "%s: ", option->name); break;
    }
}

/* A switch that is on by default, so that a user may want to turn it off. */
static bool is_on(const struct option *option)
{
    return option->form == &value_switch && *(const bool *)option->initial;
}

/* Write the text of the default, or nothing if there is none. */
static void write_initial(const struct option *option, struct buffer *out)
{
    if (option->initial_text)
        buffer_add(out, slice_of(option->initial_text));
    else if (option->initial && option->form->write)
        option->form->write(option->initial, &option->range, out);
}

static void write_paragraph(const struct option *option, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer initial = { 0 };

    write_initial(option, &initial);
    if (option_is_switch(option))
        buffer_add_format(out, "  --%s%s", is_on(option) ? "[no-]" : "", option->name);
    else
        buffer_add_format(out, "  --%s=%s", option->name, option->placeholder);
    buffer_add_format(out, "\n      %s", option->help);
    if (initial.len && (is_on(option) || !option_is_switch(option)))
        buffer_add_format(out, " (default %.*s)", (int)initial.len, initial.data);
    buffer_add_char(out, '\n');
}

void option_write_help(const struct option_table *table, const char *head, const char *tail,
                       struct buffer *out)
{
    buffer_add(out, slice_of(head));
    for (unsigned i = 0; i < table->n; i++)
        write_paragraph(&table->options[i], out);
    buffer_add(out, slice_of(tail));
}

/* --- lists ------------------------------------------------------------------------------- */

static void clear_list(const struct option *option, struct option_list *list)
{
    for (unsigned i = 0; i < list->n && option->form->deinit; i++)
        option->form->deinit((char *)list->items + i * option->form->size);
    free(TAKE(list->items));
    list->n = 0;
}

static int add_item(const struct option *option, struct option_list *list, const char *text,
                    struct buffer *wrong)
{
    size_t size = option->form->size, used = list->n * size;
    char *items;
    int r;

    if (list->n == OPTION_LIST_MAX) {
        buffer_add_format(wrong, "expected at most %d values", OPTION_LIST_MAX);
        return -E2BIG;
    }
    items = realloc(list->items, used + size);
    if (!items)
        return value_refuse_for_memory(wrong);
    list->items = items;
    memset(items + used, 0, size);
    r = option->form->read(items + used, text, &option->range, wrong);
    if (r == 0)
        list->n++;
    return r;
}

static int add_items(const struct option *option, struct option_list *list, const char *text,
                     struct buffer *wrong)
{
    char *copy = strdup(text), *rest = copy, *item;
    int r = 0;

    if (!copy)
        return value_refuse_for_memory(wrong);
    while (text[0] && r == 0 && (item = strsep(&rest, ",")))
        r = add_item(option, list, item, wrong);
    free(copy);
    return r;
}

/* --- values -------------------------------------------------------------------------------- */

static void *value_of(const struct option *option, void *values)
{
    return (char *)values + option->offset;
}

int option_set(const struct option *option, void *values, const char *text,
               enum option_source source, struct buffer *wrong)
{
    struct option_list *list;
    int r;

    if (!option->is_list) {
        r = option->form->read(value_of(option, values), text, &option->range, wrong);
        if (r == 0 && option->source)
            *(enum option_source *)((char *)values + option->source) = source;
        return r;
    }
    list = value_of(option, values);
    if (list->source != source)
        clear_list(option, list);
    list->source = source;
    return add_items(option, list, text, wrong);
}

int option_set_default(const struct option *option, void *values, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    int r;

    if (option->is_list)
        clear_list(option, value_of(option, values));
    r = option_set(option, values, text, OPTION_DEFAULT, &wrong);
    MUST(r == 0 || r == -ENOMEM);
    return r;
}

static int init_value(const struct option *option, void *values)
{
    int r = 0;

    if (option->initial) {
        /* A copy would have the same owner as the default. */
        MUST(!option->is_list && !option->form->deinit);
        memcpy(value_of(option, values), option->initial, option->form->size);
    } else if (option->initial_text) {
        r = option_set_default(option, values, option->initial_text);
    }
    return r;
}

int option_init_values(const struct option_table *table, void *values)
{
    int r = 0;

    memset(values, 0, table->size);
    for (unsigned i = 0; i < table->n && r == 0; i++)
        r = init_value(&table->options[i], values);
    if (r < 0)
        option_deinit_values(table, values);
    return r;
}

void option_deinit_values(const struct option_table *table, void *values)
{
    for (unsigned i = 0; i < table->n; i++) {
        const struct option *option = &table->options[i];

        if (option->is_list)
            clear_list(option, value_of(option, values));
        else if (option->form->deinit)
            option->form->deinit(value_of(option, values));
    }
    memset(values, 0, table->size);
}

unsigned option_n_values(const struct option *option, const void *values)
{
    const struct option_list *list = (const void *)((const char *)values + option->offset);

    return option->is_list ? list->n : 1;
}

void option_write_value(const struct option *option, const void *values, unsigned i,
                        struct buffer *out)
{
    const void *value = (const char *)values + option->offset;

    MUST_BE(i, <, option_n_values(option, values));
    if (option->is_list)
        value = (const char *)((const struct option_list *)value)->items + i * option->form->size;
    option->form->write(value, &option->range, out);
}

/* Make the value at @to, one of @option's form, the same as that at @from. Returns 0 or -ENOMEM. */
static int copy_value(const struct option *option, void *to, const void *from)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 }, wrong = { 0 };
    int r;

    if (!option->form->deinit) {
        memcpy(to, from, option->form->size);
        return 0;
    }
    option->form->write(from, &option->range, &text);
    buffer_add_char(&text, '\0');
    r = text.has_failed ? -ENOMEM : option->form->read(to, text.data, &option->range, &wrong);
    MUST(r == 0 || r == -ENOMEM);
    return r;
}

static int copy_list(const struct option *option, struct option_list *to,
                     const struct option_list *from)
{
    size_t size = option->form->size;
    int r = 0;

    clear_list(option, to);
    to->source = from->source;
    to->items = from->n ? calloc(from->n, size) : NULL;
    if (from->n && !to->items)
        return -ENOMEM;
    for (; to->n < from->n && r == 0; to->n++)
        r = copy_value(option, (char *)to->items + to->n * size,
                       (const char *)from->items + to->n * size);
    return r;
}

int option_copy_value(const struct option *option, void *to, const void *from)
{
    const void *value = (const char *)from + option->offset;

    if (option->is_list)
        return copy_list(option, value_of(option, to), value);
    if (option->source)
        *(enum option_source *)((char *)to + option->source) =
            *(const enum option_source *)((const char *)from + option->source);
    return copy_value(option, value_of(option, to), value);
}

uint64_t option_number(const struct option *option, const void *values)
{
    MUST(option->form == &value_number);
    return *(const uint64_t *)((const char *)values + option->offset);
}
