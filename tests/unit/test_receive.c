/* SPDX-License-Identifier: Apache-2.0 */

#include "descriptors.h"

#include "base/address.h"
#include "base/clock.h"
#include "input/receive.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Two UDP sockets on 127.0.0.1; what one sends, the other receives. */
struct pair {
    int in;
    int out;
};

static struct pair pair_open(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int buffer_bytes = 4 << 20;
    struct pair pair;

    pair.in = socket(AF_INET, SOCK_DGRAM, 0);
    pair.out = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(pair.in >= 0 && pair.out >= 0);
    setsockopt(pair.in, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    setsockopt(pair.out, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
    assert_int_equal(bind(pair.in, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(pair.in, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(pair.out, (struct sockaddr *)&address, len), 0);
    return pair;
}

static void pair_close(struct pair pair)
{
    close(pair.in);
    close(pair.out);
}

static void send_text(struct pair pair, const char *text)
{
    assert_int_equal(send(pair.out, text, strlen(text), 0), strlen(text));
}

/* Send "from" to "to - 1" as decimal numbers. */
static void send_numbers(struct pair pair, int from, int to)
{
    for (int i = from; i < to; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%d", i);
        send_text(pair, text);
    }
}

/* The batch holds @n datagrams, the decimal numbers from @from. */
static void must_hold_numbers(const struct receive_batch *batch, int n, int from)
{
    for (int i = 0; i < n; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%d", from + i);
        assert_true(slice_equal(receive_batch_datagram(batch, i), slice_of(text)));
    }
}

static struct receive_batch *batch_new(void)
{
    struct receive_batch *batch = NULL;

    assert_int_equal(receive_batch_new(&batch, false), 0);
    assert_non_null(batch);
    return batch;
}

static void freeing_nothing_is_fine(void **state)
{
    receive_batch_free(NULL);
}

/* The socket blocks, so a call that waits would never return. */
static void an_empty_socket_gives_nothing_at_once(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    send_text(pair, "a");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    pair_close(pair);
    receive_batch_free(batch);
}

static void takes_what_was_sent_in_order(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_numbers(pair, 0, 10);
    assert_int_equal(receive_batch_fill(batch, pair.in), 10);
    must_hold_numbers(batch, 10, 0);
    pair_close(pair);
    receive_batch_free(batch);
}

/*
 * As brubeck did, which read the whole batch, however few datagrams had arrived, and so old ones
 * again.
 */
static void a_batch_partly_filled_hands_over_what_came_and_nothing_from_before(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_numbers(pair, 100000, 100000 + RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_BATCH_MAX);
    must_hold_numbers(batch, RECEIVE_BATCH_MAX, 100000);
    for (int n = RECEIVE_BATCH_MAX - 1; n > 0; n -= 10) {
        send_numbers(pair, n, n + n);
        assert_int_equal(receive_batch_fill(batch, pair.in), n);
        must_hold_numbers(batch, n, n);
    }
    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    pair_close(pair);
    receive_batch_free(batch);
}

static void more_than_a_batch_comes_in_several(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_numbers(pair, 0, 2 * RECEIVE_BATCH_MAX + 7);
    assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_BATCH_MAX);
    must_hold_numbers(batch, RECEIVE_BATCH_MAX, 0);
    assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_BATCH_MAX);
    must_hold_numbers(batch, RECEIVE_BATCH_MAX, RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_fill(batch, pair.in), 7);
    must_hold_numbers(batch, 7, 2 * RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    pair_close(pair);
    receive_batch_free(batch);
}

static void an_empty_datagram_is_one_too(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_text(pair, "");
    send_text(pair, "a");
    send_text(pair, "");
    assert_int_equal(receive_batch_fill(batch, pair.in), 3);
    assert_int_equal(receive_batch_datagram(batch, 0).len, 0);
    assert_slice_equal(receive_batch_datagram(batch, 1), "a");
    assert_int_equal(receive_batch_datagram(batch, 2).len, 0);
    pair_close(pair);
    receive_batch_free(batch);
}

/* As much as UDP over IPv4 can carry, with different bytes in each. */
static void the_longest_datagrams_come_whole(void **state)
{
    static char text[65507];
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    for (int round = 0; round < 64; round += 16) {
        for (int i = 0; i < 16; i++) {
            memset(text, round + i, sizeof(text));
            assert_int_equal(send(pair.out, text, sizeof(text), 0), sizeof(text));
        }
        assert_int_equal(receive_batch_fill(batch, pair.in), 16);
        for (int i = 0; i < 16; i++) {
            memset(text, round + i, sizeof(text));
            assert_true(slice_equal(receive_batch_datagram(batch, i),
                                    (struct slice){ text, sizeof(text) }));
            assert_int_equal(receive_batch_n_cut(batch, i), 0);
        }
    }
    pair_close(pair);
    receive_batch_free(batch);
}

static void a_short_datagram_in_a_long_ones_place_is_short(void **state)
{
    static char text[60000];
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    memset(text, 'x', sizeof(text));
    assert_int_equal(send(pair.out, text, sizeof(text), 0), sizeof(text));
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    assert_int_equal(receive_batch_datagram(batch, 0).len, sizeof(text));
    send_text(pair, "y");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    assert_slice_equal(receive_batch_datagram(batch, 0), "y");
    send_text(pair, "");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    assert_int_equal(receive_batch_datagram(batch, 0).len, 0);
    pair_close(pair);
    receive_batch_free(batch);
}

static void without_asking_there_are_no_stamps(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open(), stamped = pair_open();

    assert_int_equal(receive_stamp_arrivals(stamped.in), 0);
    send_numbers(stamped, 0, RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_fill(batch, stamped.in), RECEIVE_BATCH_MAX);
    assert_true(receive_batch_arrived_ns(batch, 0) > 0);
    send_numbers(pair, 0, 3);
    assert_int_equal(receive_batch_fill(batch, pair.in), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(receive_batch_arrived_ns(batch, i), 0);
    pair_close(pair);
    pair_close(stamped);
    receive_batch_free(batch);
}

static void spin(int64_t ns)
{
    for (int64_t end_ns = clock_monotonic_ns() + ns; clock_monotonic_ns() < end_ns;)
        continue;
}

/*
 * Ask for time stamps, and wait until datagrams get them on arrival. The kernel switches that on a
 * moment later, and until then stamps datagrams when they are read.
 */
static void switch_stamps_on(struct pair pair, struct receive_batch *batch)
{
    int64_t sent_ns;

    assert_int_equal(receive_stamp_arrivals(pair.in), 0);
    do {
        send_text(pair, "a");
        sent_ns = clock_monotonic_ns();
        spin(2 * CLOCK_NS_PER_MS);
        assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    } while (receive_batch_arrived_ns(batch, 0) > sent_ns + CLOCK_NS_PER_MS);
}

static void stamps_grow_and_never_lie_in_the_future(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    switch_stamps_on(pair, batch);
    for (int round = 0; round < 200; round++) {
        int n = 1 + round % RECEIVE_BATCH_MAX;
        int64_t last_ns = clock_monotonic_ns() - 50 * CLOCK_NS_PER_MS; /* clocks may differ */

        send_numbers(pair, 0, n);
        assert_int_equal(receive_batch_fill(batch, pair.in), n);
        for (int i = 0; i < n; i++) {
            int64_t arrived_ns = receive_batch_arrived_ns(batch, i);

            assert_true(arrived_ns >= last_ns);
            assert_true(arrived_ns <= clock_monotonic_ns());
            last_ns = arrived_ns;
        }
    }
    pair_close(pair);
    receive_batch_free(batch);
}

/* Two datagrams wait in the socket for 20 ms and 10 ms. Clocks may differ by 1 ms. */
static void a_stamp_says_when_it_arrived_not_when_it_was_read(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();
    int64_t sent_ns;

    switch_stamps_on(pair, batch);
    sent_ns = clock_monotonic_ns();
    send_text(pair, "a");
    spin(10 * CLOCK_NS_PER_MS);
    send_text(pair, "b");
    spin(10 * CLOCK_NS_PER_MS);
    assert_int_equal(receive_batch_fill(batch, pair.in), 2);
    assert_true(receive_batch_arrived_ns(batch, 0) >= sent_ns - CLOCK_NS_PER_MS);
    assert_true(receive_batch_arrived_ns(batch, 1) - receive_batch_arrived_ns(batch, 0) >=
                9 * CLOCK_NS_PER_MS);
    assert_true(clock_monotonic_ns() - receive_batch_arrived_ns(batch, 1) >= 9 * CLOCK_NS_PER_MS);
    pair_close(pair);
    receive_batch_free(batch);
}

/* --- Unix sockets ----------------------------------------------------------------- */

/* Two connected Unix sockets. Unlike those of unix_bind(), they accept descriptors. */
static struct pair pair_open_unix(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    return (struct pair){ ends[0], ends[1] };
}

static struct receive_batch *unix_batch_new(void)
{
    struct receive_batch *batch = NULL;

    assert_int_equal(receive_batch_new(&batch, true), 0);
    return batch;
}

/* A batch for Unix sockets with one datagram of @n bytes in it, or NULL if it cannot be sent. */
static struct receive_batch *batch_with_one_of(struct pair pair, size_t n)
{
    struct receive_batch *batch = unix_batch_new();
    char *text = malloc(n);

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(i % 251);
    if (send(pair.out, text, n, 0) < 0) {
        assert_int_equal(errno, EMSGSIZE);
        receive_batch_free(TAKE(batch));
    } else {
        assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    }
    free(text);
    return batch;
}

static void must_begin_as_sent(const struct receive_batch *batch, size_t n)
{
    struct slice datagram = receive_batch_datagram(batch, 0);

    assert_int_equal(datagram.len, n);
    for (size_t i = 0; i < n; i++)
        if (datagram.at[i] != (char)(i % 251))
            fail_msg("byte %zu differs", i);
}

/* What the kernel allows to senders without privileges, unless net.core.wmem_max is raised. */
static void the_longest_unix_datagrams_come_whole(void **state)
{
    static const size_t lengths[] = { 65535, 65536, 65537, 150000, 212960, 425952 };
    int buffer_bytes = 212992;

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        struct pair pair = pair_open_unix();
        struct receive_batch *batch;

        setsockopt(pair.out, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
        batch = batch_with_one_of(pair, lengths[i]);
        assert_non_null(batch);
        must_begin_as_sent(batch, lengths[i]);
        assert_int_equal(receive_batch_n_cut(batch, 0), 0);
        receive_batch_free(batch);
        pair_close(pair);
    }
}

static void a_longer_one_is_cut_and_says_by_how_much(void **state)
{
    static const size_t more[] = { 0, 1, 2, 4095, 1000000 };
    int buffer_bytes = 4 << 20;
    bool can_send = true;

    for (size_t i = 0; i < ARRAY_SIZE(more) && can_send; i++) {
        struct pair pair = pair_open_unix();
        struct receive_batch *batch;

        setsockopt(pair.out, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
        setsockopt(pair.out, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
        batch = batch_with_one_of(pair, RECEIVE_UNIX_DATAGRAM_MAX + more[i]);
        can_send = batch != NULL;
        if (can_send) {
            must_begin_as_sent(batch, RECEIVE_UNIX_DATAGRAM_MAX);
            assert_int_equal(receive_batch_n_cut(batch, 0), more[i]);
        }
        receive_batch_free(batch);
        pair_close(pair);
    }
    if (!can_send)
        skip(); /* only root may */
}

static void a_batch_knows_how_much_it_takes(void **state)
{
    struct receive_batch *batch = batch_new(), *unix_batch = unix_batch_new();

    assert_int_equal(receive_batch_max(batch), RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_max(unix_batch), RECEIVE_UNIX_BATCH_MAX);
    receive_batch_free(batch);
    receive_batch_free(unix_batch);
}

static void descriptors_are_not_installed(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();
    unsigned n_before = n_descriptors();

    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(pass(pair.out, "a", STDERR_FILENO, i % 2 ? 4 : SCM_FDS_MAX), 0);
        assert_int_equal(receive_batch_fill(batch, pair.in), 1);
        assert_slice_equal(receive_batch_datagram(batch, 0), "a");
        assert_int_equal(receive_batch_arrived_ns(batch, 0), 0);
        assert_int_equal(n_descriptors(), n_before);
    }
    pair_close(pair);
    receive_batch_free(batch);
}

/* The reader of a pipe reaches its end when all writers have closed it. */
static void passed_descriptors_are_closed(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();
    int pipes[2];
    char byte;

    assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
    assert_int_equal(pass(pair.out, "a", pipes[1], 4), 0);
    assert_int_equal(pass(pair.out, "b", pipes[1], 1), 0);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), -1);
    assert_int_equal(receive_batch_fill(batch, pair.in), 2);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    pair_close(pair);
    receive_batch_free(batch);
}

/* A batch with room for a stamp gets the descriptors, so the one of a Unix socket has none. */
static void a_unix_batch_has_no_stamps(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();

    assert_int_equal(receive_stamp_arrivals(pair.in), 0);
    send_numbers(pair, 0, 3);
    assert_int_equal(receive_batch_fill(batch, pair.in), 3);
    must_hold_numbers(batch, 3, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(receive_batch_arrived_ns(batch, i), 0);
    pair_close(pair);
    receive_batch_free(batch);
}

static void a_byte_is_in_its_datagram(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_numbers(pair, 10, 15);
    assert_int_equal(receive_batch_fill(batch, pair.in), 5);
    for (int i = 0; i < 5; i++) {
        struct slice datagram = receive_batch_datagram(batch, i);

        for (size_t j = 0; j < datagram.len; j++) {
            struct slice found = receive_batch_around(batch, datagram.at + j);

            assert_ptr_equal(found.at, datagram.at);
            assert_int_equal(found.len, datagram.len);
        }
    }
    pair_close(pair);
    receive_batch_free(batch);
}

/* --- senders -------------------------------------------------------------------------- */

static void must_be_from(struct receive_batch *batch, int i, const char *wanted)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    struct slice datagram = receive_batch_datagram(batch, i);
    struct peer peer = receive_batch_peer(batch, datagram.at + datagram.len - 1);

    peer_write(&peer, &text);
    buffer_add_char(&text, '\0');
    assert_false(text.has_failed);
    assert_string_equal(text.data, wanted);
}

/* The address of @fd as text. */
static const char *name_of(int fd, char out[ADDRESS_TEXT_MAX])
{
    struct address address;

    assert_int_equal(address_of_socket(&address, fd), 0);
    address_format(&address, out);
    return out;
}

static void tells_who_sent_each_datagram(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();
    struct pair other = { pair.in, socket(AF_INET, SOCK_DGRAM, 0) };
    char name[ADDRESS_TEXT_MAX];
    struct address to;

    assert_int_equal(address_of_socket(&to, pair.in), 0);
    assert_int_equal(connect(other.out, &to.any, to.len), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < RECEIVE_BATCH_MAX; i++)
            send_text(i % 3 == round ? other : pair, "text");
        assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_BATCH_MAX);
        for (int i = 0; i < RECEIVE_BATCH_MAX; i++)
            must_be_from(batch, i, name_of((i % 3 == round ? other : pair).out, name));
    }
    close(other.out);
    pair_close(pair);
    receive_batch_free(batch);
}

static void fill_whole(struct receive_batch *batch, struct pair pair)
{
    send_numbers(pair, 0, RECEIVE_BATCH_MAX);
    assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_BATCH_MAX);
}

