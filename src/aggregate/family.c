/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Family
 *
 * One allocation holds the family and its names. The registry finds it by its claims. Its series
 * have references, so it lives as long as they do, even after it has left the registry.
 *
 * A reload of the config may change the texts of a family whose series go on, while a scrape reads
 * them. So they are an object of their own, which is replaced under a lock of the family. A scrape
 * takes this lock once for each family, and hardly ever meets anyone there.
 */

#include "aggregate/family.h"

#include "base/must.h"
#include "base/slots.h"

#include <stdlib.h>

/* Claim @name with @suffix; the text is written at @at. */
static void add_claim(struct family *family, char **at, struct slice name, struct slice suffix)
{
    struct claim *claim = &family->claims[family->n_claims++];

    MUST_BE(suffix.len, <=, KIND_SUFFIX_LEN_MAX);
    claim->name = slice_put(at, name);
    claim->name.len += slice_put(at, suffix).len;
    claim->family = family;
}

static size_t texts_size(struct slice sent_as, struct slice help, struct slice unit)
{
    return sizeof(struct family_texts) + sent_as.len + help.len + unit.len;
}

static struct family_texts *new_texts(struct slice sent_as, struct slice help, struct slice unit)
{
    size_t size = texts_size(sent_as, help, unit);
    struct family_texts *texts = calloc(1, size);
    char *at;

    if (!texts)
        return NULL;
    at = texts->at;
    texts->size = size;
    texts->sent_as = slice_put(&at, sent_as);
    texts->help = slice_put(&at, help);
    texts->unit = slice_put(&at, unit);
    return texts;
}

static struct family_texts *texts_of(struct slice sent_as, const struct metric_spec *spec)
{
    return spec ? new_texts(sent_as, spec->help, spec->unit)
                : new_texts(sent_as, SLICE(""), SLICE(""));
}

static size_t allocation_size(struct slice name)
{
    return sizeof(struct family) + FAMILY_NAMES_MAX * (name.len + KIND_SUFFIX_LEN_MAX + 1);
}

/* The number of names that a family of @type takes. */
static size_t n_names_of(enum metric_type type)
{
    const struct slice *suffixes = kind_of(type)->suffixes;
    size_t n = 0;

    while (n < KIND_SUFFIXES_MAX && suffixes[n].len)
        n++;
    return 1 + n;
}

/* The bytes of a family with @name, and of its slots in the table of names; without texts. */
static size_t bare_size(struct slice name, enum metric_type type)
{
    return allocation_size(name) + n_names_of(type) * SLOTS_BYTES_PER_ENTRY;
}

static void add_claims(struct family *family, struct slice name)
{
    const struct slice *suffixes = kind_of(family->type)->suffixes;
    char *at = family->text;

    add_claim(family, &at, name, SLICE(""));
    family->name = family->claims[0].name;
    for (unsigned i = 0; i < KIND_SUFFIXES_MAX && suffixes[i].len; i++)
        add_claim(family, &at, name, suffixes[i]);
}

static struct family *make(struct slice name, enum metric_type type, struct slice sent_as,
                           const struct metric_spec *spec)
{
    struct family_texts *texts = texts_of(sent_as, spec);
    struct family *family = calloc(1, allocation_size(name));

    MUST(type < _METRIC_TYPE_N);
    if (!family || !texts) {
        free(family);
        free(texts);
        return NULL;
    }
    family->size = bare_size(name, type) + texts->size;
    family->type = type;
    family->texts = texts;
    family->max_series = spec ? spec->max_series : 0;
    atomic_init(&family->ttl_ns, spec ? spec->ttl_ns : SPEC_TTL_DEFAULT);
    pthread_mutex_init(&family->texts_lock, NULL);
    atomic_init(&family->refs, 1);
    add_claims(family, name);
    return family;
}

const struct buckets *family_buckets(const struct identity *identity, const struct buckets *buckets,
                                     struct buckets *room)
{
    const struct metric_spec *spec = identity->spec;
    const struct kind *kind = kind_of(identity_metric(identity));
    const struct buckets *wanted;

    if (kind->age_size) {
        *room = (struct buckets){ .summary = metric_spec_summary(spec) };
        return room;
    }
    if (!kind->size)
        return buckets;
    wanted = metric_spec_buckets(spec, buckets, room);
    return wanted == buckets || buckets_equal(wanted, buckets) ? buckets : wanted;
}

size_t family_size(const struct identity *identity, const struct buckets *buckets)
{
    const struct metric_spec *spec = identity->spec;
    struct buckets room;
    bool has_own_buckets = family_buckets(identity, buckets, &room) != buckets;

    return bare_size(identity->family, identity_metric(identity)) +
           texts_size(identity->sent_as, spec ? spec->help : SLICE(""),
                      spec ? spec->unit : SLICE("")) +
           (has_own_buckets ? sizeof(*buckets) : 0);
}

