/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tags
 *
 * Once the tags of a name are found, the dialects differ only in the separator.
 */

#include "input/tags.h"

const char *tag_dialect_name(enum tag_dialect dialect)
{
    static const char *const names[_TAG_DIALECT_N] = {
        [TAG_DOGSTATSD] = "DogStatsD", [TAG_INFLUXDB] = "InfluxDB", [TAG_LIBRATO] = "Librato",
        [TAG_SIGNALFX] = "SignalFx",   [TAG_GRAPHITE] = "Graphite",
    };

    return names[dialect];
}

bool tags_are_none(struct slice text)
{
    while (text.len && text.at[0] == ',')
        text = (struct slice){ text.at + 1, text.len - 1 };
    return text.len == 0;
}

bool tags_are_bare(const struct tags *tags)
{
    return !tags->text.len ||
           !memchr(tags->text.at, tag_dialect_separator(tags->dialect), tags->text.len);
}

static void add_tags(struct tagged_name *name, enum tag_dialect dialect, struct slice text)
{
    if (!tags_are_none(text))
        name->tags[name->n_tags++] = (struct tags){ dialect, text };
}

/* The first @mark of @dialect in @name; NULL if there is none or @dialects lacks it. */
static const char *find_mark(struct slice name, char mark, unsigned dialects,
                             enum tag_dialect dialect)
{
    return name.len && dialects & 1u << dialect ? memchr(name.at, mark, name.len) : NULL;
}

/*
 * name;key=value;key=value
 *     ^
 * The first ';' in @name, but only if a '=' follows each. carbon refuses any other name with a ';'
 * (TaggedSeries.parse_carbon), but in StatsD it is a character like others.
 */
static const char *find_semicolon(struct slice name, unsigned dialects)
{
    const char *semicolon = find_mark(name, ';', dialects, TAG_GRAPHITE);
    struct slice tags = name, tag;

    if (!semicolon || name.at[name.len - 1] == ';')
        return NULL;
    slice_cut(&tags, ';');
    while (tags.len) {
        tag = slice_cut(&tags, ';');
        if (!tag.len || !memchr(tag.at, '=', tag.len))
            return NULL;
    }
    return semicolon;
}

/*
 * The first mark in @name of a dialect whose tags follow the name, and this dialect; NULL if there
 * is none.
 */
static const char *find_tail(struct slice name, unsigned dialects, enum tag_dialect *ret)
{
    const char *const marks[] = {
        [TAG_INFLUXDB] = find_mark(name, ',', dialects, TAG_INFLUXDB),
        [TAG_LIBRATO] = find_mark(name, '#', dialects, TAG_LIBRATO),
        [TAG_GRAPHITE] = find_semicolon(name, dialects),
    };
    const char *first = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(marks); i++) {
        if (marks[i] && (!first || marks[i] < first)) {
            first = marks[i];
            *ret = (enum tag_dialect)i;
        }
    }
    return first;
}

/* The part of @text in which a group may begin. */
static struct slice before_tail(struct slice text, unsigned dialects)
{
    struct slice name = slice_cut(&text, ':');
    enum tag_dialect dialect;
    const char *mark = find_tail(name, dialects, &dialect);

    return mark ? (struct slice){ name.at, (size_t)(mark - name.at) } : name;
}

static const char *find_bracket(const char *at, const char *end, char bracket)
{
    return at < end ? memchr(at, bracket, (size_t)(end - at)) : NULL;
}

bool tags_find_group(struct slice text, unsigned dialects, struct slice *ret)
{
    struct slice before = before_tail(text, dialects), content;
    const char *end = text.at + text.len, *open, *close;

    open = find_bracket(before.at, before.at + before.len, '[');
    while (open && (close = find_bracket(open, end, ']'))) {
        content = (struct slice){ open + 1, (size_t)(close - open - 1) };
        if (tags_are_none(content) || memchr(content.at, '=', content.len)) {
            *ret = (struct slice){ open, content.len + 2 };
            return true;
        }
        open = find_bracket(close + 1, before.at + before.len, '[');
    }
    return false;
}

/* A bracket of @name without a partner, if none has one. */
static const char *find_odd_bracket(struct slice name)
{
    const char *end = name.at + name.len, *open = find_bracket(name.at, end, '[');
    const char *close = find_bracket(open ? open : name.at, end, ']');

    return open && close ? NULL : open ? open : close;
}

/*
 * na[key=value]me
 *   -----------
 * Take the group out, and join the parts around it in @scratch.
 */
static void split_group(struct slice sent, unsigned dialects, char *scratch,
                        struct tagged_name *ret)
{
    size_t head_len, tail_len;
    struct slice group;

    if (!tags_find_group(sent, dialects, &group)) {
        ret->odd_bracket = find_odd_bracket(before_tail(sent, dialects));
        return;
    }
    add_tags(ret, TAG_SIGNALFX, (struct slice){ group.at + 1, group.len - 2 });
    head_len = (size_t)(group.at - sent.at);
    tail_len = sent.len - head_len - group.len;
    memcpy(scratch, sent.at, head_len);
    memcpy(scratch + head_len, group.at + group.len, tail_len);
    ret->name = (struct slice){ scratch, head_len + tail_len };
    ret->scratch = scratch;
    ret->group_at = head_len;
    ret->group_len = group.len;
}

/* No tags begin before the group: tags_find_group() has looked for them. */
static void split_tail(unsigned dialects, struct tagged_name *ret)
{
    const char *begin = ret->name.at + ret->group_at, *end = ret->name.at + ret->name.len, *mark;
    enum tag_dialect dialect;

    if (ret->group_at && memchr(ret->name.at, ';', ret->group_at))
        dialects &= ~(1u << TAG_GRAPHITE);
    mark = find_tail((struct slice){ begin, (size_t)(end - begin) }, dialects, &dialect);
    if (!mark)
        return;
    ret->name.len = (size_t)(mark - ret->name.at);
    add_tags(ret, dialect, (struct slice){ mark + 1, (size_t)(end - mark - 1) });
}

/* Nearly all names contain no mark. */
static bool has_marks(struct slice name)
{
    static const bool is_mark[256] = {
        [','] = true, ['#'] = true, [';'] = true, ['['] = true, [']'] = true,
    };

    for (size_t i = 0; i < name.len; i++)
        if (is_mark[(unsigned char)name.at[i]])
            return true;
    return false;
}

void tags_split_name(struct slice sent, unsigned dialects, char *scratch, struct tagged_name *ret)
{
    ret->name = ret->sent = sent;
    ret->n_tags = 0;
    ret->odd_bracket = NULL;
    ret->scratch = NULL;
    ret->group_at = 0;
    if (!has_marks(sent))
        return;
    if (dialects & 1u << TAG_SIGNALFX)
        split_group(sent, dialects, scratch, ret);
    split_tail(dialects, ret);
}

const char *tags_origin(const struct tagged_name *name, const char *at)
{
    size_t n_around = name->sent.len - name->group_len, offset;

    if (!name->scratch || at < name->scratch || at > name->scratch + n_around)
        return at;
    offset = (size_t)(at - name->scratch);
    return name->sent.at + offset + (offset >= name->group_at ? name->group_len : 0);
}
