/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Abort: assert that a MUST() fails
 *
 * The function runs in a child, which must end by SIGABRT. Until then a sanitizer checks the
 * child's memory, so the function must break only what the MUST() is about.
 */

#include "child.h"
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run @function in a child, where it must abort. What it prints to stderr is put into @out. */
static inline void run_to_abort(void (*function)(void), char *out, size_t size)
{
    const struct rlimit no_core = { 0, 0 };
    int pipes[2], status;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork_child();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDERR_FILENO);
        setrlimit(RLIMIT_CORE, &no_core);
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

/* @function aborts and prints a line that contains @text. */
static inline void assert_aborts(void (*function)(void), const char *text)
{
    char line[512];

    run_to_abort(function, line, sizeof(line));
    if (!strstr(line, text))
        fail_msg("\"%s\" is not in \"%s\"", text, line);
}
