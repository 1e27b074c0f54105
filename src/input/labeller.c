/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Labeller
 *
 * Names are written one after the other into scratch memory. If a tag replaces an earlier label's
 * value, its name is not kept, so the memory is bounded by the number of labels.
 */

#include "input/labeller.h"

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

static bool set_label(struct labeller *labeller, const struct label *label)
{
    bool is_in_names = label->name.at == labeller->names + labeller->names_len;
    size_t n_before = labeller->labels.n;

    if (!labels_set(&labeller->labels, labeller->limits.labels, label->name, label->value))
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
