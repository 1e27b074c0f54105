/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rules: which mapping rule a name gets, and what the rule makes of it
 *
 * All globs come before any regex. Among globs the first one in the list wins or, if they are
 * unordered, the most specific one: where two globs differ first, the one with text there, not a
 * '*'. Among regexes the first one in the list wins. A rule takes part only if its types and
 * tags fit. Source: the README of statsd_exporter, and docs/decisions for the details.
 *
 * Compiled rules are immutable, so any number of threads may use them. Each thread has its own
 * scratch memory. A match allocates nothing, and its cost is bounded for any name.
 */

#include "base/compiler.h"
#include "base/labels.h"
#include "mapping/rule.h"

struct rules;

/* The part of a rule in which a problem is. */
enum rules_part {
    RULES_MATCH,
    RULES_NAME,
    RULES_LABEL_NAME,
    RULES_LABEL_VALUE,
};

struct rules_problem {
    size_t rule; /* its index */
    enum rules_part part;
    size_t label;    /* the index of the label that has the problem, if a label has */
    bool is_warning; /* the rule works, but hardly as it was meant */
    struct slice text;
};

struct rules_options {
    bool globs_are_unordered; /* glob_disable_ordering */
    /* Called for each problem; its slices are borrowed until it returns. */
    void (*on_problem)(void *ctx, const struct rules_problem *problem);
    void *ctx;
};

/*
 * Compile @n rules, which are borrowed and must outlive the result. Reports all problems. Returns
 * 0, -EINVAL if some of them are not warnings, or -ENOMEM.
 */
MUST_CHECK int rules_new(struct rules **ret, const struct rules_options *options,
                         const struct rule *list, size_t n);
void rules_free(struct rules *rules);
DEFINE_CLEANUP(struct rules *, rules_free)

/* The number of rules, with those that drop. */
size_t rules_count(const struct rules *rules);

/* Rule @i, as it was configured. */
const struct rule *rules_item(const struct rules *rules, size_t i);

/* --- matching -------------------------------------------------------------------------- */

/* Memory for matching, of one thread. */
struct rules_scratch;

struct rules_limits {
    size_t name;        /* the longest name that is asked for, and that a rule may make */
    size_t label_value; /* the longest value that a rule may make */
};

/* Make scratch memory for @rules, which must outlive it. Returns 0 or -ENOMEM. */
MUST_CHECK int rules_scratch_new(struct rules_scratch **ret, const struct rules *rules,
                                 const struct rules_limits *limits);
void rules_scratch_free(struct rules_scratch *scratch);
DEFINE_CLEANUP(struct rules_scratch *, rules_scratch_free)

struct rules_query {
    struct slice name; /* as sent, without its tags; valid UTF-8; at most limits.name bytes */
    enum rule_type type;
    const struct labels *tags; /* the labels that its tags became; NULL: none */
};

enum rules_outcome {
    RULES_NO_MATCH,
    RULES_MATCHED,
    RULES_TOO_LONG, /* the rule matches, but makes a name or value longer than the limits */
    RULES_NO_NAME,  /* the rule matches, but makes an empty name */
};

struct rules_match {
    const struct rule *rule; /* unless RULES_NO_MATCH */
    struct slice name;       /* a Prometheus name; none if the rule drops */
    /*
     * The labels that the rule sets; none if it drops. A value may be empty, which means to
     * Prometheus that there is no such label.
     */
    const struct label *labels;
    size_t n_labels;
    unsigned n_exceeded; /* regexes that exceeded their match limit, so they did not match */
};

/*
 * Find the rule for @query and apply its templates. @ret is filled whatever the outcome is, and is
 * borrowed from @scratch until its next use.
 */
enum rules_outcome rules_match(const struct rules *rules, struct rules_scratch *scratch,
                               const struct rules_query *query, struct rules_match *ret);

/* --- explaining ---------------------------------------------------------------------- */

/* Why a rule was not the one, or that it was. */
enum rules_fate {
    RULES_FATE_WON,
    RULES_FATE_TYPE,     /* it is not for this type */
    RULES_FATE_PREFIX,   /* it is not for names with this beginning */
    RULES_FATE_LENGTH,   /* the glob has more or fewer segments */
    RULES_FATE_SEGMENT,  /* the glob has another text in a segment */
    RULES_FATE_REGEX,    /* the regex does not match */
    RULES_FATE_EXCEEDED, /* the regex exceeded its match limit */
    RULES_FATE_TAG,      /* the line has not one of the tags */
};

struct rules_attempt {
    const struct rule *rule;
    enum rules_fate fate;
    size_t segment;             /* RULES_FATE_SEGMENT: the first that differs, from 0 */
    const struct rule_tag *tag; /* RULES_FATE_TAG: the first that is missing */
};

typedef void rules_on_attempt(void *ctx, const struct rules_attempt *attempt);

/*
 * Say of one rule after the other, in the order of their precedence, why it does not match @query;
 * end with the first that does. Slow: for people.
 */
void rules_explain(const struct rules *rules, struct rules_scratch *scratch,
                   const struct rules_query *query, rules_on_attempt *on_attempt, void *ctx);
