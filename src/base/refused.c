/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Refused
 *
 * Entries are found by their ids alone, which are hashes with a secret seed, one after the other:
 * 64 of them are read faster than a table is kept.
 *
 * An entry is published under a version number, as in base/telemetry.c. Its count and time follow
 * with each line by plain stores, so a line whose entry exists costs a hash, the search and these.
 */

#include "base/refused.h"

#include "base/fault.h"
#include "base/hash.h"
#include "base/utf8.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(struct refused_line) % sizeof(uint64_t) == 0, "it consists of whole words");
_Static_assert(offsetof(struct refused_line, first_s) % sizeof(uint64_t) == 0 &&
                   offsetof(struct refused_line, last_s) ==
                       offsetof(struct refused_line, first_s) + sizeof(uint32_t),
               "both times share a word");

#define COUNT_WORD (offsetof(struct refused_line, count) / sizeof(uint64_t))
#define TIMES_WORD (offsetof(struct refused_line, first_s) / sizeof(uint64_t))

union entry {
    struct refused_line line;
    uint64_t words[REFUSED_WORDS];
};

void refused_init(struct refused *refused, uint64_t seed)
{
    memset(refused, 0, sizeof(*refused));
    refused->seed = seed;
}

int refused_new(struct refused **ret, unsigned n, uint64_t seed)
{
    /* Not calloc(), which does not align to cache lines. */
    struct refused *lists = aligned_alloc(CACHE_LINE, n * sizeof(*lists));

    if (!lists)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        refused_init(&lists[i], seed);
    *ret = lists;
    return 0;
}

/* --- publishing ------------------------------------------------------------------------- */

static void publish(struct refused_slot *slot, const struct refused_line *line)
{
    uint64_t version = atomic_load_explicit(&slot->version, memory_order_relaxed);
    const union entry entry = { .line = *line };

    atomic_store_explicit(&slot->version, version + 1, memory_order_relaxed);
    for (size_t i = 0; i < REFUSED_WORDS; i++)
        atomic_store_explicit(&slot->words[i], entry.words[i], memory_order_release);
    atomic_store_explicit(&slot->version, version + 2, memory_order_release);
}

