/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files: how many descriptors the process may have
 */

#include "base/compiler.h"

#include <stdint.h>

/*
 * Raise the limit of open files as far as it may be raised, to have room for connections.
 * Returns 0 and in *@ret_n_free how many descriptors remain besides @n_needed; or -EMFILE,
 * after a line in the log, when none would remain. libuv aborts when it cannot make a pipe,
 * so it must not come to that.
 */
MUST_CHECK int files_allow(uint64_t n_needed, uint64_t *ret_n_free);
