/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C client: where it sends, and what it does if nothing listens
 *
 * getaddrinfo() and the clock are replaced here, and the linker wraps each allocation (see
 * meson.build).
 */

#include "catcher.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

/* --- a resolver of our own --- */

static const char *resolved_host; /* what the next look-ups give; NULL: nothing */
static unsigned n_lookups;

static struct addrinfo *new_address(unsigned port)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *both = calloc(1, sizeof(*both));

    assert_non_null(both);
    both->address.sin_family = AF_INET;
    both->address.sin_port = htons((uint16_t)port);
    both->info.ai_family = AF_INET;
    both->info.ai_addr = (struct sockaddr *)&both->address;
    both->info.ai_addrlen = sizeof(both->address);
    inet_pton(AF_INET, resolved_host, &both->address.sin_addr);
    return &both->info;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    n_lookups++;
    if (!resolved_host)
        return EAI_AGAIN;
    *ret = new_address((unsigned)atoi(port));
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

/* --- a clock that can be put forward --- */

static time_t n_seconds_ahead;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int status = (int)syscall(SYS_clock_gettime, id, ret);

    ret->tv_sec += n_seconds_ahead;
    return status;
}

/* --- an allocator that counts --- */

static bool is_counting;
static unsigned n_allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
    n_allocations += is_counting;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    n_allocations += is_counting;
    return __real_calloc(n, size);
}

/* --- URLs and the environment --- */

static void must_open(const char *url, bool is_good)
{
    struct udom_options options = { .url = url, .flags = UDOM_NO_THREAD };
    struct udom *client;

    errno = 0;
    client = udom_open(&options);
    if (is_good != (client != NULL))
        fail_msg("%s: %s", url, client ? "opened" : strerror(errno));
    if (!is_good)
        assert_int_equal(errno, EINVAL);
    udom_close(client);
}

static void urls_are_read(void **state)
{
    static const char *const good[] = {
        "udp://127.0.0.1:8125", "udp://host",   "udp://[::1]:1",      "udp://[::1]",
        "udp://host:65535",     "unix:///path", "udp://localhost:80", "unix://@abstract",
        "udp://host:1/",        "udp://host/",  "127.0.0.1:8125",     "[::1]:1",
    };
    static const char *const bad[] = {
        "127.0.0.1",         "[::1]",        "host:",         "host/",          "OFF",
        "tcp://host:1",      "udp://",       "udp://:8125",   "udp://host:",    "udp://host:0",
        "udp://host:65536",  "udp://host:x", "udp://host:-1", "udp://[::1",     "udp://[::1]x",
        "udp://host:123456", "unix://path",  "unix://",       "udp://host:1/x", "udp://host//",
        "udp:///",           "udp://[]:1",   "unix://@",
    };
    char long_path[300] = "unix:///";

    resolved_host = "127.0.0.1";
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        must_open(good[i], true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        must_open(bad[i], false);
    memset(long_path + 8, 'p', sizeof(long_path) - 9);
    must_open(long_path, false);
    memcpy(long_path, "udp://hhh", 9);
    must_open(long_path, false);
}

static void numbers_out_of_range_are_refused(void **state)
{
    static const struct udom_options bad[] = {
        { .packet_bytes = 511 },
        { .packet_bytes = 65001 },
        { .n_metrics = 65537 },
        { .n_threads = 4097 },
    };

    resolved_host = "127.0.0.1";
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        errno = 0;
        assert_null(udom_open(&bad[i]));
        assert_int_equal(errno, EINVAL);
    }
}

/* --- switched off --- */

static void a_client_that_is_off_does_nothing(void **state)
{
    struct udom_options options = { .url = "off", .flags = UDOM_TELEMETRY };
    struct udom_stats stats, zeros = { 0 };
    struct udom *client = udom_open(&options);
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a", "k", "v");
    struct udom_family *family = udom_family(client, "b", 10, "k", "v");
    struct udom_timer timer = udom_timer_start(metric);

    assert_non_null(client);
    assert_null(metric);
    assert_null(family);
    udom_count(client, "a", 1, "k", "v");
    udom_set(client, "a", "member");
    udom_expire(client, "a");
    udom_metric_count(metric, 1);
    udom_metric_expire(metric);
    udom_timer_stop(&timer);
    udom_replace_begin(family);
    udom_replace(family, 1);
    udom_replace_end(family);
    udom_flush(client);
    udom_get_stats(client, &stats);
    assert_memory_equal(&stats, &zeros, sizeof(stats));
    udom_close(client);
}

