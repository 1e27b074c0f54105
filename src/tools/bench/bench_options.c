/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench options
 *
 * A table like that of config/settings.c. There are no environment variables and no file: the
 * command line should show everything that a measurement depends on.
 */

#include "tools/bench/bench_options.h"

#include "base/clock.h"
#include "base/target.h"

#include <errno.h>

#define BILLION 1000000000

#define DEFAULT_DURATION_NS (10 * CLOCK_NS_PER_S)
#define AUTO_LINE_BYTES 70

static const char *const orders[] = {
    [BENCH_RANDOM] = "random",
    [BENCH_SEQUENTIAL] = "sequential",
};

static const char *const sinks[] = {
    [SINK_BLOCKING] = "blocking",
    [SINK_COALESCING] = "coalescing",
};

static const char *const formats[] = {
    [BENCH_TEXT] = "text",
    [BENCH_JSON] = "json",
};

#define OPTION_VALUES struct bench_options

static const struct option rows[] = {
    { "target", "HOST:PORT", OPTION_TEXT_OF(bench_target, target, TARGET_DEFAULT),
      "where to send; or unix:///PATH, a Unix datagram socket" },
    { "rate", "N", OPTION_COUNT(rate, 0, BILLION, 10000),
      "datagrams per second; 0: as many as possible" },
    { "seconds", "N", OPTION_OF(bench_seconds, duration_ns, int64_t, 0),
      "seconds to send, 10 by default; a sink runs until SIGTERM or SIGINT by default" },
    { "datagrams", "N", OPTION_COUNT(n_datagrams, 1, BILLION, 0),
      "number of datagrams to send, instead of --seconds" },
    { "flows", "N", OPTION_COUNT(n_flows, 1, 1024, 1), "source sockets, each with its own port" },
    { "burst", "N", OPTION_COUNT(n_burst, 1, 64, 5),
      "datagrams that one flow sends without a pause; always 64 with --rate=0" },
    { "lines", "N", OPTION_COUNT(n_lines, 1, 4096, 20), "lines per datagram" },
    { "labels", "N", OPTION_COUNT(n_labels, 0, 64, 3),
      "tags per line; 0: series differ in their names" },
    { "series", "N", OPTION_COUNT(n_series, 1, 10000000, 10000), "number of series" },
    { "mix", "TYPE:PERCENT,...",
      OPTION_OF(bench_mix, percent, unsigned[WORKLOAD_N_TYPES], [SAMPLE_COUNTER] = 60,
                [SAMPLE_GAUGE] = 20, [SAMPLE_TIMER] = 20),
      "percentage of each type of series: " SAMPLE_LETTERS_OF_SERIES },
    { "bytes", "N", OPTION_OF(bench_padding, n_bytes, uint64_t, BENCH_BYTES_AUTO),
      "pad datagrams to about N bytes; 0: do not pad; auto: 70 bytes per line",
      .range.most = WORKLOAD_DATAGRAM_MAX },
    { "order", "ORDER", OPTION_WORD(order, orders, BENCH_RANDOM),
      "order of the series: random, shuffled for each pass, or sequential" },
    { "seed", "N", OPTION_COUNT(seed, 0, BILLION, 1),
      "seed of the random numbers; the same flags make the same datagrams everywhere" },
    { "prefix", "NAME", OPTION_TEXT_OF(bench_prefix, prefix, "bench"), "beginning of all names" },
    { "scrape", "URL", OPTION_TEXT_OF(bench_url, scrape_url, ""),
      "metrics page of the udometer at the target, http://HOST:PORT/metrics, to compare with" },
    { "self-metrics", "URL", OPTION_TEXT_OF(bench_url, self_url, ""),
      "its page of self-metrics, if --web.self-metrics-path gives them one of their own" },
    { "sink", "METHOD", OPTION_WORD(sink, sinks, SINK_NONE),
      "do not send, but receive and count: blocking or coalescing" },
    { "listen", "HOST:PORT", OPTION_TEXT_OF(value_address, listen, "127.0.0.1:0"),
      "where a sink receives; it prints the actual address on its first line" },
    { "format", "FORMAT", OPTION_WORD(format, formats, BENCH_TEXT),
      "format of the report: text or json" },
};

static const struct option_table table = OPTION_TABLE(rows);

/* --- what follows from several -------------------------------------------------------- */

int64_t bench_options_duration_ns(const struct bench_options *options)
{
    return options->duration_ns ? options->duration_ns : DEFAULT_DURATION_NS;
}

uint64_t bench_options_n_datagrams(const struct bench_options *options)
{
    double seconds = (double)bench_options_duration_ns(options) / (double)CLOCK_NS_PER_S;

    if (options->n_datagrams)
        return options->n_datagrams;
    return options->rate ? (uint64_t)((double)options->rate * seconds) : UINT64_MAX;
}