/* Returns false if nothing was ever published there. */
static bool read_slot(struct refused_slot *slot, struct refused_line *ret)
{
    union entry entry;
    uint64_t before, after;

    do {
        before = atomic_load_explicit(&slot->version, memory_order_acquire);
        for (size_t i = 0; i < REFUSED_WORDS; i++)
            entry.words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
        after = atomic_load_explicit(&slot->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    *ret = entry.line;
    return before > 0;
}

unsigned refused_read(struct refused *refused, struct refused_line ret[REFUSED_LINES_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < REFUSED_LINES_MAX; i++)
        n += read_slot(&refused->slots[i], &ret[n]);
    return n;
}

void refused_write_text(const char *text, size_t length, struct buffer *out)
{
    struct slice kept = { text, length < REFUSED_TEXT_MAX ? length : REFUSED_TEXT_MAX };
    size_t n_valid = utf8_valid_prefix(kept);

    /* A character that was cut is not a wrong one. */
    if (kept.len < length && kept.len - n_valid < UTF8_LENGTH_MAX)
        kept.len = n_valid;
    utf8_repair(kept, out);
    if (kept.len < length)
        buffer_add_literal(out, "…");
}

uint64_t refused_total(const struct refused *refused)
{
    return atomic_load_explicit(&refused->n_lines, memory_order_relaxed);
}

/* --- finding ------------------------------------------------------------------------------ */

/* What is before the first ':' of the bytes that an entry keeps. */
static struct slice name_of(struct slice text)
{
    text.len = text.len < REFUSED_TEXT_MAX ? text.len : REFUSED_TEXT_MAX;
    return slice_cut(&text, ':');
}

static void identify(const struct refused *refused, struct refused_line *line, const char *listener,
                     struct slice text)
{
    const uint64_t source[] = {
        peer_hash(&line->peer, refused->seed),
        line->reason,
        hash_bytes(slice_of(listener), refused->seed),
    };

    line->source =
        hash_bytes((struct slice){ (const char *)source, sizeof(source) }, refused->seed);
    line->id = hash_bytes(name_of(text), line->source);
}

static struct refused_own *find(struct refused *refused, uint64_t id)
{
    for (unsigned i = 0; i < refused->n; i++)
        if (refused->own[i].id == id)
            return &refused->own[i];
    return NULL;
}

static struct refused_own *older(struct refused_own *a, struct refused_own *b)
{
    return !a || b->order < a->order ? b : a;
}

/* An entry to be replaced by one of @source, or a free one. */
static struct refused_own *choose(struct refused *refused, uint64_t source)
{
    struct refused_own *oldest = NULL, *oldest_of_source = NULL;
    unsigned n_of_source = 0;

    for (unsigned i = 0; i < refused->n; i++) {
        struct refused_own *own = &refused->own[i];

        oldest = older(oldest, own);
        if (own->source != source)
            continue;
        n_of_source++;
        oldest_of_source = older(oldest_of_source, own);
    }
    if (n_of_source >= REFUSED_OF_ONE_MAX)
        return oldest_of_source;
    return refused->n < REFUSED_LINES_MAX ? &refused->own[refused->n++] : oldest;
}

/* --- noting ------------------------------------------------------------------------------- */

static bool may_copy(struct refused *refused, uint32_t now_s)
{
    if (refused->second != now_s) {
        refused->second = now_s;
        refused->n_copies = 0;
    }
    return refused->n_copies < REFUSED_COPIES_MAX;
}

/* Publish that there was one more such line. */
static void touch(struct refused_slot *slot, const struct refused_own *own, uint32_t now_s)
{
    const union entry entry = { .line = { .first_s = own->first_s, .last_s = now_s } };

    atomic_store_explicit(&slot->words[TIMES_WORD], entry.words[TIMES_WORD], memory_order_relaxed);
    atomic_store_explicit(&slot->words[COUNT_WORD], own->count, memory_order_relaxed);
}

/* Set the cause, cut where it does not fit. Without memory there is none. */
static void set_cause(struct refused_line *line, const struct fault *fault)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    struct slice kept;

    fault_write(fault, &text);
    kept = buffer_text(&text);
    memset(line->cause, 0, sizeof(line->cause));
    if (kept.len >= sizeof(line->cause))
        kept.len = sizeof(line->cause) - 1;
    kept.len = utf8_valid_prefix(kept);
    if (kept.len)
        memcpy(line->cause, kept.at, kept.len);
}

/* Complete @line, and publish it as the entry @own. */
static void copy(struct refused *refused, struct refused_own *own, struct refused_line *line,
                 const struct fault *fault)
{
    struct slice text = fault->line;
    size_t n = text.len < REFUSED_TEXT_MAX ? text.len : REFUSED_TEXT_MAX;

    line->count = own->count;
    line->first_s = own->first_s;
    line->length = (uint32_t)text.len;
    line->fault = fault->at ? (uint32_t)(fault->at - text.at) : REFUSED_NO_FAULT;
    set_cause(line, fault);
    memset(line->text, 0, sizeof(line->text));
    if (n)
        memcpy(line->text, text.at, n);
    own->copied_s = line->last_s;
    refused->n_copies++;
    publish(&refused->slots[own - refused->own], line);
}

static struct refused_own *add(struct refused *refused, const struct refused_line *line)
{
    struct refused_own *own = choose(refused, line->source);

    *own = (struct refused_own){
        .id = line->id,
        .source = line->source,
        .first_s = line->last_s,
    };
    return own;
}

bool refused_note(struct refused *refused, struct refused_line *line, const char *listener,
                  const struct fault *fault)
{
    uint64_t n_lines = refused_total(refused) + 1;
    struct refused_own *own;
    bool is_due;

    atomic_store_explicit(&refused->n_lines, n_lines, memory_order_relaxed);
    line->reason = fault->verdict;
    identify(refused, line, listener, fault->line);
    own = find(refused, line->id);
    is_due = (!own || own->copied_s != line->last_s) && may_copy(refused, line->last_s);
    if (!own && !is_due)
        return false;
    if (!own)
        own = add(refused, line);
    own->count++;
    own->order = n_lines;
    if (is_due) {
        snprintf(line->listener, sizeof(line->listener), "%s", listener);
        copy(refused, own, line, fault);
    } else {
        touch(&refused->slots[own - refused->own], own, line->last_s);
    }
    return is_due;
}
