/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Labels
 *
 * Sets are small (LABELS_MAX), so looking through all of them and insertion sort
 * beat anything cleverer.
 */

#include "base/labels.h"

bool labels_set(struct labels *labels, struct slice name, struct slice value)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (slice_equal(labels->items[i].name, name)) {
            labels->items[i].value = value;
            return true;
        }
    }
    if (labels->n == LABELS_MAX)
        return false;
    labels->items[labels->n++] = (struct label){ name, value };
    return true;
}

void labels_sort(struct labels *labels)
{
    for (size_t i = 1; i < labels->n; i++) {
        struct label label = labels->items[i];
        size_t at = i;

        for (; at > 0 && slice_compare(labels->items[at - 1].name, label.name) > 0; at--)
            labels->items[at] = labels->items[at - 1];
        labels->items[at] = label;
    }
}

static char *write_escaped(char *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];

        if (c == '\\' || c == '"' || c == '\n')
            *out++ = '\\';
        *out++ = c == '\n' ? 'n' : c;
    }
    return out;
}

struct slice labels_write(const struct labels *labels, char *out)
{
    char *at = out;

    for (size_t i = 0; i < labels->n; i++) {
        const struct label *label = &labels->items[i];

        if (i > 0)
            *at++ = ',';
        memcpy(at, label->name.at, label->name.len);
        at += label->name.len;
        *at++ = '=';
        *at++ = '"';
        at = write_escaped(at, label->value);
        *at++ = '"';
    }
    return (struct slice){ out, (size_t)(at - out) };
}
