/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fuzz: the one function that every fuzzer here defines, and what several of them check
 *
 * With -Dfuzz_engine=true libFuzzer calls it with inputs that it makes. Otherwise
 * replay.c calls it with the seeds in <target>.in and the past crashes in
 * <target>.repro, so that each crash ever found is an ordinary test.
 */

#include "base/must.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether Prometheus accepts @name for a metric or a label. */
static inline bool fuzz_is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.len > 0;
}
