/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regex syntax
 *
 * One pass over the pattern, in the order of Go's own parser, so that both accept the same. Each
 * thing is written as it is read. A quantifier may need parentheses around what stands before it,
 * so the parser remembers where in the output that begins.
 *
 * Flags for case and for the dot are passed on to PCRE2, which gives them the same scope. The
 * others change what is written instead.
 */

#include "base/regex_syntax.h"

#include "base/regex_class.h"
#include "base/regex_group.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>

/* The most copies of anything that quantifiers may ask for, nested ones together. */
#define COPIES_MAX 1000

/* --- atoms ------------------------------------------------------------------------------ */

static bool add_char(struct regex_parser *parser, uint32_t c)
{
    size_t begin = parser->out->len;

    regex_write_char(parser, c);
    regex_set_atom(parser, begin, REGEX_CHAR_ATOM);
    return true;
}

/* Add PCRE2's @text for one character, or for a place between characters. */
static bool add_text(struct regex_parser *parser, struct slice text, bool is_char)
{
    size_t begin = parser->out->len;

    buffer_add(parser->out, text);
    regex_set_atom(parser, begin, is_char ? REGEX_CHAR_ATOM : REGEX_PLACE_ATOM);
    return true;
}

static bool insert(struct buffer *out, size_t at, struct slice text)
{
    if (!buffer_reserve(out, text.len))
        return false;
    memmove(out->data + at + text.len, out->data + at, out->len - at);
    memcpy(out->data + at, text.at, text.len);
    out->len += text.len;
    return true;
}

/* --- quantifiers ------------------------------------------------------------------------ */

struct quantifier {
    size_t len; /* as written, without a '?' for lazy */
    unsigned min, max;
    bool is_count; /* written in braces */
    bool is_open;  /* no upper bound */
};

/* Digits without a leading zero; at most one more than COPIES_MAX, which is too many. */
static bool read_count(struct slice text, size_t *at, unsigned *ret)
{
    size_t begin = *at;

    *ret = 0;
    for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; (*at)++) {
        *ret = *ret * 10 + (unsigned)(text.at[*at] - '0');
        if (*ret > COPIES_MAX)
            *ret = COPIES_MAX + 1;
    }
    return *at > begin && (text.at[begin] != '0' || *at == begin + 1);
}

/* {n}, {n,} or {n,m}. Returns false for any other brace, which is text. */
static bool read_braces(struct slice text, struct quantifier *ret)
{
    size_t at = 1;

    *ret = (struct quantifier){ .is_count = true };
    if (!read_count(text, &at, &ret->min))
        return false;
    ret->max = ret->min;
    if (at < text.len && text.at[at] == ',') {
        at++;
        ret->is_open = at < text.len && text.at[at] == '}';
        if (!ret->is_open && !read_count(text, &at, &ret->max))
            return false;
    }
    ret->len = at + 1;
    return at < text.len && text.at[at] == '}';
}

static bool read_quantifier(struct slice text, struct quantifier *ret)
{
    *ret = (struct quantifier){ .len = 1 };
    switch (text.len ? text.at[0] : '\0') {
    case '*': ret->is_open = true; return true;
    case '+':
        ret->min = 1;
        ret->is_open = true;
        return true;
    case '?': ret->max = 1; return true;
    case '{': return read_braces(text, ret);
    default: return false;
    }
}

/* There must be something to repeat, and not too often. */
static bool check_quantifier(struct regex_parser *parser, const struct quantifier *quantifier)
{
    unsigned n_copies = quantifier->is_open ? quantifier->min : quantifier->max;
    struct slice rest = regex_rest(parser);

    if (parser->has_just_repeated && rest.at[0] == '+')
        return regex_refuse(parser, parser->at,
                            "'+' after a quantifier makes it possessive, which Go's regexp does "
                            "not have");
    if (parser->has_just_repeated)
        return regex_refuse(parser, parser->at, "a quantifier cannot follow another one");
    if (!parser->atom.exists)
        return regex_refuse(parser, parser->at, "there is nothing to repeat before %.*s",
                            (int)quantifier->len, rest.at);
    if (!quantifier->is_count)
        return true;
    if (quantifier->min > COPIES_MAX || n_copies > COPIES_MAX ||
        (!quantifier->is_open && quantifier->min > quantifier->max))
        return regex_refuse(parser, parser->at,
                            "counts go up to %d, from the smaller to the "
                            "larger",
                            COPIES_MAX);
    parser->atom.n_copies *= n_copies ? n_copies : 1;
    if (parser->atom.n_copies > COPIES_MAX)
        return regex_refuse(parser, parser->at, "nested quantifiers ask for more than %d copies",
                            COPIES_MAX);
    return true;
}

