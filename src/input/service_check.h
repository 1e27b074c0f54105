/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Service check: DogStatsD's "_sc|…", which looks like a line and is not one
 *
 * Pure. Slices borrow from the text. What a check becomes is in proto/README.md, section 8.
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
 * Is @text a service check? SKIPPED_SERVICE_CHECK if so; REFUSED_MALFORMED_LINE when it
 * begins with "_sc|" and goes on differently; VERDICT_APPLIED when it is something else.
 */
MUST_CHECK enum verdict service_check_recognise(struct slice text);

/* Take a check apart. Returns false when @text is not one. */
MUST_CHECK bool service_check_parse(struct slice text, struct service_check *ret);

/* What a section of a check is: tags, a host, or one that is passed over. */
section_parser service_check_section;
