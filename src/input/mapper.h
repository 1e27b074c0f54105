/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mapper: applies the mapping to names and labels, for one resolver
 *
 * Pure except for its scratch memory. A mapper belongs to one thread.
 */

#include "base/compiler.h"
#include "base/identity.h"
#include "base/labels.h"
#include "base/metric_spec.h"
#include "base/verdict.h"
#include "input/limits.h"
#include "mapping/label_rule.h"
#include "mapping/mapping.h"

struct mapper;

/* Make a mapper with a reference on @mapping. Returns 0 or -ENOMEM. */
MUST_CHECK int mapper_new(struct mapper **ret, struct mapping *mapping,
                          const struct line_limits *limits);
void mapper_free(struct mapper *mapper);
DEFINE_CLEANUP(struct mapper *, mapper_free)

/* The mapping that it refers to. */
const struct mapping *mapper_mapping(const struct mapper *mapper);

/* What was asked about a name, and the answer. */
struct mapper_answer {
    const struct rules *rules;
    struct rules_scratch *scratch; /* rules_explain() may use it */
    struct rules_query query;
    enum rules_outcome outcome;
    struct rules_match match;
};

/*
 * Called as a line is mapped, to show how; a function that is NULL is not called. The arguments are
 * borrowed until it returns.
 */
struct mapper_trace {
    void *ctx;
    /* The rules have answered, and nothing has changed yet. */
    void (*on_rule)(void *ctx, const struct mapper_answer *answer);
    /* The name is declared as @metric; NULL: it is not declared. */
    void (*on_metric)(void *ctx, const struct metric *metric);
    struct label_rules_trace labels; /* it has a ctx of its own */
};

/*
 * Map the line of @identity, whose sample is of @type: @identity has the name that was sent, and
 * that name as a Prometheus name, and @labels are those of its tags. An x is mapped as if it were a
 * sample of @type, because it ends what such samples have made.
 *
 * Sets the family, sent_as, spec, treatment, generation and is_type_declared of @identity, borrowed
 * from @mapper until its next use and from the mapping; adds to its n_undeclared_labels; changes
 * @labels likewise. The spec is what the metric is declared with; and of the rest what the rule
 * says, or without a rule, the defaults of the mapping files. If lines of this name are skipped
 * (identity_is_skipped), @labels mean nothing. @trace may be NULL.
 *
 * Returns VERDICT_APPLIED; REFUSED_MALFORMED_LINE if a rule makes an empty name,
 * REFUSED_NAME_LIMIT or REFUSED_LABEL_LIMIT if it makes more than the limits allow,
 * REFUSED_TYPE_CONFLICT if the metric is declared with another type, which @identity then has as
 * its declared_type; or REFUSED_UNDECLARED_LABEL.
 */
MUST_CHECK enum verdict mapper_map(struct mapper *mapper, enum sample_type type,
                                   const struct mapper_trace *trace, struct labels *labels,
                                   struct identity *identity);

/*
 * A memory of what a name means, for as long as the links of one chain are resolved, which share
 * their name: each type of rule is mapped once, however many links there are.
 */
struct mapper_memory {
    bool is_known;
    enum verdict verdict;
    struct identity identity;  /* with VERDICT_APPLIED; its texts are copies */
    struct metric_spec joined; /* its spec may point here */
};

/* Begin with another name: nothing is known. */
void mapper_begin_chain(struct mapper *mapper);

/* What is known about samples of @type. */
const struct mapper_memory *mapper_recall(const struct mapper *mapper, enum sample_type type);

/* Note @verdict and @identity for samples of @type. The texts of @identity are copied. */
void mapper_remember(struct mapper *mapper, enum sample_type type, enum verdict verdict,
                     const struct identity *identity);
