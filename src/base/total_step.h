/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Total step: what a running total adds to its counter (aggregate/totals.h)
 */

/*
 * Every outcome, with its name in udometer_running_total_samples_total{outcome}:
 *
 *      BASELINE    nothing: it is the first one of its sender
 *      INCREASE    the difference to the last one of its sender, 0 or more
 *      RESET       all of it: it is less than the last one, so its sender began anew
 *      LATE        nothing: a later one of its sender was faster, and has included it
 *
 * If the first one arrived after the second, the second adds what the first one should have added.
 */
#define TOTAL_OUTCOMES(X)                                                                          \
    X(BASELINE, baseline)                                                                          \
    X(INCREASE, increase)                                                                          \
    X(RESET, reset)                                                                                \
    X(LATE, late)

enum total_outcome {
#define X(id, name) TOTAL_OUTCOME_##id,
    TOTAL_OUTCOMES(X)
#undef X
        _TOTAL_OUTCOME_N,
};

struct total_step {
    enum total_outcome outcome;
    double increment; /* to add to the counter; at least 0 */
};
