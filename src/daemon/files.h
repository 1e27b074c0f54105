/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files: how many descriptors the process may have
 */

#include "base/compiler.h"

#include <stdint.h>

/*
 * Raise the limit of open files as far as it may be raised, for the sake of connections.
 * Returns 0, and in *@ret_n_free how many descriptors are left beside the @n_needed; or
 * -EMFILE, after a line in the log, when there are none: libuv aborts when it cannot make
 * a pipe.
 */
MUST_CHECK int files_allow(uint64_t n_needed, uint64_t *ret_n_free);
