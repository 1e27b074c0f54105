/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passed: what the variables say. Real descriptors from 3 on would be those of the test, so a
 * system test passes them to a process of its own (tests/system/test_activation.py).
 */

#include "descriptors.h"

#include "base/compiler.h"
#include "daemon/passed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int log_fd, stderr_fd;

static int begin(void **state)
{
    log_fd = memfd_create("log", MFD_CLOEXEC);
    stderr_fd = dup(STDERR_FILENO);
    return dup2(log_fd, STDERR_FILENO) < 0 ? -1 : 0;
}

static int end(void **state)
{
    dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
    close(log_fd);
    return 0;
}

static void set_variables(const char *pid, const char *fds)
{
    char own[32];

    snprintf(own, sizeof(own), "%d", (int)getpid());
    setenv("LISTEN_PID", pid ? pid : own, 1);
    setenv("LISTEN_FDS", fds, 1);
    setenv("LISTEN_FDNAMES", "name", 1);
}

static void must_have_no_variables(void)
{
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
}

/* Returns the number of errors in the log since the last call. */
static unsigned n_errors(void)
{
    static char text[65536];
    ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);
    unsigned n = 0;

    assert_true(len >= 0);
    text[len] = '\0';
    for (const char *at = text; (at = strstr(at, "level=error")); at++)
        n++;
    assert_int_equal(ftruncate(log_fd, 0), 0);
    lseek(log_fd, 0, SEEK_SET);
    return n;
}

static void without_variables_there_are_none(void **state)
{
    struct passed passed = { .n = 77 };

    must_have_no_variables();
    assert_int_equal(passed_take(&passed), 0);
    assert_int_equal(passed.n, 0);
    set_variables(NULL, "0");
    assert_int_equal(passed_take(&passed), 0);
    assert_int_equal(passed.n, 0);
    must_have_no_variables();
    assert_int_equal(n_errors(), 0);
}

static void those_of_another_process_are_left_alone(void **state)
{
    static const char *const others[] = { "1", "", "x", "-1", "99999999999999999999" };
    struct passed passed;

    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        set_variables(others[i], "5");
        assert_int_equal(passed_take(&passed), 0);
        assert_int_equal(passed.n, 0);
        must_have_no_variables();
    }
    assert_int_equal(n_errors(), 0);
}

static void a_wrong_number_is_an_error(void **state)
{
    static const char *const wrong[] = { "65", "", "x", "1x", "-1", "99999999999999999999" };
    struct passed passed;

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        set_variables(NULL, wrong[i]);
        assert_true(passed_take(&passed) < 0);
        assert_int_equal(passed.n, 0);
        must_have_no_variables();
        assert_int_equal(n_errors(), 1);
    }
}

static void closing_none_is_fine(void **state)
{
    struct passed passed = { .n = 0 };

    passed_close(&passed);
}

static void a_name_is_compared_whole(void **state)
{
    const struct passed_socket socket = { .name = "http" };

    assert_true(passed_is(&socket, "http"));
    assert_false(passed_is(&socket, "https"));
    assert_false(passed_is(&socket, ""));
}

#define PASSED_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PASSED_CASE(without_variables_there_are_none),
        PASSED_CASE(those_of_another_process_are_left_alone),
        PASSED_CASE(a_wrong_number_is_an_error),
        PASSED_CASE(closing_none_is_fine),
        PASSED_CASE(a_name_is_compared_whole),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
