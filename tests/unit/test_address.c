/* SPDX-License-Identifier: Apache-2.0 */

#include "read_address.h"

#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static void must_read(const char *text, const char *expected)
{
    must_read_by(address_parse, text, expected);
}

static void must_refuse(const char *text, int error)
{
    must_refuse_by(address_parse, text, error);
}

static void reads_numeric_addresses(void **state)
{
    must_read("127.0.0.1:8125", "127.0.0.1:8125");
    must_read("0.0.0.0:0", "0.0.0.0:0");
    must_read("255.255.255.255:65535", "255.255.255.255:65535");
    must_read("[::1]:8125", "[::1]:8125");
    must_read("[::]:0", "[::]:0");
    must_read("[2001:db8:0:0:0:0:0:1]:1", "[2001:db8::1]:1");
    must_read("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1");
    must_read("[fe80::1%lo]:9", "[fe80::1%lo]:9");
}

static void nothing_means_every_ipv4_interface(void **state)
{
    struct address address;

    must_read(":8125", "0.0.0.0:8125");
    must_read(":0", "0.0.0.0:0");
    assert_int_equal(address_parse(&address, ":8125"), 0);
    assert_int_equal(address.any.sa_family, AF_INET);
    assert_int_equal(address.len, sizeof(struct sockaddr_in));
}

static void looks_up_a_name(void **state)
{
    struct address address;

    assert_int_equal(address_parse(&address, "localhost:8125"), 0);
    assert_true(address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6);
    assert_is_unknown(address_parse(&address, "no-such-host.invalid:8125"));
    assert_string_equal(address_error(-EINVAL), strerror(EINVAL));
}

static void refuses_what_is_not_host_and_port(void **state)
{
    must_refuse("", -EINVAL);
    must_refuse(":", -EINVAL);
    must_refuse("8125", -EINVAL);
    must_refuse("127.0.0.1", -EINVAL);
    must_refuse("127.0.0.1:", -EINVAL);
    must_refuse("127.0.0.1/8125", -EINVAL);
    must_refuse("127.0.0.1/8:125", -EINVAL);
    must_refuse(" 127.0.0.1:8125", -EINVAL);
    must_refuse("127.0.0.1:8125:", -EINVAL);
    must_refuse("udp://127.0.0.1:8125", -EINVAL);
    must_refuse("::1:8125", -EINVAL);
    must_refuse("::", -EINVAL);
    must_refuse("[::1]", -EINVAL);
    must_refuse("[::1]8125", -EINVAL);
    must_refuse("[::1", -EINVAL);
    must_refuse("[::1:8125", -EINVAL);
    must_refuse("::1]:8125", -EINVAL);
}

static void brackets_are_for_ipv6_addresses_only(void **state)
{
    must_refuse("[]:8125", -EINVAL);
    must_refuse("[127.0.0.1]:8125", -EINVAL);
    must_refuse("[localhost]:8125", -EINVAL);
    must_refuse("[[::1]]:8125", -EINVAL);
}

static void refuses_what_is_no_port(void **state)
{
    must_refuse("127.0.0.1:65536", -EINVAL);
    must_refuse("127.0.0.1:4294967297", -EINVAL);
    must_refuse("127.0.0.1:18446744073709551617", -EINVAL);
    must_refuse("127.0.0.1:99999999999999999999999999", -EINVAL);
    must_refuse("127.0.0.1:-1", -EINVAL);
    must_refuse("127.0.0.1:+1", -EINVAL);
    must_refuse("127.0.0.1: 1", -EINVAL);
    must_refuse("127.0.0.1:1 ", -EINVAL);
    must_refuse("127.0.0.1:0x1", -EINVAL);
    must_refuse("127.0.0.1:1.0", -EINVAL);
    must_refuse("127.0.0.1:http", -EINVAL);
    must_refuse(":-0", -EINVAL);
    must_refuse("[::1]:65536", -EINVAL);
}

