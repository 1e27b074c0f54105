/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusal: why a line or sample was refused, for users of the command line
 */

#include "base/slice.h"
#include "base/verdict.h"

/* The meaning of @verdict, with the flag that sets the limit, if any; NULL if not a refusal. */
const char *refusal_meaning(enum verdict verdict);

/*
 * Which of the causes that @verdict has was the one, for a line refused at the byte @fault, which
 * may be NULL; or NULL if there is no more to say than refusal_meaning() does.
 */
const char *refusal_cause(enum verdict verdict, struct slice line, const char *fault);
