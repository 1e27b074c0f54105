/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fault: why the byte at which a line was refused cannot be right
 */

#include "base/buffer.h"
#include "base/slice.h"
#include "base/verdict.h"

struct treatment; /* base/treatment.h */

/* What is known of a refused line or value. All is borrowed. */
struct fault {
    enum verdict verdict;
    struct slice line;                 /* the whole line; empty if it is not known */
    const char *at;                    /* the byte of it that cannot be right; NULL: not known */
    const struct treatment *treatment; /* of the value; NULL: none, or not known */
};

/*
 * Which of the causes that @verdict has was the one, for a line refused at the byte @fault, which
 * may be NULL; or NULL if the verdict has only one. @line is the whole line. The result is static.
 */
const char *fault_cause(enum verdict verdict, struct slice line, const char *fault);

/*
 * Append which of the causes it was: fault_cause(), or that the value is not one of the words that
 * stand for numbers, with up to ten of these. Appends nothing if the verdict has only one cause.
 */
void fault_write(const struct fault *fault, struct buffer *out);

/* The value that is at the byte @at of @line, one of several perhaps. */
struct slice fault_value(struct slice line, const char *at);
