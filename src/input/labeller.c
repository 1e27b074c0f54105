/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Labeller
 *
 * Names are written one after the other into scratch memory. If a tag replaces an earlier label's
 * value, its name is not kept, so the memory is bounded by the number of labels.
 *
 * Each tag is looked up among the labels before it. Few labels are compared one by one. With many,
 * the names could cost more than they are long, so hashes are compared, sixteen at a time.
 */

#include "input/labeller.h"

#include "base/hash.h"
#include "mapping/name.h"

#include <errno.h>
#include <stdlib.h>

int labeller_init(struct labeller *labeller, const struct line_limits *limits)
{
    *labeller = (struct labeller){ .limits = *limits };
    labeller_begin(labeller, OWN_LABEL_NONE);
    /* One more than the limit: a name is written before it is known to exceed it. */
    labeller->names = calloc(limits->labels + 1, NAME_WRITTEN_MAX(limits->label_name));
    return labeller->names ? 0 : -ENOMEM;
}

void labeller_deinit(struct labeller *labeller)
{
    free(labeller->names);
}

void labeller_begin(struct labeller *labeller, enum own_label own)
{
    labeller->own = own;
    labeller->labels.n = 0;
    labeller->names_len = 0;
    labeller->n_tags = 0;
    labeller->n_hashed = 0;
}

/*
 * What Prometheus calls a label that both a page and the target have (honor_labels in its
 * documentation of scrape_config). The target always has these two.
 */
static struct slice rename_scrape_label(struct slice name)
{
    if (slice_equal(name, SLICE("job")))
        return SLICE("exported_job");
    if (slice_equal(name, SLICE("instance")))
        return SLICE("exported_instance");
    return name;
}

/* The label name for @key. The next call overwrites it, unless set_label() keeps it. */
static struct slice label_name(struct labeller *labeller, struct slice key)
{
    struct slice name = name_write(labeller->names + labeller->names_len, key);

    if (labeller->renames_scrape_labels)
        name = rename_scrape_label(name);
    return own_label_rename(labeller->own, name);
}

/* Whether any of the sixteen hashes at @hashes is @hash. It takes four comparisons. */
static bool any_is(const uint32_t *hashes, uint32_t hash)
{
    uint32_t found = 0;

    for (size_t i = 0; i < 16; i++)
        found |= hashes[i] == hash;
    return found;
}

_Static_assert(LABELS_MAX % 16 == 0, "hashes are compared in whole groups");

/* The label called @name among many, or NULL. */
static struct label *find_among_many(struct labeller *labeller, struct slice name)
{
    struct labels *labels = &labeller->labels;
    uint32_t hash = (uint32_t)hash_bytes(name, 0);

    for (; labeller->n_hashed < labels->n; labeller->n_hashed++)
        labeller->hashes[labeller->n_hashed] =
            (uint32_t)hash_bytes(labels->items[labeller->n_hashed].name, 0);
    for (size_t group = 0; group < labels->n; group += 16) {
        if (!any_is(labeller->hashes + group, hash))
            continue;
        for (size_t i = group; i < labels->n && i < group + 16; i++)
            if (labeller->hashes[i] == hash && slice_equal(labels->items[i].name, name))
                return &labels->items[i];
    }
    return NULL;
}

/* As labels_set(), for any number of labels. */
static bool set_any(struct labeller *labeller, const struct label *label)
{
    struct labels *labels = &labeller->labels;
    struct label *found;

    if (UNLIKELY(labeller->n_tags++ == LABELLER_TAGS_MAX))
        return false;
    if (LIKELY(labels->n < LABELLER_FEW))
        return labels_set(labels, labeller->limits.labels, label->name, label->value);
    found = find_among_many(labeller, label->name);
    if (found)
        found->value = label->value;
    else if (labels->n < labeller->limits.labels)
        labels->items[labels->n++] = *label;
    else
        return false;
    return true;
}

static bool set_label(struct labeller *labeller, const struct label *label)
{
    bool is_in_names = label->name.at == labeller->names + labeller->names_len;
    size_t n_before = labeller->labels.n;

    if (!set_any(labeller, label))
        return false;
    /* The name of a new label must stay where it was written. */
    if (is_in_names && labeller->labels.n > n_before)
        labeller->names_len += label->name.len;
    return true;
}

enum tag_fate labeller_add(struct labeller *labeller, const struct tag *tag, struct label *ret)
{
    const struct line_limits *limits = &labeller->limits;

    ret->value = tag->value;
    if (UNLIKELY(tag->is_bare)) {
        if (!labeller->keeps_bare_tags)
            return TAG_BARE;
        ret->value = SLICE("true");
    }
    if (tag->key.len == 0)
        return TAG_EMPTY_KEY;
    if (ret->value.len == 0)
        return TAG_EMPTY_VALUE;
    if (tag->key.len > limits->label_name)
        return TAG_LONG_KEY;
    if (ret->value.len > limits->label_value)
        return TAG_LONG_VALUE;
    ret->name = label_name(labeller, tag->key);
    if (slice_starts_with(ret->name, SLICE("__")))
        return TAG_RESERVED;
    return set_label(labeller, ret) ? TAG_KEPT : TAG_TOO_MANY;
}

void labeller_rename_own(struct labeller *labeller, enum own_label own)
{
    struct labels *labels = &labeller->labels;
    struct label renamed;

    for (size_t i = 0; i < labels->n; i++) {
        renamed = labels->items[i];
        renamed.name = own_label_rename(own, renamed.name);
        if (renamed.name.at == labels->items[i].name.at)
            continue;
        if (labels_find(labels, renamed.name))
            labels_remove(labels, labels->items[i].name);
        else
            labels->items[i] = renamed;
        return;
    }
}

bool labeller_write(struct labeller *labeller, char *out, struct slice *ret)
{
    if (labels_length_max(&labeller->labels) > labeller->limits.labels_text &&
        labels_length(&labeller->labels) > labeller->limits.labels_text)
        return false;
    labels_sort(&labeller->labels);
    *ret = labels_write(&labeller->labels, out);
    return true;
}
