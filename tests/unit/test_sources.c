/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sources of a worker in a loop of this thread: real sockets of each protocol, which are
 * exchanged while lines are in them
 */

#include "descriptors.h"
#include "registry_setup.h"
#include "sockets.h"

#include "base/unix.h"
#include "daemon/sources.h"
#include "defaults.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A listener, one of each protocol. */
enum { UDP, GRAM, TCP, UNIX, _N };

static struct registry *registry;
static struct telemetry_row row;
static struct places *places;
static struct lane lane;
static struct notices notices;
static uv_loop_t loop;
static struct sources sources;
static struct socket_row socket_rows[2 * _N];
static struct source_socket all[2 * _N]; /* two of each */
static char paths[2 * _N][64];

/* --- sockets ------------------------------------------------------------------------------ */

static bool is_stream(unsigned i)
{
    return i % _N == TCP || i % _N == UNIX;
}

static void open_socket(unsigned i)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    struct unix_file file;
    int fd = -1;

    snprintf(paths[i], sizeof(paths[i]), "/tmp/test_sources.%d.%u", (int)getpid(), i);
    switch (i % _N) {
    case UDP: bind_loopback(1, &fd); break;
    case GRAM: fd = unix_bind(paths[i], SOCK_DGRAM, &permissions, &file); break;
    case TCP: fd = listen_loopback(); break;
    case UNIX: fd = unix_bind(paths[i], SOCK_STREAM, &permissions, &file); break;
    default: break;
    }
    assert_true(fd >= 0);
    all[i] = (struct source_socket){ .fd = fd, .is_stream = is_stream(i), .row = &socket_rows[i] };
}

static void close_socket(unsigned i)
{
    close(all[i].fd);
    all[i].fd = -1;
    unlink(paths[i]);
}

