/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Labeller: makes labels from the tags of a line, and writes them
 *
 * Pure except for its scratch memory, whose size follows from the limits. The rules are in
 * proto/README.md, section 6.
 */

#include "base/compiler.h"
#include "base/labels.h"
#include "base/sample_type.h"
#include "input/limits.h"
#include "input/tags.h"

/* What became of a tag. */
enum tag_fate {
    TAG_KEPT,
    TAG_BARE,        /* no separator */
    TAG_EMPTY_KEY,   /* its key is empty */
    TAG_EMPTY_VALUE, /* its value is empty */
    TAG_RESERVED,    /* its label name begins with __ */

    /* Beyond a limit, for which the whole line is refused: */
    TAG_LONG_KEY,
    TAG_LONG_VALUE,
    TAG_TOO_MANY, /* there are as many labels as are allowed, or LABELLER_TAGS_MAX tags */
};

static inline bool tag_is_beyond_limit(enum tag_fate fate)
{
    return fate >= TAG_LONG_KEY;
}

/* A line may repeat tags, of which the last counts. It has at most so many that are not dropped. */
#define LABELLER_TAGS_MAX 8192

/* With this many labels or more, names are compared by hash first. */
#define LABELLER_FEW 8

struct labeller {
    struct line_limits limits;
    bool keeps_bare_tags;       /* as key="true" */
    bool renames_scrape_labels; /* job and instance, to exported_job and exported_instance */
    enum own_label own;         /* of the metric that the labels are for */
    struct labels labels;
    size_t n_tags; /* since labeller_begin(), without those that are dropped */
    size_t names_len;
    char *names;                 /* the names of the labels, one after the other */
    size_t n_hashed;             /* this many labels have a hash */
    uint32_t hashes[LABELS_MAX]; /* of their names */
};

/*
 * Set up @labeller in place, without labels; the two switches are false, and may be set at any
 * time. Returns 0 or -ENOMEM.
 */
MUST_CHECK int labeller_init(struct labeller *labeller, const struct line_limits *limits);
void labeller_deinit(struct labeller *labeller);

/* Remove all labels, and begin with those on a metric whose own label is @own. */
void labeller_begin(struct labeller *labeller, enum own_label own);

/*
 * Make a label from @tag, and return what became of the tag. With TAG_KEPT, @ret is the label. It
 * borrows from the tag and, until labeller_begin(), from the labeller.
 */
MUST_CHECK enum tag_fate labeller_add(struct labeller *labeller, const struct tag *tag,
                                      struct label *ret);

/*
 * Give a label that has the name of @own, the own label of a metric, the name that it has there,
 * unless another label has that name: then remove it. For labels that were added without knowing
 * the metric.
 */
void labeller_rename_own(struct labeller *labeller, enum own_label own);

/*
 * Write all labels, sorted, to @out, which holds limits.labels_text bytes. Returns false if they
 * are longer.
 */
MUST_CHECK bool labeller_write(struct labeller *labeller, char *out, struct slice *ret);
