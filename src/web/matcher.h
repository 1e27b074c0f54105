/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Matcher: a condition on one label of a series, such as job!="api"
 */

#include "base/compiler.h"
#include "base/regex.h"
#include "base/slice.h"

enum matcher_sign {
    MATCHER_EQUAL,     /* = */
    MATCHER_NOT_EQUAL, /* != */
    MATCHER_REGEX,     /* =~ */
    MATCHER_NOT_REGEX, /* !~ */
};

enum matcher_outcome {
    MATCHER_FAILS,
    MATCHER_HOLDS,
    MATCHER_EXCEEDED, /* the regex needs too many steps for this value */
};

/* Zero-initialized, there is nothing to free. */
struct matcher {
    enum matcher_sign sign;
    char *text; /* the slices point here */
    struct slice label, value;
    struct regex *regex; /* NULL unless the sign wants one */
    struct regex_scratch *scratch;
    struct slice *groups; /* of the regex */
};

/*
 * Set up @matcher in place; @label and @value are copied. Returns 0; -ENOMEM; or -EINVAL if @value
 * is not a regex and must be one, and then @fault says why. It must be freed in any case.
 */
MUST_CHECK int matcher_init(struct matcher *matcher, enum matcher_sign sign, struct slice label,
                            struct slice value, struct regex_fault *fault);
void matcher_deinit(struct matcher *matcher);

/* Whether @matcher holds for @value of its label, which is valid UTF-8. One thread at a time. */
enum matcher_outcome matcher_match(const struct matcher *matcher, struct slice value);
