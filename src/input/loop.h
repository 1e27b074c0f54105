/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Loop: a libuv loop that goes on when memory runs out
 *
 * libuv has a table of what a loop watches, by descriptor. When the table is too small for a
 * descriptor, libuv makes a larger one, and aborts the process if there is no memory for it. With
 * these functions the memory is there before libuv asks for it, or what needs it is refused.
 */

#include "base/compiler.h"

#include <uv.h>

/*
 * Open @loop, as uv_loop_init() does, with a table for LOOP_DESCRIPTORS. Returns 0; -ENOMEM, or
 * another negative errno. The first call comes before other threads use libuv. Close it with
 * uv_loop_close().
 */
MUST_CHECK int loop_open(uv_loop_t *loop);

/* Descriptors below this one need no memory. */
#define LOOP_DESCRIPTORS 1000

/*
 * Initialize @poll as uv_poll_init() does, and let the table have room for @fd, so that starting to
 * watch it needs no memory. On the thread of @loop, or before that begins. Returns 0; -ENOMEM, or
 * another negative errno, and then @poll need not be closed.
 */
MUST_CHECK int loop_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
