/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "daemon/welcome.h"

static void assert_welcome(const char *udp, const char *http, const char *path,
                           const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    welcome_write(udp, http, path, &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
}

#define READ_ON "Read on:         README.md, docs/architecture.md, and udometer --help\n"

static void says_how_to_send_and_scrape(void **state)
{
    assert_welcome("127.0.0.1:8125", "127.0.0.1:9102", "/metrics",
                   "Send something:  printf 'hello_total:1|c|#from:you' > "
                   "/dev/udp/127.0.0.1/8125   (in bash)\n"
                   "Scrape it:       curl http://127.0.0.1:9102/metrics\n" READ_ON);
}

static void bash_wants_no_brackets(void **state)
{
    assert_welcome("[::1]:8125", "[::1]:9102", "/m",
                   "Send something:  printf 'hello_total:1|c|#from:you' > "
                   "/dev/udp/::1/8125   (in bash)\n"
                   "Scrape it:       curl http://[::1]:9102/m\n" READ_ON);
}

static void without_udp_there_is_nothing_to_send(void **state)
{
    assert_welcome(NULL, "127.0.0.1:9102", "/metrics",
                   "Scrape it:       curl http://127.0.0.1:9102/metrics\n" READ_ON);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(says_how_to_send_and_scrape),
        CASE(bash_wants_no_brackets),
        CASE(without_udp_there_is_nothing_to_send),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
