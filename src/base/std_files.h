/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Standard files: standard input, output and error are there
 */

#include "base/compiler.h"

/*
 * Open /dev/null for each of the descriptors 0 to 2 that is closed. A process that is started
 * without one of them would get it for its next file or socket, and write its log there. Before any
 * other file is opened. Returns 0 or negative errno.
 */
MUST_CHECK int std_files_open(void);