static void other_options_are_checked_even_if_it_is_off(void **state)
{
    struct udom_options options = { .url = "off", .packet_bytes = 1 };

    errno = 0;
    assert_null(udom_open(&options));
    assert_int_equal(errno, EINVAL);
}

/* --- nothing there --- */

static void a_closed_port_costs_updates_only(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client;
    struct udom_stats stats;

    resolved_host = "127.0.0.1";
    client = open_quiet(&catcher, UDOM_NO_AGGREGATION);
    catcher_close(&catcher);
    for (int i = 0; i < 1000; i++)
        udom_count(client, "some.name", 1);
    udom_flush(client);
    stats = stats_of(client);
    assert_int_equal(stats.sent + stats.dropped, 1000);
    assert_true(stats.dropped > 0);
    udom_close(client);
}

static void a_server_that_returns_gets_packets_again(void **state)
{
    struct catcher catcher = catcher_open();
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    struct udom *client;

    resolved_host = "127.0.0.1";
    client = open_quiet(&catcher, UDOM_NO_AGGREGATION);
    assert_int_equal(getsockname(catcher.fd, (struct sockaddr *)&address, &len), 0);
    catcher_close(&catcher);
    for (int i = 0; i < 10000; i++)
        udom_count(client, "some.name", 1);
    assert_true(stats_of(client).datagrams_sent * 8 < stats_of(client).datagrams_dropped);
    catcher.fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(catcher.fd, (const struct sockaddr *)&address, len), 0);
    /* Without a flush: 20 packets of 119 lines are more than the rests and one refusal. */
    for (int i = 0; i < 20 * 119; i++)
        udom_count(client, "some.name", 1);
    assert_true(strlen(catcher_read_all(&catcher)) >= 1400);
    udom_close(client);
    catcher_close(&catcher);
}

static void an_unknown_name_is_looked_up_again(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client;
    char url[100];

    snprintf(url, sizeof(url), "udp://udometer.example:%s", strrchr(catcher.url, ':') + 1);
    memcpy(catcher.url, url, sizeof(catcher.url));
    resolved_host = NULL;
    n_lookups = 0;
    client = open_quiet(&catcher, 0);
    udom_count(client, "lost", 1);
    udom_flush(client);
    assert_int_equal(stats_of(client).dropped, 1);
    resolved_host = "127.0.0.1";
    n_seconds_ahead++;
    udom_count(client, "a", 1);
    assert_sends(client, &catcher, "a:1|c\n");
    /* When opened, when first flushed, and a second later. */
    assert_int_equal(n_lookups, 3);
    udom_close(client);
    catcher_close(&catcher);
}

/* A new socket has not seen a refusal yet, but that does not mean that something listens. */
static void a_closed_port_is_looked_up_less_and_less(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client;

    resolved_host = "127.0.0.1";
    client = open_quiet(&catcher, 0);
    catcher_close(&catcher);
    n_lookups = 0;
    for (int second = 0; second < 1000; second++, n_seconds_ahead++) {
        udom_count(client, "a", 1);
        udom_flush(client);
    }
    /* Every 32 seconds, and some more in the beginning. */
    assert_in_range(n_lookups, 1000 / 33, 1000 / 33 + 8);
    udom_close(client);
}

static void a_name_is_looked_up_at_intervals(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client;

    n_lookups = 0;
    resolved_host = "127.0.0.1";
    client = open_quiet(&catcher, 0);
    n_seconds_ahead += 59;
    udom_flush(client);
    assert_int_equal(n_lookups, 1);
    n_seconds_ahead++;
    udom_flush(client);
    assert_int_equal(n_lookups, 2);
    udom_count(client, "a", 1);
    assert_sends(client, &catcher, "a:1|c\n");
    udom_close(client);
    catcher_close(&catcher);
}

