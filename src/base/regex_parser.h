/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regex parser: the state of rewriting a regular expression (base/regex_syntax.h)
 */

#include "base/buffer.h"
#include "base/slice.h"

#include <stdint.h>

/* The deepest nesting of parentheses. */
#define REGEX_DEPTH_MAX 200

struct regex_fault {
    size_t at; /* the byte of the pattern */
    char text[192];
};

struct regex_groups {
    struct slice *names; /* by number; empty: it has none. Group 0, the whole match, has none */
    size_t n;            /* with group 0 */
    /*
     * A group that can be empty is repeated without end, as in (a*)*. Then PCRE2 repeats it once
     * more, for nothing, and Go does not, so captures may differ.
     */
    bool may_differ;
};

/* Flags, as in (?i). */
enum {
    REGEX_FOLD = 1,       /* i: upper and lower case are the same */
    REGEX_DOT_ALL = 2,    /* s: a dot matches a line feed */
    REGEX_MULTI_LINE = 4, /* m: ^ and $ match at each line */
    REGEX_SWAPPED = 8,    /* U: x* is lazy and x*? is greedy */
};

/* The last thing written that a quantifier can follow. */
struct regex_atom {
    bool exists;
    bool is_simple;    /* PCRE2 accepts a quantifier after it as it is */
    bool may_be_empty; /* it can match without taking a character */
    size_t begin, end; /* in out */
    unsigned n_copies; /* that its quantifiers ask for */
};

struct regex_frame {
    unsigned flags;    /* outside */
    unsigned n_copies; /* the most in an atom of the group */
    size_t begin;      /* of the group in out */
    bool has_text;     /* its last branch has something that cannot be empty */
    bool may_be_empty; /* one of the branches before it can */
};

struct regex_parser {
    struct slice pattern;
    size_t at;
    struct buffer *out;
    struct regex_groups groups;
    struct regex_fault *fault;
    unsigned flags;
    struct regex_atom atom;
    bool has_just_repeated; /* a quantifier came directly before */
    struct regex_frame frames[REGEX_DEPTH_MAX + 1];
    size_t depth;
};

/* Note that the pattern is wrong at @at, and return false. */
__attribute__((__format__(__printf__, 3, 4))) bool regex_refuse(struct regex_parser *parser,
                                                                size_t at, const char *format, ...);

static inline struct slice regex_rest(const struct regex_parser *parser)
{
    return (struct slice){ parser->pattern.at + parser->at, parser->pattern.len - parser->at };
}

/* Does @text come next? */
static inline bool regex_sees(const struct regex_parser *parser, struct slice text)
{
    return slice_starts_with(regex_rest(parser), text);
}

/* Take the next character. There is one. */
uint32_t regex_take_char(struct regex_parser *parser);

/* Write a character that means itself. */
void regex_write_char(struct regex_parser *parser, uint32_t c);

/*
 * What was written since @begin is what a quantifier would follow. The rest of @atom is set but its
 * place.
 */
void regex_set_atom(struct regex_parser *parser, size_t begin, struct regex_atom atom);

/* Nothing that a quantifier could follow comes next: a group or branch begins, or ends. */
void regex_end_atom(struct regex_parser *parser);

/* A character, and a place between characters. */
#define REGEX_CHAR_ATOM ((struct regex_atom){ .is_simple = true, .n_copies = 1 })
#define REGEX_PLACE_ATOM ((struct regex_atom){ .may_be_empty = true, .n_copies = 1 })
