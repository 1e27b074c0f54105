/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config file
 *
 * libyaml parses; this walks its events. A stack remembers, for each mapping that
 * is open, how much of the key was there when it began:
 *
 *      statsd:            key "statsd"
 *        ttl: 5m          key "statsd.ttl", value "5m"
 */

#include "config/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#define DEPTH_MAX 8
#define KEY_MAX 128

struct reader {
    struct settings *settings;
    const char *path;
    struct buffer *problem;
    char key[KEY_MAX]; /* of the value that comes next, with dots */
    size_t key_len;
    size_t prefix_len[DEPTH_MAX]; /* of key, for each open mapping */
    unsigned depth;
    bool has_key; /* a key was read and its value was not */
    bool is_in_list;
    unsigned n_listed; /* values of the list so far */
    bool is_set[OPTIONS_MAX];
};

static bool fail(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    buffer_add_format(reader->problem, "%s:%zu:%zu: %s", reader->path, mark->line + 1,
                      mark->column + 1, what);
    return false;
}

/* The same about the key that was read last. */
static bool fail_key(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    buffer_add_format(reader->problem, "%s:%zu:%zu: %.*s: %s", reader->path, mark->line + 1,
                      mark->column + 1, (int)reader->key_len, reader->key, what);
    return false;
}

static bool open_mapping(struct reader *reader, const yaml_mark_t *mark)
{
    struct slice key = { reader->key, reader->key_len };

    if (reader->is_in_list)
        return fail(reader, mark, "expected a plain value in this list");
    if (reader->depth > 0 && !reader->has_key)
        return fail(reader, mark, "expected a plain key");
    if (reader->depth == DEPTH_MAX)
        return fail(reader, mark, "this is nested too deeply");
    if (reader->depth > 0 && !option_has_prefix(&settings_table, key))
        return fail_key(reader, mark, "there are no such settings");
    reader->prefix_len[reader->depth++] = reader->key_len;
    reader->has_key = false;
    return true;
}

/* The setting that the key names, to be set for the first time. NULL after a failure. */
static const struct option *find_setting(struct reader *reader, const yaml_mark_t *mark)
{
    struct slice key = { reader->key, reader->key_len };
    const struct option *setting = option_find(&settings_table, key);

    if (!setting || slice_equal(key, SLICE("config.file"))) {
        fail_key(reader, mark, "there is no such setting");
        return NULL;
    }
    if (reader->is_set[option_index(&settings_table, setting)]) {
        fail_key(reader, mark, "is set twice in this file");
        return NULL;
    }
    return setting;
}

static bool open_list(struct reader *reader, const yaml_mark_t *mark)
{
    const struct option *setting;

    if (!reader->has_key || reader->is_in_list)
        return fail(reader, mark, "expected no list here");
    setting = find_setting(reader, mark);
    if (!setting)
        return false;
    if (!setting->is_list)
        return fail_key(reader, mark, "expected one value, not a list");
    reader->is_in_list = true;
    reader->n_listed = 0;
    return true;
}

static void close_value(struct reader *reader)
{
    reader->has_key = false;
    reader->key_len = reader->depth ? reader->prefix_len[reader->depth - 1] : 0;
}

static bool read_key(struct reader *reader, struct slice word, const yaml_mark_t *mark)
{
    size_t dot = reader->key_len ? 1 : 0;

    if (reader->key_len + dot + word.len >= KEY_MAX)
        return fail(reader, mark, "there is no setting with so long a name");
    if (dot)
        reader->key[reader->key_len++] = '.';
    memcpy(reader->key + reader->key_len, word.at, word.len);
    reader->key_len += word.len;
    reader->has_key = true;
    return true;
}

static bool set_value(struct reader *reader, const char *value, const yaml_mark_t *mark)
{
    const struct option *setting = find_setting(reader, mark);
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (!setting)
        return false;
    if (!option_set(setting, reader->settings, value, OPTION_FILE, &wrong)) {
        buffer_add_format(reader->problem, "%s:%zu:%zu: %.*s: %s: ", reader->path, mark->line + 1,
                          mark->column + 1, (int)reader->key_len, reader->key, value);
        buffer_add(reader->problem, buffer_text(&wrong));
        return false;
    }
    reader->n_listed++;
    return true;
}

