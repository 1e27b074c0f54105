/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Address, from its header: all addresses of a host, and opening them
 */

#include "read_address.h"

#include "base/address.h"
#include "base/compiler.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* --- parsing ------------------------------------------------------------------------------ */

/* @text is accepted, and its addresses are those, each followed by a blank. */
static void must_list(const char *text, const char *expected)
{
    char got[ADDRESSES_MAX * (ADDRESS_TEXT_MAX + 1)] = "", one[ADDRESS_TEXT_MAX];
    struct address_list list;
    size_t len = 0;

    if (address_parse_all(&list, text) != 0)
        fail_msg("refused: \"%s\"", text);
    for (unsigned i = 0; i < list.n; i++) {
        address_format(&list.items[i], one);
        len += (size_t)snprintf(got + len, sizeof(got) - len, "%s ", one);
    }
    if (strcmp(got, expected) != 0)
        fail_msg("\"%s\" became \"%s\", not \"%s\"", text, got, expected);
}

static void a_number_is_one_address(void **state)
{
    must_list("127.0.0.1:8125", "127.0.0.1:8125 ");
    must_list("0.0.0.0:0", "0.0.0.0:0 ");
    must_list("[::1]:8125", "[::1]:8125 ");
    must_list("[fe80::1%lo]:9", "[fe80::1%lo]:9 ");
    must_list("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1 ");
}

static void no_host_is_every_address_of_both_families(void **state)
{
    must_list(":8125", "0.0.0.0:8125 [::]:8125 ");
    must_list("*:8125", "0.0.0.0:8125 [::]:8125 ");
    must_list("*:0", "0.0.0.0:0 [::]:0 ");
}

/* As programs in Go do, which listen on both families at [::]. */
static void every_address_of_ipv6_includes_ipv4(void **state)
{
    must_list("[::]:9125", "[::]:9125 0.0.0.0:9125 ");
    must_list("[0:0::0]:9125", "[::]:9125 0.0.0.0:9125 ");
}

static void localhost_is_both_loopbacks(void **state)
{
    must_list("localhost:8125", "127.0.0.1:8125 [::1]:8125 ");
    must_list("LocalHost:0", "127.0.0.1:0 [::1]:0 ");
}

/* A resolver that answers with the same address twice does not make it two. */
static void addresses_are_all_different(void **state)
{
    struct address_list list;
    char name[256];

    if (gethostname(name, sizeof(name) - 8) < 0)
        skip();
    strcat(name, ":8125");
    if (address_parse_all(&list, name) < 0)
        skip(); /* this machine does not know its own name */
    assert_in_range(list.n, 1, ADDRESSES_MAX);
    for (unsigned i = 0; i < list.n; i++)
        for (unsigned j = 0; j < i; j++)
            assert_true(list.items[i].len != list.items[j].len ||
                        memcmp(&list.items[i].any, &list.items[j].any, list.items[i].len) != 0);
}

static void refuses_what_is_not_an_address(void **state)
{
    static const char *const wrong[] = { "",       "*",        "**:1",      "[*]:1",
                                         "*:",     "*:65536",  "localhost", "[localhost]:1",
                                         "::1:80", "300.1.1.1" };
    struct address_list list = { .n = 77 };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        if (address_parse_all(&list, wrong[i]) >= 0)
            fail_msg("accepted: \"%s\"", wrong[i]);
    assert_is_unknown(address_parse_all(&list, "no-such-host.invalid:1"));
    assert_int_equal(list.n, 77);
}

static void the_first_is_for_sending(void **state)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address;

    assert_int_equal(address_parse(&address, "localhost:8125"), 0);
    address_format(&address, text);
    assert_string_equal(text, "127.0.0.1:8125");
}

/* --- opening ------------------------------------------------------------------------------ */

/* What each call is to return instead of opening a socket, 0 to open one; and what was asked. */
static int results[64];
static char asked[64][ADDRESS_TEXT_MAX];
static unsigned n_asked, n_undone;
static int fds[64];
static unsigned n_fds;

static int open_one(void *ctx, const struct address *address)
{
    int fd;

    assert_ptr_equal(ctx, fds);
    assert_true(n_asked < ARRAY_SIZE(asked));
    address_format(address, asked[n_asked]);
    if (results[n_asked++])
        return results[n_asked - 1];
    fd = address_listen(address);
    if (fd >= 0)
        fds[n_fds++] = fd;
    return fd;
}

static void undo(void *ctx)
{
    n_undone++;
    while (n_fds > 0)
        close(fds[--n_fds]);
}

static int open_all(const char *text)
{
    const struct address_opener opener = { fds, open_one, undo };
    struct address_list list;

    assert_int_equal(address_parse_all(&list, text), 0);
    return address_open_all(&list, &opener);
}

static int begin(void **state)
{
    memset(results, 0, sizeof(results));
    n_asked = n_undone = n_fds = 0;
    return 0;
}

static int end(void **state)
{
    undo(NULL);
    return 0;
}

static const char *port_in(const char *text)
{
    return strrchr(text, ':') + 1;
}

static void opens_each(void **state)
{
    assert_int_equal(open_all("127.0.0.1:0"), 0);
    assert_int_equal(n_asked, 1);
    assert_int_equal(n_fds, 1);
    assert_int_equal(n_undone, 0);
}

