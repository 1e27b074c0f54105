/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Option: a row of a table of everything that can be set
 *
 * A table fills one struct. Each row names a member, says which values are valid, and has
 * the default and the text of --help. Flags, environment variables, files and --help need
 * nothing but the table. The daemon has a table, and so has each tool.
 *
 *      #define OPTION_VALUES struct fruit
 *
 *      static const struct option options[] = {
 *          { "apples", "N", OPTION_COUNT(n_apples, 1, 64, 3), "apples to eat" },
 *          ...
 *      };
 */

#include "base/compiler.h"
#include "config/value.h"

/* Where a value comes from. A later source overrides an earlier one. */
enum option_source {
    OPTION_DEFAULT,
    OPTION_FILE,
    OPTION_ENVIRONMENT,
    OPTION_FLAG,
};

/* The most values that a list may have. */
#define OPTION_LIST_MAX 16

/* How the variable of each option begins. */
#define OPTION_VARIABLE "UDOMETER_"
#define OPTION_VARIABLE_MAX 80

/* The most rows that a table may have. */
#define OPTIONS_MAX 64

/* The values of an option that may be given several times. */
struct option_list {
    void *items; /* an array of @n values of the option's form */
    unsigned n;
    enum option_source source; /* of all items: a higher source replaces them */
};

struct option {
    const char *name;        /* of the flag, without its dashes: "statsd.ttl" */
    const char *placeholder; /* for the value, in --help; NULL: a switch */

    /* The member and its valid values, set by the macros below. */
    const struct value_form *form;
    size_t offset;
    struct value_range range;
    bool is_list;   /* the member is a struct option_list of values of that form */
    bool is_switch; /* it takes no value on the command line, though its form is not a switch */
    size_t source;  /* the offset of the member that says where a value comes from; 0: none does */

    /*
     * The default: a value, if the form's values own nothing; otherwise, and for lists, a text
     * that is read. Without either the member stays zero.
     */
    const char *initial_text;
    const void *initial; /* all macros below end with it, so that the help follows them */

    const char *help;
    enum option_source lowest_source; /* of those that may set it; OPTION_DEFAULT: all may */
    bool is_live;      /* a reload applies another value; otherwise it takes a restart */
    const char *limit; /* its name in udometer_limit{limit="…"}; NULL: not a limit */
};

struct option_table {
    const struct option *options;
    unsigned n;
    size_t size; /* of the struct that the table fills */
};

/* --- members ------------------------------------------------------------------------- */

/* These name a member of the struct OPTION_VALUES. A member of the wrong type does not compile. */
#define OPTION_MEMBER_IF(condition, member)                                                        \
    offsetof(OPTION_VALUES, member) + 0 * sizeof(char[(condition) ? 1 : -1])
#define OPTION_TYPE(member) __typeof__(((OPTION_VALUES *)0)->member)
#define OPTION_MEMBER(member, type)                                                                \
    OPTION_MEMBER_IF(__builtin_types_compatible_p(OPTION_TYPE(member), type), member)

/*
 * A row is a name, a placeholder, one of these, and the help. Each of these takes a member
 * and ends with the default.
 */

/* A value of @member_form that owns nothing. Its C type is @type; the rest initializes it. */
#define OPTION_OF(member_form, member, type, ...)                                                  \
    .form = &(member_form), .offset = OPTION_MEMBER(member, type), .initial = &(const type)        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* A text of @member_form. */
#define OPTION_TEXT_OF(member_form, member, text)                                                  \
    .form = &(member_form), .offset = OPTION_MEMBER(member, char *), .initial_text = (text),       \
    .initial = NULL

/* Several values of @member_form, separated by commas in @text. */
#define OPTION_LIST(member_form, member, text)                                                     \
    .is_list = true, .form = &(member_form), .offset = OPTION_MEMBER(member, struct option_list),  \
    .initial_text = (text), .initial = NULL

/* May follow the help of a row that is not a list: a member that gets its value's source. */
#define OPTION_SOURCE(member) .source = OPTION_MEMBER(member, enum option_source)

#define OPTION_TEXT(member, text) OPTION_TEXT_OF(value_text, member, text)
#define OPTION_SWITCH(member, is_on) OPTION_OF(value_switch, member, bool, is_on)

/*
 * An enum. The array @member_words has the word for each value, indexed by the value. A default
 * without a word means that none is set.
 */
#define OPTION_WORD(member, member_words, value)                                                   \
    .form = &value_word,                                                                           \
    .offset = OPTION_MEMBER_IF(sizeof(OPTION_TYPE(member)) == sizeof(unsigned), member),           \
    .range = { .words = (member_words), .n_words = ARRAY_SIZE(member_words) },                     \
    .initial = &(const OPTION_TYPE(member))                                                        \
    {                                                                                              \
        value                                                                                      \
    }

