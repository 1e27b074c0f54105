/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Own name
 *
 * A sender's counter "process_cpu_seconds" would be process_cpu_seconds_total in OpenMetrics: the
 * name of one of udometer's own metrics, which people trust.
 */

#include "web/own_name.h"

#include "base/must.h"

#include <errno.h>

#define TOTAL "_total"
#define CREATED "_created"
#define NAME_MAX 128

static int reserve_if_free(struct registry *registry, const char *name, size_t len)
{
    int r = registry_reserve(registry, (struct slice){ name, len }, METRIC_GAUGE);

    return r == -EEXIST ? 0 : r;
}

/* Reserve what OpenMetrics makes of the name of a counter. */
static int reserve_others(struct registry *registry, struct slice name)
{
    size_t len = name.len - (sizeof(TOTAL) - 1); /* udometer's own counters all end in it */
    char other[NAME_MAX];
    int r;

    MUST_BE(name.len, <, sizeof(other) - sizeof(CREATED));
    memcpy(other, name.at, len);
    r = reserve_if_free(registry, other, len);
    if (r < 0)
        return r;
    memcpy(other + len, CREATED, sizeof(CREATED) - 1);
    return reserve_if_free(registry, other, len + sizeof(CREATED) - 1);
}

int own_name_reserve(struct registry *registry, struct slice name, enum metric_type type)
{
    int r = registry_reserve(registry, name, type);

    if (r < 0)
        return r;
    switch (type) {
    case METRIC_COUNTER: return reserve_others(registry, name);
    case METRIC_GAUGE:
    case METRIC_SET:
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY:
    case _METRIC_TYPE_N: break;
    }
    return 0;
}