/* Telling all senders costs time, so under load it must be worth it. */
static void under_load_tells_all_only_while_somebody_asks(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();
    char name[ADDRESS_TEXT_MAX];

    fill_whole(batch, pair);
    fill_whole(batch, pair);
    must_be_from(batch, 7, name_of(pair.out, name));
    must_be_from(batch, 8, "");
    for (int i = 0; i < 1000; i++)
        fill_whole(batch, pair);
    /* This asks for a sender, as each of these lines does. */
    must_be_from(batch, RECEIVE_BATCH_MAX - 1, name);
    for (int i = 0; i < 1001; i++)
        fill_whole(batch, pair);
    must_be_from(batch, 8, "");
    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    for (int i = 0; i < 1001; i++)
        fill_whole(batch, pair);
    /* The socket was not empty before this one. */
    must_be_from(batch, 8, "");
    pair_close(pair);
    receive_batch_free(batch);
}

/* At the beginning of each drain, even if no sender was asked for lately. */
static void after_a_batch_that_was_not_full_tells_all(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();
    char name[ADDRESS_TEXT_MAX];

    for (int i = 0; i < 2000; i++)
        assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    fill_whole(batch, pair);
    must_be_from(batch, RECEIVE_BATCH_MAX - 1, name_of(pair.out, name));
    pair_close(pair);
    receive_batch_free(batch);
}

