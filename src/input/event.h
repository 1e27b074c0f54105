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
 * Is @text an event? SKIPPED_EVENT if so; REFUSED_MALFORMED_LINE when it begins with "_e{"
 * and goes on differently; VERDICT_APPLIED when it is something else.
 */
MUST_CHECK enum verdict event_recognise(struct slice text);
