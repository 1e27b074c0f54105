/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench rules: what a new name costs among mapping rules
 *
 * A name is matched only when a worker sees its key for the first time. Measured are, among 10 to
 * 10,000 globs with two labels each, names that the first one matches, the last one, and none. Then
 * come the worst names that were found for globs and regexes, and regexes as in a real file.
 *
 * A figure is the median of several rounds, in which 64 names take turns.
 */

#include "base/clock.h"
#include "base/must.h"
#include "mapping/rules.h"
#include "median.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_MAX = 10000, N_NAMES = 64, ROUNDS = 21, ROUND_NS = 5000000, TEXT_MAX = 200 };

static const size_t sizes[] = { 10, 100, 1000, N_MAX };

static struct rule list[N_MAX];
static char texts[N_MAX][TEXT_MAX];
static char names[N_NAMES][TEXT_MAX];

static const struct rule_label labels[] = {
    { { "host", 4 }, { "$1", 2 } },
    { { "job", 3 }, { "${1}_job", 8 } },
};

static void set_rule(size_t i, enum rule_syntax syntax)
{
    list[i] = (struct rule){
        .syntax = syntax,
        .match = slice_of(texts[i]),
        .name = { "service_seconds", 15 },
        .labels = labels,
        .n_labels = 2,
    };
}

static void match_names(const struct rules *rules, struct rules_scratch *scratch,
                        enum rules_outcome wanted)
{
    for (size_t i = 0; i < N_NAMES; i++) {
        const struct rules_query query = { .name = slice_of(names[i]), .type = RULE_COUNTER };
        struct rules_match match;

        MUST(rules_match(rules, scratch, &query, &match) == wanted);
    }
}

static double measure(const struct rules *rules, struct rules_scratch *scratch,
                      enum rules_outcome wanted)
{
    double figures[ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++) {
        int64_t begin_ns = clock_monotonic_ns(), passed_ns = 0;
        size_t n = 0;

        for (; passed_ns < ROUND_NS; passed_ns = clock_monotonic_ns() - begin_ns) {
            match_names(rules, scratch, wanted);
            n += N_NAMES;
        }
        figures[round] = (double)passed_ns / (double)n;
    }
    return median(figures, ROUNDS);
}

/* What a name costs among the first @n rules of the list, in nanoseconds. */
static double cost(size_t n, enum rules_outcome wanted)
{
    const struct rules_options options = { 0 };
    const struct rules_limits limits = { 512, 512 };
    CLEANUP(rules_freep) struct rules *rules = NULL;
    CLEANUP(rules_scratch_freep) struct rules_scratch *scratch = NULL;

    MUST_BE(rules_new(&rules, &options, list, n), ==, 0);
    MUST_BE(rules_scratch_new(&scratch, rules, &limits), ==, 0);
    return measure(rules, scratch, wanted);
}

/* --- as the globs of a real file -------------------------------------------------------- */

static double cost_of_service(size_t n, size_t service, enum rules_outcome wanted)
{
    for (size_t i = 0; i < N_NAMES; i++)
        snprintf(names[i], TEXT_MAX, "app.service_%zu.host_%zu.request.duration", service, i);
    return cost(n, wanted);
}

static void measure_sizes(bool is_json)
{
    for (size_t i = 0; i < N_MAX; i++) {
        snprintf(texts[i], TEXT_MAX, "app.service_%zu.*.request.duration", i);
        set_rule(i, RULE_GLOB);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double first = cost_of_service(sizes[i], 0, RULES_MATCHED);
        double last = cost_of_service(sizes[i], sizes[i] - 1, RULES_MATCHED);
        double none = cost_of_service(sizes[i], N_MAX, RULES_NO_MATCH);

        printf(is_json ? "%s{\"rules\": %zu, \"first_ns\": %.1f, \"last_ns\": %.1f, "
                         "\"none_ns\": %.1f}"
                       : "%s%6zu globs: the first %.0f ns, the last %.0f ns, none %.0f ns",
               is_json && i ? ", " : "", sizes[i], first, last, none);
        printf(is_json ? "" : "\n");
    }
}

/* --- the worst ---------------------------------------------------------------------------- */

/* All ways to have "a" or '*' in 13 segments: nothing tells the globs apart until the last. */
static double cost_of_worst_glob(void)
{
    enum { DEPTH = 13, N = 1 << DEPTH };

    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < DEPTH; j++) {
            texts[i][2 * j] = i & (size_t)1 << j ? 'a' : '*';
            texts[i][2 * j + 1] = '.';
        }
        memcpy(texts[i] + (size_t)2 * DEPTH, i % 2 ? "y" : "z", 2);
        set_rule(i, RULE_GLOB);
    }
    for (size_t i = 0; i < N_NAMES; i++)
        snprintf(names[i], TEXT_MAX, "b.a.a.a.a.a.a.a.a.a.a.a.a.y");
    return cost(N, RULES_NO_MATCH);
}

static double cost_of_worst_regex(void)
{
    snprintf(texts[0], TEXT_MAX, "%s", "(a|a)*b!");
    set_rule(0, RULE_REGEX);
    for (size_t i = 0; i < N_NAMES; i++)
        snprintf(names[i], TEXT_MAX, "%0*d!b!a", 100, 0);
    for (size_t i = 0; i < N_NAMES; i++)
        memset(names[i], 'a', 100);
    return cost(1, RULES_NO_MATCH);
}

/* 40 regexes with six groups, of which the last matches. */
static double cost_of_regexes(void)
{
    for (size_t i = 0; i < 40; i++) {
        snprintf(texts[i], TEXT_MAX,
                 "^cluster_%zu\\.([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)\\.(\\w+)\\.(.+)$",
                 i);
        set_rule(i, RULE_REGEX);
    }
    for (size_t i = 0; i < N_NAMES; i++)
        snprintf(names[i], TEXT_MAX, "cluster_39.node-%zu.web.upstream.http-1.rq.total.2xx", i);
    return cost(40, RULES_MATCHED);
}

int main(int argc, char **argv)
{
    bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;

    printf(is_json ? "{\"sizes\": [" : "");
    measure_sizes(is_json);
    printf(is_json ? "], \"worst_glob_ns\": %.0f, \"worst_regex_ns\": %.0f, \"regexes_ns\": %.0f}\n"
                   : "the worst name of 8,192 globs %.0f ns; of one regex %.0f ns; the last of 40 "
                     "regexes %.0f ns\n",
           cost_of_worst_glob(), cost_of_worst_regex(), cost_of_regexes());
    return 0;
}