/* A full batch may have emptied the socket, which only the next fill finds. */
static void after_an_empty_socket_tells_all(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();
    char name[ADDRESS_TEXT_MAX];

    fill_whole(batch, pair);
    assert_int_equal(receive_batch_fill(batch, pair.in), 0);
    fill_whole(batch, pair);
    must_be_from(batch, RECEIVE_BATCH_MAX - 1, name_of(pair.out, name));
    pair_close(pair);
    receive_batch_free(batch);
}

static void tells_ipv6_senders(void **state)
{
    struct receive_batch *batch = batch_new();
    struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct pair pair = { socket(AF_INET6, SOCK_DGRAM, 0), socket(AF_INET6, SOCK_DGRAM, 0) };
    char name[ADDRESS_TEXT_MAX];
    struct address to;

    if (bind(pair.in, (struct sockaddr *)&loopback, sizeof(loopback)) < 0)
        skip(); /* no IPv6 here */
    assert_int_equal(address_of_socket(&to, pair.in), 0);
    assert_int_equal(connect(pair.out, &to.any, to.len), 0);
    send_text(pair, "text");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    must_be_from(batch, 0, name_of(pair.out, name));
    pair_close(pair);
    receive_batch_free(batch);
}

static void bind_to_name(int fd, struct slice name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, name.at, name.len);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len)),
                     0);
}

