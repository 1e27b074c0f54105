/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/address.h"
#include "base/compiler.h"
#include "base/socket.h"
#include "web/socket_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct socket_stats stats;
static struct socket_view views[SOCKET_STATS_CLOSED_MAX + 64];
static unsigned n_views;

static int begin(void **state)
{
    socket_stats_init(&stats);
    return 0;
}

static int end(void **state)
{
    socket_stats_deinit(&stats);
    return 0;
}

static struct socket_row *take(const char *listener, unsigned worker)
{
    struct socket_row *row =
        socket_stats_take(&stats, listener, worker, strncmp(listener, "tcp:", 4) == 0);

    assert_non_null(row);
    return row;
}

static void add_view(void *ctx, const struct socket_view *view)
{
    assert_ptr_equal(ctx, &stats);
    assert_true(n_views < ARRAY_SIZE(views));
    views[n_views++] = *view;
}

static void look(void)
{
    n_views = 0;
    socket_stats_each(&stats, add_view, &stats);
}

/* The view of this row, which must be there. */
static const struct socket_view *find(const char *listener, unsigned worker)
{
    look();
    for (unsigned i = 0; i < n_views; i++)
        if (strcmp(views[i].listener, listener) == 0 && views[i].worker == worker)
            return &views[i];
    fail_msg("no row of %s", listener);
    abort();
}

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    return fd;
}

/* Send @n datagrams to a socket with room for fewer. Returns the number of those dropped. */
static uint64_t overfill(int fd, unsigned n)
{
    const int small = 1;
    struct address address;

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(address_of_socket(&address, fd), 0);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(sendto(fd, "x", 1, 0, &address.any, address.len), 1);
    return socket_kernel_drops(fd);
}

static void a_row_is_shown_once_it_has_a_socket(void **state)
{
    struct socket_row *row = take("udp://127.0.0.1:1", 3);

    look();
    assert_int_equal(n_views, 0);
    socket_stats_open(&stats, row, 0);
    look();
    assert_int_equal(n_views, 1);
    assert_string_equal(views[0].listener, "udp://127.0.0.1:1");
    assert_int_equal(views[0].worker, 3);
    assert_true(views[0].is_open);
    assert_false(views[0].is_stream);
}

static void a_listener_has_a_row_for_each_worker(void **state)
{
    assert_ptr_equal(take("udp://a:1", 0), take("udp://a:1", 0));
    assert_ptr_not_equal(take("udp://a:1", 0), take("udp://a:1", 1));
    assert_ptr_not_equal(take("udp://a:1", 0), take("udp://a:2", 0));
}

static void a_listener_that_comes_back_goes_on_with_its_counts(void **state)
{
    struct socket_row *row = take("udp://a:1", 0);
    uint64_t n_drops;
    int fd = open_socket();

    socket_stats_open(&stats, row, fd);
    socket_row_count(&row->n_datagrams, 5);
    socket_row_count(&row->n_changes, 6);
    n_drops = overfill(fd, 100);
    assert_true(n_drops > 0);
    assert_int_equal(find("udp://a:1", 0)->n_drops, n_drops);
    socket_stats_close(&stats, row, fd);
    socket_row_release(row);
    close(fd);
    assert_false(find("udp://a:1", 0)->is_open);
    assert_int_equal(find("udp://a:1", 0)->n_drops, n_drops);

    fd = open_socket();
    row = take("udp://a:1", 0);
    socket_stats_open(&stats, row, fd);
    socket_row_count(&row->n_datagrams, 10);
    assert_true(find("udp://a:1", 0)->is_open);
    assert_int_equal(find("udp://a:1", 0)->n_drops, n_drops);
    assert_int_equal(find("udp://a:1", 0)->n_datagrams, 15);
    assert_int_equal(find("udp://a:1", 0)->n_changes, 6);
    assert_true(overfill(fd, 50) > 0);
    assert_int_equal(find("udp://a:1", 0)->n_drops, n_drops + socket_kernel_drops(fd));
    close(fd);
}

/* As several that were passed to the process. */
static void sockets_of_one_address_share_a_row(void **state)
{
    const struct socket_view *view;
    struct socket_row *row = take("udp://a:1", 0);
    uint64_t n_drops = 0;
    int fds[3];

    for (unsigned i = 0; i < 3; i++) {
        fds[i] = open_socket();
        assert_ptr_equal(take("udp://a:1", 0), row);
        socket_stats_open(&stats, row, fds[i]);
        n_drops += overfill(fds[i], 20 * i);
    }
    view = find("udp://a:1", 0);
    assert_int_equal(n_views, 1);
    assert_int_equal(view->n_drops, n_drops);
    assert_int_equal(view->buffer_bytes, socket_read_buffer(fds[0]));
    socket_stats_close(&stats, row, fds[1]);
    assert_int_equal(find("udp://a:1", 0)->n_drops, n_drops);
    assert_true(find("udp://a:1", 0)->is_open);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
}

