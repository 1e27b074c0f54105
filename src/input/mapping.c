/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapping
 *
 * Runs once for each key a worker has not seen: here is where names are escaped,
 * tags are taken apart, and labels are sorted and rendered, so that the hot path
 * never does any of it. All memory is one scratch area sized for the longest line,
 * so nothing is allocated and nothing can overflow.
 */

#include "input/mapping.h"

#include "base/labels.h"
#include "base/name.h"
#include "base/utf8.h"
#include "input/parse.h"

#include <errno.h>
#include <stdlib.h>

struct mapping {
    struct labels labels;
    size_t names_len;
    char family[NAME_WRITTEN_MAX(METRIC_NAME_MAX)];
    char names[2 * LINE_LENGTH_MAX]; /* a key of one byte may become a name of two */
    /* Escapes double values at most; names and punctuation come on top. */
    char rendered[2 * LINE_LENGTH_MAX + LABELS_MAX * (sizeof("exported_=\"\",") + 1)];
};

int mapping_new(struct mapping **ret)
{
    struct mapping *mapping = calloc(1, sizeof(*mapping));

    if (!mapping)
        return -ENOMEM;
    *ret = mapping;
    return 0;
}

void mapping_free(struct mapping *mapping)
{
    free(mapping);
}

/* The label name for @key; names stay valid until the next line is resolved. */
static struct slice label_name(struct mapping *mapping, struct slice key, enum metric_type type)
{
    struct slice name = name_write(mapping->names + mapping->names_len, key);

    mapping->names_len += name.len;
    if (type == METRIC_HISTOGRAM && slice_equal(name, SLICE("le")))
        return SLICE("exported_le");
    return name;
}

/* Add the label of one tag, "key:value". */
static enum verdict add_tag(struct mapping *mapping, struct slice tag, struct identity *identity)
{
    struct slice value = tag, key = slice_trim(slice_cut(&value, ':')), name;

    if (key.len == 0 || value.len == 0) {
        identity->n_tag_errors++;
        return VERDICT_APPLIED;
    }
    if (key.len > LABEL_NAME_MAX || value.len > LABEL_VALUE_MAX)
        return REFUSED_LABEL_LIMIT;
    name = label_name(mapping, key, metric_type_of(identity->type));
    if (slice_starts_with(name, SLICE("__"))) {
        identity->n_tag_errors++;
        return VERDICT_APPLIED;
    }
    return labels_set(&mapping->labels, name, value) ? VERDICT_APPLIED : REFUSED_LABEL_LIMIT;
}

/* Add the labels of one tag section, "key:value,key:value". */
static enum verdict add_tags(struct mapping *mapping, struct slice tags, struct identity *identity)
{
    while (tags.len) {
        struct slice tag = slice_cut(&tags, ',');
        enum verdict verdict = tag.len ? add_tag(mapping, tag, identity) : VERDICT_APPLIED;

        if (verdict != VERDICT_APPLIED)
            return verdict;
    }
    return VERDICT_APPLIED;
}

static enum verdict resolve_labels(struct mapping *mapping, const struct sections *sections,
                                   struct identity *identity)
{
    mapping->labels.n = 0;
    mapping->names_len = 0;
    for (unsigned i = 0; i < sections->n_tags; i++) {
        enum verdict verdict = add_tags(mapping, sections->tags[i], identity);

        if (verdict != VERDICT_APPLIED)
            return verdict;
    }
    labels_sort(&mapping->labels);
    identity->labels = labels_write(&mapping->labels, mapping->rendered);
    return identity->labels.len <= LABELS_TEXT_MAX ? VERDICT_APPLIED : REFUSED_LABEL_LIMIT;
}

enum verdict mapping_resolve(struct mapping *mapping, const struct line *line, struct identity *ret)
{
    struct sections sections;
    enum verdict verdict;

    if (!utf8_is_valid(line->name) || !utf8_is_valid(line->rest))
        return REFUSED_MALFORMED_LINE;
    verdict = parse_sections(line->rest, &sections);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (line->name.len > METRIC_NAME_MAX)
        return REFUSED_NAME_LIMIT;

    *ret = (struct identity){
        .type = sections.type,
        .family = name_write(mapping->family, line->name),
        .sent_as = line->name,
        .weight = sections.weight,
        .n_unknown_sections = sections.n_unknown,
        .has_bad_rate = sections.has_bad_rate,
    };
    return resolve_labels(mapping, &sections, ret);
}
