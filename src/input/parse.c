/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse
 *
 *      bot.routes_total:1|c|@0.5|#player_id:1,status:completed
 *      ^^^^^^^^^^^^^^^^ ^ ^
 *      name         value rest
 *
 * Most lines differ from an earlier one only in their value. So the part that runs for every line
 * finds where the value begins and ends, reads it, and stops there: name and rest are the key by
 * which the shard finds the line's cell. input/resolve works out their meaning once per key, with
 * the rest of this file. Most lines are also usual (parse_usual_lines) and take the shortest path.
 * In any doubt a line goes to the other functions, which know the whole grammar.
 *
 * A value that is not a number is rarely a mistake: it belongs to a set, or it is packed, or the
 * name's tags contain a colon. These cases are considered only then.
 */

#include "input/parse.h"

#include "base/digits.h"
#include "base/number.h"
#include "base/scan.h"
#include "base/weight.h"
#include "input/event.h"
#include "input/service_check.h"

/* Rates below this are a sender's mistake; their weights would drown everything. */
#define RATE_MIN 1e-9

bool parse_next_line(struct slice *datagram, const struct parse_options *options, struct slice *ret)
{
    while (datagram->len) {
        struct slice line = slice_cut(datagram, '\n');

        if (UNLIKELY(line.len > options->line_max)) {
            *ret = line;
            return true;
        }
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

/* --- lines ----------------------------------------------------------------------- */

static enum verdict refuse(struct line *line, enum verdict verdict, const char *fault)
{
    line->fault = fault;
    return verdict;
}

static void set_value(struct line *line, const char *begin, const char *end)
{
    line->value = (struct slice){ begin, (size_t)(end - begin) };
    line->is_relative = line->value.len && (*begin == '+' || *begin == '-');
    line->is_number = number_parse(line->value, &line->number);
}

/*
 * na[key=va:lue]me:1|c
 * ------------- not here
 *
 * If the name ends inside a bracket group, because a tag's value contains a colon, move its end
 * to the first colon after the group. There is no number before that.
 */
static enum verdict skip_group(struct line *line, unsigned dialects)
{
    const char *bar = line->rest.at, *end, *colon;
    struct slice head = { line->name.at, (size_t)(bar - line->name.at) }, group;

    if (!memchr(line->name.at, '[', line->name.len) || !tags_find_group(head, dialects, &group))
        return VERDICT_APPLIED;
    end = group.at + group.len;
    if (end < line->value.at)
        return VERDICT_APPLIED;
    colon = memchr(end, ':', (size_t)(bar - end));
    if (!colon)
        return refuse(line, REFUSED_MALFORMED_LINE, bar);
    line->name.len = (size_t)(colon - line->name.at);
    set_value(line, colon + 1, bar);
    return VERDICT_APPLIED;
}

/* The verdict on @text if it is an event or a service check; VERDICT_APPLIED for a line. */
static enum verdict recognise_other(struct slice text)
{
    enum verdict event = event_recognise(text);

    return event == VERDICT_APPLIED ? service_check_recognise(text) : event;
}

enum verdict parse_line(struct slice text, const struct parse_options *options, struct line *ret)
{
    const char *colon, *bar, *end = text.at + text.len;

    if (UNLIKELY(text.len == 0))
        return refuse(ret, REFUSED_MALFORMED_LINE, end);
    if (UNLIKELY(text.len > options->line_max))
        return refuse(ret, REFUSED_LINE_LIMIT, text.at + options->line_max);
    if (UNLIKELY(text.at[0] == '_')) {
        enum verdict skipped = recognise_other(text);

        if (skipped != VERDICT_APPLIED)
            return refuse(ret, skipped, text.at);
    }

    /* name:value|rest
     * ----^            */
    colon = memchr(text.at, ':', text.len);
    if (UNLIKELY(!colon || colon == text.at))
        return refuse(ret, REFUSED_MALFORMED_LINE, colon ? colon : end);

    /* name:value|rest
     *      -----^      */
    bar = memchr(colon + 1, '|', (size_t)(end - colon - 1));
    if (UNLIKELY(!bar))
        return refuse(ret, REFUSED_MALFORMED_LINE, end);

    ret->name = (struct slice){ text.at, (size_t)(colon - text.at) };
    ret->rest = (struct slice){ bar, (size_t)(end - bar) };
    set_value(ret, colon + 1, bar);
    if (UNLIKELY(!ret->is_number) && options->dialects & 1u << TAG_SIGNALFX)
        return skip_group(ret, options->dialects);
    return VERDICT_APPLIED;
}

/* The same as set_value(), but the bytes from @bar to @end may be read, too. */
static void set_usual_value(struct line *line, const char *begin, const char *bar, const char *end)
{
    uint32_t number;

    if (UNLIKELY(end - begin < DIGITS_WORD ||
                 !digits_parse(begin, (size_t)(bar - begin), &number))) {
        set_value(line, begin, bar);
        return;
    }
    line->value = (struct slice){ begin, (size_t)(bar - begin) };
    line->number = number;
    line->is_number = true;
    line->is_relative = false;
}

/*
 * Whether a usual line may begin with @first and end with @last. Control characters are allowed
 * there, but too rare to be told apart from blanks.
 */
static bool are_usual_ends(unsigned char first, unsigned char last)
{
    return first > ' ' && first != '_' && last > ' ';
}

/* Cut the line at @begin. Returns where it ends; NULL if it is not usual. */
static const char *cut_usual_line(const char *begin, const char *end, size_t line_max,
                                  struct line *ret)
{
    const char *colon, *bar, *line_end;

    /* name:value|rest
     * ----^-----^----^ */
    colon = scan_either(begin, end, ':', '\n');
    if (UNLIKELY(colon == end || *colon == '\n' || colon == begin))
        return NULL;
    bar = scan_either(colon + 1, end, '|', '\n');
    if (UNLIKELY(bar == end || *bar == '\n'))
        return NULL;
    set_usual_value(ret, colon + 1, bar, end);
    if (UNLIKELY(!ret->is_number))
        return NULL;
    line_end = scan_for(bar + 1, end, '\n');
    if (UNLIKELY(!are_usual_ends((unsigned char)*begin, (unsigned char)line_end[-1]) ||
                 (size_t)(line_end - begin) > line_max))
        return NULL;

    ret->name = (struct slice){ begin, (size_t)(colon - begin) };
    ret->rest = (struct slice){ bar, (size_t)(line_end - bar) };
    return line_end;
}

size_t parse_usual_lines(struct slice *datagram, const struct parse_options *options,
                         struct line *lines, size_t max)
{
    const char *at = datagram->at, *end;
    size_t n = 0;

    if (datagram->len == 0)
        return 0;
    end = at + datagram->len;
    while (n < max && at < end) {
        const char *line_end = cut_usual_line(at, end, options->line_max, &lines[n]);

        if (UNLIKELY(!line_end))
            break;
        n++;
        at = line_end < end ? line_end + 1 : end;
    }
    *datagram = (struct slice){ at, (size_t)(end - at) };
    return n;
}

/* --- several samples on a line ------------------------------------------------------ */

bool parse_is_packed(const struct line *line)
{
    return line->value.len && memchr(line->value.at, ':', line->value.len);
}

bool parse_next_value(struct slice *values, struct line *line)
{
    const char *end, *colon;

    /* "1:" is two values, the second empty. So at, not len, marks the end. */
    if (!values->at)
        return false;
    end = values->at + values->len;
    colon = scan_for(values->at, end, ':');
    set_value(line, values->at, colon);
    if (colon < end)
        *values = (struct slice){ colon + 1, (size_t)(end - colon - 1) };
    else
        *values = (struct slice){ NULL, 0 };
    return true;
}

/* Whether @text is only digits and colons, which are next to each other in ASCII. */
static bool are_whole_numbers(struct slice text)
{
    unsigned char is_other = 0;

    for (size_t i = 0; i < text.len; i++)
        is_other |= (unsigned char)(text.at[i] - '0') > ':' - '0';
    return !is_other;
}

/* All values must be seen before one is recorded; none is converted here. */
const char *parse_packed_fault(const struct line *line)
{
    struct slice values = line->value;

    if (are_whole_numbers(values))
        return NULL;
    while (values.len) {
        size_t len = number_prefix(values);

        if (UNLIKELY(len < values.len && values.at[len] != ':'))
            return values.at + number_valid_prefix(slice_cut(&values, ':'));
        len += len < values.len;
        values = (struct slice){ values.at + len, values.len - len };
    }
    return NULL;
}

/*
 * |c|@0.1:200|ms:6|g
 *        ^
 * The end of the link that begins with the first section of @rest: a colon in its type or in a
 * rate, or NULL if it is the last link. @ret_is_good tells whether it has a valid type.
 */
static const char *end_of_link(struct slice rest, bool *ret_is_good)
{
    struct slice section, type;
    enum sample_type ignored;
    const char *colon = NULL;

    rest = (struct slice){ rest.at + 1, rest.len - 1 };
    section = type = slice_cut(&rest, '|');
    *ret_is_good = sample_type_parse(slice_cut(&type, ':'), &ignored);
    if (section.len)
        colon = memchr(section.at, ':', section.len);
    while (!colon && parse_next_section(&rest, &section))
        if (section.at[0] == '@')
            colon = memchr(section.at, ':', section.len);
    return colon;
}

bool parse_is_chain(const struct line *line)
{
    const char *end = line->rest.at + line->rest.len, *colon, *bar;
    struct slice rest = line->rest;
    bool is_good;

    colon = end_of_link(rest, &is_good);
    if (!colon || line->name.len > CHAIN_NAME_MAX || memmem(rest.at, rest.len, "|#", 2))
        return false;
    /* All links must be good; otherwise the whole line is refused. */
    while (is_good && colon) {
        bar = memchr(colon, '|', (size_t)(end - colon));
        if (!bar)
            return true;
        rest = (struct slice){ bar, (size_t)(end - bar) };
        colon = end_of_link(rest, &is_good);
    }
    return is_good;
}

const char *parse_chain_fault(const struct line *line)
{
    struct slice rest = { line->rest.at + 1, line->rest.len - 1 };
    enum sample_type type;
    struct slice letters = slice_cut(&rest, '|');

    if (!sample_type_parse(slice_cut(&letters, ':'), &type) ||
        sample_type_facts(type)->value == SAMPLE_VALUE_TEXT || !parse_is_packed(line))
        return NULL;
    return parse_packed_fault(line);
}

bool parse_next_link(struct slice *links, struct line *line)
{
    const char *end, *bar, *colon;
    bool is_good;

    if (!links->at)
        return false;
    end = links->at + links->len;
    bar = links->len ? memchr(links->at, '|', links->len) : NULL;
    set_value(line, links->at, bar ? bar : end);
    line->rest = (struct slice){ bar ? bar : end, bar ? (size_t)(end - bar) : 0 };
    colon = bar ? end_of_link(line->rest, &is_good) : NULL;
    if (colon) {
        line->rest.len = (size_t)(colon - bar);
        *links = (struct slice){ colon + 1, (size_t)(end - colon - 1) };
    } else {
        *links = (struct slice){ NULL, 0 };
    }
    return true;
}

/* --- the rest of a line --------------------------------------------------------------- */

bool parse_rate(struct slice text, double *ret_weight)
{
    double rate;
    bool is_good = number_parse(text, &rate) && rate >= RATE_MIN && rate <= 1;

    *ret_weight = is_good ? weight_of_rate(rate) : 1;
    return is_good;
}

bool parse_next_section(struct slice *rest, struct slice *ret)
{
    /* A line may have thousands of empty ones, so a search for the end of each costs too much. */
    while (rest->len && rest->at[0] == '|')
        *rest = (struct slice){ rest->at + 1, rest->len - 1 };
    if (rest->len == 0)
        return false;
    *ret = slice_cut(rest, '|');
    return true;
}

enum section parse_section(struct slice section, struct slice *ret_content)
{
    *ret_content = (struct slice){ section.at + 1, section.len - 1 };
    if (section.at[0] == '@')
        return SECTION_RATE;
    if (section.at[0] == '#')
        return SECTION_TAGS;
    if (slice_starts_with(section, SLICE("c:"))) {
        *ret_content = (struct slice){ section.at + 2, section.len - 2 };
        return SECTION_CONTAINER;
    }
    if (section.at[0] == 'T' || slice_starts_with(section, SLICE("e:")) ||
        slice_starts_with(section, SLICE("card:")))
        return SECTION_KNOWN;
    return SECTION_UNKNOWN;
}
