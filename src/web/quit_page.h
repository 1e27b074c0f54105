/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Quit page: a request that stops the process
 */

#include "http/reply.h"

/*
 * Reply 200, and call @quit once the kernel has taken the reply, or the client is gone. HTTP
 * thread; @quit may be called at once.
 */
void quit_page(void (*quit)(void), struct http_reply *reply);
