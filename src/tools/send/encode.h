/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Encode: the line of a sample from words of a command line
 *
 * clients/shell/README.md has the rules: what of a word becomes '_', and which words make
 * no line. Whatever the words are, the line is one line, and of the one sample that they say.
 */

#include "base/buffer.h"
#include "base/compiler.h"

/*
 * A line of more bytes is not sent. With its line feed it just fits into a datagram, which
 * fits into one packet of an Ethernet with all headers.
 */
#define ENCODE_LINE_MAX (ENCODE_DATAGRAM_MAX - 1)
#define ENCODE_DATAGRAM_MAX 1432

struct encode_words {
    const char *type; /* count, gauge, timing, observe, set or expire */
    const char *name;
    const char *value;       /* any number for expire */
    const char *const *tags; /* "key=value" each */
    int n_tags;
};

/*
 * Sort the @n words behind "udometer send", TYPE NAME [VALUE] [key=value]..., into @ret,
 * which then points to them. Returns NULL, or what is wrong with them, a string constant.
 */
MUST_CHECK const char *encode_sort(struct encode_words *ret, const char *const *words, int n);

/*
 * Append the line of @words to @out, without a line feed. Returns NULL, or what is wrong
 * with them; then @out is as it was.
 */
MUST_CHECK const char *encode_line(const struct encode_words *words, struct buffer *out);