static void checks_the_form_without_looking_up_a_name(void **state)
{
    static const char *const good[] = { "127.0.0.1:1", "[::1]:0",           ":8125",
                                        "*:1",         "no-host.invalid:1", "[fe80::1%lo]:9" };
    static const char *const unknown[] = { "300.1.1.1:1", "1.2.3.4.5:1", "[::g]:1" };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(address_check(good[i]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_int_equal(address_check(unknown[i]), -ENXIO);
    assert_int_equal(address_check("8125"), -EINVAL);
    assert_int_equal(address_check("a:http"), -EINVAL);
    assert_int_equal(address_check("::1:8125"), -EINVAL);
}

static void survives_a_very_long_host(void **state)
{
    char text[5000];
    struct address address;

    memset(text, 'a', sizeof(text));
    memcpy(text + sizeof(text) - 6, ":8125", 6);
    assert_true(address_parse(&address, text) < 0);
    text[0] = '[';
    text[sizeof(text) - 7] = ']';
    assert_true(address_parse(&address, text) < 0);
}

static void the_longest_text_fits(void **state)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address = { .len = sizeof(struct sockaddr_in6) };
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;

    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(65535);
    v6->sin6_scope_id = UINT32_MAX;
    memset(&v6->sin6_addr, 0xff, sizeof(v6->sin6_addr));
    v6->sin6_addr.s6_addr[1] = 0x02;
    address_format(&address, text);
    assert_string_equal(text, "[ff02:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
    must_read(text, text);
}

static void says_where_a_socket_is_bound(void **state)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char text[ADDRESS_TEXT_MAX], expected[ADDRESS_TEXT_MAX];
    struct address address, bound;

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(address_of_socket(&bound, fd), 0);
    assert_int_equal(bound.len, sizeof(struct sockaddr_in));
    address_format(&bound, text);
    snprintf(expected, sizeof(expected), "127.0.0.1:%d",
             ntohs(((struct sockaddr_in *)&bound.storage)->sin_port));
    assert_string_equal(text, expected);
    assert_string_not_equal(text, "127.0.0.1:0");
    close(fd);
}

/* A socket that listens at @text, and the address that it is bound to. */
static int must_listen(const char *text, struct address *ret)
{
    struct address address;
    int fd;

    assert_int_equal(address_parse(&address, text), 0);
    fd = address_listen(&address);
    assert_true(fd >= 0);
    assert_int_equal(address_of_socket(ret, fd), 0);
    return fd;
}

static void must_connect(const struct address *address, int listening)
{
    int out = socket(address->any.sa_family, SOCK_STREAM, 0), in;
    struct pollfd waiting = { listening, POLLIN, 0 };

    assert_int_equal(connect(out, &address->any, address->len), 0);
    assert_int_equal(poll(&waiting, 1, 10000), 1);
    in = accept(listening, NULL, NULL);
    assert_true(in >= 0);
    close(in);
    close(out);
}

static void listens_where_it_is_told_to(void **state)
{
    static const char *const texts[] = { "127.0.0.1:0", "[::1]:0", ":0" };

    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address bound;
        int fd = must_listen(texts[i], &bound);

        must_connect(&bound, fd);
        must_connect(&bound, fd);
        close(fd);
    }
}

static void a_listening_socket_does_not_block_and_does_not_leak(void **state)
{
    struct address bound;
    int fd = must_listen("127.0.0.1:0", &bound);

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
}

static void an_address_that_is_in_use_is_an_error(void **state)
{
    struct address bound;
    int fd = must_listen("127.0.0.1:0", &bound);

    assert_int_equal(address_listen(&bound), -EADDRINUSE);
    must_connect(&bound, fd); /* the first is as it was */
    close(fd);
}

/* As after a restart, when the kernel still keeps old connections in TIME_WAIT. */
static void listens_again_where_it_has_just_listened(void **state)
{
    struct address bound;
    int fd = must_listen("127.0.0.1:0", &bound), out = socket(AF_INET, SOCK_STREAM, 0), in;
    struct pollfd waiting = { fd, POLLIN, 0 };

    assert_int_equal(connect(out, &bound.any, bound.len), 0);
    assert_int_equal(poll(&waiting, 1, 10000), 1);
    in = accept(fd, NULL, NULL);
    assert_true(in >= 0);
    close(in); /* our side closes first, so it gets TIME_WAIT */
    close(out);
    close(fd);
    fd = address_listen(&bound);
    assert_true(fd >= 0);
    close(fd);
}

static void a_foreign_address_is_an_error(void **state)
{
    struct address address;

    assert_int_equal(address_parse(&address, "192.0.2.1:0"), 0); /* RFC 5737: no host has it */
    assert_int_equal(address_listen(&address), -EADDRNOTAVAIL);
}

static void says_why_there_is_no_address(void **state)
{
    struct address address;
    int pipes[2];

    assert_int_equal(address_of_socket(&address, -1), -EBADF);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(address_of_socket(&address, pipes[0]), -ENOTSOCK);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reads_numeric_addresses),
        CASE(nothing_means_every_ipv4_interface),
        CASE(looks_up_a_name),
        CASE(refuses_what_is_not_host_and_port),
        CASE(brackets_are_for_ipv6_addresses_only),
        CASE(refuses_what_is_no_port),
        CASE(checks_the_form_without_looking_up_a_name),
        CASE(survives_a_very_long_host),
        CASE(the_longest_text_fits),
        CASE(says_where_a_socket_is_bound),
        CASE(listens_where_it_is_told_to),
        CASE(a_listening_socket_does_not_block_and_does_not_leak),
        CASE(an_address_that_is_in_use_is_an_error),
        CASE(listens_again_where_it_has_just_listened),
        CASE(a_foreign_address_is_an_error),
        CASE(says_why_there_is_no_address),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
