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
        [TAG_DOGSTATSD] = "DogStatsD",
        [TAG_INFLUXDB] = "InfluxDB",
        [TAG_LIBRATO] = "Librato",
        [TAG_SIGNALFX] = "SignalFx",
    };

    return names[dialect];
}

bool tags_are_none(struct slice text)
{
    while (text.len && text.at[0] == ',')
        text = (struct slice){ text.at + 1, text.len - 1 };
    return text.len == 0;
}

static void add_tags(struct tagged_name *name, enum tag_dialect dialect, struct slice text)
{
    if (!tags_are_none(text))
        name->tags[name->n_tags++] = (struct tags){ dialect, text };
}

/*
 * na[key=value]me
 *   -----------
 * Take the group out, and join the parts around it in @scratch.
 */
static void split_group(struct slice sent, char *scratch, struct tagged_name *ret)
{
    const char *end = sent.at + sent.len;
    const char *open = memchr(sent.at, '[', sent.len);
    const char *close = memchr(open ? open : sent.at, ']', (size_t)(end - (open ? open : sent.at)));
    size_t head_len, tail_len;

    if (!open || !close) {
        ret->odd_bracket = open ? open : close;
        return;
    }
    add_tags(ret, TAG_SIGNALFX, (struct slice){ open + 1, (size_t)(close - open - 1) });
    head_len = (size_t)(open - sent.at);
    tail_len = (size_t)(end - close - 1);
    memcpy(scratch, sent.at, head_len);
    memcpy(scratch + head_len, close + 1, tail_len);
    ret->name = (struct slice){ scratch, head_len + tail_len };
    ret->scratch = scratch;
    ret->group_at = head_len;
    ret->group_len = sent.len - ret->name.len;
}

/* The first @mark of @dialect in @name; NULL if there is none or @dialects lacks it. */
static const char *find_mark(struct slice name, char mark, unsigned dialects,
                             enum tag_dialect dialect)
{
    return name.len && dialects & 1u << dialect ? memchr(name.at, mark, name.len) : NULL;
}

/* The first mark in a name decides the dialect of its tags. */
static void split_tail(unsigned dialects, struct tagged_name *ret)
{
    const char *comma = find_mark(ret->name, ',', dialects, TAG_INFLUXDB);
    const char *hash = find_mark(ret->name, '#', dialects, TAG_LIBRATO);
    bool is_influxdb = comma && (!hash || comma < hash);
    const char *mark = is_influxdb ? comma : hash, *end = ret->name.at + ret->name.len;

    if (!mark)
        return;
    ret->name.len = (size_t)(mark - ret->name.at);
    add_tags(ret, is_influxdb ? TAG_INFLUXDB : TAG_LIBRATO,
             (struct slice){ mark + 1, (size_t)(end - mark - 1) });
}

/* Nearly all names contain no mark. */
static bool has_marks(struct slice name)
{
    return name.len && (memchr(name.at, ',', name.len) || memchr(name.at, '#', name.len) ||
                        memchr(name.at, '[', name.len) || memchr(name.at, ']', name.len));
}

void tags_split_name(struct slice sent, unsigned dialects, char *scratch, struct tagged_name *ret)
{
    ret->name = ret->sent = sent;
    ret->n_tags = 0;
    ret->odd_bracket = NULL;
    ret->scratch = NULL;
    if (!has_marks(sent))
        return;
    if (dialects & 1u << TAG_SIGNALFX)
        split_group(sent, scratch, ret);
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
