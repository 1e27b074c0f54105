/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusal: why a line or sample was refused, for users of the command line
 */

#include "base/verdict.h"

/* The meaning of @verdict, with the flag that sets the limit, if any; NULL if not a refusal. */
const char *refusal_meaning(enum verdict verdict);
