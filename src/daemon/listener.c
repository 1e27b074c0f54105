/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listener
 *
 * Most of it is about what to say when a listener cannot be opened: that is up to the error, and
 * for a socket file also to what is at its path.
 */

#include "daemon/listener.h"

#include "base/address.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/path.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name; /* in the log and in addresses */
    const char *flag;
} protocols[_LISTENER_PROTOCOL_N] = {
    [LISTENER_UDP] = { "udp", "--statsd.listen-udp" },
    [LISTENER_TCP] = { "tcp", "--statsd.listen-tcp" },
    [LISTENER_UNIXGRAM] = { "unixgram", "--statsd.listen-unixgram" },
    [LISTENER_UNIX] = { "unix", "--statsd.listen-unix" },
};

const char *listener_scheme(enum listener_protocol protocol)
{
    return protocols[protocol].name;
}

const char *listener_flag(const struct listener_options *listener)
{
    return listener->passed_fd ? "LISTEN_FDS" : protocols[listener->protocol].flag;
}

/* What to do about a socket file that cannot be made, if that depends on its path. */
static bool hint_at_path(const char *path, int error, struct buffer *out)
{
    struct slice missing = error == -ENOENT ? path_missing_folder(path) : SLICE("");
    struct slice folder = path_folder(path);

    if (missing.len)
        buffer_add_format(out, "there is no folder %.*s; make it, or choose another path",
                          (int)missing.len, missing.at);
    else if (error == -EACCES || error == -EROFS)
        buffer_add_format(out,
                          "udometer needs permission to make files in %.*s; grant it, or choose "
                          "another path",
                          (int)folder.len, folder.at);
    else if (error == -EEXIST && path_is_folder(path))
        buffer_add_format(out, "this is a folder; choose a path in it, such as %s/udometer", path);
    else if (error == -ENOTDIR)
        buffer_add_format(out, "a part of %.*s is not a folder; choose another path",
                          (int)folder.len, folder.at);
    return out->len > 0;
}

static const char *hint_at(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "another program uses it, or it was given twice; choose another address";
    case -EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE; grant it, or choose another port";
    case -EADDRNOTAVAIL: return "this machine does not have this address; choose another one";
    case -E2BIG:
        return "a name has at most 16 addresses, and all listeners 128; give fewer, by number";
    case -EEXIST:
        return "a file that is not a socket is in the way; remove it, or choose another path";
    case -ENAMETOOLONG: return "the path of a socket has at most 107 bytes; choose a shorter one";
    case -EPERM: return "only root may change the owner of a socket; see --statsd.unixsocket-owner";
    default: return "choose another address";
    }
}

static void add_hint(const char *flag, const char *address, int error, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer hint = { 0 };

    if (!strstr(flag, "unix") || !hint_at_path(address, error, &hint))
        buffer_add(&hint, slice_of(hint_at(error)));
    buffer_add(out, buffer_text(&hint));
}

void listener_complain(const struct listener_options *listener, int error, const char *rival,
                       struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 }, before = { 0 };
    const char *flag = listener_flag(listener);
    bool is_in_file = listener->place.line > 0;

    buffer_add_format(&text, "%s; ", address_error(error));
    if (rival)
        buffer_add_format(&text,
                          "this process listens at %s until the reload succeeds: restart it, or "
                          "remove that listener in one reload and add this one in the next",
                          rival);
    else
        add_hint(flag, listener->address, error, &text);
    buffer_add_format(&before, "%s%s", is_in_file ? flag + strlen("--") : flag,
                      is_in_file ? ": " : "=");
    problems_add_value(problems, listener->place, buffer_text(&before), slice_of(listener->address),
                       buffer_text(&text));
}

int listener_refuse(const char *flag, const char *address, int error)
{
    CLEANUP(buffer_deinit) struct buffer hint = { 0 };

    add_hint(flag, address, error, &hint);
    log_error("cannot listen", LOG_TEXT("flag", flag), LOG_TEXT("address", address),
              LOG_TEXT("error", address_error(error)), LOG_SLICE("hint", buffer_text(&hint)));
    return error;
}
