/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fault
 *
 * The parser says only where it stopped. From that byte, and from what is around it, follows why.
 */

#include "base/fault.h"

#include "base/sample_type.h"
#include "base/utf8.h"

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