static bool add_quantifier(struct regex_parser *parser, const struct quantifier *quantifier)
{
    struct slice text = { regex_rest(parser).at, quantifier->len };
    struct regex_atom *atom = &parser->atom;
    size_t len_before = parser->out->len;
    bool is_lazy = parser->flags & REGEX_SWAPPED;

    if (!check_quantifier(parser, quantifier))
        return false;
    parser->at += quantifier->len;
    if (regex_sees(parser, SLICE("?"))) {
        is_lazy = !is_lazy;
        parser->at++;
    }
    /* From the end to the beginning, so that places stay right. */
    if (is_lazy && !insert(parser->out, atom->end, SLICE("?")))
        return true;
    if (!insert(parser->out, atom->end, text))
        return true;
    if (!atom->is_simple && (!insert(parser->out, atom->end, SLICE(")")) ||
                             !insert(parser->out, atom->begin, SLICE("(?:"))))
        return true;
    parser->groups.may_differ |= quantifier->is_open && atom->is_simple && atom->may_be_empty;
    atom->end += parser->out->len - len_before;
    atom->is_simple = false;
    atom->may_be_empty |= quantifier->min == 0;
    parser->has_just_repeated = true;
    return true;
}

/* --- the rest ----------------------------------------------------------------------------- */

/* \Q…\E, or to the end: text without any meaning. */
static bool parse_quotation(struct regex_parser *parser)
{
    parser->at += 2;
    while (parser->at < parser->pattern.len && !regex_sees(parser, SLICE("\\E")))
        add_char(parser, regex_take_char(parser));
    if (parser->at < parser->pattern.len)
        parser->at += 2;
    return true;
}

static bool parse_set(struct regex_parser *parser, int *ret_found)
{
    size_t begin = parser->out->len;

    buffer_add_char(parser->out, '[');
    *ret_found = regex_parse_set(parser);
    if (*ret_found == 0)
        parser->out->len = begin;
    if (*ret_found <= 0)
        return *ret_found == 0;
    buffer_add_char(parser->out, ']');
    regex_set_atom(parser, begin, REGEX_CHAR_ATOM);
    return true;
}

static bool parse_backslash(struct regex_parser *parser)
{
    struct slice rest = regex_rest(parser);
    uint32_t c;
    int found;

    switch (rest.len > 1 ? rest.at[1] : '\0') {
    case 'Q': return parse_quotation(parser);
    case 'A':
    case 'b':
    case 'B':
    case 'z': parser->at += 2; return add_text(parser, (struct slice){ rest.at, 2 }, false);
    default: break;
    }
    if (!parse_set(parser, &found) || found)
        return found > 0;
    return regex_parse_escape(parser, &c) && add_char(parser, c);
}

static bool parse_brackets(struct regex_parser *parser)
{
    size_t begin = parser->out->len;

    if (!regex_parse_class(parser))
        return false;
    regex_set_atom(parser, begin, REGEX_CHAR_ATOM);
    return true;
}

static bool parse_bar(struct regex_parser *parser)
{
    struct regex_frame *frame = &parser->frames[parser->depth];

    regex_end_atom(parser);
    frame->may_be_empty |= !frame->has_text;
    frame->has_text = false;
    parser->at++;
    buffer_add_char(parser->out, '|');
    return true;
}

static bool parse_next(struct regex_parser *parser)
{
    bool is_multi_line = parser->flags & REGEX_MULTI_LINE;
    struct quantifier quantifier;

    if (read_quantifier(regex_rest(parser), &quantifier))
        return add_quantifier(parser, &quantifier);
    parser->has_just_repeated = false;
    switch (parser->pattern.at[parser->at]) {
    case '(': return regex_parse_open(parser);
    case ')': return regex_parse_close(parser);
    case '|': return parse_bar(parser);
    case '[': return parse_brackets(parser);
    case '\\': return parse_backslash(parser);
    case '.': parser->at++; return add_text(parser, SLICE("."), true);
    case '^':
        parser->at++;
        return add_text(parser, is_multi_line ? SLICE("(?m:^)") : SLICE("\\A"), false);
    case '$':
        parser->at++;
        return add_text(parser, is_multi_line ? SLICE("(?m:$)") : SLICE("\\z"), false);
    default: return add_char(parser, regex_take_char(parser));
    }
}

static int translate(struct regex_parser *parser)
{
    if (!utf8_is_valid(parser->pattern)) {
        regex_refuse(parser, utf8_valid_prefix(parser->pattern), "this is not UTF-8");
        return -EINVAL;
    }
    while (parser->at < parser->pattern.len && !parser->out->has_failed)
        if (!parse_next(parser))
            return -EINVAL;
    if (parser->out->has_failed)
        return -ENOMEM;
    if (parser->depth > 0) {
        regex_refuse(parser, parser->pattern.len, "a parenthesis is not closed");
        return -EINVAL;
    }
    return 0;
}

int regex_translate(struct slice pattern, struct buffer *out, struct regex_groups *ret_groups,
                    struct regex_fault *fault)
{
    struct regex_parser parser = { .pattern = pattern, .out = out, .fault = fault };
    size_t n_groups_max = 1;
    int r;

    for (size_t i = 0; i < pattern.len; i++)
        n_groups_max += pattern.at[i] == '(';
    parser.groups.names = calloc(n_groups_max, sizeof(struct slice));
    if (!parser.groups.names)
        return -ENOMEM;
    parser.groups.n = 1;
    parser.frames[0].n_copies = 1;
    r = translate(&parser);
    if (r < 0)
        free(parser.groups.names);
    else
        *ret_groups = parser.groups;
    return r;
}