/* The same for a switch whose words begin with "false" and "true". */
#define OPTION_SWITCH_WORD(member, member_words, value)                                            \
    .is_switch = true, OPTION_WORD(member, member_words, value)

/*
 * A uint64_t from @from to @to, in a unit. A default of 0 that is out of range means that none
 * is set; any other does not compile. Further designators of struct value_range may follow the
 * default: .zero = ", or 0 to let it choose".
 */
#define OPTION_NUMBER(member, number_unit, from, to, number, ...)                                  \
    .range = { .least = (from), .most = (to), .unit = (number_unit), __VA_ARGS__ },                \
    OPTION_OF(value_number, member, uint64_t,                                                      \
              OPTION_NUMBER_IF((number) == 0 || ((from) <= (number) && (number) <= (to)), number))
#define OPTION_NUMBER_IF(condition, number) (number) + 0 * sizeof(char[(condition) ? 1 : -1])
#define OPTION_COUNT(member, ...) OPTION_NUMBER(member, VALUE_PLAIN, __VA_ARGS__)
#define OPTION_BYTES(member, ...) OPTION_NUMBER(member, VALUE_BYTES, __VA_ARGS__)
#define OPTION_SECONDS(member, ...) OPTION_NUMBER(member, VALUE_SECONDS, __VA_ARGS__)

#define OPTION_TABLE(rows)                                                                         \
    {                                                                                              \
        .options = (rows), .n = ARRAY_SIZE(rows), .size = sizeof(OPTION_VALUES)                    \
    }

/* --- rows ------------------------------------------------------------------------------ */

/* The option of this name, or NULL. */
const struct option *option_find(const struct option_table *table, struct slice name);

/* Whether the name of any option begins with @prefix and a dot. */
bool option_has_prefix(const struct option_table *table, struct slice prefix);

/* The index of the option's row in @table. */
static inline unsigned option_index(const struct option_table *table, const struct option *option)
{
    return (unsigned)(option - table->options);
}

/* Whether it is a switch, which takes no value on the command line: --welcome, --no-welcome. */
bool option_is_switch(const struct option *option);

/* The name of its environment variable: OPTION_VARIABLE and the option's name in capitals. */
void option_variable(const struct option *option, char ret[OPTION_VARIABLE_MAX]);

/* Write that name. */
void option_write_variable(const struct option *option, struct buffer *out);

/* Write what stands before its value where that is from @source: "--NAME=", "NAME: ". */
void option_write_before(const struct option *option, enum option_source source,
                         struct buffer *out);

/* Write the text of --help: @head, a paragraph for each option, @tail. */
void option_write_help(const struct option_table *table, const char *head, const char *tail,
                       struct buffer *out);

/* --- values ------------------------------------------------------------------------------ */

/*
 * Set all @values, a struct that the table fills, to their defaults. Previous contents are
 * not freed. Returns 0, or -ENOMEM with nothing to free. Aborts if a default is a text that
 * its form refuses.
 */
MUST_CHECK int option_init_values(const struct option_table *table, void *values);

/*
 * Set the option's value to another default, read from @text like option.initial_text. Returns 0 or
 * -ENOMEM. Aborts if its form refuses @text.
 */
MUST_CHECK int option_set_default(const struct option *option, void *values, const char *text);

/* Free everything that @values own, and set them to zero. */
void option_deinit_values(const struct option_table *table, void *values);

/*
 * Set the option's value, one of @values, from @text. For a list, @text is its values,
 * separated by commas; empty text means no values. New values are appended to those from the same
 * source, and replace those from another.
 *
 * Returns 0; or, after writing to @wrong what is wrong, as value_reader does, -EINVAL, -ENOMEM,
 * or -E2BIG if a list would have more than OPTION_LIST_MAX values. A list may then contain some
 * of the new values.
 */
MUST_CHECK int option_set(const struct option *option, void *values, const char *text,
                          enum option_source source, struct buffer *wrong);

/* The number of values that the option has: 1, or for a list the number of its items. */
unsigned option_n_values(const struct option *option, const void *values);

/* Write value @i as a text from which it would be read. The form must have a writer. */
void option_write_value(const struct option *option, const void *values, unsigned i,
                        struct buffer *out);

/*
 * Make the option's value in @to the same as in @from; both are structs that the table fills.
 * Returns 0; or -ENOMEM, and then a list in @to may have some of the values.
 */
MUST_CHECK int option_copy_value(const struct option *option, void *to, const void *from);

/* The value in @values of an option whose form is value_number. */
uint64_t option_number(const struct option *option, const void *values);
