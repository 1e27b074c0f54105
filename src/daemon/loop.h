/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Loop: a libuv loop that does not need memory while it runs
 *
 * libuv has a table of what a loop watches, by descriptor. When the table is too small for a new
 * descriptor, libuv makes a larger one, and aborts the process if there is no memory for it. So the
 * memory for the largest table is allocated when the loop is opened.
 */

#include "base/compiler.h"

#include <uv.h>

/*
 * From now on, loops have room for all descriptors below @n_descriptors. Call it before any other
 * function of libuv, on the main thread, before other threads exist; again to change the number.
 * Loops that are open keep their room.
 */
void loop_prepare(unsigned n_descriptors);

/*
 * Open @loop. On the main thread. Returns 0; -ENOMEM, or another negative errno. What is opened is
 * closed with uv_loop_close(). Before loop_prepare() this is uv_loop_init().
 */
MUST_CHECK int loop_open(uv_loop_t *loop);
