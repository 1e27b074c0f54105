/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Child: a process that a case forks
 *
 * A process inherits which signals its parent ignores or blocks, so this undoes that. A case that
 * fails does not wait for its child, so the child is killed when its parent ends.
 */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Unblock all signals, and make waiting for children and alarm() work. Has the signature of a
 * group's setup, for cases that use signals but do not begin with fork_child().
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

/* The same as fork(), after take_signals(); the child is killed when its parent ends. */
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
