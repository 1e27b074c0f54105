/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fuzz: the one function that every fuzzer here defines
 *
 * With -Dfuzz_engine=true libFuzzer calls it with inputs that it makes. Otherwise
 * replay.c calls it with the seeds in <target>.in and the past crashes in
 * <target>.repro, so that each crash ever found is an ordinary test.
 */

#include "base/must.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
