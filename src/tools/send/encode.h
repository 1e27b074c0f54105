/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Encode: make the line of a sample from the words of a command line
 *
 * clients/shell/README.md has the rules: which characters become '_', and which words are
 * refused. Whatever the words are, the result is one line with one sample. Only a gauge that is
 * set below zero has two, the first of which sets it to zero.
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/sample_type.h"

/*
 * A longer line is not sent. A line of this length and its line feed fill a datagram, which
 * fits into an Ethernet packet with all headers.
 */
#define ENCODE_LINE_MAX (ENCODE_DATAGRAM_MAX - 1)
#define ENCODE_DATAGRAM_MAX 1432

struct encode_words {
    enum sample_type type;
    const char *name;
    char change;             /* '+' or '-': change a gauge by the value; '\0': set it. With expire
                                '-': the value is an age */
    const char *value;       /* any number for expire without an age */
    const char *const *tags; /* "key=value" each */
    int n_tags;

    /* What all samples have (tools/send/defaults.h); encode_sort() leaves both empty. */
    struct slice prefix;      /* before the name */
    struct slice common_tags; /* "key:value,key:value", encoded; before the others */
};

/* What is wrong with the words. */
struct encode_mistake {
    const char *word;  /* borrowed from them; NULL: it is empty or missing, or all are wrong */
    const char *what;  /* a string constant */
    const char *meant; /* the word that may have been meant, a string constant; or NULL */
};

/*
 * Sort the @n words after "udometer send", TYPE NAME [[+|-|older] VALUE] [key=value]..., into @ret,
 * which then points to them. Returns false and sets @ret_mistake if a word is missing, or the first
 * one is not a type.
 */
MUST_CHECK bool encode_sort(struct encode_words *ret, const char *const *words, int n,
                            struct encode_mistake *ret_mistake);

/* Append a tag: "key:value", in which each character that would end it early is '_'. */
void encode_tag(struct buffer *out, struct slice key, struct slice value);

/*
 * Append the line of @words to @out, without a line feed. Returns false, sets @ret and leaves @out
 * unchanged if they are wrong. They are if the daemon would refuse the line or drop a tag, unless
 * only the tag's value is missing: that of a variable may be.
 */
MUST_CHECK bool encode_line(const struct encode_words *words, struct buffer *out,
                            struct encode_mistake *ret);
