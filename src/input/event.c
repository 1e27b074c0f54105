/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event
 *
 *      _e{5,4}:title|text|p:low|#tag:value
 *      _sc|name|0|h:host|#tag:value|m:message
 */

#include "input/event.h"

/* Longer texts are in no line that can be received. */
#define LENGTH_MAX 100000000

/* Cut a length and the @end behind it off the front of @text; false when there is none. */
static bool take_length(struct slice *text, char end, size_t *ret)
{
    size_t n = 0, length = 0;

    while (n < text->len && length < LENGTH_MAX && text->at[n] >= '0' && text->at[n] <= '9')
        length = length * 10 + (size_t)(text->at[n++] - '0');
    if (n == 0 || n == text->len || text->at[n] != end)
        return false;
    *text = (struct slice){ text->at + n + 1, text->len - n - 1 };
    *ret = length;
    return true;
}

/* Are title and text as long as the event says? @text begins behind "_e{". */
static bool is_event(struct slice text)
{
    size_t title_len, text_len, len;

    if (!take_length(&text, ',', &title_len) || !take_length(&text, '}', &text_len))
        return false;
    /* :title|text
     * -----------  */
    len = 1 + title_len + 1 + text_len;
    if (text.len < len || text.at[0] != ':' || text.at[1 + title_len] != '|')
        return false;
    return text.len == len || text.at[len] == '|';
}

enum verdict event_recognise(struct slice text)
{
    static const struct slice event = { "_e{", 3 }, check = { "_sc|", 4 };
    struct service_check parsed;

    if (slice_starts_with(text, event)) {
        text = (struct slice){ text.at + event.len, text.len - event.len };
        return is_event(text) ? SKIPPED_EVENT : REFUSED_MALFORMED_LINE;
    }
    if (slice_starts_with(text, check))
        return event_parse_check(text, &parsed) ? SKIPPED_SERVICE_CHECK : REFUSED_MALFORMED_LINE;
    return VERDICT_APPLIED;
}

bool event_parse_check(struct slice text, struct service_check *ret)
{
    /* _sc|name|status|rest
     *     ---- ------      */
    slice_cut(&text, '|');
    ret->name = slice_cut(&text, '|');
    ret->status = slice_cut(&text, '|');
    ret->rest = (struct slice){ ret->status.at + ret->status.len, 0 };
    if (text.len)
        ret->rest.len = text.len + 1;
    return ret->name.len && ret->status.len == 1 && ret->status.at[0] >= '0' &&
           ret->status.at[0] <= '3';
}

enum check_section event_check_section(struct slice section, struct slice *ret_content)
{
    bool is_tags = section.at[0] == '#';
    size_t mark_len = is_tags || section.len < 2 ? 1 : 2;

    *ret_content = (struct slice){ section.at + mark_len, section.len - mark_len };
    if (is_tags)
        return CHECK_TAGS;
    if (slice_starts_with(section, SLICE("h:")))
        return CHECK_HOST;
    if (slice_starts_with(section, SLICE("m:")))
        return CHECK_MESSAGE;
    if (slice_starts_with(section, SLICE("d:")) || slice_starts_with(section, SLICE("c:")))
        return CHECK_KNOWN;
    return CHECK_UNKNOWN;
}
