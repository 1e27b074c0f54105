/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signals
 *
 * libuv takes them on whatever thread the kernel chooses, and passes them to the loop. So the
 * functions may do anything that the loop's thread may do.
 */

#include "daemon/signals.h"

#include <signal.h>
#include <unistd.h>

static void on_end(uv_signal_t *handle, int number)
{
    const struct signals *signals = handle->data;

    signals->options.on_stop(signals->options.ctx, number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void on_hangup(uv_signal_t *handle, int number)
{
    const struct signals *signals = handle->data;

    signals->options.on_hangup(signals->options.ctx);
}

static const struct {
    int number;
    uv_signal_cb on_signal;
} watched[ARRAY_SIZE(((struct signals *)0)->handles)] = {
    { SIGTERM, on_end },
    { SIGINT, on_end },
    { SIGHUP, on_hangup },
};

int signals_open(struct signals *signals, uv_loop_t *loop, const struct signals_options *options)
{
    int r = 0;

    signals->options = *options;
    for (unsigned i = 0; i < ARRAY_SIZE(watched); i++) {
        uv_signal_init(loop, &signals->handles[i]);
        signals->handles[i].data = signals;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(watched) && r == 0; i++)
        r = uv_signal_start(&signals->handles[i], watched[i].on_signal, watched[i].number);
    return r;
}

void signals_ask_to_stop(void)
{
    kill(getpid(), SIGTERM);
}

void signals_close(struct signals *signals)
{
    for (unsigned i = 0; i < ARRAY_SIZE(watched); i++) {
        if (!uv_is_closing((uv_handle_t *)&signals->handles[i]))
            uv_close((uv_handle_t *)&signals->handles[i], NULL);
        signal(watched[i].number, SIG_IGN);
    }
}
