/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolve: helpers for the tests of the resolver
 *
 * Lines are as parse_line() cuts them. One resolver serves all cases with default options, as
 * it must not remember earlier lines. If a line is refused, its fault must be in the line or at
 * its end.
 */

#include "unit.h"

#include "base/buffer.h"
#include "defaults.h"
#include "input/resolve.h"

#define ALL ((1u << _TAG_DIALECT_N) - 1)

static struct resolver *resolver;

static inline int make_resolver(void **state)
{
    return resolve_new(&resolver, &default_pipeline()->resolve);
}

static inline int free_resolver(void **state)
{
    resolve_free(resolver);
    return 0;
}

static inline void fault_must_lie_in(const struct resolver *by, struct slice text)
{
    const char *fault = resolve_fault(by);

    if (fault < text.at || fault > text.at + text.len)
        fail_msg("%.60s: the fault is elsewhere", text.at);
}

static inline enum verdict resolve_by(struct resolver *by, unsigned dialects, struct slice text,
                                      struct identity *ret)
{
    const struct parse_options options = {
        .line_max = 65536,
        .dialects = dialects,
    };
    enum verdict verdict;
    struct line line;

    memset(ret, 0xa5, sizeof(*ret));
    verdict = parse_line(text, &options, &line);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = resolve_line(by, &line, ret);
    if (verdict != VERDICT_APPLIED)
        fault_must_lie_in(by, text);
    return verdict;
}

static inline enum verdict resolve(struct slice text, struct identity *ret)
{
    return resolve_by(resolver, ALL, text, ret);
}

static inline struct identity identity_of(const char *text)
{
    struct identity identity;

    if (resolve(slice_of(text), &identity) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    return identity;
}

static inline void must_equal(const char *text, const struct identity *identity, const char *family,
                              const char *labels, unsigned n_tag_errors)
{
    if (!slice_equal(identity->family, slice_of(family)))
        fail_msg("%s: family %.*s", text, (int)identity->family.len, identity->family.at);
    if (!slice_equal(identity->labels, slice_of(labels)))
        fail_msg("%s: labels %.*s", text, (int)identity->labels.len, identity->labels.at);
    if (identity->n_tag_errors != n_tag_errors)
        fail_msg("%s: %u tag errors", text, identity->n_tag_errors);
}

/* The line has that family and those labels, and @n_tag_errors of its tags were dropped. */
static inline void must_be(const char *text, const char *family, const char *labels,
                           unsigned n_tag_errors)
{
    struct identity identity = identity_of(text);

    must_equal(text, &identity, family, labels, n_tag_errors);
}

static inline void must_end_as(enum verdict verdict, struct slice text)
{
    struct identity identity;
    enum verdict actual = resolve(text, &identity);

    if (actual != verdict)
        fail_msg("%.60s: verdict %d, not %d", text.at, actual, verdict);
}

/* The same; @text is taken. */
static inline void must_end_as_buffer(enum verdict verdict, struct buffer *text)
{
    struct identity identity;
    enum verdict actual = resolve(buffer_text(text), &identity);

    buffer_deinit(text);
    assert_int_equal(actual, verdict);
}

static inline void add_repeated(struct buffer *buffer, char c, size_t n)
{
    while (n--)
        buffer_add_char(buffer, c);
}

/* The same with other options. */
static inline void must_be_with(const struct resolve_options *options, const char *text,
                                const char *family, const char *labels, unsigned n_tag_errors)
{
    struct identity identity;
    struct resolver *own;

    assert_int_equal(resolve_new(&own, options), 0);
    if (resolve_by(own, options->dialects, slice_of(text), &identity) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    must_equal(text, &identity, family, labels, n_tag_errors);
    resolve_free(own);
}

static inline void must_end_as_with(const struct resolve_options *options, enum verdict verdict,
                                    const char *text)
{
    struct identity identity;
    enum verdict actual;
    struct resolver *own;

    assert_int_equal(resolve_new(&own, options), 0);
    actual = resolve_by(own, options->dialects, slice_of(text), &identity);
    if (actual != verdict)
        fail_msg("%.60s: verdict %d, not %d", text, actual, verdict);
    resolve_free(own);
}

static inline struct resolve_options with_dialects(unsigned dialects)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.dialects = dialects;
    return options;
}
