/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parts: helpers for the tests of functions like event_recognise() and parse_section()
 */

#include "unit.h"

#include "base/verdict.h"
#include "input/section.h"

#include <stdlib.h>

typedef enum verdict recognise_line(struct slice text);

/* The text is in memory of exactly its size, as lengths in a line must not be trusted. */
static inline enum verdict recognise_by(recognise_line *recognise, struct slice text)
{
    char *bytes = malloc(text.len);
    enum verdict verdict;

    memcpy(bytes, text.at, text.len);
    verdict = recognise((struct slice){ bytes, text.len });
    free(bytes);
    return verdict;
}

static inline void must_all_be_by(recognise_line *recognise, enum verdict verdict,
                                  const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum verdict actual = recognise_by(recognise, slice_of(texts[i]));

        if (actual != verdict)
            fail_msg("%s: verdict %d, not %d", texts[i], actual, verdict);
    }
}

/* @text is a section of this @meaning and @content; NULL means any content. */
static inline void must_be_section_by(section_parser *parse, const char *text, enum section meaning,
                                      const char *content)
{
    struct slice actual = { NULL, 0 };
    enum section found = parse(slice_of(text), &actual);

    if (found != meaning)
        fail_msg("%s is a section of meaning %d", text, found);
    if (content && !slice_equal(actual, slice_of(content)))
        fail_msg("%s: %.*s", text, (int)actual.len, actual.at);
}
