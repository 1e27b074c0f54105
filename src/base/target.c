/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Target
 *
 * The part after the scheme is the path of a Unix socket, or it is completed to HOST:PORT. Other
 * modules parse both.
 */

#include "base/target.h"

#include "base/path.h"
#include "base/slice.h"
#include "base/unix.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define HOST_PORT_MAX 300

static const struct slice unix_scheme = { "unix://", 7 };
static const struct slice udp_scheme = { "udp://", 6 };

/* The port is at the same place for both families. */
static int host_port_address(struct address *ret, const char *text)
{
    struct address address;
    struct sockaddr_in any;
    int r = address_parse(&address, text);

    if (r < 0)
        return r;
    memcpy(&any, &address.storage, sizeof(any));
    if (any.sin_port == 0)
        return -EINVAL;
    *ret = address;
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
    return host_port_address(ret, text);
}

/* A path that is not absolute would mean another file for each program. */
static int unix_path_address(struct address *ret, const char *path)
{
    if (path[0] != '/' && path[0] != '@')
        return -EINVAL;
    return unix_address(ret, path) < 0 ? -EINVAL : 0;
}

int target_parse(struct address *ret, const char *text)
{
    struct slice target = slice_of(text);

    if (slice_starts_with(target, unix_scheme))
        return unix_path_address(ret, text + unix_scheme.len);
    if (slice_starts_with(target, udp_scheme))
        return udp_address(ret, slice_of(text + udp_scheme.len));
    return host_port_address(ret, text);
}

/* What is wrong with the Unix socket at @path; NULL: what may be wrong with any. */
static const char *unix_error(const char *path, int error, char room[TARGET_ERROR_MAX])
{
    struct slice missing = error == -ENOENT ? path_missing_folder(path) : SLICE("");

    if (missing.len)
        snprintf(room, TARGET_ERROR_MAX,
                 "there is no folder %.*s; make it, or send to another socket", (int)missing.len,
                 missing.at);
    switch (-error) {
    case ENOENT:
        return missing.len
                   ? room
                   : "there is no such socket; udometer makes it with --statsd.listen-unixgram";
    case EPROTOTYPE: return "this is a stream socket; expected one of --statsd.listen-unixgram";
    case EACCES: return "no permission to send to this socket; see --statsd.unixsocket-mode";
    default: return NULL;
    }
}

const char *target_error(const char *text, int error, char room[TARGET_ERROR_MAX])
{
    const char *what = NULL;

    if (error == -ECONNREFUSED)
        return "Connection refused: nothing receives there; is udometer running?";
    if (slice_starts_with(slice_of(text), unix_scheme))
        what = unix_error(text + unix_scheme.len, error, room);
    return what ? what : address_error(error);
}
