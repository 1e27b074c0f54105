/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event
 *
 *      _e{5,4}:title|text|p:low|#tag:value
 *
 * The lengths tell where title and text end, so these may hold any bytes.
 */

#include "input/event.h"

/* No line that can be received has a longer text. */
#define LENGTH_MAX 100000000

/* Cut a length, followed by @end, off the front of @text. Returns false if there is none. */
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

/* Whether title and text have the lengths that the event states. @text follows "_e{". */
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
    static const struct slice mark = { "_e{", 3 };

    if (!slice_starts_with(text, mark))
        return VERDICT_APPLIED;
    text = (struct slice){ text.at + mark.len, text.len - mark.len };
    return is_event(text) ? SKIPPED_EVENT : REFUSED_MALFORMED_LINE;
}
