/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Family
 *
 * One allocation holds the family and all its texts. The registry finds it by its claims. Its
 * series have references, so it lives as long as they do, even after it has left the registry.
 */

#include "aggregate/family.h"

#include "base/must.h"

#include <stdlib.h>

static struct slice add_text(char **at, struct slice first, struct slice second)
{
    struct slice text = { *at, first.len + second.len };

    if (first.len)
        memcpy(*at, first.at, first.len);
    if (second.len)
        memcpy(*at + first.len, second.at, second.len);
    *at += text.len;
    return text;
}

/* Claim @name with @suffix; the text is written at @at. */
static void add_claim(struct family *family, char **at, struct slice name, struct slice suffix)
{
    struct claim *claim = &family->claims[family->n_claims++];

    MUST_BE(suffix.len, <=, KIND_SUFFIX_LEN_MAX);
    claim->name = add_text(at, name, suffix);
    claim->family = family;
}

static struct family *make(struct slice name, enum metric_type type, struct slice sent_as)
{
    size_t text_max = FAMILY_NAMES_MAX * (name.len + KIND_SUFFIX_LEN_MAX + 1);
    size_t size = sizeof(struct family) + text_max + sent_as.len;
    struct family *family = calloc(1, size);
    const struct slice *suffixes;
    char *at;

    MUST(type < _METRIC_TYPE_N);
    if (!family)
        return NULL;
    at = family->text;
    family->size = size;
    family->type = type;
    family->sent_as = add_text(&at, sent_as, SLICE(""));
    add_claim(family, &at, name, SLICE(""));
    family->name = family->claims[0].name;
    suffixes = kind_of(family->type)->suffixes;
    for (unsigned i = 0; i < KIND_SUFFIXES_MAX && suffixes[i].len; i++)
        add_claim(family, &at, name, suffixes[i]);
    atomic_init(&family->refs, 1);
    return family;
}

struct family *family_new(const struct identity *identity, const struct buckets *buckets)
{
    struct family *family =
        make(identity->family, metric_type_of(identity->type), identity->sent_as);

    if (family)
        family->buckets = buckets;
    return family;
}

struct family *family_new_reserved(struct slice name, enum metric_type type)
{
    struct family *family = make(name, type, SLICE(""));

    if (family)
        family->is_reserved = true;
    return family;
}

void family_set_budget(struct family *family, struct budget *budget, size_t prepaid_bytes)
{
    family->budget = budget;
    family->prepaid.n_bytes = prepaid_bytes;
    budget_hold(budget, family->size + prepaid_bytes);
}

static void family_free(struct family *family)
{
    budget_release(family->budget, family->size + family->prepaid.n_bytes);
    free(family);
}

void family_ref(struct family *family)
{
    atomic_fetch_add_explicit(&family->refs, 1, memory_order_relaxed);
}

void family_unref(struct family *family)
{
    unsigned refs = atomic_fetch_sub_explicit(&family->refs, 1, memory_order_acq_rel);

    MUST_BE(refs, >, 0u);
    if (refs == 1)
        family_free(family);
}
