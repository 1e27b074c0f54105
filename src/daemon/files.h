/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files: the limit on the process's descriptors
 */

#include "base/compiler.h"

#include <stdint.h>

/*
 * Raise the limit on open files as far as possible, to have room for connections. Returns 0
 * and, in *@ret_n_free, the number of descriptors left after @n_needed; or -EMFILE, after
 * logging it, if none would be left. This must be found out at startup, because libuv aborts
 * when it cannot make a pipe.
 */
MUST_CHECK int files_allow(uint64_t n_needed, uint64_t *ret_n_free);
