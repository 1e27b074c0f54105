/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Selector
 *
 * The name is a label called __name__, as in Prometheus. It is matched first: the series of a name
 * are next to each other, so the caller can ask once for all of them.
 *
 * Source of the syntax: the documentation of PromQL, "Instant vector selectors", with the quoted
 * names of Prometheus 3; strings are those of Go.
 */

#include "web/selector.h"

#include "base/buffer.h"
#include "base/labels.h"
#include "base/utf8.h"
#include "web/matcher.h"
#include "web/quoted.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_LABEL SLICE("__name__")

struct selector {
    struct matcher matchers[SELECTOR_MATCHERS_MAX];
    unsigned n;
    struct buffer value; /* of the label that is being matched */
};

/* --- parsing ------------------------------------------------------------------------------ */

struct parser {
    struct selector *selector;
    struct slice text;
    size_t at;
    struct selector_fault *fault;
};

/* Say that the text is wrong at the current byte; returns -EINVAL. */
__attribute__((__format__(__printf__, 2, 3))) static int refuse(const struct parser *parser,
                                                                const char *format, ...)
{
    va_list args;

    parser->fault->at = parser->at;
    va_start(args, format);
    vsnprintf(parser->fault->text, sizeof(parser->fault->text), format, args);
    va_end(args);
    return -EINVAL;
}

static struct slice rest_of(const struct parser *parser)
{
    return (struct slice){ parser->text.at + parser->at, parser->text.len - parser->at };
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->text.len && strchr(" \t\r\n", parser->text.at[parser->at]) &&
           parser->text.at[parser->at])
        parser->at++;
}

/* Skip space, and then @symbol if it is next. */
static bool accept(struct parser *parser, struct slice symbol)
{
    skip_space(parser);
    if (!slice_starts_with(rest_of(parser), symbol))
        return false;
    parser->at += symbol.len;
    return true;
}

static bool is_name_byte(char c, bool is_first, bool with_colon)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c == ':' && with_colon) || (c >= '0' && c <= '9' && !is_first);
}

/* Take a name without quotes; empty if there is none. */
static struct slice take_name(struct parser *parser, bool with_colon)
{
    struct slice rest;
    size_t len = 0;

    skip_space(parser);
    rest = rest_of(parser);
    while (len < rest.len && is_name_byte(rest.at[len], len == 0, with_colon))
        len++;
    parser->at += len;
    return (struct slice){ rest.at, len };
}

static bool is_at_quote(struct parser *parser)
{
    struct slice rest;

    skip_space(parser);
    rest = rest_of(parser);
    return rest.len && quoted_begins(rest.at[0]);
}

/* Take a text in quotes, and append what it stands for to @out. */
static int take_quoted(struct parser *parser, struct buffer *out)
{
    const char *why;
    size_t len;

    if (!is_at_quote(parser))
        return refuse(parser, "expected a value in quotes, such as \"api\"");
    len = quoted_take(rest_of(parser), out, &why);
    if (len == 0)
        return refuse(parser, "%s", why);
    if (out->has_failed)
        return -ENOMEM;
    if (!utf8_is_valid(buffer_text(out)))
        return refuse(parser, "the text in quotes is not valid UTF-8");
    parser->at += len;
    return 0;
}

static int add_matcher(struct parser *parser, enum matcher_sign sign, struct slice label,
                       struct slice value)
{
    struct selector *selector = parser->selector;
    struct regex_fault fault = { 0 };
    int r;

    if (selector->n == SELECTOR_MATCHERS_MAX)
        return refuse(parser, "there are more than %d conditions", SELECTOR_MATCHERS_MAX);
    r = matcher_init(&selector->matchers[selector->n++], sign, label, value, &fault);
    if (r == -EINVAL)
        return refuse(parser, "the regular expression before this is wrong at its byte %zu: %s",
                      fault.at + 1, fault.text);
    return r;
}

static int take_sign(struct parser *parser, enum matcher_sign *ret)
{
    if (accept(parser, SLICE("=~")))
        *ret = MATCHER_REGEX;
    else if (accept(parser, SLICE("!~")))
        *ret = MATCHER_NOT_REGEX;
    else if (accept(parser, SLICE("!=")))
        *ret = MATCHER_NOT_EQUAL;
    else if (accept(parser, SLICE("=")))
        *ret = MATCHER_EQUAL;
    else
        return refuse(parser, "expected =, !=, =~ or !~ after the name of a label");
    return 0;
}

/* Take the sign and the value after @label. */
static int take_condition(struct parser *parser, struct slice label)
{
    CLEANUP(buffer_deinit) struct buffer value = { 0 };
    enum matcher_sign sign = MATCHER_EQUAL;
    int r = take_sign(parser, &sign);

    if (r == 0)
        r = take_quoted(parser, &value);
    return r < 0 ? r : add_matcher(parser, sign, label, buffer_text(&value));
}

/* Take what is between two commas: a condition, or a name in quotes. */
static int take_item(struct parser *parser)
{
    CLEANUP(buffer_deinit) struct buffer quoted = { 0 };
    struct slice label;
    int r;

    if (!is_at_quote(parser)) {
        label = take_name(parser, false);
        if (label.len == 0)
            return refuse(parser, "expected the name of a label, or }");
        return take_condition(parser, label);
    }
    r = take_quoted(parser, &quoted);
    if (r < 0)
        return r;
    skip_space(parser);
    if (parser->at == parser->text.len || strchr(",}", parser->text.at[parser->at]))
        return add_matcher(parser, MATCHER_EQUAL, NAME_LABEL, buffer_text(&quoted));
    return take_condition(parser, buffer_text(&quoted));
}

