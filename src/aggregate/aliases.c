/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Aliases
 *
 * A worker notes an alias only for a key that it has not cached, so the list may be searched from
 * one end to the other.
 */

#include "aggregate/aliases.h"

#include "base/utf8.h"

static struct slice cut(struct slice text)
{
    if (text.len <= ALIAS_LENGTH_MAX)
        return text;
    return (struct slice){ text.at,
                           utf8_valid_prefix((struct slice){ text.at, ALIAS_LENGTH_MAX }) };
}

static void copy(struct alias_text *out, struct slice text)
{
    text = cut(text);
    out->len = text.len;
    if (text.len)
        memcpy(out->at, text.at, text.len);
}

/* The entry with this hash, or a new one, which may replace the least recently noted. */
static struct alias *find(struct aliases *aliases, uint64_t hash)
{
    struct alias *oldest = &aliases->items[0];

    for (unsigned i = 0; i < aliases->n; i++) {
        struct alias *alias = &aliases->items[i];

        if (alias->hash == hash)
            return alias;
        if (alias->order < oldest->order)
            oldest = alias;
    }
    if (aliases->n < ALIASES_MAX)
        oldest = &aliases->items[aliases->n++];
    oldest->hash = hash;
    oldest->n_spellings = 0;
    oldest->has_more = false;
    return oldest;
}

static void add_spelling(struct alias *alias, struct slice sent_as)
{
    struct slice text = cut(sent_as);

    for (unsigned i = 0; i < alias->n_spellings; i++)
        if (slice_equal(text, (struct slice){ alias->spellings[i].at, alias->spellings[i].len }))
            return;
    if (alias->n_spellings < ALIAS_SPELLINGS_MAX)
        copy(&alias->spellings[alias->n_spellings++], text);
    else
        alias->has_more = true;
}

void aliases_note(struct aliases *aliases, const struct family *family, uint64_t hash,
                  struct slice sent_as)
{
    struct alias *alias = find(aliases, hash);

    if (alias->n_spellings == 0)
        copy(&alias->name, family->name);
    add_spelling(alias, family->texts->sent_as);
    add_spelling(alias, sent_as);
    alias->order = ++aliases->n_noted;
}
