/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reserved names
 *
 * Whoever makes a registry calls this: the daemon, explain, and the checks of a config. So what
 * they say of a name is what happens to it.
 */

#include "web/reserved_names.h"

#include "web/scraper_names.h"
#include "web/selfmetrics.h"

int reserved_names_claim(struct registry *registry, const struct reserved_names *names)
{
    int r = scraper_names_reserve(registry);

    if (r == 0 && !names->has_self_page)
        r = selfmetrics_reserve(registry, names->has_exporter_names);
    return r;
}
