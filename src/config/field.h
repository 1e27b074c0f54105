/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Field: a row of a table of the keys that a map in a file may have
 *
 * Files of metrics and of mapping rules are maps in lists in maps. A table says which keys a map
 * may have and what each value must be; one function reads a map by its table. So all files are
 * walked and all mistakes are reported in the same way, and documents are made from the tables.
 *
 *      struct fruit {
 *          const struct node *name, *n_seeds;
 *      };
 *
 *      #define FIELD_NODES struct fruit
 *
 *      static const struct field fields[] = {
 *          { "name", FIELD_TEXT, FIELD(name), "what it is called" },
 *          { "n_seeds", FIELD_COUNT, FIELD(n_seeds), "seeds in it", .least = 1, .most = 99 },
 *      };
 *      static const struct field_table table = FIELD_TABLE(fields, "fruit");
 *
 * Reading fills the struct with the nodes of what the map has and what is valid, so that its user
 * knows the place of each.
 */

#include "base/compiler.h"
#include "config/document.h"

#include <stddef.h>
#include <stdint.h>

/* What a value must be. */
enum field_form {
    FIELD_TEXT,     /* any scalar */
    FIELD_SWITCH,   /* true or false, in any spelling of YAML 1.1 */
    FIELD_WORD,     /* one of the row's words */
    FIELD_NUMBER,   /* a finite number from the row's least to its most; both 0: any */
    FIELD_COUNT,    /* a whole number, likewise */
    FIELD_DURATION, /* as duration_parse() */
    FIELD_LIST,     /* a list; its user reads the values */
    FIELD_MAP,      /* a map with the keys of a table; its user reads it */
    FIELD_ENTRIES,  /* a map with any keys; its user reads the values */
    FIELD_ANY,      /* its user decides */
};

struct field_table;

struct field {
    const char *key;
    enum field_form form;
    size_t offset; /* of the const struct node * to set */
    const char *help;
    const char *const *words;        /* FIELD_WORD: ended by NULL */
    double least, most;              /* also of the numbers in a list, for documents */
    const char *unit;                /* of a number, for documents; NULL: none */
    const struct field_table *table; /* FIELD_MAP, the maps in a list, FIELD_ANY: their keys */
    const struct field_table *other; /* of a list: maps may have these keys instead */
    enum field_form item;            /* FIELD_LIST, FIELD_ENTRIES: of each value, for documents */
    bool has_maps;                   /* FIELD_LIST: a value may be a map of the table instead */
    const char *schema;  /* FIELD_ANY: JSON schemas of what it may be, with commas; NULL: any */
    const char *instead; /* not NULL: the key is outdated; a warning says to write this instead */
};

struct field_table {
    const struct field *fields;
    unsigned n;
    size_t size;      /* of the struct that the table fills */
    const char *what; /* a map of it: "a mapping rule" */
};

/* The member to set, of the struct FIELD_NODES; the help follows. */
#define FIELD(member)                                                                              \
    .offset = offsetof(FIELD_NODES, member) +                                                      \
              0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((FIELD_NODES *)0)->member), \
                                                           const struct node *)                    \
                                  ? 1                                                              \
                                  : -1])

#define FIELD_TABLE(rows, map)                                                                     \
    {                                                                                              \
        .fields = (rows), .n = ARRAY_SIZE(rows), .size = sizeof(FIELD_NODES), .what = (map)        \
    }

/* Who reads, and where problems go. */
struct field_reader {
    struct problems *problems;
    bool is_lenient;    /* unknown and repeated keys are only warnings; the last value wins */
    bool skips_unknown; /* unknown keys are not its concern */
};

/*
 * Read @map, a NODE_MAP, by @table into @ret, a struct that the table fills; members of absent and
 * invalid values are NULL. A value that is null in YAML is as good as absent, with a warning.
 */
void field_read(const struct field_reader *reader, const struct field_table *table,
                const struct node *map, void *ret);

/*
 * Whether @node, an element of a list, is a map; reads it like field_read(). Otherwise adds a
 * problem that says what it should be.
 */
MUST_CHECK bool field_read_item(const struct field_reader *reader, const struct field_table *table,
                                const struct node *node, void *ret);

/* Whether a value is null in YAML. */
bool field_is_null(const struct node *node);

/* Whether @map has @key, whatever its value is. */
bool field_has_key(const struct node *map, const char *key);

/*
 * Whether @node has the form of @field. If not, adds a problem at its place; @what names the value
 * in it.
 */
MUST_CHECK bool field_check(const struct field_reader *reader, const struct field *field,
                            struct slice what, const struct node *node);

/* The values of valid nodes. */
bool field_switch(const struct node *node);
double field_number(const struct node *node);
uint64_t field_count(const struct node *node);
int64_t field_duration_ns(const struct node *node);
/* The index in @words, which node's text is among. */
unsigned field_word(const char *const *words, const struct node *node);

/*
 * The key of @table that is most similar to @key, or an empty slice. For complaints of unknown
 * keys.
 */
struct slice field_nearest(const struct field_table *table, struct slice key);
