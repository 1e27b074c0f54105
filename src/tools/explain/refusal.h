/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusal: why a line or sample was refused, for somebody who has the command line
 */

#include "base/verdict.h"

/* What udometer_refused_total calls it, "line_limit"; NULL for what is not a refusal. */
const char *refusal_name(enum verdict verdict);

/* What it means, with the flag that says otherwise if there is one; NULL likewise. */
const char *refusal_meaning(enum verdict verdict);