static const char *own_process(void)
{
    static char text[60];

    snprintf(text, sizeof(text), "pid %d, uid %d", getpid(), getuid());
    return text;
}

/*
 * A Unix socket without a name comes after one with a name, in the same place of the batch, and
 * then one with another name.
 */
static void tells_unix_senders_that_have_a_name(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair unnamed = pair_open_unix();

    for (int i = 0; i < 3; i++) {
        struct pair named = pair_open_unix();
        char name[40];

        snprintf(name, sizeof(name), "@udometer-%d-%d", getpid(), i);
        name[0] = '\0';
        bind_to_name(named.out, (struct slice){ name, 1 + strlen(name + 1) });
        name[0] = '@';
        send_text(named, "text");
        assert_int_equal(receive_batch_fill(batch, named.in), 1);
        must_be_from(batch, 0, name);
        send_text(unnamed, "text");
        assert_int_equal(receive_batch_fill(batch, unnamed.in), 1);
        must_be_from(batch, 0, i == 0 ? "" : own_process());
        pair_close(named);
    }
    pair_close(unnamed);
    receive_batch_free(batch);
}

/* Receive a text from @pair, and ask for its sender, so that the next ones are known. */
static void ask_for_sender(struct receive_batch *batch, struct pair pair)
{
    send_text(pair, "text");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    (void)receive_batch_peer(batch, receive_batch_datagram(batch, 0).at);
}

