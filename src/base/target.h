/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Target: parsing the address to which samples are sent
 */

#include "base/address.h"

/* Where samples are sent unless the user says otherwise; udometer receives on localhost. */
#define TARGET_DEFAULT_PORT "8125"
#define TARGET_DEFAULT "127.0.0.1:" TARGET_DEFAULT_PORT

/*
 * Parse a target, the address of a datagram socket:
 *
 *      udp://HOST[:PORT][/]    the port is TARGET_DEFAULT_PORT by default
 *      unix:///PATH            a Unix datagram socket
 *      unix://@NAME            one with an abstract name (base/unix.h)
 *      HOST:PORT               as for address_parse()
 *
 * PORT is 1 to 65535. A name is looked up, which may block. Returns 0; -EINVAL when @text has none
 * of these forms; or as address_parse(). On failure @ret is unchanged.
 */
MUST_CHECK int target_parse(struct address *ret, const char *text);

/* Room for a message of target_error(), which may have the path of a socket in it. */
#define TARGET_ERROR_MAX 256

/*
 * What the negative errno @error means, if it is of sending to the target @text: for a message.
 * Asks the file system which folder of a path is missing. The result may be in @room.
 */
const char *target_error(const char *text, int error, char room[TARGET_ERROR_MAX]);
