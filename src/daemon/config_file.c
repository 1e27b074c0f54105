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

#include "daemon/config_file.h"

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
};

static bool fail(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    buffer_add_format(reader->problem, "%s:%zu:%zu: %s", reader->path, mark->line + 1,
                      mark->column + 1, what);
    return false;
}

static bool open_mapping(struct reader *reader, const yaml_mark_t *mark)
{
    if (reader->is_in_list)
        return fail(reader, mark, "expected a plain value in this list");
    if (reader->depth == DEPTH_MAX)
        return fail(reader, mark, "this is nested too deeply");
    reader->prefix_len[reader->depth++] = reader->key_len;
    reader->has_key = false;
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
    struct slice key = { reader->key, reader->key_len };
    const struct setting *setting = settings_find(key);
    const char *wrong;

    if (!setting || slice_equal(key, SLICE("config.file"))) {
        buffer_add_format(reader->problem, "%s:%zu:%zu: %.*s: there is no such setting",
                          reader->path, mark->line + 1, mark->column + 1, (int)key.len, key.at);
        return false;
    }
    wrong = setting_set(setting, reader->settings, value, SETTINGS_FILE);
    if (wrong) {
        buffer_add_format(reader->problem, "%s:%zu:%zu: %.*s: %s: %s", reader->path, mark->line + 1,
                          mark->column + 1, (int)key.len, key.at, value, wrong);
        return false;
    }
    return true;
}

static bool read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const yaml_mark_t *mark = &event->start_mark;
    bool is_set;

    if (reader->depth == 0) {
        /* An empty document is one empty scalar. */
        return event->data.scalar.length == 0 ||
               fail(reader, mark, "expected settings, NAME: VALUE");
    }
    if (!reader->has_key)
        return read_key(reader, (struct slice){ text, event->data.scalar.length }, mark);
    is_set = set_value(reader, text, mark);
    if (!reader->is_in_list)
        close_value(reader);
    return is_set;
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
    case YAML_SEQUENCE_START_EVENT:
        if (!reader->has_key || reader->is_in_list)
            return fail(reader, mark, "expected no list here");
        reader->is_in_list = true;
        return true;
    case YAML_SEQUENCE_END_EVENT:
        reader->is_in_list = false;
        close_value(reader);
        return true;
    case YAML_ALIAS_EVENT: return fail(reader, mark, "aliases are not used in this file");
    default: return true; /* beginnings and ends of stream and document */
    }
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
            is_good = fail(reader, &parser.problem_mark,
                           parser.problem ? parser.problem : "this is not YAML");
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
    return is_good;
}
