/* SPDX-License-Identifier: Apache-2.0 */

#include "read_address.h"

#include "base/target.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

static void must_read(const char *text, const char *expected)
{
    must_read_by(target_parse, text, expected);
}

static void must_refuse(const char *text, int error)
{
    must_refuse_by(target_parse, text, error);
}

static void reads_udp_urls(void **state)
{
    must_read("udp://127.0.0.1:9125", "127.0.0.1:9125");
    must_read("udp://127.0.0.1:9125/", "127.0.0.1:9125");
    must_read("udp://[::1]:9125", "[::1]:9125");
}

static void the_port_is_8125_unless_said(void **state)
{
    must_read("udp://127.0.0.1", "127.0.0.1:8125");
    must_read("udp://127.0.0.1/", "127.0.0.1:8125");
    must_read("udp://[::1]", "[::1]:8125");
}

static void reads_host_and_port(void **state)
{
    must_read("127.0.0.1:9125", "127.0.0.1:9125");
    must_refuse("127.0.0.1", -EINVAL);
}

static void refuses_what_is_no_target(void **state)
{
    struct address address;

    must_refuse("", -EINVAL);
    must_refuse("udp://", -EINVAL);
    must_refuse("udp:///", -EINVAL);
    must_refuse("udp://127.0.0.1:", -EINVAL);
    must_refuse("udp://127.0.0.1:80x", -EINVAL);
    must_refuse("udp://127.0.0.1:0", -EINVAL);
    must_refuse("[::1]:0", -EINVAL);
    must_refuse("udp://127.0.0.1:9125/path", -EINVAL);
    must_refuse("udp://::1:9125", -EINVAL);
    must_refuse("tcp://127.0.0.1:9125", -EINVAL);
    assert_is_unknown(target_parse(&address, "udp://no-such-host.invalid"));
    must_refuse("unix://", -EINVAL);
    must_refuse("unix://relative", -EINVAL);
}

static const char *error_of(const char *text, int error)
{
    static char room[TARGET_ERROR_MAX];

    return target_error(text, error, room);
}

static void an_error_is_explained(void **state)
{
    assert_non_null(strstr(error_of("unix:///a", -ENOENT), "no such socket"));
    assert_non_null(strstr(error_of("unix:///a", -EPROTOTYPE), "a stream socket"));
    assert_non_null(strstr(error_of("unix:///a", -EACCES), "no permission"));
    assert_non_null(strstr(error_of("udp://a", -ECONNREFUSED), "nothing receives there"));
    assert_non_null(strstr(error_of("unix:///a", -ECONNREFUSED), "nothing receives there"));
    assert_string_equal(error_of("udp://a", -EACCES), strerror(EACCES));
    assert_string_equal(error_of("unix:///a", -EMFILE), strerror(EMFILE));
    assert_string_equal(error_of("udp://a", -ENXIO), "unknown host");
}

static void a_missing_folder_is_named(void **state)
{
    assert_string_equal(error_of("unix:///no/such/folder", -ENOENT),
                        "there is no folder /no; make it, or send to another socket");
    assert_string_equal(error_of("unix:///dev/no/socket", -ENOENT),
                        "there is no folder /dev/no; make it, or send to another socket");
}

static void reads_a_path_as_long_as_the_kernel_takes(void **state)
{
    char text[sizeof("unix://") + 108] = "unix://";
    struct address address;
    struct sockaddr_un name;

    memset(text + 7, 'p', 107);
    text[7] = '/';
    assert_int_equal(target_parse(&address, text), 0);
    memcpy(&name, &address.storage, sizeof(name));
    assert_int_equal(name.sun_family, AF_UNIX);
    assert_string_equal(name.sun_path, text + 7);
    text[7 + 107] = 'p';
    must_refuse(text, -EINVAL);
    assert_int_equal(target_parse(&address, "unix://@name"), 0);
    memcpy(&name, &address.storage, sizeof(name));
    assert_memory_equal(name.sun_path, "\0name", 6);
    must_refuse("unix://@", -EINVAL);
}

static void survives_a_very_long_host(void **state)
{
    char text[5000] = "udp://";

    memset(text + 6, 'a', sizeof(text) - 7);
    must_refuse(text, -EINVAL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reads_udp_urls),
        CASE(the_port_is_8125_unless_said),
        CASE(reads_host_and_port),
        CASE(refuses_what_is_no_target),
        CASE(an_error_is_explained),
        CASE(a_missing_folder_is_named),
        CASE(reads_a_path_as_long_as_the_kernel_takes),
        CASE(survives_a_very_long_host),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
