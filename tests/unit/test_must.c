/* SPDX-License-Identifier: Apache-2.0 */

#include "child.h"
#include "unit.h"

#include "base/must.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail_plainly(void)
{
    MUST(1 + 1 == 3);
}

static void fail_a_comparison(void)
{
    int n_refs = -1;

    MUST_BE(n_refs, >, 0);
}

/* Run @function in a child; the line that it leaves on stderr is put into @out. */
static void run_in_child(void (*function)(void), char *out, size_t size)
{
    int pipes[2], status;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork_child();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        function();
        _exit(0);
    }
    close(pipes[1]);
    n = read(pipes[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void what_holds_goes_on(void **state)
{
    unsigned n_evaluations = 0;

    MUST(++n_evaluations == 1);
    MUST_BE(++n_evaluations, ==, 2u);
    assert_int_equal(n_evaluations, 2);
}

static void what_does_not_hold_aborts_and_says_where(void **state)
{
    char line[512];

    run_in_child(fail_plainly, line, sizeof(line));
    assert_non_null(strstr(line, "test_must.c:"));
    assert_non_null(strstr(line, ": 1 + 1 == 3 does not hold\n"));
}

static void a_comparison_shows_both_sides(void **state)
{
    char line[512];

    run_in_child(fail_a_comparison, line, sizeof(line));
    assert_non_null(strstr(line, ": n_refs > 0 does not hold: -1 and 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_holds_goes_on),
        CASE(what_does_not_hold_aborts_and_says_where),
        CASE(a_comparison_shows_both_sides),
    };

    return cmocka_run_group_tests(tests, take_signals, NULL);
}
