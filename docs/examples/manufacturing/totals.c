/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Totals: what udometer's page must show when the bot has ended
 *
 * A table of samples by their text on the page: name, suffix, and labels sorted by name. A
 * histogram is several samples: one for each bucket, the sum and the count. All values of this bot
 * are whole numbers or quarters, so sums are exact in any order.
 */

#include "totals.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SIZE = 320,
    LABELS_SIZE = 160,
    N_LABELS_MAX = 4,
    N_HISTOGRAMS_MAX = 8,
    N_ABSENT_MAX = 32
};

struct label {
    const char *name, *value;
};

struct sample {
    char text[TEXT_SIZE];
    double value;
    bool is_stale, has_vanished;
};

struct histogram {
    const char *name;
    const double *bounds;
    unsigned n_bounds;
};

static struct sample samples[TOTALS_MAX];
static struct histogram histograms[N_HISTOGRAMS_MAX];
static unsigned n_samples, n_histograms;

/* Return the sample of this text; a new one is 0. */
static struct sample *find(const char *name, const char *suffix, const char *labels)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof(text), TOTALS_PREFIX "%s%s{%s}", name, suffix, labels);
    for (unsigned i = 0; i < n_samples; i++)
        if (strcmp(samples[i].text, text) == 0)
            return &samples[i];
    if (n_samples == TOTALS_MAX)
        abort();
    memcpy(samples[n_samples].text, text, sizeof(text));
    return &samples[n_samples++];
}

static int compare_labels(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Write the labels as they are between the braces. */
static void write_labels(char *text, va_list pairs)
{
    struct label labels[N_LABELS_MAX];
    unsigned n_labels = 0;
    size_t len = 0;
    const char *name;

    while ((name = va_arg(pairs, const char *)) && n_labels < N_LABELS_MAX)
        labels[n_labels++] = (struct label){ name, va_arg(pairs, const char *) };
    qsort(labels, n_labels, sizeof(*labels), compare_labels);
    for (unsigned i = 0; i < n_labels && len < LABELS_SIZE; i++)
        len += (size_t)snprintf(text + len, LABELS_SIZE - len, "%s%s=\"%s\"", i ? "," : "",
                                labels[i].name, labels[i].value);
}

void totals_declare(const char *name, const double *bounds, unsigned n_bounds)
{
    if (n_histograms == N_HISTOGRAMS_MAX)
        abort();
    histograms[n_histograms++] = (struct histogram){ name, bounds, n_bounds };
}

void totals_count(const char *name, double value, ...)
{
    char labels[LABELS_SIZE];
    va_list pairs;

    va_start(pairs, value);
    write_labels(labels, pairs);
    va_end(pairs);
    find(name, "", labels)->value += value;
}

void totals_gauge(const char *name, double value, ...)
{
    char labels[LABELS_SIZE];
    struct sample *sample;
    va_list pairs;

    va_start(pairs, value);
    write_labels(labels, pairs);
    va_end(pairs);
    sample = find(name, "", labels);
    sample->value = value;
    sample->is_stale = sample->has_vanished = false;
}

/* The labels of this bot's histograms sort after le. */
static void add_to_bucket(const char *name, const char *labels, const char *bound, bool is_within)
{
    char with_bound[LABELS_SIZE + 64];

    snprintf(with_bound, sizeof(with_bound), "le=\"%s\",%s", bound, labels);
    find(name, "_bucket", with_bound)->value += is_within;
}

void totals_observe(const char *name, double value, ...)
{
    const struct histogram *histogram = histograms;
    char labels[LABELS_SIZE], bound[32];
    va_list pairs;

    va_start(pairs, value);
    write_labels(labels, pairs);
    va_end(pairs);
    while (strcmp(histogram->name, name) != 0)
        histogram++;
    for (unsigned i = 0; i < histogram->n_bounds; i++) {
        snprintf(bound, sizeof(bound), "%.15g", histogram->bounds[i]);
        add_to_bucket(name, labels, bound, value <= histogram->bounds[i]);
    }
    add_to_bucket(name, labels, "+Inf", true);
    find(name, "_sum", labels)->value += value;
    find(name, "_count", labels)->value++;
}

/* Whether the sample is a series of a gauge with this player. */
static bool belongs(const struct sample *sample, const char *name, const char *player_id)
{
    char start[TEXT_SIZE], label[64];
    int len = snprintf(start, sizeof(start), TOTALS_PREFIX "%s{", name);

    snprintf(label, sizeof(label), "player_id=\"%s\"", player_id);
    return strncmp(sample->text, start, (size_t)len) == 0 && strstr(sample->text, label);
}

void totals_replace_begin(const char *name, const char *player_id)
{
    for (unsigned i = 0; i < n_samples; i++)
        if (belongs(&samples[i], name, player_id))
            samples[i].is_stale = true;
}

void totals_replace_end(const char *name, const char *player_id)
{
    for (unsigned i = 0; i < n_samples; i++)
        if (samples[i].is_stale && belongs(&samples[i], name, player_id))
            samples[i].has_vanished = true;
}

/* Write a text with its quotation marks escaped. */
static void write_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++)
        fprintf(file, *text == '"' ? "\\%c" : "%c", *text);
    fputc('"', file);
}

int totals_write(const char *path, const struct udom_stats *sent, double loop_seconds)
{
    FILE *file = fopen(path, "w");
    unsigned n_absent = 0;
    const char *comma = "";

    if (!file)
        return -1;
    fprintf(file, "{\"series\": {");
    for (unsigned i = 0; i < n_samples; i++) {
        if (samples[i].has_vanished)
            continue;
        fprintf(file, "%s\n", comma);
        write_text(file, samples[i].text);
        fprintf(file, ": %.17g", samples[i].value);
        comma = ",";
    }
    fprintf(file, "},\n\"absent\": [");
    for (unsigned i = 0; i < n_samples && n_absent < N_ABSENT_MAX; i++) {
        if (!samples[i].has_vanished)
            continue;
        fprintf(file, n_absent++ ? ",\n" : "\n");
        write_text(file, samples[i].text);
    }
    fprintf(file,
            "],\n\"info\": {\"samples_sent\": %llu, \"datagrams_sent\": %llu, "
            "\"loop_seconds\": %.3f}}\n",
            (unsigned long long)sent->sent, (unsigned long long)sent->datagrams_sent, loop_seconds);
    return fclose(file) == 0 ? 0 : -1;
}
