/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Refusal
 *
 * The switch does not compile if a refusal is added without its text.
 */

#include "tools/explain/refusal.h"

#include "base/sample_type.h"

const char *refusal_meaning(enum verdict verdict)
{
    switch (verdict) {
    case REFUSED_LINE_LIMIT:
        return "the line is longer than --limit.line-length, or a chain of types has too many "
               "links for the length of its name";
    case REFUSED_MALFORMED_LINE:
        return "not NAME:VALUE|TYPE, or a name or tag is not UTF-8, or an x has a tag that would "
               "be dropped";
    case REFUSED_ILLEGAL_EVENT: return "the type is not one of " SAMPLE_LETTERS;
    case REFUSED_MIXED_TAGGING_STYLES: return "the line has tags in two dialects";
    case REFUSED_NAME_LIMIT: return "the name is longer than --limit.name-length";
    case REFUSED_LABEL_LIMIT:
        return "there are more labels, or longer ones, than the --limit.label* flags allow, or "
               "more than 8,192 tags";
    case REFUSED_MALFORMED_VALUE: return "the value is not a decimal number, or is out of range";
    case REFUSED_ILLEGAL_NEGATIVE_COUNTER:
        return "the value is negative, but a counter can only grow";
    case REFUSED_SERIES_LIMIT:
        return "a new gauge, a new name, or running totals, beyond a --limit.*series* limit";
    case REFUSED_NAME_RATE: return "more new names came in a second than --limit.new-names allows";
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
    case REFUSED_VALUE_OVERFLOW:
        return "the sum would exceed the range of a double, or is so large that the value would "
               "not change it";
    case REFUSED_NO_MEMORY: return "out of memory for a new series, or for more of one";
    case VERDICT_APPLIED:
    case SKIPPED_EVENT ... _VERDICT_N: break;
    }
    return NULL;
}
