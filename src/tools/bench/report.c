/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Report
 *
 * Pure. The same numbers as text and as JSON. Counts are whole numbers in JSON too.
 */

#include "tools/bench/report.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdlib.h>

static double seconds(int64_t ns)
{
    return (double)ns / (double)CLOCK_NS_PER_S;
}

static double rate(const struct report *report)
{
    double elapsed_s = seconds(report->load->elapsed_ns);

    return elapsed_s > 0 ? (double)report->totals->n_datagrams / elapsed_s : 0;
}

static double cpu_us_each(const struct sink_result *result)
{
    if (result->n_datagrams == 0)
        return 0;
    return (double)result->cpu_ns / 1e3 / (double)result->n_datagrams;
}

/* --- text ----------------------------------------------------------------------------- */

static void write_load(const struct report *report, struct buffer *out)
{
    const struct workload_totals *totals = report->totals;
    const struct load_result *load = report->load;

    buffer_add_format(out, "sent          %lu datagrams, %lu lines, %lu bytes\n",
                      totals->n_datagrams, totals->n_lines, totals->n_bytes);
    buffer_add_format(out, "in            %.3f s: %.0f datagrams/s\n", seconds(load->elapsed_ns),
                      rate(report));
    if (load->n_not_sent > 0)
        buffer_add_format(out, "not sent      %lu datagrams: %s\n", load->n_not_sent,
                          strerror(-load->error));
    if (load->n_unreachable > 0)
        buffer_add_format(out, "unreachable   %lu datagrams: nothing listens at the target\n",
                          load->n_unreachable);
    if (load->n_waits > 0)
        buffer_add_format(out, "waited        %lu times for room in the socket\n", load->n_waits);
}

static void write_totals(const struct workload_totals *totals, struct buffer *out)
{
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++) {
        const struct workload_total *total = &totals->types[type];

        if (total->n_samples == 0)
            continue;
        buffer_add_format(out, "%-12s  %lu samples, %lu series, sum ",
                          sample_type_facts((enum sample_type)type)->name, total->n_samples,
                          total->n_series);
        buffer_add_double(out, total->sum);
        buffer_add_char(out, '\n');
    }
}

static void write_check(const struct check *check, struct buffer *out)
{
    bool agrees = check->found == check->expected;

    buffer_add_format(out, "%s  %s, %s: ", agrees ? "agrees      " : "DIFFERS     ", check->subject,
                      check->quantity);
    buffer_add_double(out, check->found);
    if (!agrees) {
        buffer_add_literal(out, ", expected ");
        buffer_add_double(out, check->expected);
    }
    buffer_add_char(out, '\n');
}

static void write_comparison(const struct comparison *comparison, struct buffer *out)
{
    for (unsigned i = 0; i < comparison->n_checks; i++)
        write_check(&comparison->checks[i], out);
    buffer_add_format(out, "lost          %.0f datagrams, %.0f lines; the kernel dropped %.0f\n",
                      comparison->n_lost_datagrams, comparison->n_lost_lines,
                      comparison->n_kernel_drops);
    buffer_add(out, comparison->agrees ? SLICE("verdict       every number agrees\n")
                                       : SLICE("verdict       not every number agrees\n"));
}

/* --- JSON ----------------------------------------------------------------------------- */

/* A whole number becomes an integer. */
static json_t *json_of(double number)
{
    if (number == (double)(json_int_t)number)
        return json_integer((json_int_t)number);
    return json_real(number);
}

static json_t *load_json(const struct report *report)
{
    const struct workload_totals *totals = report->totals;
    const struct load_result *load = report->load;

    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:f, s:f}", "datagrams",
                     (json_int_t)totals->n_datagrams, "lines", (json_int_t)totals->n_lines, "bytes",
                     (json_int_t)totals->n_bytes, "not_sent", (json_int_t)load->n_not_sent, "error",
                     load->error ? strerror(-load->error) : "", "unreachable",
                     (json_int_t)load->n_unreachable, "waits", (json_int_t)load->n_waits, "seconds",
                     seconds(load->elapsed_ns), "datagrams_per_second", rate(report));
}

static json_t *totals_json(const struct workload_totals *totals)
{
    json_t *types = json_object();

    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++) {
        const struct workload_total *total = &totals->types[type];

        if (total->n_samples > 0)
            json_object_set_new(types, sample_type_facts((enum sample_type)type)->name,
                                json_pack("{s:I, s:I, s:o}", "samples",
                                          (json_int_t)total->n_samples, "series",
                                          (json_int_t)total->n_series, "sum", json_of(total->sum)));
    }
    return types;
}

static json_t *comparison_json(const struct comparison *comparison)
{
    json_t *checks = json_array();

    for (unsigned i = 0; i < comparison->n_checks; i++) {
        const struct check *check = &comparison->checks[i];

        json_array_append_new(
            checks, json_pack("{s:s, s:s, s:o, s:o, s:b}", "subject", check->subject, "quantity",
                              check->quantity, "expected", json_of(check->expected), "found",
                              json_of(check->found), "agrees", check->found == check->expected));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "checks", checks, "lost_datagrams",
                     json_of(comparison->n_lost_datagrams), "lost_lines",
                     json_of(comparison->n_lost_lines), "kernel_drops",
                     json_of(comparison->n_kernel_drops), "agrees", comparison->agrees);
}

/* Write @object, which is taken; NULL: there was no memory for it. */
static void write_json(json_t *object, struct buffer *out)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    if (text) {
        buffer_add(out, slice_of(text));
        buffer_add_char(out, '\n');
    } else {
        out->has_failed = true;
    }
    free(text);
    json_decref(object);
}

/* --- both ----------------------------------------------------------------------------- */

static void write_report_json(const struct report *report, struct buffer *out)
{
    json_t *object = load_json(report);

    if (json_object_set_new(object, "expected", totals_json(report->totals)) < 0 ||
        (report->comparison &&
         json_object_set_new(object, "scrape", comparison_json(report->comparison)) < 0))
        out->has_failed = true;
    write_json(object, out);
}

void report_write(const struct report *report, bool is_json, struct buffer *out)
{
    if (is_json) {
        write_report_json(report, out);
        return;
    }
    write_load(report, out);
    write_totals(report->totals, out);
    if (report->comparison)
        write_comparison(report->comparison, out);
}

void report_write_sink(const struct sink_result *result, bool is_json, struct buffer *out)
{
    if (is_json) {
        write_json(json_pack("{s:I, s:I, s:f, s:f}", "datagrams", (json_int_t)result->n_datagrams,
                             "kernel_drops", (json_int_t)result->n_kernel_drops, "cpu_seconds",
                             seconds(result->cpu_ns), "cpu_us_per_datagram", cpu_us_each(result)),
                   out);
        return;
    }
    buffer_add_format(out, "received      %lu datagrams\n", result->n_datagrams);
    buffer_add_format(out, "kernel drops  %lu\n", result->n_kernel_drops);
    buffer_add_format(out, "CPU           %.3f s: %.3f us per datagram\n", seconds(result->cpu_ns),
                      cpu_us_each(result));
}
