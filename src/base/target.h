/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Target: where samples are sent, as a text
 */

#include "base/address.h"

/*
 * Read a target, the address of a datagram socket:
 *
 *      udp://HOST[:PORT][/]    the port is 8125 unless said
 *      unix:///PATH            a Unix datagram socket
 *      HOST:PORT               as address_parse() takes it
 *
 * Looks up a name, and waits for the answer. Returns 0; -EINVAL when @text is none of
 * these; -EADDRNOTAVAIL when the name is not known. On failure @ret is left alone.
 */
MUST_CHECK int target_parse(struct address *ret, const char *text);
