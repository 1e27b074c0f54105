/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Value: what an option may be set to, and how it is read from text
 *
 * A form is a way to write a value: a number, a word, an address. It does not say which numbers
 * or words are valid: the option does, in a struct value_range.
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

/* The valid values of an option. Each form reads its own part. */
struct value_range {
    /* Numbers. */
    uint64_t least, most;
    enum value_unit unit;
    const char *zero; /* not NULL: 0 is valid too, and this ends the sentence on what is expected */

    /* Words: the word for each value, NULL for a value that cannot be set. */
    const char *const *words;
    unsigned n_words;
};

/*
 * Read @text, strictly, into the value at @to, and free the previous value. Returns 0; or
 * -EINVAL or -ENOMEM, leaving the value unchanged, after writing to @wrong what is wrong, as
 * the end of a sentence on one line: "expected a whole number from 1 to 64".
 */
typedef int value_reader(void *to, const char *text, const struct value_range *range,
                         struct buffer *wrong);

/* Write the text from which @value is read; nothing, if it is not set. */
typedef void value_writer(const void *value, const struct value_range *range, struct buffer *out);

/* A form of values. Other modules may have forms of their own. */
struct value_form {
    size_t size; /* of the value, in bytes; an all-zero value owns nothing */
    value_reader *read;
    value_writer *write;         /* NULL: only if no table of settings has such a value */
    void (*deinit)(void *value); /* free what the value owns; NULL: it owns nothing */
};

/* The owner of a file; -1 leaves the user or group as it is. */
struct value_owner {
    uid_t user;
    gid_t group;
};

extern const struct value_form value_text;         /* char *, not NULL once read */
extern const struct value_form value_page;         /* char *: the path of an HTTP page */
extern const struct value_form value_page_or_none; /* the same, or "" for none */
extern const struct value_form value_address;      /* char *: HOST:PORT */
extern const struct value_form value_number;       /* uint64_t, in the range's unit */
extern const struct value_form value_word;         /* an enum: index of a word of the range */
extern const struct value_form value_switch;       /* bool: true or false */
extern const struct value_form value_file_mode;    /* mode_t, in octal */
extern const struct value_form value_file_owner;   /* struct value_owner */

/* --- for forms defined elsewhere -------------------------------------------------- */

/* A char * that takes any text. */
value_reader value_read_text;
value_writer value_write_text;
void value_free_text(void *value);

/* A char *: where to receive on UDP or TCP, HOST:PORT; the path of a Unix socket. */
value_reader value_read_udp_or_tcp;
value_reader value_read_socket_path;

/* Write "expected " and @what to @wrong. Returns -EINVAL. */
int value_refuse(struct buffer *wrong, const char *what);

/* Write that memory ran out. Returns -ENOMEM. */
int value_refuse_for_memory(struct buffer *wrong);

/*
 * Write why address_parse_all() or address_check() returned @error, which is not -EINVAL. Returns
 * as value_reader does.
 */
int value_refuse_address(struct buffer *wrong, int error);

/* Read a number as value_number does. Returns false if @text is not a number within @range. */
bool value_parse_number(uint64_t *ret, const char *text, const struct value_range *range);

/* Write "expected ", @alternative and the numbers that @range allows. Returns -EINVAL. */
int value_refuse_number(struct buffer *wrong, const struct value_range *range,
                        const char *alternative);
