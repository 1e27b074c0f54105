/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Option: a row of a table of all that can be set
 *
 * A table fills one struct. Each row names a member, says which values are right, and has
 * the default and the text of --help. Whoever reads flags, environment variables or files
 * needs the table alone, and so does --help. The daemon has a table, and each tool.
 *
 *      #define OPTION_VALUES struct fruit
 *
 *      static const struct option options[] = {
 *          { "apples", "N", OPTION_COUNT(n_apples, 1, 64, "3"), "apples to eat" },
 *          ...
 *      };
 */

#include "base/compiler.h"
#include "config/value.h"

/* Where a value comes from. A later source beats an earlier one. */
enum option_source {
    OPTION_DEFAULT,
    OPTION_FILE,
    OPTION_ENVIRONMENT,
    OPTION_FLAG,
};

/* Most values of a list. */
#define OPTION_LIST_MAX 16

/* Most rows of a table. */
#define OPTIONS_MAX 64

/* The values of an option that may be given several times. */
struct option_list {
    void *items; /* @n values of the option's kind, one after the other */
    unsigned n;
    enum option_source source; /* of all items: a higher source replaces them */
};

struct option {
    const char *name;        /* of the flag, without its dashes: "statsd.ttl" */
    const char *placeholder; /* of the value, in --help; NULL: a switch */

    /* The member, and which values it may have. The macros below write these. */
    const struct value_kind *kind;
    size_t offset;
    struct value_range range;
    bool is_list; /* the member is a struct option_list of values of that kind */

    const char *initial; /* the default, as text; NULL: the member stays zero */
    const char *help;
    bool ignores_empty; /* an empty environment variable counts as unset */
    const char *limit;  /* its name in udometer_limit{limit="…"}; NULL: it is not a limit */
};

struct option_table {
    const struct option *options;
    unsigned n;
    size_t size; /* of the struct that the table fills */
};

/* --- members ------------------------------------------------------------------------- */

/* These name a member of the struct OPTION_VALUES. One of the wrong type does not compile. */
#define OPTION_MEMBER_IF(condition, member)                                                        \
    offsetof(OPTION_VALUES, member) + 0 * sizeof(char[(condition) ? 1 : -1])
#define OPTION_TYPE(member) __typeof__(((OPTION_VALUES *)0)->member)
#define OPTION_MEMBER(member, type)                                                                \
    OPTION_MEMBER_IF(__builtin_types_compatible_p(OPTION_TYPE(member), type), member)

/*
 * A row is a name, a placeholder, one of these, and the help. Each of these takes a member
 * and ends with the default.
 */

/* A value of @member_kind, which is of @type. */
#define OPTION_OF(member_kind, member, type, initial_text)                                         \
    .kind = &(member_kind), .offset = OPTION_MEMBER(member, type), .initial = (initial_text)

/* Several values of @member_kind. */
#define OPTION_LIST(member_kind, member, initial_text)                                             \
    .is_list = true, OPTION_OF(member_kind, member, struct option_list, initial_text)

#define OPTION_TEXT(member, initial_text) OPTION_OF(value_text, member, char *, initial_text)
#define OPTION_SWITCH(member, initial_text) OPTION_OF(value_switch, member, bool, initial_text)

/* An enum. The array @member_words has the word of each value, by value. */
#define OPTION_WORD(member, member_words, initial_text)                                            \
    .kind = &value_word,                                                                           \
    .offset = OPTION_MEMBER_IF(sizeof(OPTION_TYPE(member)) == sizeof(unsigned), member),           \
    .range = { .words = (member_words), .n_words = ARRAY_SIZE(member_words) },                     \
    .initial = (initial_text)

/*
 * A uint64_t from @from to @to, in a unit. Further designators of struct value_range may
 * follow the default: .zero = ", or 0 to let it choose".
 */
#define OPTION_NUMBER(member_kind, member, number_unit, from, to, initial_text, ...)               \
    .range = { .least = (from), .most = (to), .unit = (number_unit), __VA_ARGS__ },                \
    OPTION_OF(member_kind, member, uint64_t, initial_text)
#define OPTION_COUNT(member, ...) OPTION_NUMBER(value_number, member, VALUE_PLAIN, __VA_ARGS__)
#define OPTION_BYTES(member, ...) OPTION_NUMBER(value_number, member, VALUE_BYTES, __VA_ARGS__)
#define OPTION_SECONDS(member, ...) OPTION_NUMBER(value_number, member, VALUE_SECONDS, __VA_ARGS__)

/* The digits of a number that is defined elsewhere, for a default. */
#define OPTION_DIGITS(number) OPTION_LITERAL(number)
#define OPTION_LITERAL(tokens) #tokens

#define OPTION_TABLE(rows)                                                                         \
    {                                                                                              \
        .options = (rows), .n = ARRAY_SIZE(rows), .size = sizeof(OPTION_VALUES)                    \
    }

/* --- rows ------------------------------------------------------------------------------ */

/* The option of this name, or NULL. */
const struct option *option_find(const struct option_table *table, struct slice name);

/* Does the name of some option begin with @prefix and a dot? */
bool option_has_prefix(const struct option_table *table, struct slice prefix);

/* The number of its row in @table, from 0. */
static inline unsigned option_index(const struct option_table *table, const struct option *option)
{
    return (unsigned)(option - table->options);
}

/* A switch takes no value on the command line: --check-config, --no-check-config. */
bool option_is_switch(const struct option *option);

/* Write the name of its environment variable: UDOMETER_ and its own in capitals. */
void option_write_variable(const struct option *option, struct buffer *out);

/* Write a paragraph of --help for each option. */
void option_write_help(const struct option_table *table, struct buffer *out);

/* --- values ------------------------------------------------------------------------------ */

/*
 * Set all @values, a struct that the table fills, to their defaults. What was there is not
 * freed. Returns 0, or -ENOMEM; then there is nothing to free.
 */
MUST_CHECK int option_init_values(const struct option_table *table, void *values);

/* Free all that @values own, and set them to zero. */
void option_deinit_values(const struct option_table *table, void *values);

/*
 * Set the option's value, one of @values, from @text. The text of a list has commas between
 * its values, and an empty one has none. They are added to those of the same source, and
 * replace those of another. Returns false after writing to @wrong what is wrong with
 * @text, as value_reader does; a list may then have some of its new values.
 */
MUST_CHECK bool option_set(const struct option *option, void *values, const char *text,
                           enum option_source source, struct buffer *wrong);

/* The value of an option of kind value_number, in @values. */
uint64_t option_number(const struct option *option, const void *values);