struct workload_spec bench_options_workload(const struct bench_options *options)
{
    struct workload_spec spec = {
        .prefix = options->prefix,
        .seed = options->seed,
        .n_series = options->n_series,
        .n_lines = options->n_lines,
        .n_labels = options->n_labels,
        .n_bytes = options->n_bytes,
        .is_sequential = options->order == BENCH_SEQUENTIAL,
        .n_datagrams = bench_options_n_datagrams(options),
    };

    memcpy(spec.percent, options->percent, sizeof(spec.percent));
    if (options->n_bytes == BENCH_BYTES_AUTO)
        spec.n_bytes = options->n_lines * AUTO_LINE_BYTES - 1;
    return spec;
}

/* --- what cannot be combined ------------------------------------------------------------ */

static void add_contradictions(const struct bench_options *options, struct problems *problems)
{
    if (options->duration_ns && options->n_datagrams)
        problems_add(problems, PLACE_NONE, "--seconds and --datagrams: expected only one of them");
    if (options->self_url[0] && !options->scrape_url[0])
        problems_add(problems, PLACE_NONE, "--self-metrics: expected --scrape with it");
    if (options->sink != SINK_NONE && (options->scrape_url[0] || options->n_datagrams))
        problems_add(problems, PLACE_NONE,
                     "--sink: cannot be combined with --scrape or --datagrams");
}

/* Whether the last value that was given for the option named @name is valid, or none was. */
static bool is_valid(const struct command_line *line, const char *name,
                     struct bench_options *options)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    const struct option *option = option_find(&table, slice_of(name));
    const char *value = command_line_value(line, option);

    return !value || option_set(option, options, value, OPTION_FLAG, &wrong) == 0;
}

/* Whether all flags that the size of the workload depends on are valid. */
static bool has_size(const struct command_line *line, struct bench_options *options)
{
    static const char *const names[] = { "bytes",   "lines",     "labels", "series", "mix",
                                         "seconds", "datagrams", "rate",   "prefix", "order" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!is_valid(line, names[i], options))
            return false;
    return true;
}

/* Workloads that are too large. */
static void add_sizes(const struct bench_options *options, struct problems *problems)
{
    const struct workload_spec spec = bench_options_workload(options);
    uint64_t n_bytes = workload_datagram_bytes(&spec);
    int r = workload_check(&spec);

    if (options->n_bytes > 0 && n_bytes > options->n_bytes)
        problems_add(problems, PLACE_NONE,
                     "--bytes=%lu: too few for --lines=%lu and --labels=%lu, expected at least %lu",
                     options->n_bytes, options->n_lines, options->n_labels, n_bytes);
    else if (r == -EMSGSIZE)
        problems_add(problems, PLACE_NONE,
                     "--lines=%lu: a datagram would have %lu bytes, but at most %d are possible; "
                     "expected fewer lines or labels",
                     options->n_lines, n_bytes, WORKLOAD_DATAGRAM_MAX);
    if (r == -E2BIG)
        problems_add(problems, PLACE_NONE,
                     "--series=%lu: the lines would take more than 1 GiB; expected fewer series, "
                     "or --bytes=0",
                     options->n_series);
}

enum command_line_outcome bench_options_read(struct bench_options *options, int argc, char **argv,
                                             struct problems *problems)
{
    const struct command_line line = {
        .command = "udometer bench",
        .table = &table,
        .argc = argc,
        .argv = argv,
    };
    enum command_line_outcome outcome;

    if (option_init_values(&table, options) < 0) {
        problems_add(problems, PLACE_NONE, "out of memory");
        return COMMAND_LINE_WRONG;
    }
    outcome = command_line_read(&line, options, problems);
    if (outcome == COMMAND_LINE_HELP)
        return outcome;
    add_contradictions(options, problems);
    if (options->sink == SINK_NONE && has_size(&line, options))
        add_sizes(options, problems);
    return problems->n ? COMMAND_LINE_WRONG : outcome;
}

void bench_options_deinit(struct bench_options *options)
{
    option_deinit_values(&table, options);
}

/* --- help ------------------------------------------------------------------------ */

static const char help_head[] =
    "Usage: udometer bench [--FLAG=VALUE]...\n"
    "\n"
    "Sends a workload to a StatsD server, and reports exactly what was sent and what it adds\n"
    "up to. With --scrape, compares this with what the udometer at the target has received.\n"
    "With --sink, receives datagrams instead, and only counts them.\n"
    "Exit status 0: nothing was lost, and all numbers match. 1: something was lost, differs,\n"
    "or could not be sent. 2: a flag is invalid.\n"
    "\n"
    "    udometer bench --rate=50000 --scrape=http://127.0.0.1:9102/metrics\n"
    "    udometer bench --lines=1 --labels=0 --mix=c:100 --bytes=28\n"
    "    udometer bench --series=1000000 --order=sequential --datagrams=50000\n"
    "\n";

void bench_options_write_help(struct buffer *out)
{
    option_write_help(&table, help_head, "", out);
}
