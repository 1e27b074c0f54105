/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refused: the latest refused lines of a worker, for people to look at
 *
 * A list of bounded length, for each worker its own. Lines with the same reason, from the same
 * sender and with the same name share an entry, which has their number and the text of a recent
 * one. All numbers are exact: the total is the sum over all entries and over what has no entry, or
 * none any more.
 *
 * The worker never waits, and spends a bounded time on a line whatever a sender does: texts are
 * copied a limited number of times a second. Readers see each entry as it was at some moment.
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/fault.h"
#include "base/peer.h"
#include "base/slice.h"
#include "base/verdict.h"

#include <stdatomic.h>

#define REFUSED_LINES_MAX 64
#define REFUSED_TEXT_MAX 256
#define REFUSED_CAUSE_MAX 192 /* with a NUL */

/* The room for where a line was received, an address with its scheme. */
#define REFUSED_LISTENER_MAX 120

/* The most entries with the same reason and sender, so that one sender leaves room for others. */
#define REFUSED_OF_ONE_MAX 8

/* The most texts that a worker copies in a second. */
#define REFUSED_COPIES_MAX 256

#define REFUSED_NO_FAULT UINT32_MAX

/* An entry, as readers get it. */
struct refused_line {
    uint64_t id;     /* of reason, sender and name; the same for all workers */
    uint64_t source; /* of reason and sender; likewise */
    uint64_t count;
    uint32_t first_s, last_s; /* when such lines were refused, by clock_seconds() */
    enum verdict reason;
    uint32_t length; /* of the line in bytes, as far as it is known; 0: not at all */
    uint32_t fault;  /* the first byte that cannot be right, from 0; or REFUSED_NO_FAULT */
    struct peer peer;
    char listener[REFUSED_LISTENER_MAX]; /* where it was received */
    char text[REFUSED_TEXT_MAX];         /* as much of the line as fits */
    char cause[REFUSED_CAUSE_MAX];       /* why it cannot; empty: the reason says it all */
};

#define REFUSED_WORDS (sizeof(struct refused_line) / sizeof(uint64_t))

/* The owner's part of an entry. */
struct refused_own {
    uint64_t id, source;
    uint64_t count;
    uint64_t order; /* of the last line, among all lines */
    uint32_t first_s;
    uint32_t copied_s; /* when the text was copied */
};

struct refused_slot {
    _Atomic uint64_t version; /* odd while the owner writes */
    _Atomic uint64_t words[REFUSED_WORDS];
};

struct refused {
    uint64_t seed;
    unsigned n;
    uint32_t second; /* in which n_copies were made */
    unsigned n_copies;
    struct refused_own own[REFUSED_LINES_MAX];
    _Alignas(CACHE_LINE) _Atomic uint64_t n_lines; /* in total */
    struct refused_slot slots[REFUSED_LINES_MAX];
};

/* Make @n empty lists, which free() frees. Returns 0 or -ENOMEM. */
MUST_CHECK int refused_new(struct refused **ret, unsigned n, uint64_t seed);

/* Begin an empty list. Lists with the same @seed have comparable ids. */
void refused_init(struct refused *refused, uint64_t seed);

/*
 * Owner: count a refused line that was received at @listener. @line has the peer and last_s, which
 * is now. The list fills in the rest from @fault. Returns whether @line was completed and put into
 * the list, as a new entry or with a newer text; otherwise it was only counted.
 */
bool refused_note(struct refused *refused, struct refused_line *line, const char *listener,
                  const struct fault *fault);

/* Any thread: copy all entries, in no order. Returns their number. */
unsigned refused_read(struct refused *refused, struct refused_line ret[REFUSED_LINES_MAX]);

/*
 * Append @text for people: at most its first REFUSED_TEXT_MAX bytes of @length, with '…' for what
 * is cut, and U+FFFD for each byte that is not UTF-8.
 */
void refused_write_text(const char *text, size_t length, struct buffer *out);

/* Any thread: the number of lines refused since the start. */
uint64_t refused_total(const struct refused *refused);
