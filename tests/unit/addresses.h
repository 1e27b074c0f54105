/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Addresses that an option accepts, and others that it refuses
 */

#include "unit.h"

static const char *const good_addresses[] = { "127.0.0.1:0", "0.0.0.0:1", ":9102",
                                              "[::1]:65535", "[::]:0",    "localhost:8125",
                                              "*:8125" };
static const char *const wrong_addresses[] = {
    "8125",      "127.0.0.1",   "127.0.0.1:",   "127.0.0.1:65536", "127.0.0.1:-1",
    "::1:8125",  "127.0.0.1:x", "127.0.0.1:1 ", " 127.0.0.1:1",    "[::1]",
    "[::1]8125", "[::1:8125",   "/tmp/socket",  "127.0.0.1:1/",    ":"
};
