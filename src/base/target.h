/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Target: parsing the address to which samples are sent
 */

#include "base/address.h"

/*
 * Parse a target, the address of a datagram socket:
 *
 *      udp://HOST[:PORT][/]    the port is 8125 by default
 *      unix:///PATH            a Unix datagram socket
 *      HOST:PORT               as for address_parse()
 *
 * A name is looked up, which may block. Returns 0; -EINVAL when @text has none of these
 * forms; -EADDRNOTAVAIL when the name is unknown. On failure @ret is unchanged.
 */
MUST_CHECK int target_parse(struct address *ret, const char *text);
