/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Clients, with real connections on 127.0.0.1, and any address that a case says they have
 */

#include "sockets.h"

#include "base/clock.h"
#include "http/clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#define HEAD_MAX_NS (10 * CLOCK_NS_PER_S)
#define MAX 4
#define MAX_PER_ADDRESS 2

struct fake {
    int ours, theirs;
    struct client *client;
};

static struct http_stats stats;
static struct clients *clients;
static int listening;

static struct sockaddr_in address_number(unsigned number)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0x0a000000 + number),
        .sin_port = htons(4711),
    };
}

static void accept_one(struct fake *fake)
{
    struct address to;

    fake->client = NULL;
    assert_int_equal(address_of_socket(&to, listening), 0);
    fake->theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fake->theirs, &to.any, to.len), 0);
    assert_int_equal(poll(&(struct pollfd){ .fd = listening, .events = POLLIN }, 1, 10000), 1);
    fake->ours = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fake->ours >= 0);
}

static bool admit_as(const struct fake *fake, unsigned address)
{
    const struct sockaddr_in from = address_number(address);

    return clients_admit(clients, fake->ours, (const struct sockaddr *)&from, sizeof(from));
}

/* A connection that is accepted, but not met yet. */
static bool admit(struct fake *fake, unsigned address)
{
    accept_one(fake);
    return admit_as(fake, address);
}

static void meet(struct fake *fake)
{
    fake->client = clients_meet(clients, fake->ours);
    assert_non_null(fake->client);
}

static void take(struct fake *fake, unsigned address)
{
    assert_true(admit(fake, address));
    meet(fake);
}

static void leave(struct fake *fake)
{
    if (fake->client)
        clients_leave(clients, fake->client);
    close(fake->ours);
    close(fake->theirs);
}

