/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/verdict.h"

#include <string.h>

static void each_refusal_has_a_reason_of_its_own(void **state)
{
    for (enum verdict verdict = VERDICT_APPLIED; verdict < _VERDICT_N; verdict++) {
        const char *reason = verdict_reason(verdict);

        assert_int_equal(reason != NULL, verdict_is_refusal(verdict));
        for (enum verdict other = VERDICT_APPLIED; reason && other < verdict; other++)
            if (verdict_is_refusal(other))
                assert_string_not_equal(reason, verdict_reason(other));
    }
}

static void reasons_are_those_of_the_metric(void **state)
{
    assert_string_equal(verdict_reason(REFUSED_LINE_LIMIT), "line_limit");
    assert_string_equal(verdict_reason(REFUSED_NO_MEMORY), "no_memory");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_refusal_has_a_reason_of_its_own),
        CASE(reasons_are_those_of_the_metric),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
