/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event: DogStatsD's events and service checks, which look like lines and are none
 *
 * Pure. Slices borrow from the text. Source: DogStatsD datagram format 1.0,
 * https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "base/verdict.h"

/*
 * What @text, which is not empty, is: VERDICT_APPLIED when it is neither;
 * SKIPPED_EVENT or SKIPPED_SERVICE_CHECK; or REFUSED_MALFORMED_LINE when it begins
 * like one ("_e{", "_sc|") and goes on as none.
 */
MUST_CHECK enum verdict event_recognise(struct slice text);

/* _sc|name|status|#tags|h:host|m:message */
struct service_check {
    struct slice name;
    struct slice status; /* one digit, 0 to 3 */
    struct slice rest;   /* behind the status: empty, or begins with '|' */
};

/* Take a check apart. Returns false when @text is none. */
MUST_CHECK bool event_parse_check(struct slice text, struct service_check *ret);

/* What a section of a check is. */
enum check_section {
    CHECK_TAGS,    /* #key:value,… */
    CHECK_HOST,    /* h:HOST */
    CHECK_MESSAGE, /* m:TEXT, the end of the check */
    CHECK_KNOWN,   /* d:TIMESTAMP, c:CONTAINER: passed over */
    CHECK_UNKNOWN,
};

/* What kind of section it is; @ret_content is what stands behind its mark. */
enum check_section event_check_section(struct slice section, struct slice *ret_content);
