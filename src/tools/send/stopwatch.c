/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stopwatch
 *
 * All signals of interest are blocked, then taken one by one: none is lost between two calls,
 * and no handler is needed. The command starts with the original mask.
 */

#include "tools/send/stopwatch.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_NOT_FOUND 127
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_SIGNAL 128

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static int start(pid_t *ret, char *const *argv, const sigset_t *mask)
{
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);

    if (error != 0)
        return error;
    posix_spawnattr_setsigmask(&attributes, mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    error = posix_spawnp(ret, argv[0], NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Returns the status as waitpid() reports it. */
static int wait_for_end(pid_t pid, const sigset_t *signals)
{
    siginfo_t info;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        int number = sigwaitinfo(signals, &info);

        /* A terminal's signals (SI_KERNEL) reach all foreground processes by themselves. */
        if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
            kill(pid, number);
    }
    return status;
}

struct stopwatch stopwatch_run(char *const *argv)
{
    int64_t start_ns = clock_monotonic_ns();
    struct stopwatch result = { 0 };
    sigset_t signals, mask;
    int error, status;
    pid_t pid;

    signal(SIGCHLD, SIG_DFL); /* if the parent ignored it, there would be no status */
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    for (unsigned i = 0; i < ARRAY_SIZE(passed_on); i++)
        sigaddset(&signals, passed_on[i]);
    sigprocmask(SIG_BLOCK, &signals, &mask);
    error = start(&pid, argv, &mask);
    if (error == 0) {
        status = wait_for_end(pid, &signals);
        result.status =
            WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    } else {
        result.status = error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    result.elapsed_ns = clock_monotonic_ns() - start_ns;
    return result;
}