/* The value of a key, plain or a list, is over. */
static void end_value(struct reader *reader)
{
    struct slice key = { reader->key, reader->key_len };

    reader->is_set[option_index(&settings_table, option_find(&settings_table, key))] = true;
    close_value(reader);
}

static bool close_list(struct reader *reader, const yaml_mark_t *mark)
{
    if (reader->n_listed == 0)
        return fail_key(reader, mark, "expected at least one value in this list");
    reader->is_in_list = false;
    end_value(reader);
    return true;
}

static bool read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct slice text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    const yaml_mark_t *mark = &event->start_mark;

    /* An empty document is one empty scalar. */
    if (reader->depth == 0)
        return text.len == 0 || fail(reader, mark, "expected settings, NAME: VALUE");
    if (memchr(text.at, '\0', text.len))
        return fail(reader, mark, "there is a NUL in this");
    if (!reader->has_key)
        return read_key(reader, text, mark);
    if (!set_value(reader, text.at, mark))
        return false;
    if (!reader->is_in_list)
        end_value(reader);
    return true;
}

static bool read_event(struct reader *reader, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;

    switch (event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(reader, event);
    case YAML_MAPPING_START_EVENT: return open_mapping(reader, mark);
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        close_value(reader);
        return true;
    case YAML_SEQUENCE_START_EVENT: return open_list(reader, mark);
    case YAML_SEQUENCE_END_EVENT: return close_list(reader, mark);
    case YAML_ALIAS_EVENT: return fail(reader, mark, "aliases are not used in this file");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: break;
    }
    return true;
}

/* Where byte number @offset of the file stands. */
static yaml_mark_t find_mark(FILE *file, size_t offset)
{
    yaml_mark_t mark = { .line = 0, .column = 0 };
    int c;

    rewind(file);
    for (size_t i = 0; i < offset && (c = getc(file)) != EOF; i++) {
        mark.column = c == '\n' ? 0 : mark.column + 1;
        mark.line += c == '\n';
    }
    return mark;
}

/* Say why libyaml stopped. What it could not even decode has an offset only. */
static bool fail_parser(struct reader *reader, const yaml_parser_t *parser, FILE *file)
{
    const char *problem = parser->problem ? parser->problem : "this is not YAML";
    yaml_mark_t mark = parser->problem_mark;

    if (ferror(file)) {
        buffer_add_format(reader->problem, "%s: cannot be read: %s; check --config.file",
                          reader->path, strerror(errno));
        return false;
    }
    if (parser->error == YAML_READER_ERROR)
        mark = find_mark(file, parser->problem_offset);
    return fail(reader, &mark, problem);
}

static bool read_stream(struct reader *reader, FILE *file)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool is_good = true, is_at_end = false;

    if (!yaml_parser_initialize(&parser)) {
        buffer_add_format(reader->problem, "%s: no memory to read it", reader->path);
        return false;
    }
    yaml_parser_set_input_file(&parser, file);
    while (is_good && !is_at_end) {
        if (!yaml_parser_parse(&parser, &event)) {
            is_good = fail_parser(reader, &parser, file);
            break;
        }
        is_good = read_event(reader, &event);
        is_at_end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return is_good;
}

bool config_file_read(struct settings *settings, const char *path, struct buffer *problem)
{
    struct reader reader = { .settings = settings, .path = path, .problem = problem };
    FILE *file = fopen(path, "re");
    bool is_good;

    if (!file) {
        buffer_add_format(problem, "%s: cannot be read: %s; check --config.file", path,
                          strerror(errno));
        return false;
    }
    is_good = read_stream(&reader, file);
    fclose(file);
    buffer_keep_on_one_line(problem);
    return is_good;
}
