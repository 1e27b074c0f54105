/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Verdict
 *
 * The list of refusals has the names, so a new one cannot be without.
 */

#include "base/verdict.h"

#include <stddef.h>

const char *verdict_reason(enum verdict verdict)
{
    static const char *const names[_VERDICT_N] = {
#define X(id, name) [REFUSED_##id] = #name,
        REFUSALS(X)
#undef X
    };

    return names[verdict];
}
