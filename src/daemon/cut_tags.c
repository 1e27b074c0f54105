/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cut tags
 *
 * A name is logged once in the life of the process, and only so many names, so that senders cannot
 * fill the log.
 */

#include "daemon/cut_tags.h"

#include "base/hash.h"
#include "base/log.h"

static const char hint[] =
    "a '|' cannot be in a tag: what follows it was taken as a section of its own, and ignored";
static const char last_hint[] =
    "a '|' cannot be in a tag: what follows it was ignored; further names are not logged";

static void on_suspect(void *ctx, struct slice name, struct slice text)
{
    struct cut_tags *cut_tags = ctx;
    enum once_answer answer = once_ask(&cut_tags->names, hash_bytes(name, cut_tags->seed));

    if (answer == ONCE_KNOWN || answer == ONCE_FULL)
        return;
    if (text.len > CUT_TAGS_LINE_MAX)
        text.len = CUT_TAGS_LINE_MAX;
    log_warn("unknown section after tags", LOG_SLICE("name", name), LOG_SLICE("line", text),
             LOG_TEXT("hint", answer == ONCE_LAST ? last_hint : hint));
}

struct suspect_sink cut_tags_sink(struct cut_tags *cut_tags)
{
    return (struct suspect_sink){ cut_tags, on_suspect };
}
