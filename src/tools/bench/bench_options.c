/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench options
 *
 * One table, as in config/settings.c, and from it the defaults and --help too. There
 * is neither an environment nor a file: a measurement should say on its command line
 * all that it depends on.
 */

#include "tools/bench/bench_options.h"

#include "tools/bench/bench_kinds.h"

#include <stdlib.h>

struct option {
    const char *name;
    const char *placeholder; /* for --help */
    const char *initial;     /* the default, as text; NULL: 0 */
    setting_kind *set;
    size_t offset; /* of its value in struct bench_options */
    const char *help;
};

#define AT(member) offsetof(struct bench_options, member)

static const struct option table[] = {
    { "target", "HOST:PORT", "127.0.0.1:8125", set_target, AT(target),
      "where to send; or unix:///PATH, a Unix datagram socket" },
    { "rate", "N", "10000", set_whole, AT(rate), "datagrams per second; 0: as many as it can" },
    { "seconds", "N", NULL, set_duration_ns, AT(duration_ns),
      "how long, 10 s unless said; a sink runs until SIGTERM or SIGINT" },
    { "datagrams", "N", NULL, set_count, AT(n_datagrams),
      "how many datagrams, instead of how long" },
    { "flows", "N", "1", set_up_to_1024, AT(n_flows),
      "source sockets, each with a port of its own" },
    { "burst", "N", "5", set_up_to_64, AT(n_burst),
      "datagrams sent without a pause, by one flow; with --rate=0 always 64" },
    { "lines", "N", "20", set_up_to_4096, AT(n_lines), "lines in a datagram" },
    { "labels", "N", "3", set_labels, AT(n_labels),
      "tags on a line; 0: series differ in their names" },
    { "series", "N", "10000", set_series, AT(n_series), "series in all" },
    { "mix", "TYPE:PERCENT,...", "c:60,g:20,ms:20", set_mix, AT(percent),
      "types of the series: c, g, ms, h, d, s" },
    { "bytes", "N", "auto", set_padding, AT(n_bytes),
      "pad datagrams to about N bytes; 0: do not pad; auto: 70 for each line" },
    { "order", "ORDER", "random", set_order, AT(is_sequential),
      "random: each pass over all series is shuffled; or sequential" },
    { "seed", "N", "1", set_whole, AT(seed),
      "what shuffles and draws; the same flags make the same datagrams everywhere" },
    { "prefix", "NAME", "bench", set_prefix, AT(prefix), "beginning of all names" },
    { "scrape", "URL", "", set_scrape_url, AT(scrape_url),
      "page of the udometer at the target, http://HOST:PORT/metrics: compare what arrived" },
    { "sink", "KIND", NULL, set_sink, AT(sink),
      "send nothing, but receive and count: blocking or coalescing" },
    { "listen", "HOST:PORT", "127.0.0.1:0", set_address, AT(listen),
      "where a sink receives; its first line says where that is" },
    { "format", "FORMAT", "text", set_report, AT(is_json), "form of the report: text or json" },
};

static const struct option *find_option(struct slice name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
        if (slice_equal(slice_of(table[i].name), name))
            return &table[i];
    return NULL;
}

static const char *set_option(const struct option *option, struct bench_options *options,
                              const char *text)
{
    return option->set((char *)options + option->offset, text, SETTINGS_FLAG);
}

static bool set_defaults(struct bench_options *options, struct buffer *problem)
{
    const char *wrong = NULL;

    *options = (struct bench_options){ 0 };
    for (unsigned i = 0; i < ARRAY_SIZE(table) && !wrong; i++)
        if (table[i].initial)
            wrong = set_option(&table[i], options, table[i].initial);
    if (wrong)
        buffer_add(problem, slice_of(wrong));
    return !wrong;
}

static bool read_flag(struct bench_options *options, const char *arg, struct buffer *problem)
{
    struct slice rest = slice_of(arg), name;
    const struct option *option = NULL;
    const char *wrong;

    if (slice_starts_with(rest, SLICE("--"))) {
        rest = slice_of(arg + 2);
        name = slice_cut(&rest, '=');
        option = find_option(name);
    }
    if (!option) {
        buffer_add_format(problem, "%s: there is no such flag; see udometer bench --help", arg);
        return false;
    }
    if (!strchr(arg, '=')) {
        buffer_add_format(problem, "%s: needs a value, --%s=%s", arg, option->name,
                          option->placeholder);
        return false;
    }
    wrong = set_option(option, options, rest.at);
    if (wrong)
        buffer_add_format(problem, "%s: %s", arg, wrong);
    return !wrong;
}

/* What is wrong with the flags together, or NULL. */
static const char *find_contradiction(const struct bench_options *options)
{
    if (options->duration_ns && options->n_datagrams)
        return "--seconds and --datagrams: expected one of them";
    if (options->sink != SINK_NONE && (options->scrape_url[0] || options->n_datagrams))
        return "--sink: a sink has neither --scrape nor --datagrams";
    return NULL;
}

enum bench_outcome bench_options_read(struct bench_options *options, int argc, char **argv,
                                      struct buffer *problem)
{
    const char *contradiction;
    bool is_good = set_defaults(options, problem);

    for (int i = 1; i < argc && is_good; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return BENCH_HELP;
        is_good = read_flag(options, argv[i], problem);
    }
    contradiction = is_good ? find_contradiction(options) : NULL;
    if (contradiction)
        buffer_add(problem, slice_of(contradiction));
    buffer_keep_on_one_line(problem);
    return is_good && !contradiction ? BENCH_RUN : BENCH_USAGE_ERROR;
}

void bench_options_deinit(struct bench_options *options)
{
    free(options->target);
    free(options->prefix);
    free(options->scrape_url);
    free(options->listen);
    *options = (struct bench_options){ 0 };
}

/* --- help ------------------------------------------------------------------------ */

static const char help_head[] =
    "Usage: udometer bench [--FLAG=VALUE]...\n"
    "\n"
    "Sends a workload to a StatsD server, and says exactly what was sent and what all of it\n"
    "adds up to. With --scrape it compares that with what a udometer there has received.\n"
    "With --sink it is a receiver instead, that does nothing but count.\n"
    "Exit status 0: all is well. 1: something was lost, or differs, or could not be sent.\n"
    "2: a flag is wrong.\n"
    "\n"
    "    udometer bench --rate=50000 --scrape=http://127.0.0.1:9102/metrics\n"
    "    udometer bench --lines=1 --labels=0 --mix=c:100 --bytes=28\n"
    "    udometer bench --series=1000000 --order=sequential --datagrams=50000\n"
    "\n";

void bench_options_write_help(struct buffer *out)
{
    buffer_add_literal(out, help_head);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        const struct option *option = &table[i];

        buffer_add_format(out, "  --%s=%s\n      %s", option->name, option->placeholder,
                          option->help);
        if (option->initial && option->initial[0])
            buffer_add_format(out, " (default %s)", option->initial);
        buffer_add_char(out, '\n');
    }
}