/* Whether our end is shut down. */
static bool is_cut(const struct fake *fake)
{
    char byte;
    ssize_t n = recv(fake->ours, &byte, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* What the peer sees when our end is closed: 0 for an orderly end. */
static int close_and_ask_peer(struct fake *fake)
{
    char byte;
    int r;

    clients_leave(clients, fake->client);
    close(fake->ours);
    r = recv(fake->theirs, &byte, 1, 0) < 0 ? -errno : 0;
    close(fake->theirs);
    return r;
}

static int begin(void **state)
{
    const struct clients_options options = { MAX, MAX_PER_ADDRESS, HEAD_MAX_NS, 42, &stats };

    stats = (struct http_stats){ 0 };
    listening = listen_loopback();
    return clients_new(&clients, &options);
}

static int end(void **state)
{
    clients_free(clients);
    close(listening);
    return 0;
}

static void each_has_a_place(void **state)
{
    struct fake fakes[MAX];

    for (unsigned i = 0; i < MAX; i++)
        take(&fakes[i], i);
    assert_int_equal(stats.n_connections, MAX);
    assert_true(fakes[0].client->peer != fakes[1].client->peer);
    assert_true(clients_sweep(clients, clock_monotonic_ns()));
    for (unsigned i = 0; i < MAX; i++) {
        assert_false(is_cut(&fakes[i]));
        leave(&fakes[i]);
    }
    assert_int_equal(stats.n_connections, 0);
    assert_false(clients_sweep(clients, clock_monotonic_ns()));
}

static void an_address_evicts_its_own(void **state)
{
    struct fake fakes[MAX + 1];

    take(&fakes[0], 1);
    for (unsigned i = 1; i < MAX; i++)
        take(&fakes[i], 2);
    for (unsigned i = 0; i < MAX; i++)
        assert_int_equal(is_cut(&fakes[i]), i == 1);
    assert_int_equal(stats.n_closed[HTTP_CLOSE_EVICTED], 1);
    take(&fakes[MAX], 3);
    for (unsigned i = 0; i <= MAX; i++)
        leave(&fakes[i]);
}

static void one_that_is_evicted_before_it_is_met_is_cut_then(void **state)
{
    struct fake fakes[3];

    for (unsigned i = 0; i < 3; i++)
        assert_true(admit(&fakes[i], 1));
    for (unsigned i = 0; i < 3; i++) {
        assert_false(is_cut(&fakes[i]));
        meet(&fakes[i]);
        assert_int_equal(is_cut(&fakes[i]), i == 0);
    }
    for (unsigned i = 0; i < 3; i++)
        leave(&fakes[i]);
}

static void one_that_is_too_slow_is_cut(void **state)
{
    int64_t now_ns = clock_monotonic_ns();
    struct fake slow, unmet;

    take(&slow, 1);
    assert_true(admit(&unmet, 1));
    assert_true(clients_sweep(clients, now_ns + HEAD_MAX_NS - 1));
    assert_false(is_cut(&slow));
    assert_true(clients_sweep(clients, clock_monotonic_ns() + HEAD_MAX_NS));
    assert_true(clients_sweep(clients, clock_monotonic_ns() + HEAD_MAX_NS));
    assert_true(is_cut(&slow));
    assert_false(is_cut(&unmet)); /* its descriptor may already be another's */
    assert_int_equal(stats.n_closed[HTTP_CLOSE_HEAD], 1);
    clients_dismiss(clients, unmet.ours);
    leave(&unmet);
    leave(&slow);
    assert_int_equal(stats.n_connections, 0);
}

static void an_idle_one_ends_in_order(void **state)
{
    struct fake idle;

    take(&idle, 1);
    clients_expect(clients, idle.client, CLIENT_IDLE, 10, 20);
    assert_true(clients_sweep(clients, 19));
    assert_false(is_cut(&idle));
    assert_true(clients_sweep(clients, 20));
    assert_true(is_cut(&idle));
    assert_int_equal(stats.n_closed[HTTP_CLOSE_IDLE], 1);
    assert_int_equal(close_and_ask_peer(&idle), 0);
}

static void an_answer_that_takes_too_long_is_reset(void **state)
{
    static const enum client_phase phases[] = { CLIENT_ANSWERED, CLIENT_STREAMING };
    static const enum http_close causes[] = { HTTP_CLOSE_ANSWER, HTTP_CLOSE_STALLED };
    struct fake slow;

    for (unsigned i = 0; i < ARRAY_SIZE(phases); i++) {
        take(&slow, 1);
        clients_expect(clients, slow.client, phases[i], 10, 20);
        assert_true(clients_sweep(clients, 20));
        assert_int_equal(stats.n_closed[causes[i]], 1);
        assert_int_equal(close_and_ask_peer(&slow), -ECONNRESET);
    }
}

static void an_answer_that_is_given_up_is_reset(void **state)
{
    struct fake slow;

    take(&slow, 1);
    clients_cut(clients, slow.client);
    clients_cut(clients, slow.client);
    assert_true(is_cut(&slow));
    assert_int_equal(stats.n_closed[HTTP_CLOSE_STALLED], 1);
    assert_int_equal(close_and_ask_peer(&slow), -ECONNRESET);
}

static void the_kernel_holds_little_of_an_answer(void **state)
{
    static char block[65536];
    struct fake slow;
    size_t sent = 0;
    ssize_t n;

    take(&slow, 1);
    while ((n = send(slow.ours, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    assert_true(sent < 8 << 20); /* with what the client's end takes, which is not ours */
    {
        int bytes = 0;
        socklen_t len = sizeof(bytes);

        assert_int_equal(getsockopt(slow.ours, SOL_SOCKET, SO_SNDBUF, &bytes, &len), 0);
        assert_true(bytes <= 512 << 10); /* the kernel doubles it */
    }
    leave(&slow);
}

/* As libmicrohttpd does when it has no memory for a connection. */
static void one_that_was_closed_without_a_word_leaves_its_place(void **state)
{
    struct fake lost = { 0 }, next;

    assert_true(admit(&lost, 1));
    accept_one(&next);
    assert_int_equal(dup2(next.ours, lost.ours), lost.ours); /* it has the same number now */
    close(next.ours);
    next.ours = lost.ours;
    assert_true(admit_as(&next, 1));
    assert_int_equal(stats.n_connections, 1);
    close(lost.theirs);
    meet(&next);
    leave(&next);
}

#define CLIENTS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CLIENTS_CASE(each_has_a_place),
        CLIENTS_CASE(an_address_evicts_its_own),
        CLIENTS_CASE(one_that_is_evicted_before_it_is_met_is_cut_then),
        CLIENTS_CASE(one_that_is_too_slow_is_cut),
        CLIENTS_CASE(an_idle_one_ends_in_order),
        CLIENTS_CASE(an_answer_that_takes_too_long_is_reset),
        CLIENTS_CASE(an_answer_that_is_given_up_is_reset),
        CLIENTS_CASE(the_kernel_holds_little_of_an_answer),
        CLIENTS_CASE(one_that_was_closed_without_a_word_leaves_its_place),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
