/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Service check
 *
 *      _sc|name|0|d:1656581400|h:host|#tag:value|m:message
 *
 * The message comes last and may contain anything, including bars. It is cut off here, so that
 * only sections remain.
 */

#include "input/service_check.h"

enum verdict service_check_recognise(struct slice text)
{
    struct service_check parsed;

    if (!slice_starts_with(text, SLICE("_sc|")))
        return VERDICT_APPLIED;
    return service_check_parse(text, &parsed) ? SKIPPED_SERVICE_CHECK : REFUSED_MALFORMED_LINE;
}

/* @rest, which is empty or begins with '|', without the message. */
static struct slice without_message(struct slice rest)
{
    const char *message = rest.len ? memmem(rest.at, rest.len, "|m:", 3) : NULL;

    if (message)
        rest.len = (size_t)(message - rest.at);
    return rest;
}

bool service_check_parse(struct slice text, struct service_check *ret)
{
    const char *end = text.at + text.len, *rest;

    /* _sc|name|status|rest
     *     ---- ------      */
    slice_cut(&text, '|');
    ret->name = slice_cut(&text, '|');
    ret->status = slice_cut(&text, '|');
    rest = ret->status.at + ret->status.len;
    ret->sections = without_message((struct slice){ rest, (size_t)(end - rest) });
    return ret->name.len && ret->status.len == 1 && ret->status.at[0] >= '0' &&
           ret->status.at[0] <= '3';
}

enum section service_check_section(struct slice section, struct slice *ret_content)
{
    bool is_tags = section.at[0] == '#';
    size_t mark_len = is_tags || section.len < 2 ? 1 : 2;

    *ret_content = (struct slice){ section.at + mark_len, section.len - mark_len };
    if (is_tags)
        return SECTION_TAGS;
    if (slice_starts_with(section, SLICE("h:")))
        return SECTION_HOST;
    if (slice_starts_with(section, SLICE("d:")) || slice_starts_with(section, SLICE("c:")))
        return SECTION_KNOWN;
    return SECTION_UNKNOWN;
}
