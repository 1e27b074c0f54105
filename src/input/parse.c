/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse
 *
 *      bot.routes_total:1|c|@0.5|#player_id:1,status:completed
 *      ^^^^^^^^^^^^^^^^ ^ ^
 *      name         value rest
 *
 * Most lines differ from one that came before only in their value. So the part
 * that runs for every line finds where the value begins and ends, reads it, and
 * stops there: name and rest are the key by which the shard knows the line. What
 * they mean is worked out once per key, by parse_sections() and the mapping.
 */

#include "input/parse.h"

#include "base/number.h"

/* Rates below this are a sender's mistake; their weights would drown everything. */
#define RATE_MIN 1e-9

bool parse_next_line(struct slice *datagram, struct slice *ret)
{
    while (datagram->len) {
        struct slice line = slice_cut(datagram, '\n');

        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        line = slice_trim(line);
        if (line.len) {
            *ret = line;
            return true;
        }
    }
    return false;
}

static enum verdict skipped_kind(struct slice text)
{
    if (slice_starts_with(text, SLICE("_e{")))
        return SKIPPED_EVENT;
    if (slice_starts_with(text, SLICE("_sc|")))
        return SKIPPED_SERVICE_CHECK;
    return VERDICT_APPLIED;
}

enum verdict parse_line(struct slice text, struct line *ret)
{
    const char *colon, *bar, *end;

    if (UNLIKELY(text.len == 0 || text.len > LINE_LENGTH_MAX))
        return REFUSED_MALFORMED_LINE;
    if (UNLIKELY(text.at[0] == '_')) {
        enum verdict skipped = skipped_kind(text);

        if (skipped != VERDICT_APPLIED)
            return skipped;
    }

    /* name:value|rest
     * ----^            */
    end = text.at + text.len;
    colon = memchr(text.at, ':', text.len);
    if (UNLIKELY(!colon || colon == text.at))
        return REFUSED_MALFORMED_LINE;

    /* name:value|rest
     *      -----^      */
    bar = memchr(colon + 1, '|', (size_t)(end - colon - 1));
    if (UNLIKELY(!bar))
        return REFUSED_MALFORMED_LINE;

    ret->name = (struct slice){ text.at, (size_t)(colon - text.at) };
    ret->value = (struct slice){ colon + 1, (size_t)(bar - colon - 1) };
    ret->rest = (struct slice){ bar, (size_t)(end - bar) };
    ret->is_signed = ret->value.len && (colon[1] == '+' || colon[1] == '-');
    ret->is_number = number_parse(ret->value, &ret->number);
    return VERDICT_APPLIED;
}

/* The type that the letters of @text stand for; false when they stand for none. */
static bool parse_type(struct slice text, enum sample_type *ret)
{
    static const struct {
        struct slice letters;
        enum sample_type type;
    } types[] = {
        { { "c", 1 }, SAMPLE_COUNTER },      { { "g", 1 }, SAMPLE_GAUGE },
        { { "ms", 2 }, SAMPLE_TIMER },       { { "h", 1 }, SAMPLE_HISTOGRAM },
        { { "d", 1 }, SAMPLE_DISTRIBUTION },
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (slice_equal(text, types[i].letters)) {
            *ret = types[i].type;
            return true;
        }
    }
    return false;
}

static void parse_rate(struct slice text, struct sections *sections)
{
    double rate;

    sections->has_bad_rate = !number_parse(text, &rate) || !(rate >= RATE_MIN && rate <= 1);
    sections->weight = sections->has_bad_rate ? 1 : 1 / rate;
}

static void parse_section(struct slice section, struct sections *sections)
{
    struct slice content = { section.at + 1, section.len - 1 };

    if (section.at[0] == '@')
        parse_rate(content, sections);
    else if (section.at[0] == '#' && sections->n_tags < SECTIONS_TAGS_MAX)
        sections->tags[sections->n_tags++] = content;
    else
        sections->n_unknown++;
}

enum verdict parse_sections(struct slice rest, struct sections *ret)
{
    *ret = (struct sections){ .weight = 1 };

    /* |c|@0.5|#player_id:1
     * -^-                    */
    rest = (struct slice){ rest.at + 1, rest.len - 1 };
    if (!parse_type(slice_cut(&rest, '|'), &ret->type))
        return REFUSED_ILLEGAL_EVENT;

    /* |c|@0.5|#player_id:1
     *    ---- ------------   */
    while (rest.len) {
        struct slice section = slice_cut(&rest, '|');

        if (section.len)
            parse_section(section, ret);
    }
    return VERDICT_APPLIED;
}
