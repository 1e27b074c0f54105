/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event: DogStatsD's "_e{…", which looks like a line and is not one
 *
 * Pure. Source: DogStatsD datagram format 1.0,
 * https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "base/verdict.h"

/*
 * Returns SKIPPED_EVENT if @text is an event, REFUSED_MALFORMED_LINE if it begins with "_e{" but
 * is not one, and VERDICT_APPLIED for anything else.
 */
MUST_CHECK enum verdict event_recognise(struct slice text);
