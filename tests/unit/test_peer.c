/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/address.h"
#include "base/peer.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static struct peer from_text(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(&address, text), 0);
    return peer_of_address(&address.any, address.len);
}

/* The sender that is bound to a path, or to an abstract name that begins with NUL. */
static struct peer from_path(struct slice path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, path.at, path.len);
    return peer_of_address((const struct sockaddr *)&address,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len));
}

static void assert_written(struct peer peer, const char *wanted)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    peer_write(&peer, &out);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    assert_string_equal(out.data, wanted);
}

static void is_written_as_people_read_it(void **state)
{
    char longest[109];

    memset(longest, 'p', 108);
    longest[108] = '\0';
    assert_written(from_text("192.0.2.7:4711"), "192.0.2.7:4711");
    assert_written(from_text("[2001:db8::1]:4711"), "[2001:db8::1]:4711");
    assert_written(from_path(SLICE("/run/bot.sock\0")), "/run/bot.sock");
    assert_written(from_path(SLICE("\0bot")), "@bot");
    assert_written(from_path(SLICE("\0a\0b\xff")), "@a@b\xff");
    assert_written(from_path((struct slice){ longest, 108 }), longest);
}

static void must_write_host(struct peer peer, const char *wanted)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    peer_write_host(&peer, &out);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    assert_string_equal(out.data, wanted);
}

static void its_host_has_neither_port_nor_brackets(void **state)
{
    must_write_host(from_text("192.0.2.7:4711"), "192.0.2.7");
    must_write_host(from_text("[2001:db8::1]:4711"), "2001:db8::1");
    must_write_host(from_path(SLICE("/run/bot:1.sock\0")), "/run/bot:1.sock");
    must_write_host((struct peer){ 0 }, "");
}

static void an_unknown_one_is_written_as_nothing(void **state)
{
    assert_written((struct peer){ 0 }, "");
    assert_written(from_path(SLICE("")), "");
}

static uint64_t hash_of(struct peer peer)
{
    return peer_hash(&peer, 7);
}

static void a_machine_has_one_hash(void **state)
{
    const struct peer host = from_text("192.0.2.7:1"), none = { 0 };
    const struct peer path = from_path(SLICE("/a")), other_path = from_path(SLICE("/b"));
    const struct peer process = { .has_process = true, .pid = 7 };
    const struct peer again = from_text("192.0.2.7:2"), mapped = from_text("[::ffff:192.0.2.7]:3");
    const struct peer other = from_text("192.0.2.8:1");

    assert_true(peer_hash_host(&host, 7) == peer_hash_host(&again, 7));
    assert_true(peer_hash_host(&host, 7) == peer_hash_host(&mapped, 7));
    assert_true(peer_hash_host(&host, 7) != peer_hash_host(&other, 7));
    assert_true(peer_hash_host(&host, 7) != peer_hash_host(&host, 8));
    assert_true(peer_hash_host(&path, 7) == peer_hash_host(&other_path, 7));
    assert_true(peer_hash_host(&path, 7) == peer_hash_host(&process, 7));
    assert_true(peer_hash_host(&path, 7) == peer_hash_host(&none, 7));
    assert_true(peer_hash_host(&path, 7) != peer_hash_host(&host, 7));
}

static void each_socket_has_its_hash(void **state)
{
    const struct peer of_7 = { .has_process = true, .pid = 7 };
    const struct peer of_8 = { .has_process = true, .pid = 8 };
    const struct peer of_8_as_1 = { .has_process = true, .pid = 8, .uid = 1 };
    const struct peer peers[] = {
        from_text("192.0.2.7:1"),
        from_text("192.0.2.7:2"),
        from_text("192.0.2.8:1"),
        from_text("[2001:db8::1]:1"),
        from_text("[2001:db8::1]:2"),
        from_path(SLICE("/a")),
        from_path(SLICE("/b")),
        of_7,
        of_8,
        of_8_as_1,
    };
    const struct peer mapped = from_text("[::ffff:192.0.2.7]:1");

    for (unsigned i = 0; i < ARRAY_SIZE(peers); i++)
        for (unsigned j = 0; j < ARRAY_SIZE(peers); j++)
            assert_int_equal(peer_hash_socket(&peers[i], 7) == peer_hash_socket(&peers[j], 7),
                             i == j);
    assert_true(peer_hash_socket(&mapped, 7) == peer_hash_socket(&peers[0], 7));
}

static void its_hash_is_that_of_the_host(void **state)
{
    assert_true(hash_of(from_text("192.0.2.7:1")) == hash_of(from_text("192.0.2.7:2")));
    assert_true(hash_of(from_text("192.0.2.7:1")) != hash_of(from_text("192.0.2.8:1")));
    assert_true(hash_of(from_text("[::1]:1")) == hash_of(from_text("[::1]:2")));
    assert_true(hash_of(from_text("[::1]:1")) != hash_of(from_text("[::2]:1")));
    assert_true(hash_of(from_text("[::ffff:192.0.2.7]:1")) == hash_of(from_text("192.0.2.7:1")));
    assert_true(hash_of(from_text("[::fffe:192.0.2.7]:1")) != hash_of(from_text("192.0.2.7:1")));
    assert_true(hash_of(from_path(SLICE("/a"))) != hash_of(from_path(SLICE("/b"))));
    assert_true(hash_of(from_path(SLICE("/a"))) != hash_of((struct peer){ 0 }));
}

/* Open both ends of a connection through a Unix socket. */
static void a_unix_stream_tells_the_process(void **state)
{
    char wanted[64];
    int ends[2];
    struct peer peer = from_path(SLICE("")), other = peer;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_add_process(&peer, ends[0]);
    snprintf(wanted, sizeof(wanted), "pid %d, uid %u", getpid(), getuid());
    assert_written(peer, wanted);
    assert_true(hash_of(peer) != hash_of(other));
    peer.pid = 0;
    snprintf(wanted, sizeof(wanted), "uid %u", getuid());
    assert_written(peer, wanted);
    close(ends[0]);
    close(ends[1]);
}

static void other_sockets_tell_no_process(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct peer peer = from_text("192.0.2.7:4711");

    peer_add_process(&peer, fd);
    assert_false(peer.has_process);
    close(fd);
    peer = from_path(SLICE(""));
    peer_add_process(&peer, fd);
    assert_false(peer.has_process);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(is_written_as_people_read_it),
        CASE(its_host_has_neither_port_nor_brackets),
        CASE(an_unknown_one_is_written_as_nothing),
        CASE(its_hash_is_that_of_the_host),
        CASE(a_machine_has_one_hash),
        CASE(each_socket_has_its_hash),
        CASE(a_unix_stream_tells_the_process),
        CASE(other_sockets_tell_no_process),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
