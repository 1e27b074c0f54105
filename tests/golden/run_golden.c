/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Golden: lines in, exposition out, as data
 *
 * Each <case>.in is taken as one datagram by a pipeline of its own. What a scrape
 * of it would say, followed by one comment for each verdict that is not "applied",
 * must equal <case>.prom, byte for byte. With --update the .prom files are
 * written instead; read the difference before you commit it.
 */

#include "base/buffer.h"
#include "daemon/pipeline.h"
#include "output/text.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

struct setup {
    struct buckets *buckets;
    struct registry *registry;
    struct shard *shard;
    struct telemetry_row *row;
    struct pipeline *pipeline;
};

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

static void setup_init(struct setup *setup)
{
    struct registry_options options = {
        .n_workers = 1, .max_series = 1000, .max_bytes = 1 << 20, .seed = 1
    };
    struct shard_options shard_options = { .max_key_bytes = 1 << 20, .seed = 1 };
    struct identity reserved = { .type = SAMPLE_GAUGE, .family = SLICE("udometer_build_info") };

    must(buckets_new(&setup->buckets, buckets_default_bounds, 11), "buckets");
    options.buckets = setup->buckets;
    must(registry_new(&setup->registry, &options), "registry");
    must(registry_reserve(setup->registry, &reserved), "reserve");
    shard_options.registry = setup->registry;
    must(shard_new(&setup->shard, &shard_options), "shard");
    setup->row = aligned_alloc(CACHE_LINE, sizeof(*setup->row));
    must(setup->row ? 0 : -ENOMEM, "row");
    memset(setup->row, 0, sizeof(*setup->row));
    must(pipeline_new(&setup->pipeline, setup->shard, setup->row), "pipeline");
}

static void setup_deinit(struct setup *setup)
{
    pipeline_free(setup->pipeline);
    free(setup->row);
    shard_free(setup->shard);
    registry_free(setup->registry);
    buckets_free(setup->buckets);
}

static void write_series(struct registry *registry, struct buffer *out)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    const struct family *family = NULL;
    struct reading reading;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct series *series = snapshot->series[i];

        if (series->family != family)
            text_series_family(out, series->family);
        family = series->family;
        series_read(series, &reading);
        text_series(out, series, &reading);
    }
    snapshot_unref(snapshot);
}

static void write_counters(const struct telemetry_row *row, struct buffer *out)
{
    for (unsigned i = 0; i < telemetry_n_items; i++) {
        const struct telemetry_item *item = &telemetry_items[i];
        bool is_of_interest =
            item->counter >= TELEMETRY_VERDICTS || item->counter == TELEMETRY_TAG_ERRORS ||
            item->counter == TELEMETRY_RATE_ERRORS || item->counter == TELEMETRY_UNKNOWN_SECTIONS;

        if (is_of_interest && row->counts[item->counter])
            buffer_add_format(out, "# %s{%s} %lu\n", item->family, item->labels,
                              row->counts[item->counter]);
    }
}

static void read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "re");
    char chunk[4096];
    size_t n;

    if (!file)
        return;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_add(out, (struct slice){ chunk, n });
    fclose(file);
}

static void run_case(const char *in_path, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer in = { 0 };
    struct setup setup;

    setup_init(&setup);
    read_file(in_path, &in);
    pipeline_push(setup.pipeline, buffer_text(&in), 0);
    pipeline_flush(setup.pipeline);
    write_series(setup.registry, out);
    write_counters(setup.row, out);
    setup_deinit(&setup);
}

/* The path of the .prom beside the .in. */
static void expected_path(const char *in_path, char *out, size_t size)
{
    snprintf(out, size, "%.*s.prom", (int)(strlen(in_path) - strlen(".in")), in_path);
}

static bool check_case(const char *in_path, bool is_update)
{
    CLEANUP(buffer_deinit) struct buffer actual = { 0 };
    CLEANUP(buffer_deinit) struct buffer expected = { 0 };
    char path[4096];

    expected_path(in_path, path, sizeof(path));
    run_case(in_path, &actual);
    if (is_update) {
        FILE *file = fopen(path, "we");

        must(file ? 0 : -errno, path);
        fwrite(actual.data, 1, actual.len, file);
        fclose(file);
        return true;
    }
    read_file(path, &expected);
    if (slice_equal(buffer_text(&actual), buffer_text(&expected)))
        return true;
    printf("--- %s: expected\n%.*s--- but got\n%.*s", path, (int)expected.len, expected.data,
           (int)actual.len, actual.data);
    return false;
}

int main(int argc, char **argv)
{
    bool is_update = argc == 3 && strcmp(argv[2], "--update") == 0;
    unsigned n_passed = 0, n_failed = 0;
    char pattern[4096];
    glob_t cases;

    if (argc < 2)
        return 2;
    snprintf(pattern, sizeof(pattern), "%s/*.in", argv[1]);
    if (glob(pattern, 0, NULL, &cases) != 0) {
        fprintf(stderr, "%s: there are no cases\n", pattern);
        return 1;
    }
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        if (check_case(cases.gl_pathv[i], is_update))
            n_passed++;
        else
            n_failed++;
    }
    globfree(&cases);
    printf("%u passed, %u failed\n", n_passed, n_failed);
    return n_failed > 0;
}
