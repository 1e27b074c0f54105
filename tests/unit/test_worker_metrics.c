/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/telemetry.h"
#include "web/worker_metrics.h"

static void a_metric_has_its_own_counter(void **state)
{
    assert_true(n_worker_metrics > 0);
    for (unsigned i = 0; i < n_worker_metrics; i++) {
        assert_true(worker_metrics[i].counter < TELEMETRY_BATCHES);
        for (unsigned j = 0; j < i; j++)
            assert_true(worker_metrics[i].counter != worker_metrics[j].counter);
    }
}

static void a_metric_has_its_own_name_and_labels(void **state)
{
    for (unsigned i = 0; i < n_worker_metrics; i++) {
        const struct worker_metric *metric = &worker_metrics[i];

        assert_int_equal(strncmp(metric->family, "udometer_", 9), 0);
        assert_true(metric->help[0] != 0);
        assert_null(strpbrk(metric->labels, "{}\n"));
        for (unsigned j = 0; j < i; j++)
            assert_false(strcmp(metric->family, worker_metrics[j].family) == 0 &&
                         strcmp(metric->labels, worker_metrics[j].labels) == 0);
    }
}

static void metrics_of_one_family_are_adjacent_and_share_their_help(void **state)
{
    for (unsigned i = 1; i < n_worker_metrics; i++) {
        const struct worker_metric *metric = &worker_metrics[i], *before = metric - 1;

        if (strcmp(metric->family, before->family) == 0) {
            assert_string_equal(metric->help, before->help);
            continue;
        }
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(metric->family, worker_metrics[j].family);
    }
}

/* Whether the counter is exposed under this name, with these labels. */
static bool is_exposed(unsigned counter, const char *family, const char *labels)
{
    for (unsigned i = 0; i < n_worker_metrics; i++)
        if (worker_metrics[i].counter == counter)
            return strcmp(worker_metrics[i].family, family) == 0 &&
                   strcmp(worker_metrics[i].labels, labels) == 0;
    return false;
}

static void every_refusal_is_exposed_with_its_reason(void **state)
{
#define X(id, name)                                                                                \
    assert_true(is_exposed(TELEMETRY_VERDICTS + REFUSED_##id, "udometer_refused_total",            \
                           "reason=\"" #name "\""));
    REFUSALS(X)
#undef X
}

/* lines + packed = applied + refused + skipped, where "applied" is the sum over the types. */
static void every_term_of_the_sum_is_exposed(void **state)
{
    static const unsigned terms[] = { TELEMETRY_LINES, TELEMETRY_PACKED,
                                      TELEMETRY_VERDICTS + SKIPPED_EVENT,
                                      TELEMETRY_VERDICTS + SKIPPED_SERVICE_CHECK };
    unsigned n_found = 0, n_samples = 0;

    for (unsigned i = 0; i < n_worker_metrics; i++) {
        unsigned counter = worker_metrics[i].counter;

        for (size_t j = 0; j < ARRAY_SIZE(terms); j++)
            n_found += counter == terms[j];
        n_samples += counter >= TELEMETRY_SAMPLES && counter < TELEMETRY_VERDICTS;
        n_samples += counter == TELEMETRY_VERDICTS + VERDICT_APPLIED ? _SAMPLE_TYPE_N : 0;
    }
    assert_int_equal(n_found, ARRAY_SIZE(terms));
    assert_true(n_samples >= _SAMPLE_TYPE_N);
}

/* The names that proto/README.md promises. */
static void what_the_protocol_promises_is_exposed(void **state)
{
    assert_true(is_exposed(TELEMETRY_LINES, "udometer_lines_total", ""));
    assert_true(is_exposed(TELEMETRY_PACKED, "udometer_packed_samples_total", ""));
    assert_true(is_exposed(TELEMETRY_TAG_ERRORS, "udometer_tag_errors_total", ""));
    assert_true(is_exposed(TELEMETRY_UNKNOWN_SECTIONS, "udometer_unknown_sections_total", ""));
    assert_true(is_exposed(TELEMETRY_RATE_ERRORS, "udometer_sample_errors_total",
                           "reason=\"invalid_sample_factor\""));
    assert_true(
        is_exposed(TELEMETRY_SAMPLES + SAMPLE_SET, "udometer_samples_total", "type=\"set\""));
    assert_true(
        is_exposed(TELEMETRY_SAMPLES + SAMPLE_END, "udometer_samples_total", "type=\"expire\""));
}

/* The current level, which web/selfmetrics.c shows for each worker. */
static bool is_level(unsigned counter)
{
    return counter == TELEMETRY_KEYS || counter == TELEMETRY_CONNECTIONS;
}

/* Shown under statsd_exporter's names alone (web/exporter_metrics.c). */
static bool is_exporters(unsigned counter)
{
    return counter == TELEMETRY_TAGGED || counter == TELEMETRY_UNMAPPED;
}

static bool is_summed(unsigned counter)
{
    for (unsigned i = 0; i < n_worker_metrics; i++)
        if (worker_metrics[i].counter == counter)
            return true;
    return false;
}

/* Applied samples are exposed by type, so their sum need not be. */
static void all_but_levels_are_summed_over_the_workers(void **state)
{
    for (unsigned counter = 0; counter < TELEMETRY_BATCHES; counter++) {
        bool is_elsewhere = is_level(counter) || is_exporters(counter);

        if (counter != TELEMETRY_VERDICTS + VERDICT_APPLIED && is_summed(counter) == is_elsewhere)
            fail_msg("counter %u is %s worker_metrics", counter,
                     is_elsewhere ? "shown elsewhere, and yet among" : "not among");
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_metric_has_its_own_counter),
        CASE(a_metric_has_its_own_name_and_labels),
        CASE(metrics_of_one_family_are_adjacent_and_share_their_help),
        CASE(every_refusal_is_exposed_with_its_reason),
        CASE(every_term_of_the_sum_is_exposed),
        CASE(what_the_protocol_promises_is_exposed),
        CASE(all_but_levels_are_summed_over_the_workers),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
