/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Child: a process that a case forks
 *
 * Signals that our parent ignores or blocks are ignored or blocked here, too, unless we take
 * them back. And a case that fails does not wait for its child; so the child dies with us.
 */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Afterwards no signal is blocked, children can be waited for, and alarm() works. It has the form
 * of a group's setup, for cases that use signals but do not begin with fork_child().
 */
static inline int take_signals(void **state)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    return 0;
}

/* As fork(). Takes the signals first; and the child is killed when its parent ends. */
static inline pid_t fork_child(void)
{
    pid_t parent = getpid(), child;

    take_signals(NULL);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return child;
}
