/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Draft: a mapping in the making
 *
 * The config file, the files that it includes and the mapping files add to one draft. Each reader
 * adds what is valid and reports what is not; at the end the draft becomes a mapping, if there was
 * no problem.
 *
 * Memory that runs out is noted in the draft, and told once, at the end. Until then readers get
 * empty slices and NULL.
 */

#include "base/arena.h"
#include "base/metric_spec.h"
#include "config/document.h"
#include "config/field.h"
#include "mapping/mapping.h"
#include "mapping/rule.h"

/* An array that grows. */
struct draft_list {
    void *items;
    size_t n, room;
};

/* Rules for labels: lists and maps of names. NULL: not said. */
struct label_rules_nodes {
    const struct node *drop, *keep, *rename, *values;
};

/* Where a metric says which labels it has, or its group does. */
struct draft_metric_nodes {
    const char *path;
    const struct node *labels;
    struct label_rules_nodes rules;
};

/* What is done with values. NULL: not said. */
struct treatment_nodes {
    const struct node *scale, *gauge, *counter;
};

/* Where the parts of a rule are; NULL: the rule itself does not say it. */
struct draft_rule_nodes {
    const char *path;
    const struct node *rule, *match, *name, *labels, *help, *ttl, *observer_type;
    const struct node *buckets; /* or the options with them */
    const struct node *summary; /* options of summaries, or outdated quantiles */
    struct treatment_nodes treatment;
};

/* A test that a file brings: what to send, and which series there must be then. */
struct draft_test {
    const char *path;
    struct place place;
    struct slice name; /* or empty */
    const struct slice *send;
    size_t n_send;
    const struct slice *expect; /* lines: a series and its value, as on a page */
    size_t n_expect;
};

struct draft {
    struct problems *problems;      /* its path is that of the file being read */
    struct slice file;              /* the same, with the mapping's lifetime */
    struct arena arena;             /* becomes the mapping's */
    struct draft_list rules;        /* struct rule */
    struct draft_list nodes;        /* struct draft_rule_nodes, of the same index */
    struct draft_list metrics;      /* struct metric */
    struct draft_list metric_nodes; /* struct draft_metric_nodes, until the metrics are sorted */
    struct draft_list documents;    /* struct document *, kept for their nodes */
    struct draft_list tests;        /* struct draft_test */
    struct draft_list files;        /* struct slice: paths of all files, and folders of patterns */
    struct metric_spec unmatched;   /* of names that no rule matches */
    enum mapping_undeclared undeclared;
    enum mapping_labels undeclared_labels;
    struct label_rules_nodes for_all;
    const struct label_rules *label_rules; /* for all; NULL: none */
    enum observer observer;                /* of rules and names for which no file says one */
    bool has_totals;                       /* counters of some names are running totals */
    bool says_something;                   /* of names, so that there is a mapping */
    unsigned n_defaults;                   /* lists of rules, with defaults or without, */
    unsigned n_observer_defaults;          /* and of these, with an observer_type there */
    bool globs_are_unordered;
    const char *says_order; /* the path of the file that says so, or not; NULL: none */
    uint64_t generation;    /* of the mapping */
    unsigned n_problems;    /* there were before */
    bool has_failed;        /* for lack of memory */
};

/* Begin a draft of the mapping with this generation. */
void draft_init(struct draft *draft, struct problems *problems, uint64_t generation);

/* Free what is left of it. */
void draft_deinit(struct draft *draft);

/* Read from now on the file at @path, which is borrowed until the draft ends. */
void draft_enter(struct draft *draft, const char *path);

/* Note a file or folder on which the draft depends. */
void draft_note_file(struct draft *draft, struct slice path);

/* Enter a file other than the config file, and note it. */
void draft_enter_new(struct draft *draft, const char *path);

/* --- for readers ------------------------------------------------------------------------- */

/* Zeroed memory of the mapping; NULL when out of memory. */
void *draft_alloc(struct draft *draft, size_t size);

/* A copy of @text with the mapping's lifetime; empty when out of memory. */
struct slice draft_copy(struct draft *draft, struct slice text);

/*
 * @path of a file that the file at @from names: relative to the folder of @from. Followed by a NUL;
 * empty when out of memory.
 */
struct slice draft_resolve(struct draft *draft, const char *from, const char *path);

/* @sent as a Prometheus name, of a metric or label; empty when out of memory. */
struct slice draft_name(struct draft *draft, struct slice sent);

/* A copy of @spec with the mapping's lifetime; NULL if it says nothing, or when out of memory. */
const struct metric_spec *draft_keep_spec(struct draft *draft, const struct metric_spec *spec);

/* A zeroed item of @size bytes at the end of @list, valid until the next; NULL: out of memory. */
void *draft_add(struct draft *draft, struct draft_list *list, size_t size);

/* Keep @document until the draft ends. NULL is fine. Returns it, or NULL when out of memory. */
struct document *draft_keep(struct draft *draft, struct document *document);

/* Member @i of a list. */
#define DRAFT_ITEM(list, type, i) (&((type *)(list).items)[i])

/* --- the end ------------------------------------------------------------------------------- */

/*
 * Compile what has been read. Returns the mapping, or NULL if the files say nothing of names, or
 * after adding problems. The draft keeps only its tests and documents.
 */
MUST_CHECK struct mapping *draft_finish(struct draft *draft);
