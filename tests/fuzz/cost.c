/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cost
 *
 * CPU time is read by a system call, so a round pushes a short datagram several times. Others can
 * only make a round take longer, so the least of several counts; and a round of plain lines, taken
 * in between, says how fast the machine is at the time.
 */

#include "cost.h"

#include "base/refused.h"
#include "defaults.h"
#include "rig.h"

#include <stdlib.h>
#include <time.h>

/* A round pushes this many bytes, or one datagram. */
#define ROUND_BYTES 16384

/* Evicts the only key that is cached in COST_NEW. */
#define SPACER "spacer_total:1|c"

#define PLAIN "plain.routes_total:1|c|#player_id:1,status:completed\n"
#define PLAIN_LINES 20

/* An x counts 512 bytes of the 64 MiB that a worker checks in a second, and time stands still. */
#define N_ENDS 140000

struct world {
    struct rig rig;
    struct refused *list;
    struct refusal_sink sink;
};

static struct world worlds[_COST_STATE_N];

/* Like the daemon's, which keeps a list of refused lines. */
static void on_refused(void *ctx, const struct refusal *refusal)
{
    struct refused_line line = { .last_s = 1 };
    const struct fault fault = { refusal->reason, refusal->text, refusal->fault,
                                 refusal->treatment };

    (void)refused_note(ctx, &line, "udp://127.0.0.1:8125", &fault);
}

static void push(struct world *world, struct slice datagram)
{
    pipeline_push(world->rig.lane.pipeline, datagram, 1);
    pipeline_flush(world->rig.lane.pipeline);
}

/* Use up what x may end. */
static void end_all(struct world *world)
{
    for (unsigned i = 0; i < N_ENDS; i += 10)
        push(world, SLICE("y:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x\ny:1|x"));
}

static void world_init(struct world *world, enum cost_state state)
{
    struct pipeline_options options = *default_pipeline();
    struct rig_limits limits = {
        .max_series = state == COST_BEYOND ? 1 : 20000,
        .max_series_bytes = (size_t)64 << 20,
        .max_key_bytes = state == COST_NEW ? 0 : (size_t)64 << 20,
        .pipeline = &options,
    };

    options.has_check_gauges = true;
    rig_init(&world->rig, &limits);
    rig_must(refused_new(&world->list, 1, 3), "list");
    world->sink = (struct refusal_sink){ world->list, on_refused };
    pipeline_set_sink(world->rig.lane.pipeline, &world->sink);
    push(world, SLICE(SPACER));
    end_all(world);
}

void cost_init(void)
{
    for (unsigned i = 0; i < _COST_STATE_N; i++)
        world_init(&worlds[i], (enum cost_state)i);
}

void cost_deinit(void)
{
    for (unsigned i = 0; i < _COST_STATE_N; i++) {
        rig_deinit(&worlds[i].rig);
        free(worlds[i].list);
    }
}

/* --- measuring -------------------------------------------------------------------------- */

static double cpu_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double push_often(struct world *world, struct slice datagram, unsigned n, bool has_spacer)
{
    double began_ns = cpu_ns();

    for (unsigned i = 0; i < n; i++) {
        if (has_spacer)
            push(world, SLICE(SPACER));
        push(world, datagram);
    }
    return (cpu_ns() - began_ns) / n;
}

static double plain_ns(void)
{
    static char text[PLAIN_LINES * sizeof(PLAIN)];
    static size_t len;

    while (len < PLAIN_LINES * strlen(PLAIN)) {
        memcpy(text + len, PLAIN, strlen(PLAIN));
        len += strlen(PLAIN);
    }
    return push_often(&worlds[COST_KNOWN], (struct slice){ text, len }, 10, false) / PLAIN_LINES;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* The verdicts that were counted since @before, as bits. */
static uint64_t outcomes_since(const struct world *world, const uint64_t before[_VERDICT_N])
{
    const uint64_t *counts = &world->rig.lane.row->counts[TELEMETRY_VERDICTS];
    uint64_t outcomes = 0;

    for (unsigned i = 0; i < _VERDICT_N; i++)
        outcomes |= (uint64_t)(counts[i] > before[i]) << i;
    return outcomes;
}

static uint64_t count(const struct world *world, unsigned counter)
{
    return world->rig.lane.row->counts[counter];
}

static struct cost measure_in(enum cost_state state, struct slice datagram, unsigned n_rounds)
{
    struct world *world = &worlds[state];
    struct cost cost = { .state = state, .ns = 1e18 };
    unsigned n = datagram.len < ROUND_BYTES / 2 ? (unsigned)(ROUND_BYTES / (datagram.len + 1)) : 1;
    uint64_t n_lines = count(world, TELEMETRY_LINES), n_packed = count(world, TELEMETRY_PACKED);
    bool has_spacer = state == COST_NEW;
    double plain = 1e18, bound;
    uint64_t before[_VERDICT_N];

    memcpy(before, &world->rig.lane.row->counts[TELEMETRY_VERDICTS], sizeof(before));
    push(world, datagram);
    cost.outcomes = outcomes_since(world, before);
    cost.n_lines = (size_t)(count(world, TELEMETRY_LINES) - n_lines) + has_spacer;
    cost.n_packed = (size_t)(count(world, TELEMETRY_PACKED) - n_packed);
    for (unsigned i = 0; i < n_rounds; i++) {
        plain = least(plain, plain_ns());
        cost.ns = least(cost.ns, push_often(world, datagram, n, has_spacer));
    }
    bound = COST_NS_PER_BYTE * (double)(datagram.len + (has_spacer ? strlen(SPACER) : 0)) +
            COST_NS_PER_LINE * (double)cost.n_lines + COST_NS_PER_SAMPLE * (double)cost.n_packed;
    cost.share = bound > 0 ? cost.ns / bound * COST_PLAIN_NS / plain : 0;
    return cost;
}

struct cost cost_measure(struct slice datagram, unsigned n_rounds)
{
    struct cost worst = { .share = 0 };
    uint64_t outcomes = 0;

    for (unsigned i = 0; i < _COST_STATE_N; i++) {
        struct cost cost = measure_in((enum cost_state)i, datagram, n_rounds);

        outcomes |= cost.outcomes;
        if (cost.share > worst.share)
            worst = cost;
    }
    worst.outcomes = outcomes;
    return worst;
}