static void all_have_the_port_that_the_kernel_chose(void **state)
{
    char text[ADDRESS_TEXT_MAX];
    struct address bound;

    assert_int_equal(open_all("localhost:0"), 0);
    assert_int_equal(n_asked, 2);
    assert_string_equal(asked[0], "127.0.0.1:0");
    assert_int_equal(address_of_socket(&bound, fds[0]), 0);
    address_format(&bound, text);
    assert_string_equal(port_in(asked[1]), port_in(text));
    assert_string_not_equal(port_in(text), "0");
}

/* As on a machine whose kernel has no IPv6, and on one where it is switched off. */
static void an_address_that_is_missing_is_left_out(void **state)
{
    static const int missing[] = { -EAFNOSUPPORT, -EADDRNOTAVAIL };

    for (unsigned i = 0; i < ARRAY_SIZE(missing); i++) {
        begin(state);
        results[1] = missing[i];
        assert_int_equal(open_all("localhost:0"), 0);
        assert_int_equal(n_asked, 2);
        assert_int_equal(n_fds, 1);
        assert_int_equal(n_undone, 0);
        end(state);
    }
}

static void the_next_chooses_the_port_when_the_first_is_missing(void **state)
{
    results[0] = -EADDRNOTAVAIL;
    assert_int_equal(open_all("localhost:0"), 0);
    assert_string_equal(asked[1], "[::1]:0");
    assert_int_equal(n_fds, 1);
}

static void one_of_them_must_be_there(void **state)
{
    results[0] = -EADDRNOTAVAIL;
    results[1] = -EAFNOSUPPORT;
    assert_true(open_all("localhost:8125") < 0);
    begin(state);
    results[0] = -EADDRNOTAVAIL;
    assert_int_equal(open_all("127.0.0.1:0"), -EADDRNOTAVAIL);
}

static void another_error_closes_what_was_opened(void **state)
{
    results[1] = -EACCES;
    assert_int_equal(open_all("localhost:0"), -EACCES);
    assert_int_equal(n_undone, 1);
    assert_int_equal(n_fds, 0);
    assert_int_equal(n_asked, 2);
}

static void a_given_port_in_use_is_an_error(void **state)
{
    results[0] = -EADDRINUSE;
    assert_int_equal(open_all("localhost:8125"), -EADDRINUSE);
    assert_int_equal(n_asked, 1);
}

/* A port that is free at the first address, and in use at the second. */
static void another_port_is_chosen_if_one_is_in_use(void **state)
{
    results[1] = results[3] = -EADDRINUSE;
    assert_int_equal(open_all("localhost:0"), 0);
    assert_int_equal(n_asked, 6);
    assert_int_equal(n_undone, 2);
    assert_int_equal(n_fds, 2);
    assert_string_equal(asked[4], "127.0.0.1:0");
    assert_string_not_equal(port_in(asked[5]), "0");
}

static void it_gives_up_at_last(void **state)
{
    for (unsigned i = 1; i < ARRAY_SIZE(results); i += 2)
        results[i] = -EADDRINUSE;
    assert_int_equal(open_all("localhost:0"), -EADDRINUSE);
    assert_int_equal(n_fds, 0);
}

/* --- sockets ------------------------------------------------------------------------------ */

static int v6_only(int fd)
{
    int value = -1;
    socklen_t len = sizeof(value);

    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len), 0);
    return value;
}

static void a_socket_of_ipv6_never_receives_ipv4(void **state)
{
    static const char *const texts[] = { "[::]:0", "[::1]:0" };
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

    for (unsigned i = 0; i < 4; i++) {
        struct address address;
        int fd;

        assert_int_equal(address_parse(&address, texts[i / 2]), 0);
        fd = address_socket(&address, types[i % 2]);
        if (fd == -EAFNOSUPPORT)
            skip();
        assert_true(fd >= 0);
        assert_int_equal(v6_only(fd), 1);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
    }
}

static void an_ipv4_address_in_the_form_of_ipv6_can_be_listened_on(void **state)
{
    struct address address;
    int fd;

    assert_int_equal(address_parse(&address, "[::ffff:127.0.0.1]:0"), 0);
    fd = address_listen(&address);
    if (fd == -EAFNOSUPPORT)
        skip();
    assert_true(fd >= 0);
    close(fd);
}

#define OPENING_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_number_is_one_address),
        CASE(no_host_is_every_address_of_both_families),
        CASE(every_address_of_ipv6_includes_ipv4),
        CASE(localhost_is_both_loopbacks),
        CASE(addresses_are_all_different),
        CASE(refuses_what_is_not_an_address),
        CASE(the_first_is_for_sending),
        OPENING_CASE(opens_each),
        OPENING_CASE(all_have_the_port_that_the_kernel_chose),
        OPENING_CASE(an_address_that_is_missing_is_left_out),
        OPENING_CASE(the_next_chooses_the_port_when_the_first_is_missing),
        OPENING_CASE(one_of_them_must_be_there),
        OPENING_CASE(another_error_closes_what_was_opened),
        OPENING_CASE(a_given_port_in_use_is_an_error),
        OPENING_CASE(another_port_is_chosen_if_one_is_in_use),
        OPENING_CASE(it_gives_up_at_last),
        CASE(a_socket_of_ipv6_never_receives_ipv4),
        CASE(an_ipv4_address_in_the_form_of_ipv6_can_be_listened_on),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
