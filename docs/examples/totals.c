/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Totals
 *
 * Each sample that a scrape must show is a node of a tree (tsearch(3)), whose key is its text: its
 * name and labels, sorted. A histogram has a node for each bucket. A bot declares the bounds of its
 * plan, and does not read them from udometer.yml, whose mistakes a test is to find. Without memory
 * it aborts: a test must not compare half of the truth.
 */

#include "totals.h"

#include <search.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 5, HISTOGRAMS_MAX = 16, TEXT_MAX = 512 };

struct label {
    const char *key, *value;
};

struct labels {
    struct label items[LABELS_MAX]; /* sorted by key */
    unsigned n;
};

struct sample {
    char *text; /* first, as it is the key */
    double value;
    bool is_gone;
};

struct histogram {
    const char *name;
    const double *bounds; /* ended by a 0 */
};

struct totals {
    char *prefix;
    void *samples;
    struct histogram histograms[HISTOGRAMS_MAX];
    unsigned n_histograms;
};

static void *have(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct totals *totals_new(const char *prefix)
{
    struct totals *totals = have(calloc(1, sizeof(*totals)));

    totals->prefix = have(strdup(prefix));
    return totals;
}

static void free_sample(void *node)
{
    struct sample *sample = node;

    free(sample->text);
    free(sample);
}

void totals_free(struct totals *totals)
{
    if (!totals)
        return;
    tdestroy(totals->samples, free_sample);
    free(totals->prefix);
    free(totals);
}

/* --- finding a sample ------------------------------------------------------------------------ */

static void add_label(struct labels *labels, const char *key, const char *value)
{
    unsigned i = labels->n++;

    if (i == LABELS_MAX)
        abort();
    for (; i > 0 && strcmp(labels->items[i - 1].key, key) > 0; i--)
        labels->items[i] = labels->items[i - 1];
    labels->items[i] = (struct label){ key, value };
}

static struct labels read_labels(va_list pairs)
{
    struct labels labels = { 0 };
    const char *key;

    while ((key = va_arg(pairs, const char *)))
        add_label(&labels, key, va_arg(pairs, const char *));
    return labels;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct sample *)a)->text, ((const struct sample *)b)->text);
}

/* The sample of this name and these labels; a new one is 0. */
static struct sample *find(struct totals *totals, const char *name, const char *suffix,
                           const struct labels *labels)
{
    char text[TEXT_MAX];
    struct sample wanted = { .text = text }, *sample, **found;
    int length = snprintf(text, sizeof(text), "%s%s%s", totals->prefix, name, suffix);

    for (unsigned i = 0; i < labels->n; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%c%s=\"%s\"",
                           i == 0 ? '{' : ',', labels->items[i].key, labels->items[i].value);
    if (labels->n > 0)
        snprintf(text + length, sizeof(text) - (size_t)length, "}");
    found = tfind(&wanted, &totals->samples, compare);
    if (found)
        return *found;
    sample = have(calloc(1, sizeof(*sample)));
    sample->text = have(strdup(text));
    have(tsearch(sample, &totals->samples, compare));
    return sample;
}

/* --- what was sent --------------------------------------------------------------------------- */

void totals_declare(struct totals *totals, const char *name, const double *bounds)
{
    if (!totals)
        return;
    if (totals->n_histograms == HISTOGRAMS_MAX)
        abort();
    totals->histograms[totals->n_histograms++] = (struct histogram){ name, bounds };
}

static const double *bounds_of(const struct totals *totals, const char *name)
{
    for (unsigned i = 0; i < totals->n_histograms; i++)
        if (strcmp(totals->histograms[i].name, name) == 0)
            return totals->histograms[i].bounds;
    abort();
}

static void observe_bucket(struct totals *totals, const char *name, const struct labels *labels,
                           const char *le, bool is_in)
{
    struct labels with_le = *labels;

    add_label(&with_le, "le", le);
    find(totals, name, "_bucket", &with_le)->value += is_in;
}

static void observe(struct totals *totals, const char *name, const struct labels *labels,
                    double value)
{
    char le[32];

    for (const double *bound = bounds_of(totals, name); *bound > 0; bound++) {
        snprintf(le, sizeof(le), "%.15g", *bound);
        observe_bucket(totals, name, labels, le, value <= *bound);
    }
    observe_bucket(totals, name, labels, "+Inf", true);
    find(totals, name, "_sum", labels)->value += value;
    find(totals, name, "_count", labels)->value += 1;
}

static void set(struct sample *sample, double value)
{
    sample->value = value;
    sample->is_gone = false;
}

void totals_note(struct totals *totals, enum totals_type type, const char *name, double value, ...)
{
    struct labels labels;
    va_list pairs;

    if (!totals)
        return;
    va_start(pairs, value);
    labels = read_labels(pairs);
    va_end(pairs);
    switch (type) {
    case TOTALS_COUNTER: find(totals, name, "", &labels)->value += value; break;
    case TOTALS_GAUGE: set(find(totals, name, "", &labels), value); break;
    case TOTALS_HISTOGRAM: observe(totals, name, &labels, value); break;
    }
}

/* --- walks over all samples ------------------------------------------------------------------ */

struct ending {
    char name[TEXT_MAX], label[TEXT_MAX];
};

static void end_one(const void *node, VISIT visit, void *ctx)
{
    struct sample *sample = *(struct sample *const *)node;
    const struct ending *ending = ctx;

    if ((visit == postorder || visit == leaf) && strstr(sample->text, ending->label) &&
        strncmp(sample->text, ending->name, strlen(ending->name)) == 0)
        sample->is_gone = true;
}

void totals_end(struct totals *totals, const char *name, const char *key, const char *value)
{
    struct ending ending;

    if (!totals)
        return;
    snprintf(ending.name, sizeof(ending.name), "%s%s{", totals->prefix, name);
    snprintf(ending.label, sizeof(ending.label), "%s=\"%s\"", key, value);
    twalk_r(totals->samples, end_one, &ending);
}

struct writing {
    FILE *file;
    bool is_gone; /* whether those are written that are gone */
    const char *separator;
};

/* Write @text as a string of JSON; quotes are all there is to escape in it. */
static void write_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('\\', file);
        putc(*text, file);
    }
    putc('"', file);
}

static void write_one(const void *node, VISIT visit, void *ctx)
{
    const struct sample *sample = *(struct sample *const *)node;
    struct writing *writing = ctx;

    if ((visit != postorder && visit != leaf) || sample->is_gone != writing->is_gone)
        return;
    fputs(writing->separator, writing->file);
    write_string(writing->file, sample->text);
    if (!sample->is_gone)
        fprintf(writing->file, ": %.17g", sample->value);
    writing->separator = ",\n";
}

int totals_write(struct totals *totals, const char *path, const struct udom_stats *sent,
                 double loop_seconds)
{
    FILE *file = fopen(path, "w");
    struct writing present = { .file = file, .separator = "" };
    struct writing gone = { .file = file, .is_gone = true, .separator = "" };

    if (!file)
        return -1;
    fputs("{\"series\": {\n", file);
    if (totals)
        twalk_r(totals->samples, write_one, &present);
    fputs("},\n\"absent\": [\n", file);
    if (totals)
        twalk_r(totals->samples, write_one, &gone);
    fprintf(file,
            "],\n\"info\": {\"samples_sent\": %llu, \"datagrams_sent\": %llu, "
            "\"loop_seconds\": %.3f}}\n",
            (unsigned long long)sent->sent, (unsigned long long)sent->datagrams_sent, loop_seconds);
    return fclose(file) == 0 ? 0 : -1;
}