static void a_unix_sender_without_a_name_is_a_process_once_it_is_asked_for(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();

    send_text(pair, "text");
    send_text(pair, "text");
    assert_int_equal(receive_batch_fill(batch, pair.in), 2);
    must_be_from(batch, 0, "");
    must_be_from(batch, 1, "");
    send_text(pair, "sent before the option was set");
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    must_be_from(batch, 0, "");
    for (unsigned i = 0; i < 3; i++) {
        send_numbers(pair, 0, 3);
        assert_int_equal(receive_batch_fill(batch, pair.in), 3);
        for (int j = 0; j < 3; j++)
            must_be_from(batch, j, own_process());
    }
    pair_close(pair);
    receive_batch_free(batch);
}

static void all_are_known_from_the_first_one_where_all_are_wanted(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();

    receive_batch_name_all(batch, pair.in, true);
    for (int i = 0; i < 2; i++) {
        send_numbers(pair, 0, RECEIVE_UNIX_BATCH_MAX / 2);
        assert_int_equal(receive_batch_fill(batch, pair.in), RECEIVE_UNIX_BATCH_MAX / 2);
        must_be_from(batch, RECEIVE_UNIX_BATCH_MAX / 2 - 1, own_process());
    }
    pair_close(pair);
    receive_batch_free(batch);
}

