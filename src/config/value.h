/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Value: what an option may be set to, and how it is read from text
 *
 * There is one kind for each form of text. Which numbers or words are right is not part of
 * the kind: the option says so in a struct value_range.
 */

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

/* The units of a number's text. */
enum value_unit {
    VALUE_PLAIN,   /* none: 65536 */
    VALUE_BYTES,   /* may have one: 65536, 64KiB, 8MiB, 1GiB */
    VALUE_SECONDS, /* must have one: 90s, 15m, 12h, 7d */
};

/* Which values of a kind are right. Each kind reads its own part. */
struct value_range {
    /* Of numbers. */
    uint64_t least, most;
    enum value_unit unit;
    const char *zero; /* not NULL: 0 is right too. It ends the sentence about what is expected */

    /* Of words: the word of each value, NULL for a value that cannot be set. */
    const char *const *words;
    unsigned n_words;
};

/*
 * Read @text, strictly, into the value at @to, and free what was there. Returns true; or
 * false, with the value as it was, after writing to @wrong what is wrong with @text, as
 * the end of a sentence on one line: "expected a whole number from 1 to 64".
 */
typedef bool value_reader(void *to, const char *text, const struct value_range *range,
                          struct buffer *wrong);

/* A kind of value. Other modules may have kinds of their own. */
struct value_kind {
    size_t size; /* of the value, in bytes; all zero is a value that owns nothing */
    value_reader *read;
    void (*deinit)(void *value); /* free what it owns; NULL: it owns nothing */
};

/* Where samples are received. */
struct value_listener {
    char *address; /* or path */
    bool has_dialect;
    bool is_dogstatsd; /* with has_dialect only */
};

/* The owner of a file; -1 leaves the user or group as it is. */
struct value_owner {
    uid_t user;
    gid_t group;
};

extern const struct value_kind value_text;             /* char *, never NULL once it is read */
extern const struct value_kind value_page;             /* char *: the path of an HTTP page */
extern const struct value_kind value_address;          /* char *: HOST:PORT */
extern const struct value_kind value_listener_address; /* struct value_listener, at HOST:PORT */
extern const struct value_kind value_listener_path;    /* struct value_listener, a socket file */
extern const struct value_kind value_number;           /* uint64_t, in the range's unit */
extern const struct value_kind value_word;             /* an enum: which of the range's words */
extern const struct value_kind value_switch;           /* bool: true or false */
extern const struct value_kind value_file_mode;        /* mode_t, in octal */
extern const struct value_kind value_file_owner;       /* struct value_owner */

/* --- for further kinds ------------------------------------------------------------ */

/* A char *, for which any text is right. */
value_reader value_read_text;
void value_free_text(void *value);

/* Write "expected " and @what to @wrong. Returns false. */
bool value_refuse(struct buffer *wrong, const char *what);

/* Write that there is no memory for the value. Returns false. */
bool value_refuse_for_memory(struct buffer *wrong);

/* Read a number as value_number does. Returns false when @text is not one within @range. */
bool value_parse_number(uint64_t *ret, const char *text, const struct value_range *range);

/* Write what would be right: "expected ", @alternative and the numbers in @range. Returns false. */
bool value_refuse_number(struct buffer *wrong, const struct value_range *range,
                         const char *alternative);
