/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench
 *
 * The command: makes a workload from the flags, sends it as load, and makes a report and an
 * exit status from both.
 */

#include "tools/bench/bench.h"

#include "base/clock.h"
#include "base/socket.h"
#include "base/target.h"
#include "tools/bench/bench_options.h"
#include "tools/bench/load.h"
#include "tools/bench/meter.h"
#include "tools/bench/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

/* A paced run sends a fixed number of datagrams, and may take this much longer to catch up. */
#define GRACE_NS CLOCK_NS_PER_S

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
    is_interrupted = 1;
}

/* Without SA_RESTART, so that blocking calls return. */
static void catch_signals(void)
{
    const struct sigaction action = { .sa_handler = interrupt };

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static int complain_of(const char *what, const char *why)
{
    fprintf(stderr, "udometer bench: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static int complain(const char *what, int error)
{
    return complain_of(what, strerror(-error));
}

/* Print @text. Output that could not be written is a failure too. */
static int print(const struct buffer *text, int status)
{
    if (text->has_failed)
        return complain("report", -ENOMEM);
    fwrite(text->data, 1, text->len, stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_FAILURE;
}

/* --- sink ------------------------------------------------------------------------ */

static void print_address(const char *address)
{
    puts(address);
    fflush(stdout);
}

static int run_sink(const struct bench_options *options)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    const struct sink_options sink = {
        .method = options->sink,
        .listen = options->listen,
        .read_buffer_bytes = SOCKET_READ_BUFFER_BYTES,
        .duration_ns = options->duration_ns ? options->duration_ns : INT64_MAX,
        .is_interrupted = &is_interrupted,
    };
    struct sink_result result;
    int r = sink_run(&sink, print_address, &result);

    if (r < 0)
        return complain(options->listen, r);
    report_write_sink(&result, options->format == BENCH_JSON, &text);
    return print(&text, EXIT_SUCCESS);
}

/* --- load ------------------------------------------------------------------------ */

static struct load_options load_options(const struct bench_options *options)
{
    struct load_options load = {
        .target = options->target,
        .n_flows = (unsigned)options->n_flows,
        .n_burst = options->rate ? (unsigned)options->n_burst : LOAD_BURST_MAX,
        .rate = options->rate,
        .n_datagrams = bench_options_n_datagrams(options),
        .duration_ns = INT64_MAX,
        .is_interrupted = &is_interrupted,
    };

    if (!options->n_datagrams)
        load.duration_ns = bench_options_duration_ns(options) + (options->rate ? GRACE_NS : 0);
    return load;
}

/* Whether every datagram was sent and all numbers are as expected. */
static bool is_well(const struct report *report)
{
    return report->load->n_not_sent == 0 && report->load->n_unreachable == 0 &&
           (!report->comparison || report->comparison->agrees);
}

static int report_load(const struct bench_options *options, const struct report *report)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    report_write(report, options->format == BENCH_JSON, &text);
    return print(&text, is_well(report) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Send, read the page, report. @sent has one entry for each datagram, all zero. */
static int measure(const struct bench_options *options, const struct load_options *load,
                   const struct workload *workload, struct workload_sent *sent)
{
    struct meter meter = {
        .url = options->scrape_url,
        .self_url = options->self_url,
        .prefix = options->prefix,
        .is_one_flow = options->n_flows == 1,
    };
    struct comparison comparison;
    struct workload_totals totals;
    struct load_result result;
    const struct report report = { &totals, &result, meter.url[0] ? &comparison : NULL };
    char room[TARGET_ERROR_MAX];
    int r = meter.url[0] ? meter_start(&meter) : 0;

    if (r < 0)
        return complain_of(meter.failed, meter_error(r));
    r = load_run(workload, load, sent, &result);
    if (r < 0)
        return complain_of(load->target, target_error(load->target, r, room));
    r = workload_add_up(workload, sent, &totals);
    if (r < 0)
        return complain("report", r);
    if (meter.url[0])
        r = meter_finish(&meter, &totals, &comparison);
    if (r < 0)
        return complain_of(meter.failed, meter_error(r));
    return report_load(options, &report);
}

static int run_load(const struct bench_options *options)
{
    CLEANUP(workload_freep) struct workload *workload = NULL;
    const struct load_options load = load_options(options);
    const struct workload_spec spec = bench_options_workload(options);
    struct workload_sent *sent;
    int status;

    if (workload_new(&workload, &spec) < 0) /* its size is checked */
        return complain("workload", -ENOMEM);
    sent = calloc(workload_n_datagrams(workload), sizeof(*sent));
    status = sent ? measure(options, &load, workload, sent) : complain("report", -ENOMEM);
    free(sent);
    return status;
}

/* --- command --------------------------------------------------------------------- */

static int print_help(void)
{
    CLEANUP(buffer_deinit) struct buffer help = { 0 };

    bench_options_write_help(&help);
    return print(&help, EXIT_SUCCESS);
}

int bench_main(int argc, char **argv)
{
    CLEANUP(bench_options_deinit) struct bench_options options;
    CLEANUP(problems_deinit) struct problems problems = { 0 };

    switch (bench_options_read(&options, argc, argv, &problems)) {
    case COMMAND_LINE_HELP:
    case COMMAND_LINE_VERSION: return print_help();
    case COMMAND_LINE_WRONG: problems_print(&problems, "udometer bench", stderr); return EXIT_USAGE;
    case COMMAND_LINE_RUN: break;
    }
    catch_signals();
    return options.sink == SINK_NONE ? run_load(&options) : run_sink(&options);
}
