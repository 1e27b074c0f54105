/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Identity: the meaning of the bytes around a value
 *
 * They name a series, a type and a weight.
 */

#include "base/metric_spec.h"
#include "base/sample_type.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct treatment;

/* What is known of where a line comes from, apart from its meaning: bits. */
enum origin {
    ORIGIN_TAGGED = 1 << 0,   /* it was sent with labels */
    ORIGIN_UNMAPPED = 1 << 1, /* no rule is for its name */
};

/* The slices are borrowed from the resolver. */
struct identity {
    enum sample_type type;
    bool is_type_declared;             /* the config says the type, for a metric or by a rule */
    enum metric_type declared_type;    /* if the mapper returned REFUSED_TYPE_CONFLICT */
    uint64_t generation;               /* of the config that was asked; a newer one has a higher */
    const struct metric_spec *spec;    /* what it says of the family; NULL: nothing */
    struct slice family;               /* the Prometheus name */
    struct slice labels;               /* rendered: a="1",b="2"; sorted, escaped, without braces */
    struct slice sent_as;              /* the name as the sender wrote it, for # HELP */
    double weight;                     /* events that one sample stands for (base/weight.h) */
    const struct treatment *treatment; /* of its values; NULL: none */
    bool is_absolute;                  /* values of this counter are running totals; weight is 1 */
    unsigned n_tag_errors;             /* tags that were dropped */
    unsigned n_undeclared_labels;      /* labels that were dropped: not declared */
    unsigned n_unknown_sections;       /* |… sections that were ignored */
    unsigned n_exceeded;               /* regexes of rules that exceeded their match limit */
    bool has_tag_section;              /* there is a section with tags */
    bool has_cut_tag;                  /* after it there is an unknown section */
    bool has_bad_rate;                 /* the rate was unusable and taken as 1 */
    bool has_colon_rate;               /* some rate has a ':' in it, as in a chain */
    unsigned char origin;              /* of enum origin; 0 unless the resolver is to say it */
    bool is_passing;                   /* not to be cached: too rare, or its bytes are ambiguous */
    /*
     * For an end or a chain, whose metrics may be of any type: the labels on those that have this
     * own label. @labels are those on all others.
     */
    struct slice labels_beside[_OWN_LABEL_N];
};

/* Whether its values are the observations of a summary. */
static inline bool identity_is_summary(const struct identity *identity)
{
    return identity->spec && identity->spec->observer == OBSERVER_SUMMARY &&
           sample_type_observes(identity->type);
}

/* What its samples become; METRIC_NONE for an end. */
static inline enum metric_type identity_metric(const struct identity *identity)
{
    const struct sample_type_facts *facts = sample_type_facts(identity->type);

    return identity_is_summary(identity) ? facts->summary : facts->metric;
}

/* The origin of samples of @identity. An x is not a sample. */
static inline unsigned char identity_origin(const struct identity *identity)
{
    return identity->type == SAMPLE_END ? 0 : identity->origin;
}

/* The labels of @identity, an end or the name of a chain, on a metric of @type. */
static inline struct slice identity_labels_on(const struct identity *identity,
                                              enum metric_type type)
{
    enum own_label own = metric_type_own_label(type);

    return own == OWN_LABEL_NONE ? identity->labels : identity->labels_beside[own];
}