/* Make @family own a copy of @buckets, as their owner may go before it. */
static bool copy_buckets(struct family *family, const struct buckets *buckets)
{
    family->own_buckets = calloc(1, sizeof(*buckets));
    if (!family->own_buckets)
        return false;
    *family->own_buckets = *buckets;
    family->buckets = family->own_buckets;
    family->size += sizeof(*buckets);
    return true;
}

struct family *family_new(const struct identity *identity, const struct buckets *buckets)
{
    enum metric_type type = identity_metric(identity);
    struct family *family = make(identity->family, type, identity->sent_as, identity->spec);
    const struct buckets *wanted;
    struct buckets room;

    if (!family)
        return NULL;
    family->generation = identity->generation;
    family->buckets = buckets;
    wanted = family_buckets(identity, buckets, &room);
    if (wanted != buckets && !copy_buckets(family, wanted)) {
        family_unref(family);
        return NULL;
    }
    return family;
}

struct family *family_new_reserved(struct slice name, enum metric_type type)
{
    struct family *family = make(name, type, SLICE(""), NULL);

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

/* --- changes --------------------------------------------------------------------------- */

bool family_has_buckets_of(const struct family *family, const struct identity *identity,
                           const struct buckets *buckets)
{
    struct buckets room;
    const struct buckets *wanted = family_buckets(identity, buckets, &room);

    return wanted == family->buckets || buckets_equal(wanted, family->buckets);
}

bool family_must_retire(const struct family *family, const struct identity *identity,
                        const struct buckets *buckets)
{
    bool is_namesake = slice_equal(family->name, identity->family);

    if (family->is_reserved || family->generation >= identity->generation)
        return false;
    if (is_namesake && family->type == identity_metric(identity))
        return !family_has_buckets_of(family, identity, buckets);
    /*
     * The config decides whether observations become histograms or summaries. But it says nothing
     * of a histogram x to a sender of x_sum: that must not end it.
     */
    return identity->is_type_declared || (is_namesake && sample_type_observes(identity->type) &&
                                          sample_type_may_become(identity->type, family->type));
}

static bool texts_equal(const struct family_texts *a, const struct family_texts *b)
{
    return slice_equal(a->sent_as, b->sent_as) && slice_equal(a->help, b->help) &&
           slice_equal(a->unit, b->unit);
}

/* Replace the texts of @family by @texts, which are taken. */
static void set_texts(struct family *family, struct family_texts *texts)
{
    struct family_texts *old;

    pthread_mutex_lock(&family->texts_lock);
    old = family->texts;
    family->texts = texts;
    pthread_mutex_unlock(&family->texts_lock);
    family->size += texts->size - old->size;
    budget_hold(family->budget, texts->size);
    budget_release(family->budget, old->size);
    free(old);
}

bool family_adopt(struct family *family, const struct identity *identity)
{
    const struct metric_spec *spec = identity->spec;
    struct slice sent_as = family->texts->sent_as;
    struct family_texts *texts = texts_of(sent_as.len ? sent_as : identity->sent_as, spec);

    if (!texts)
        return false;
    if (texts_equal(texts, family->texts))
        free(texts);
    else
        set_texts(family, texts);
    family->generation = identity->generation;
    family->max_series = spec ? spec->max_series : 0;
    atomic_store_explicit(&family->ttl_ns, spec ? spec->ttl_ns : SPEC_TTL_DEFAULT,
                          memory_order_relaxed);
    return true;
}

void family_set_sent_as(struct family *family, struct slice sent_as)
{
    struct family_texts *texts = new_texts(sent_as, family->texts->help, family->texts->unit);

    if (texts)
        set_texts(family, texts);
}

/* --- help ------------------------------------------------------------------------------ */

static void write_spelling(const struct family_texts *texts, bool has_aliases, struct buffer *out)
{
    if (texts->sent_as.len == 0) {
        buffer_add_literal(out, "Declared, and not sent yet.");
        return;
    }
    buffer_add_literal(out, "Sent as ");
    buffer_add(out, texts->sent_as);
    if (has_aliases)
        buffer_add_literal(out, ", and in other spellings");
    buffer_add_char(out, '.');
}

void family_write_help(struct family *family, struct buffer *out)
{
    bool has_aliases = atomic_load_explicit(&family->has_aliases, memory_order_relaxed);
    const struct family_texts *texts;

    pthread_mutex_lock(&family->texts_lock);
    texts = family->texts;
    buffer_add(out, texts->help);
    if (texts->help.len && has_aliases)
        buffer_add_char(out, ' ');
    if (!texts->help.len || has_aliases)
        write_spelling(texts, has_aliases, out);
    pthread_mutex_unlock(&family->texts_lock);
}

void family_write_unit(struct family *family, struct buffer *out)
{
    pthread_mutex_lock(&family->texts_lock);
    buffer_add(out, family->texts->unit);
    pthread_mutex_unlock(&family->texts_lock);
}

/* --- references ------------------------------------------------------------------------ */

static void family_free(struct family *family)
{
    budget_release(family->budget, family->size + family->prepaid.n_bytes);
    pthread_mutex_destroy(&family->texts_lock);
    free(family->own_buckets);
    free(family->texts);
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
