/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fault
 *
 * The parser says only where it stopped. From that byte, and from what is around it, follows why.
 */

#include "base/fault.h"

#include "base/sample_type.h"
#include "base/treatment.h"
#include "base/utf8.h"

/* More words of a value map are only counted. */
#define WORDS_MAX 10

/* A malformed line has several causes. The byte where it went wrong tells them apart. */
static const char *cause_at(struct slice line, const char *fault)
{
    struct slice rest = { fault, (size_t)(line.at + line.len - fault) };
    struct slice character = { fault, rest.len < UTF8_LENGTH_MAX ? rest.len : UTF8_LENGTH_MAX };

    if (slice_starts_with(line, SLICE("_e{")))
        return "it begins as an event, _e{…}, but is not one";
    if (slice_starts_with(line, SLICE("_sc|")))
        return "it begins as a service check, _sc|…, but is not one";
    if (rest.len == 0)
        return memchr(line.at, ':', line.len) ? "there is no '|' and type after the value"
                                              : "there is no ':' and value after the name";
    if (utf8_valid_prefix(character) == 0)
        return "this byte of a name or tag is not UTF-8";
    if (fault == line.at && strchr(":,;#[", *fault))
        return "the name is empty";
    if (*fault == '|')
        return "there is no ':' after the tags in brackets";
    if (fault == line.at && !memmem(line.at, line.len, "|x", 2))
        return "the mapping rule that matches makes an empty name of it";
    return "an x of which a tag is dropped would end more than it names";
}

/* A value that is not a number is wrong at one of its bytes, or where it ends. */
static const char *cause_in_value(struct slice line, const char *fault)
{
    bool is_end = fault == line.at + line.len || *fault == '|' || *fault == ':';

    if (is_end && fault > line.at && fault[-1] == ':')
        return "the value is empty";
    return is_end ? "the number is out of range, or its end is missing"
                  : "a decimal number cannot have this byte here";
}

static bool is_empty_at(struct slice line, const char *fault)
{
    return fault == line.at + line.len || *fault == '|';
}

const char *fault_cause(enum verdict verdict, struct slice line, const char *fault)
{
    if (!fault)
        return NULL;
    if (verdict == REFUSED_MALFORMED_LINE)
        return cause_at(line, fault);
    if (verdict == REFUSED_MALFORMED_VALUE)
        return cause_in_value(line, fault);
    if (verdict == REFUSED_ILLEGAL_EVENT && is_empty_at(line, fault))
        return "the type is missing; expected one of " SAMPLE_LETTERS;
    if (verdict == REFUSED_LABEL_LIMIT && fault == line.at + line.len)
        return "all labels together are longer than --limit.labels-length";
    return NULL;
}

/* --- words -------------------------------------------------------------------------------- */

struct slice fault_value(struct slice line, const char *at)
{
    const char *from = at, *to = at, *end = line.at + line.len;

    while (from > line.at && from[-1] != ':')
        from--;
    while (to < end && *to != ':' && *to != '|')
        to++;
    return (struct slice){ from, (size_t)(to - from) };
}

static void add_words(const struct treatment *treatment, struct buffer *out)
{
    buffer_add_literal(out, "the value is not a number or one of the words");
    for (size_t i = 0; i < treatment->n_words && i < WORDS_MAX; i++) {
        buffer_add_format(out, "%s ", i ? "," : "");
        buffer_add(out, treatment->words[i].word);
    }
    if (treatment->n_words > WORDS_MAX)
        buffer_add_format(out, ", and %zu more", treatment->n_words - WORDS_MAX);
}

/* Whether a word is sent as one of several values, of which each must be a number. */
static bool is_packed(const struct fault *fault)
{
    struct slice value = fault_value(fault->line, fault->at);
    const char *end = value.at + value.len, *bar = memchr(fault->line.at, '|', fault->line.len);
    const char *colon = memchr(fault->line.at, ':', fault->line.len);

    return (colon && value.at > colon + 1) || (bar && end < bar);
}

void fault_write(const struct fault *fault, struct buffer *out)
{
    const struct treatment *treatment = fault->treatment;
    const char *cause = fault_cause(fault->verdict, fault->line, fault->at);

    if (fault->verdict == REFUSED_MALFORMED_VALUE && treatment && treatment->n_words) {
        add_words(treatment, out);
        if (fault->at && is_packed(fault))
            buffer_add_literal(out, "; of several values, each must be a number");
    } else if (cause) {
        buffer_add(out, slice_of(cause));
    }
}