/* A socket that is connected to number @i. */
static int connect_to(unsigned i)
{
    struct address address;
    int type = is_stream(i) ? SOCK_STREAM : SOCK_DGRAM, out;

    if (i % _N == GRAM || i % _N == UNIX)
        return connect_to_file(paths[i], type);
    assert_int_equal(address_of_socket(&address, all[i].fd), 0);
    out = socket(address.any.sa_family, type, 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    return out;
}

static void send_line(int out, const char *line)
{
    assert_int_equal(send(out, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

/* Send it from a socket that is closed again. */
static void send_to(unsigned i, const char *line)
{
    int out = connect_to(i);

    send_line(out, line);
    close(out);
}

/* --- sources ------------------------------------------------------------------------------ */

static uint64_t find_sender(void *ctx, struct slice text)
{
    return source_current_sender(&sources.shared, text);
}

static const struct senders senders = { NULL, find_sender };

static int begin(void **state)
{
    const struct lane_options lane_options = {
        .shard = { .registry = registry = new_registry(1, 1000, SIZE_MAX),
                   .max_key_bytes = 1 << 20,
                   .seed = 42 },
        .pipeline = default_pipeline(),
        .row = &row,
    };
    const struct notices_options notices_options = { .registry = registry, .row = &row };
    const struct source_options options = {
        .loop = &loop,
        .lane = &lane,
        .notices = &notices,
        .line_max = 65536,
        .seed = 42,
    };

    memset(&row, 0, sizeof(row));
    memset(socket_rows, 0, sizeof(socket_rows));
    assert_int_equal(lane_init(&lane, &lane_options), 0);
    pipeline_set_senders(lane.pipeline, &senders);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(places_new(&places, 10, 42), 0);
    notices_init(&notices, &notices_options);
    sources_init(&sources, &options);
    sources.shared.options.places = places;
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        open_socket(i);
    return 0;
}

/* Nothing is left in the loop, and no row is in use. */
static int end(void **state)
{
    sources_close(&sources);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_null(sources.first);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        close_socket(i);
        assert_int_equal(atomic_load(&socket_rows[i].n_uses), 0);
    }
    lane_deinit(&lane);
    places_free(places);
    registry_free(registry);
    return 0;
}

static void exchange(const struct source_socket *sockets, unsigned n)
{
    assert_int_equal(sources_prepare(&sources, sockets, n), 0);
    sources_commit(&sources, sockets, n);
}

static void run_until(unsigned counter, uint64_t n)
{
    while (row.counts[counter] < n)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(row.counts[counter], n);
}

static double value_of(const char *name)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    double value = 0;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct reading reading;

        if (!slice_equal(snapshot->series[i]->family->name, slice_of(name)))
            continue;
        series_read(snapshot->series[i], &reading);
        value = reading.value;
    }
    snapshot_unref(snapshot);
    return value;
}

static unsigned n_sources(void)
{
    unsigned n = 0;

    for (const struct source *source = sources.first; source; source = source->next)
        n++;
    return n;
}

/* --- beginning ---------------------------------------------------------------------------- */

static void receives_from_all_once_it_is_told(void **state)
{
    for (unsigned i = 0; i < _N; i++)
        send_to(i, "x:1|c\n");
    assert_int_equal(sources_prepare(&sources, all, _N), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(row.counts[TELEMETRY_LINES], 0);
    sources_commit(&sources, all, _N);
    run_until(TELEMETRY_LINES, _N);
    assert_true(value_of("x") == _N);
    assert_int_equal(atomic_load(&socket_rows[UDP].n_datagrams), 1);
    assert_int_equal(atomic_load(&socket_rows[GRAM].n_datagrams), 1);
    assert_int_equal(atomic_load(&socket_rows[TCP].n_datagrams), 0);
}

static void what_is_cancelled_never_receives(void **state)
{
    exchange(all, 1);
    assert_int_equal(sources_prepare(&sources, all, 2 * _N), 0);
    assert_int_equal(n_sources(), 2 * _N);
    sources_cancel(&sources);
    for (unsigned i = 0; i < 2 * _N; i++)
        send_to(i, "x:1|c\n");
    run_until(TELEMETRY_LINES, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(row.counts[TELEMETRY_LINES], 1);
    assert_int_equal(n_sources(), 1);
}

static void a_failure_changes_nothing(void **state)
{
    struct source_socket wanted[_N + 1];

    exchange(all, _N);
    memcpy(wanted, all + _N, sizeof(wanted[0]) * _N);
    wanted[_N] = (struct source_socket){ .fd = -1, .row = &socket_rows[0] };
    assert_true(sources_prepare(&sources, wanted, _N + 1) < 0);
    sources_cancel(&sources);
    for (unsigned i = 0; i < _N; i++)
        send_to(i, "x:1|c\n");
    run_until(TELEMETRY_LINES, _N);
    assert_int_equal(n_sources(), _N);
}

/* --- from some to others ---------------------------------------------------------------------- */

static void those_that_stay_lose_nothing(void **state)
{
    int outs[_N];

    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++) {
        outs[i] = connect_to(i);
        send_line(outs[i], "x:1|c\n");
    }
    run_until(TELEMETRY_LINES, _N);
    for (unsigned k = 0; k < 10; k++) {
        for (unsigned i = 0; i < _N; i++)
            send_line(outs[i], "x:1|c\n");
        exchange(all, k % 2 == 0 ? 2 * _N : _N); /* more of them, or these alone */
        for (unsigned i = 0; i < _N; i++)
            send_line(outs[i], "x:1|c\n");
        run_until(TELEMETRY_LINES, (1 + 2 * (k + 1)) * _N);
    }
    assert_int_equal(row.counts[TELEMETRY_CONNECTIONS], 2); /* they were never closed */
    assert_true(value_of("x") == 21 * _N);
    for (unsigned i = 0; i < _N; i++)
        close(outs[i]);
    run_until(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_PEER, 2);
}

static void those_that_go_are_emptied(void **state)
{
    int outs[_N];

    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++)
        outs[i] = connect_to(i);
    run_until(TELEMETRY_CONNECTIONS_OPENED, 2);
    for (unsigned i = 0; i < _N; i++)
        for (unsigned k = 0; k < 5; k++)
            send_line(outs[i], "x:1|c\n");
    exchange(all + _N, _N);
    for (unsigned i = 0; i < _N; i++)
        close_socket(i);
    run_until(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_REMOVED, 2);
    assert_true(value_of("x") == 5 * _N);
    for (unsigned i = 0; i < _N; i++) {
        (void)!send(outs[i], "x:1|c\n", 6, MSG_NOSIGNAL); /* UDP tells with the next one */
        assert_int_equal(send(outs[i], "x:1|c\n", 6, MSG_NOSIGNAL), -1);
        close(outs[i]);
        send_to(_N + i, "y:1|c\n");
    }
    run_until(TELEMETRY_LINES, 6 * _N);
    assert_true(value_of("y") == _N);
    assert_int_equal(n_sources(), _N);
}

/* While the connections of the first are read, a new socket has its number. */
static void a_number_may_be_used_again_at_once(void **state)
{
    int number = all[TCP].fd, out;

    exchange(&all[TCP], 1);
    out = connect_to(TCP);
    run_until(TELEMETRY_CONNECTIONS_OPENED, 1);
    send_line(out, "x:1|c\n");
    exchange(NULL, 0);
    close(number);
    all[TCP].fd = listen_loopback();
    assert_int_equal(all[TCP].fd, number);
    exchange(&all[TCP], 1);
    assert_int_equal(n_sources(), 2);
    send_to(TCP, "x:1|c\n");
    run_until(TELEMETRY_LINES, 2);
    run_until(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_REMOVED, 1);
    exchange(&all[TCP], 1);
    send_to(TCP, "x:1|c\n");
    run_until(TELEMETRY_LINES, 3);
    close(out);
}

static void many_exchanges_leave_nothing(void **state)
{
    unsigned n_before = 0;
    int out;

    for (unsigned k = 0; k < 100; k++) {
        exchange(all + k % 2 * _N, _N);
        out = connect_to(k % 2 * _N + TCP);
        send_line(out, "x:1|c\n");
        run_until(TELEMETRY_LINES, k + 1);
        exchange(NULL, 0);
        run_until(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_REMOVED, k + 1);
        close(out);
        uv_run(&loop, UV_RUN_NOWAIT);
        assert_int_equal(n_sources(), 0);
        if (k == 0)
            n_before = n_descriptors();
    }
    assert_int_equal(n_descriptors(), n_before);
}

/* --- how values are read ---------------------------------------------------------------------- */

static void a_dialect_follows(void **state)
{
    int outs[_N];

    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++)
        outs[i] = connect_to(i);
    for (unsigned k = 0; k < 3; k++) {
        bool is_dogstatsd = k % 2 == 1;

        for (unsigned i = 0; i < _N; i++)
            all[i].reading.is_dogstatsd = is_dogstatsd;
        exchange(all, _N);
        for (unsigned i = 0; i < _N; i++) {
            send_line(outs[i], "g:7|g\n");
            send_line(outs[i], "g:+1|g\n");
            run_until(TELEMETRY_LINES, 2 * (k * _N + i + 1));
            assert_true(value_of("g") == (is_dogstatsd ? 1 : 8));
        }
    }
    for (unsigned i = 0; i < _N; i++)
        close(outs[i]);
}