/* Take everything after a brace. */
static int take_items(struct parser *parser)
{
    int r;

    while (!accept(parser, SLICE("}"))) {
        r = take_item(parser);
        if (r < 0)
            return r;
        if (accept(parser, SLICE(",")))
            continue;
        if (accept(parser, SLICE("}")))
            return 0;
        return refuse(parser, "expected a comma or }");
    }
    return 0;
}

static bool matches_empty(const struct selector *selector)
{
    for (unsigned i = 0; i < selector->n; i++)
        if (matcher_match(&selector->matchers[i], SLICE("")) == MATCHER_FAILS)
            return false;
    return true;
}

static int parse(struct parser *parser)
{
    struct slice name = take_name(parser, true);
    int r = name.len ? add_matcher(parser, MATCHER_EQUAL, NAME_LABEL, name) : 0;

    if (r == 0 && accept(parser, SLICE("{")))
        r = take_items(parser);
    else if (r == 0 && !name.len)
        r = refuse(parser, "expected the name of a metric, or {");
    skip_space(parser);
    if (r == 0 && parser->at < parser->text.len)
        r = refuse(parser, "expected nothing more");
    if (r == 0 && matches_empty(parser->selector))
        r = refuse(parser, "this would select all series; at least one condition must not hold for "
                           "an empty value");
    return r;
}

int selector_new(struct selector **ret, struct slice text, struct selector_fault *fault)
{
    CLEANUP(selector_freep) struct selector *selector = calloc(1, sizeof(*selector));
    struct parser parser = { selector, text.len ? text : SLICE(""), 0, fault };
    int r;

    if (!selector)
        return -ENOMEM;
    r = parse(&parser);
    if (r < 0)
        return r;
    *ret = TAKE(selector);
    return 0;
}

void selector_free(struct selector *selector)
{
    if (!selector)
        return;
    for (unsigned i = 0; i < selector->n; i++)
        matcher_deinit(&selector->matchers[i]);
    buffer_deinit(&selector->value);
    free(selector);
}

/* --- matching ----------------------------------------------------------------------------- */

/* Undo the escapes of labels_write(). */
static struct slice unescape(struct slice value, struct buffer *out)
{
    buffer_clear(out);
    for (size_t i = 0; i < value.len; i++) {
        bool is_escaped = value.at[i] == '\\' && i + 1 < value.len;
        char c = value.at[is_escaped ? ++i : i];

        buffer_add_char(out, is_escaped && c == 'n' ? '\n' : c);
    }
    return buffer_text(out);
}

/* The value of the label called @name, or an empty one. */
static struct slice find_value(struct slice labels, struct slice name, struct buffer *memory)
{
    struct slice label, value;

    while (labels_next(&labels, &label)) {
        if (label.len < name.len + 3 || label.at[name.len] != '=' ||
            !slice_starts_with(label, name))
            continue;
        value = (struct slice){ label.at + name.len + 2, label.len - name.len - 3 };
        if (!value.len || !memchr(value.at, '\\', value.len))
            return value;
        return unescape(value, memory);
    }
    return SLICE("");
}

static enum selector_outcome outcome_of(enum matcher_outcome outcome)
{
    switch (outcome) {
    case MATCHER_FAILS: return SELECTOR_NO_MATCH;
    case MATCHER_HOLDS: return SELECTOR_MATCHES;
    case MATCHER_EXCEEDED: return SELECTOR_FAILED;
    }
    return SELECTOR_FAILED;
}

static bool is_about_name(const struct matcher *matcher)
{
    return slice_equal(matcher->label, NAME_LABEL);
}

enum selector_outcome selector_match_name(struct selector *selector, struct slice name)
{
    enum selector_outcome outcome = SELECTOR_MATCHES;

    for (unsigned i = 0; i < selector->n && outcome != SELECTOR_NO_MATCH; i++) {
        const struct matcher *matcher = &selector->matchers[i];

        if (is_about_name(matcher)) {
            enum selector_outcome one = outcome_of(matcher_match(matcher, name));

            if (one != SELECTOR_MATCHES)
                outcome = one;
        }
    }
    return outcome;
}

static enum selector_outcome match_label(struct selector *selector, const struct matcher *matcher,
                                         struct slice labels)
{
    struct slice value;

    selector->value.has_failed = false;
    value = find_value(labels, matcher->label, &selector->value);
    if (selector->value.has_failed)
        return SELECTOR_FAILED;
    return outcome_of(matcher_match(matcher, value));
}

enum selector_outcome selector_match(struct selector *selector, struct slice name,
                                     struct slice labels)
{
    enum selector_outcome outcome = selector_match_name(selector, name);

    /* One that does not hold decides, also when another one could not be found out. */
    for (unsigned i = 0; i < selector->n && outcome != SELECTOR_NO_MATCH; i++) {
        const struct matcher *matcher = &selector->matchers[i];

        if (!is_about_name(matcher)) {
            enum selector_outcome one = match_label(selector, matcher, labels);

            if (one != SELECTOR_MATCHES)
                outcome = one;
        }
    }
    return outcome;
}

unsigned selector_cost(const struct selector *selector)
{
    unsigned cost = 1;

    for (unsigned i = 0; i < selector->n; i++)
        cost += selector->matchers[i].regex ? 20 : 1;
    return cost;
}