static void a_process_leaves_no_room_for_descriptors(void **state)
{
    struct receive_batch *batch = unix_batch_new();
    struct pair pair = pair_open_unix();
    unsigned n_before = n_descriptors();
    int off = 0;

    ask_for_sender(batch, pair);
    for (unsigned i = 0; i < 60; i++) {
        /* Another holder of the socket may have set the option off. */
        setsockopt(pair.in, SOL_SOCKET, SO_PASSCRED, &off, i % 3 ? 0 : sizeof(off));
        assert_int_equal(pass(pair.out, "a", STDERR_FILENO, i % 2 ? 4 : SCM_FDS_MAX), 0);
        assert_int_equal(receive_batch_fill(batch, pair.in), 1);
        assert_slice_equal(receive_batch_datagram(batch, 0), "a");
        assert_int_equal(receive_batch_arrived_ns(batch, 0), 0);
        assert_int_equal(n_descriptors(), n_before);
    }
    pair_close(pair);
    receive_batch_free(batch);
}

/* --- errors ----------------------------------------------------------------------- */

static void says_why_it_cannot_read(void **state)
{
    struct receive_batch *batch = batch_new();
    int pipes[2];

    assert_int_equal(receive_batch_fill(batch, -1), -EBADF);
    assert_int_equal(receive_stamp_arrivals(-1), -EBADF);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(receive_batch_fill(batch, pipes[0]), -ENOTSOCK);
    assert_int_equal(receive_stamp_arrivals(pipes[0]), -ENOTSOCK);
    close(pipes[0]);
    close(pipes[1]);
    receive_batch_free(batch);
}

static void reads_on_after_an_error(void **state)
{
    struct receive_batch *batch = batch_new();
    struct pair pair = pair_open();

    send_text(pair, "a");
    assert_int_equal(receive_batch_fill(batch, -1), -EBADF);
    assert_int_equal(receive_batch_fill(batch, pair.in), 1);
    assert_slice_equal(receive_batch_datagram(batch, 0), "a");
    pair_close(pair);
    receive_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(freeing_nothing_is_fine),
        CASE(an_empty_socket_gives_nothing_at_once),
        CASE(takes_what_was_sent_in_order),
        CASE(a_batch_partly_filled_hands_over_what_came_and_nothing_from_before),
        CASE(more_than_a_batch_comes_in_several),
        CASE(an_empty_datagram_is_one_too),
        CASE(the_longest_datagrams_come_whole),
        CASE(a_short_datagram_in_a_long_ones_place_is_short),
        CASE(without_asking_there_are_no_stamps),
        CASE(stamps_grow_and_never_lie_in_the_future),
        CASE(a_stamp_says_when_it_arrived_not_when_it_was_read),
        CASE(the_longest_unix_datagrams_come_whole),
        CASE(a_longer_one_is_cut_and_says_by_how_much),
        CASE(a_batch_knows_how_much_it_takes),
        CASE(descriptors_are_not_installed),
        CASE(passed_descriptors_are_closed),
        CASE(a_unix_batch_has_no_stamps),
        CASE(tells_who_sent_each_datagram),
        CASE(under_load_tells_all_only_while_somebody_asks),
        CASE(after_a_batch_that_was_not_full_tells_all),
        CASE(after_an_empty_socket_tells_all),
        CASE(tells_ipv6_senders),
        CASE(a_byte_is_in_its_datagram),
        CASE(tells_unix_senders_that_have_a_name),
        CASE(a_unix_sender_without_a_name_is_a_process_once_it_is_asked_for),
        CASE(all_are_known_from_the_first_one_where_all_are_wanted),
        CASE(a_process_leaves_no_room_for_descriptors),
        CASE(says_why_it_cannot_read),
        CASE(reads_on_after_an_error),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
