/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Service check: DogStatsD's "_sc|…", which looks like a line and is not one
 *
 * Pure. Slices borrow from the text. proto/README.md, section 8, tells what a check becomes.
 * Source: DogStatsD datagram format 1.0,
 * https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "base/verdict.h"
#include "input/section.h"

/* _sc|name|status|#tags|h:host|m:message */
struct service_check {
    struct slice name;     /* not empty */
    struct slice status;   /* one digit, 0 to 3 */
    struct slice sections; /* from the status to the message: empty, or begins with '|' */
};

/*
 * Returns SKIPPED_SERVICE_CHECK if @text is a service check, REFUSED_MALFORMED_LINE if it begins
 * with "_sc|" but is not one, and VERDICT_APPLIED for anything else.
 */
MUST_CHECK enum verdict service_check_recognise(struct slice text);

/* Split a check into its parts. Returns false if @text is not one. */
MUST_CHECK bool service_check_parse(struct slice text, struct service_check *ret);

/* Reads the sections of a check: tags, host, known or unknown. */
section_parser service_check_section;
