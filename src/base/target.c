/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Target
 *
 * The part after the scheme is a path, or it is completed to HOST:PORT and parsed by
 * base/address.
 */

#include "base/target.h"

#include "base/slice.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#define HOST_PORT_MAX 300

static const struct slice unix_scheme = { "unix://", 7 };
static const struct slice udp_scheme = { "udp://", 6 };

static int unix_address(struct address *ret, const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof(name.sun_path))
        return -EINVAL;
    memcpy(name.sun_path, path, len + 1);
    *ret = (struct address){ .len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1) };
    memcpy(&ret->storage, &name, sizeof(name));
    return 0;
}

static int udp_address(struct address *ret, struct slice host_port)
{
    char text[HOST_PORT_MAX];
    const char *colon, *bracket;
    bool has_port;

    if (host_port.len && host_port.at[host_port.len - 1] == '/')
        host_port.len--;
    if (host_port.len == 0 || host_port.len > sizeof(text) - sizeof(":" TARGET_DEFAULT_PORT))
        return -EINVAL;
    /* Colons inside brackets belong to an IPv6 address. */
    colon = memrchr(host_port.at, ':', host_port.len);
    bracket = memrchr(host_port.at, ']', host_port.len);
    has_port = colon && (!bracket || bracket < colon);
    snprintf(text, sizeof(text), "%.*s%s", (int)host_port.len, host_port.at,
             has_port ? "" : ":" TARGET_DEFAULT_PORT);
    return address_parse(ret, text);
}

int target_parse(struct address *ret, const char *text)
{
    struct slice target = slice_of(text);

    if (slice_starts_with(target, unix_scheme))
        return unix_address(ret, text + unix_scheme.len);
    if (slice_starts_with(target, udp_scheme))
        return udp_address(ret, slice_of(text + udp_scheme.len));
    return address_parse(ret, text);
}
