/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Section: the text between two bars after a line's type
 *
 * Lines and service checks mark their sections differently. The resolver sees only what the
 * mark means.
 */

#include "base/slice.h"

enum section {
    SECTION_RATE,      /* @0.5 */
    SECTION_TAGS,      /* #key:value,… */
    SECTION_CONTAINER, /* c:ID (DogStatsD 1.2) */
    SECTION_HOST,      /* h:HOST, of a service check */
    SECTION_KNOWN,     /* known but not used: ignored */
    SECTION_UNKNOWN,   /* ignored and counted */
};

/*
 * Returns the meaning of @section, which is not empty. @ret_content is what follows its mark.
 * Each grammar has its own parser.
 */
typedef enum section section_parser(struct slice section, struct slice *ret_content);
