/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Refusal
 *
 * The switch does not compile if a refusal is added without its text.
 */

#include "tools/explain/refusal.h"

#include "base/sample_type.h"
#include "base/utf8.h"

const char *refusal_meaning(enum verdict verdict)
{
    switch (verdict) {
    case REFUSED_LINE_LIMIT: return "the line is longer than --limit.line-length";
    case REFUSED_MALFORMED_LINE:
        return "not NAME:VALUE|TYPE, or a name or tag is not UTF-8, or an x has a tag that would "
               "be dropped";
    case REFUSED_ILLEGAL_EVENT: return "the type is not one of " SAMPLE_LETTERS;
    case REFUSED_MIXED_TAGGING_STYLES: return "the line has tags in two dialects";
    case REFUSED_NAME_LIMIT: return "the name is longer than --limit.name-length";
    case REFUSED_LABEL_LIMIT:
        return "there are more labels, or longer ones, than the --limit.label* flags allow";
    case REFUSED_MALFORMED_VALUE: return "the value is not a decimal number, or is out of range";
    case REFUSED_ILLEGAL_NEGATIVE_COUNTER:
        return "the value is negative, but a counter can only grow";
    case REFUSED_SERIES_LIMIT:
        return "a new gauge, a new name, or running totals, beyond a --limit.*series* limit";
    case REFUSED_END_LIMIT: return "x would check more series than a worker does in one second";
    case REFUSED_UNDECLARED_LABEL:
        return "the metric is declared without one of these labels, and the config refuses such "
               "lines";
    case REFUSED_TYPE_CONFLICT:
        return "the name is in use, or declared, with another type, or it is _bucket, _sum or "
               "_count of a histogram";
    case REFUSED_RESERVED_NAME:
        return "the name belongs to udometer's own metrics, or to the scraper's; "
               "--web.self-metrics-path frees the former";
    case REFUSED_VALUE_OVERFLOW: return "the sum would exceed the range of a double";
    case REFUSED_NO_MEMORY: return "out of memory for a new series, or to extend a gauge or set";
    case VERDICT_APPLIED:
    case SKIPPED_EVENT:
    case SKIPPED_SERVICE_CHECK:
    case SKIPPED_RULE:
    case SKIPPED_UNDECLARED:
    case _VERDICT_N: break;
    }
    return NULL;
}

/* A malformed line has several causes. The byte where it went wrong tells them apart. */
static const char *cause_at(struct slice line, const char *fault)
{
    struct slice rest = { fault, (size_t)(line.at + line.len - fault) };

    if (slice_starts_with(line, SLICE("_e{")))
        return "it begins as an event, _e{…}, but is not one";
    if (slice_starts_with(line, SLICE("_sc|")))
        return "it begins as a service check, _sc|…, but is not one";
    if (rest.len == 0)
        return memchr(line.at, ':', line.len) ? "there is no '|' and type after the value"
                                              : "there is no ':' and value after the name";
    if (utf8_valid_prefix(rest) == 0)
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

const char *refusal_cause(enum verdict verdict, struct slice line, const char *fault)
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
