/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Self test: the tests that the files of a config bring along
 *
 * Each test sends its lines through a pipeline like that of a daemon with these settings, and then
 * compares the series that it expects with those of a page.
 */

#include "base/compiler.h"
#include "config/problems.h"

struct settings;

/*
 * Run all tests of @settings, which config_load() has filled. Adds a problem for each series that
 * is not as expected, at the place of its test. Returns 0, -ENOMEM, or another negative errno if a
 * pipeline cannot be made.
 */
MUST_CHECK int self_test_run(const struct settings *settings, struct problems *problems);
