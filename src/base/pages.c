/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pages
 *
 * The server compares paths byte by byte (http/route.h), and so does this.
 */

#include "base/pages.h"

#include "base/compiler.h"
#include "base/slice.h"

static const char *const pages[] = {
    PAGE_LANDING, PAGE_HEALTHY, PAGE_READY, PAGE_CONFLICTS, PAGE_REFUSED, PAGE_SERIES,
};

bool pages_include(const char *path)
{
    if (slice_starts_with(slice_of(path), SLICE("/-/")))
        return true;
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
        if (strcmp(path, pages[i]) == 0)
            return true;
    return false;
}