static int bind_path(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void flush_until_sent(struct udom *client, uint64_t n)
{
    for (int i = 0; stats_of(client).sent < n; i++) {
        assert_true(i < 100);
        udom_count(client, "a", 1);
        udom_flush(client);
    }
}

static void a_path_may_appear_and_be_made_anew(void **state)
{
    char folder[] = "/tmp/udometer-XXXXXX", path[64], url[80];
    struct catcher catcher = { 0 };
    struct udom *client;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    snprintf(url, sizeof(url), "unix://%s", path);
    memcpy(catcher.url, url, sizeof(catcher.url));
    client = open_quiet(&catcher, 0);
    udom_count(client, "lost", 1);
    udom_flush(client);
    assert_int_equal(stats_of(client).dropped, 1);
    for (uint64_t n = 1; n <= 2; n++) {
        catcher.fd = bind_path(path);
        flush_until_sent(client, n);
        assert_string_equal(catcher_read_all(&catcher), "a:1|c\n");
        close(catcher.fd);
        unlink(path);
    }
    rmdir(folder);
    udom_close(client);
}

static void a_full_socket_drops_and_does_not_wait(void **state)
{
    char folder[] = "/tmp/udometer-XXXXXX", path[64], url[80];
    struct catcher catcher = { 0 };
    struct udom_stats stats;
    struct udom *client;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    snprintf(url, sizeof(url), "unix://%s", path);
    memcpy(catcher.url, url, sizeof(catcher.url));
    catcher.fd = bind_path(path);
    client = open_quiet(&catcher, UDOM_NO_AGGREGATION);
    for (int i = 0; i < 1000000; i++)
        udom_count(client, "some.name", 1);
    udom_flush(client);
    stats = stats_of(client);
    assert_true(stats.dropped > 0 && stats.sent > 0);
    assert_int_equal(stats.sent + stats.dropped, 1000000);
    while (catcher_read_all(&catcher)[0])
        ;
    assert_true(catcher.longest > 8000 && catcher.longest <= 8192);
    flush_until_sent(client, stats.sent + 1);
    udom_close(client);
    close(catcher.fd);
    unlink(path);
    rmdir(folder);
}

/* --- promises --- */

static void replace_series(struct udom_family *family, int round)
{
    udom_replace_begin(family);
    udom_replace(family, round, "k", round % 2 ? "v" : "w");
    udom_replace_end(family);
}

static void update_in_every_way(struct udom *client, struct udom_metric *const metrics[4],
                                struct udom_family *family)
{
    for (int i = 0; i < 2000; i++) {
        udom_count(client, "some.name", i, "k", "v");
        udom_set(client, "users", "joe");
        udom_metric_count(metrics[0], 1);
        udom_metric_gauge(metrics[1], i / 3.0);
        udom_metric_observe(metrics[2], i / 3.0);
        udom_metric_timing_ms(metrics[3], i);
        udom_metric_count(udom_metric(client, UDOM_COUNTER, "late", "k", i % 2 ? "v" : "w"), 1);
        replace_series(family, i);
    }
    udom_expire(client, "some.name");
}

static void nothing_is_allocated_after_opening_and_errno_stays(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client = open_quiet(&catcher, UDOM_TELEMETRY);
    struct udom_metric *metrics[4] = {
        udom_metric(client, UDOM_COUNTER, "count"),
        udom_metric(client, UDOM_GAUGE, "gauge"),
        udom_metric(client, UDOM_HISTOGRAM, "size"),
        udom_metric(client, UDOM_TIMING, "time"),
    };
    struct udom_family *family = udom_family(client, "family", 2);

    catcher_close(&catcher);
    n_allocations = 0;
    is_counting = true;
    errno = E2BIG;
    update_in_every_way(client, metrics, family);
    assert_int_equal(errno, E2BIG);
    is_counting = false;
    assert_int_equal(n_allocations, 0);
    assert_true(stats_of(client).dropped > 0);
    udom_close(client);
    assert_int_equal(errno, E2BIG);
}

static void the_thread_flushes_by_time(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom_options options = { .url = catcher.url, .flush_ms = 5 };
    struct udom *client;

    /* Waiting is the kernel's, which does not know of our clock. */
    n_seconds_ahead = 0;
    resolved_host = "127.0.0.1";
    client = udom_open(&options);
    assert_non_null(client);
    udom_metric_count(udom_metric(client, UDOM_COUNTER, "a"), 2);
    catcher_wait(&catcher);
    assert_string_equal(catcher_read_all(&catcher), "a:2|c\n");
    udom_count(client, "b", 1);
    catcher_wait(&catcher);
    assert_string_equal(catcher_read_all(&catcher), "b:1|c\n");
    udom_close(client);
    catcher_close(&catcher);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(urls_are_read),
        CASE(numbers_out_of_range_are_refused),
        CASE(a_client_that_is_off_does_nothing),
        CASE(other_options_are_checked_even_if_it_is_off),
        CASE(a_closed_port_costs_updates_only),
        CASE(a_server_that_returns_gets_packets_again),
        CASE(an_unknown_name_is_looked_up_again),
        CASE(a_closed_port_is_looked_up_less_and_less),
        CASE(a_name_is_looked_up_at_intervals),
        CASE(a_path_may_appear_and_be_made_anew),
        CASE(a_full_socket_drops_and_does_not_wait),
        CASE(nothing_is_allocated_after_opening_and_errno_stays),
        CASE(the_thread_flushes_by_time),
    };

    clear_environment();
    return cmocka_run_group_tests(cases, NULL, NULL);
}