/* Listeners on ports that the kernel chooses, one after the other. */
static void open_and_close(const char *protocol, unsigned first, unsigned n)
{
    char listener[64];

    for (unsigned i = first; i < first + n; i++) {
        struct socket_row *row;

        snprintf(listener, sizeof(listener), "%s://127.0.0.1:%u", protocol, i);
        row = take(listener, i % 2);
        socket_stats_open(&stats, row, -1);
        socket_row_count(&row->n_datagrams, 1);
        socket_row_count(&row->n_changes, 2);
        socket_stats_close(&stats, row, -1);
        socket_row_release(row);
    }
}

static uint64_t n_datagrams(void)
{
    uint64_t n = 0;

    look();
    for (unsigned i = 0; i < n_views; i++)
        n += views[i].n_datagrams;
    return n;
}

static void the_rows_that_are_kept_are_bounded_and_sums_stay(void **state)
{
    unsigned n = 3 * SOCKET_STATS_CLOSED_MAX;

    open_and_close("udp", 1, n);
    open_and_close("tcp", 1, 10);
    assert_int_equal(n_datagrams(), n + 10);
    assert_in_range(n_views, SOCKET_STATS_CLOSED_MAX, SOCKET_STATS_CLOSED_MAX + 4);
    assert_int_equal(find("tcp://127.0.0.1:10", 0)->n_datagrams, 1); /* the latest are there */
    assert_int_equal(find("udp://127.0.0.1:768", 0)->n_datagrams, 1);
    assert_int_equal(find("udp://(removed)", 0)->n_datagrams, 261);
    assert_int_equal(find("udp://(removed)", 1)->n_changes, 2 * 261);
    open_and_close("tcp", 11, SOCKET_STATS_CLOSED_MAX);
    assert_true(find("tcp://(removed)", 0)->is_stream);
    assert_false(find("udp://(removed)", 0)->is_stream);
    assert_int_equal(n_datagrams(), n + 10 + SOCKET_STATS_CLOSED_MAX);
}

static bool is_shown(const char *listener)
{
    bool is_there = false;

    look();
    for (unsigned i = 0; i < n_views; i++)
        is_there |= strcmp(views[i].listener, listener) == 0;
    return is_there;
}

static void the_row_that_lost_its_socket_first_is_removed(void **state)
{
    open_and_close("udp", 1, SOCKET_STATS_CLOSED_MAX);
    open_and_close("udp", 1, 1); /* again, so it is the latest */
    open_and_close("udp", 1000, 1);
    assert_true(is_shown("udp://127.0.0.1:1"));
    assert_false(is_shown("udp://127.0.0.1:2"));
    assert_true(is_shown("udp://127.0.0.1:3"));
}

static void rows_that_never_had_a_socket_make_no_sum_to_show(void **state)
{
    socket_row_release(take("tcp://a:1", 0));
    open_and_close("udp", 1, SOCKET_STATS_CLOSED_MAX);
    assert_false(is_shown("tcp://(removed)"));
    open_and_close("tcp", 1, 1);
    open_and_close("udp", 1, SOCKET_STATS_CLOSED_MAX);
    assert_true(is_shown("tcp://(removed)"));
}

static void a_row_that_is_used_is_not_removed(void **state)
{
    struct socket_row *open = take("udp://a:1", 0), *used = take("udp://a:2", 0);

    socket_stats_open(&stats, open, -1);
    socket_stats_open(&stats, used, -1);
    socket_stats_close(&stats, used, -1);
    socket_row_keep(used);
    socket_row_release(used);
    open_and_close("udp", 1, 2 * SOCKET_STATS_CLOSED_MAX);
    assert_true(find("udp://a:1", 0)->is_open);
    assert_false(find("udp://a:2", 0)->is_open);
    socket_row_release(used);
    open_and_close("udp", 1, 1);
    look();
    for (unsigned i = 0; i < n_views; i++)
        assert_string_not_equal(views[i].listener, "udp://a:2");
}

static void the_longest_address_is_kept_whole(void **state)
{
    char listener[SOCKET_STATS_LISTENER_MAX];

    memset(listener, 'p', sizeof(listener));
    listener[sizeof(listener) - 1] = '\0';
    assert_string_equal(take(listener, 0)->listener, listener);
}

#define STATS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        STATS_CASE(a_row_is_shown_once_it_has_a_socket),
        STATS_CASE(a_listener_has_a_row_for_each_worker),
        STATS_CASE(a_listener_that_comes_back_goes_on_with_its_counts),
        STATS_CASE(sockets_of_one_address_share_a_row),
        STATS_CASE(the_rows_that_are_kept_are_bounded_and_sums_stay),
        STATS_CASE(the_row_that_lost_its_socket_first_is_removed),
        STATS_CASE(rows_that_never_had_a_socket_make_no_sum_to_show),
        STATS_CASE(a_row_that_is_used_is_not_removed),
        STATS_CASE(the_longest_address_is_kept_whole),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