/* A counter of its own for each listener, as their senders may be the same. */
static void send_counter(int out, unsigned i, unsigned value)
{
    char line[32];

    snprintf(line, sizeof(line), "c%u:%u|c\n", i, value);
    send_line(out, line);
}

static void must_have_counted(unsigned n_lines, double expected)
{
    char name[8];

    run_until(TELEMETRY_LINES, n_lines);
    for (unsigned i = 0; i < _N; i++) {
        snprintf(name, sizeof(name), "c%u", i);
        assert_true(value_of(name) == expected);
    }
}

static void counters_may_become_running_totals(void **state)
{
    int outs[_N];

    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++) {
        outs[i] = connect_to(i);
        send_counter(outs[i], i, 100);
    }
    must_have_counted(_N, 100);
    for (unsigned i = 0; i < _N; i++)
        all[i].reading.has_totals = all[i].reading.has_senders_by_socket = true;
    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++) {
        send_counter(outs[i], i, 1000); /* the first adds nothing */
        send_counter(outs[i], i, 1007);
    }
    must_have_counted(3 * _N, 107);
    for (unsigned i = 0; i < _N; i++)
        all[i].reading.has_totals = false;
    exchange(all, _N);
    for (unsigned i = 0; i < _N; i++)
        send_counter(outs[i], i, 1);
    must_have_counted(4 * _N, 108);
    for (unsigned i = 0; i < _N; i++)
        close(outs[i]);
}

