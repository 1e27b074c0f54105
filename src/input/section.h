/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Section: what stands between the bars after a line's type
 *
 * Lines and service checks mark their sections differently. To the resolver a section is
 * the same whatever its mark was.
 */

#include "base/slice.h"

enum section {
    SECTION_RATE,      /* @0.5 */
    SECTION_TAGS,      /* #key:value,… */
    SECTION_CONTAINER, /* c:ID (DogStatsD 1.2) */
    SECTION_HOST,      /* h:HOST, of a service check */
    SECTION_KNOWN,     /* known, and of no use here: passed over */
    SECTION_UNKNOWN,   /* passed over, and counted */
};

/*
 * How a grammar tells its sections apart: the kind of @section, which is not empty.
 * @ret_content is what follows its mark.
 */
typedef enum section section_parser(struct slice section, struct slice *ret_content);
