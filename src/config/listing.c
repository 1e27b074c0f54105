/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listing
 *
 * Where a setting comes from is found by looking for it again, from the highest source to the
 * lowest. Only the places in the file had to be kept, because its tree is freed once it is read.
 */

#include "config/listing.h"

#include "config/compat.h"
#include "config/environment.h"

/* The column of the sources, unless the text before them is longer. */
#define SOURCE_COLUMN 48

/* Whether @text means itself in YAML, also inside a list. */
static bool is_plain(struct slice text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./-_:?=+@%~";
    size_t i = 0;

    while (i < text.len && memchr(plain, text.at[i], sizeof(plain) - 1))
        i++;
    return i == text.len && text.len && text.at[text.len - 1] != ':' &&
           !memchr("-:?=+@%~", text.at[0], 8);
}

static void add_quoted(struct slice text, struct buffer *out)
{
    buffer_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c < 0x20 || c == 0x7F)
            buffer_add_format(out, "\\x%02X", c);
        else if (c == '"' || c == '\\')
            buffer_add_format(out, "\\%c", c);
        else
            buffer_add_char(out, text.at[i]);
    }
    buffer_add_char(out, '"');
}

static void add_value(const struct option *option, const struct settings *settings, unsigned i,
                      struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer value = { 0 };

    option_write_value(option, settings, i, &value);
    if (is_plain(buffer_text(&value)))
        buffer_add(out, buffer_text(&value));
    else
        add_quoted(buffer_text(&value), out);
    out->has_failed |= value.has_failed;
}

/* Lists may be empty, and an empty YAML list is taken for a mistake; an empty text is not. */
static void add_values(const struct option *option, const struct settings *settings,
                       struct buffer *out)
{
    unsigned n = option_n_values(option, settings);

    if (n == 0)
        buffer_add_literal(out, "\"\"");
    else if (option->is_list)
        buffer_add_char(out, '[');
    for (unsigned i = 0; i < n; i++) {
        if (i > 0)
            buffer_add_literal(out, ", ");
        add_value(option, settings, i, out);
    }
    if (n > 0 && option->is_list)
        buffer_add_char(out, ']');
}

enum option_source listing_source(const struct option *option, const struct settings *settings,
                                  const struct command_line *line)
{
    if (command_line_value(line, option))
        return OPTION_FLAG;
    if (option->lowest_source <= OPTION_ENVIRONMENT && environment_value(option))
        return OPTION_ENVIRONMENT;
    return settings->places[option_index(line->table, option)].line ? OPTION_FILE : OPTION_DEFAULT;
}

static void add_source(const struct option *option, const struct settings *settings,
                       const struct command_line *line, struct buffer *out)
{
    struct place place = settings->places[option_index(line->table, option)];

    switch (listing_source(option, settings, line)) {
    case OPTION_FLAG: buffer_add_format(out, "--%s", option->name); return;
    case OPTION_ENVIRONMENT: option_write_variable(option, out); return;
    case OPTION_FILE:
        buffer_add_format(out, "%s:%u:%u", settings->config_file, place.line, place.column);
        return;
    case OPTION_DEFAULT:
        buffer_add_literal(out, "default");
        if (compat_has_default(settings->compat, option->name))
            buffer_add_literal(out, " of --compat");
        return;
    }
}

static void add_line(const struct option *option, const struct settings *settings,
                     const struct command_line *line, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    /* What a file may not set is a comment. */
    buffer_add_format(&text, "%s%s: ", option->lowest_source > OPTION_FILE ? "# " : "",
                      option->name);
    add_values(option, settings, &text);
    while (text.len < SOURCE_COLUMN && !text.has_failed)
        buffer_add_char(&text, ' ');
    buffer_add_literal(&text, " # ");
    add_source(option, settings, line, &text);
    buffer_keep_on_one_line(&text);
    buffer_add(out, buffer_text(&text));
    buffer_add_char(out, '\n');
    out->has_failed |= text.has_failed;
}

void listing_write(const struct settings *settings, const struct command_line *line,
                   struct buffer *out)
{
    for (unsigned i = 0; i < line->table->n; i++)
        if (line->table->options[i].lowest_source < OPTION_FLAG)
            add_line(&line->table->options[i], settings, line, out);
}