/* Each line comes alone, so that one is read to where the last one was. */
static void a_sender_is_that_of_the_line_itself(void **state)
{
    static const struct {
        unsigned from, value;
    } lines[] = { { 0, 100 }, { 1, 5 }, { 0, 107 }, { 1, 6 } };
    const unsigned protocols[] = { UDP, TCP };

    for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
        all[protocols[i]].reading.has_totals = all[protocols[i]].reading.has_senders_by_socket =
            true;
    exchange(all, _N);
    for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++) {
        int outs[] = { connect_to(protocols[i]), connect_to(protocols[i]) };

        for (unsigned j = 0; j < ARRAY_SIZE(lines); j++) {
            send_counter(outs[lines[j].from], i, lines[j].value);
            run_until(TELEMETRY_LINES, i * ARRAY_SIZE(lines) + j + 1);
        }
        close(outs[0]);
        close(outs[1]);
    }
    assert_true(value_of("c0") == 8);
    assert_true(value_of("c1") == 8);
}

/* --- draining ------------------------------------------------------------------------------ */

/* Send @text until the kernel takes no more, which is some hundred kilobytes at least. */
static void fill(int out, const char *text)
{
    static char many[65536];
    size_t len = strlen(text), n = sizeof(many) / len;

    for (size_t i = 0; i < n; i++)
        memcpy(many + i * len, text, len);
    while (send(out, many, n * len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        continue;
}

/* Whichever source is flooded: its last sample is the last of all, so it came after the others. */
static void a_flooded_stream_is_not_drained_before_the_others(void **state)
{
    exchange(all, 2 * _N);
    for (unsigned i = 0; i < 2 * _N; i++) {
        int out;

        if (!is_stream(i))
            continue;
        out = connect_to(i);
        fill(out, "flooded:1|g\n");
        for (unsigned k = 0; k < 2 * _N; k++)
            if (k != i)
                send_to(k, "flooded:2|g\nothers:1|c\n");
        sources_drain(&sources, INT64_MAX);
        assert_true(value_of("flooded") == 1);
        close(out);
    }
    assert_true(value_of("others") == 4 * (2 * _N - 1));
}

#define SOURCES_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SOURCES_CASE(receives_from_all_once_it_is_told),
        SOURCES_CASE(what_is_cancelled_never_receives),
        SOURCES_CASE(a_failure_changes_nothing),
        SOURCES_CASE(those_that_stay_lose_nothing),
        SOURCES_CASE(those_that_go_are_emptied),
        SOURCES_CASE(a_number_may_be_used_again_at_once),
        SOURCES_CASE(many_exchanges_leave_nothing),
        SOURCES_CASE(a_dialect_follows),
        SOURCES_CASE(counters_may_become_running_totals),
        SOURCES_CASE(a_sender_is_that_of_the_line_itself),
        SOURCES_CASE(a_flooded_stream_is_not_drained_before_the_others),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
