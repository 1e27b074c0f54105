/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Real sockets on ports that the kernel chooses, and socket files in a folder of this test. Log
 * lines go to a file instead of stderr.
 */

#include "descriptors.h"

#include "config/settings.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct settings settings;
static struct daemon_options options;
static struct listeners *listeners;
static char folder[] = "/tmp/test_listeners.XXXXXX";
static int log_fd, stderr_fd;
static unsigned n_fds_before;

static void set(const char *name, const char *text)
{
    const struct option *option = option_find(&settings_table, slice_of(name));
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    assert_non_null(option);
    if (option_set(option, &settings, text, OPTION_FLAG, &wrong) < 0)
        fail_msg("%s=%s: %.*s", name, text, (int)wrong.len, wrong.data);
}

/* The path of a file in our folder; valid for as many calls as there are paths. */
static const char *in_folder(const char *name)
{
    static char paths[8][300];
    static unsigned next;
    char *path = paths[next++ % ARRAY_SIZE(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void set_file(const char *setting, const char *name)
{
    set(setting, in_folder(name));
}

/* From here on, stderr goes to log_fd instead. */
static void catch_stderr(void)
{
    stderr_fd = dup(STDERR_FILENO);
    assert_true(stderr_fd >= 0 && dup2(log_fd, STDERR_FILENO) >= 0);
}

static void release_stderr(void)
{
    dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
}

static int open_listeners(unsigned n_workers)
{
    int r;

    options_daemon(&settings, &options);
    catch_stderr();
    r = listeners_open(&listeners, &options.listeners, n_workers);
    release_stderr();
    return r;
}

static void must_open(unsigned n_workers)
{
    assert_int_equal(open_listeners(n_workers), 0);
}

static void close_listeners(void)
{
    listeners_close(TAKE(listeners));
}

static unsigned n_sockets(void)
{
    return listeners_bound(listeners)->n_sockets;
}

static const char *log_text(void)
{
    static char text[65536];
    ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);

    assert_true(len >= 0);
    text[len] = '\0';
    return text;
}

/* It cannot open, and the log has one error with each of these words. */
static void assert_open_fails(int error, const char *flag, const char *address)
{
    const char *line;

    assert_int_equal(open_listeners(2), error);
    line = strstr(log_text(), "level=error");
    if (!line || !strstr(line, flag) || !strstr(line, address) || !strstr(line, strerror(-error)))
        fail_msg("%s", log_text());
    assert_null(strstr(line + 1, "level=error"));
}

static const struct listener_socket *socket_at(unsigned i)
{
    assert_true(i < n_sockets());
    return &listeners_bound(listeners)->sockets[i];
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* The address to which @fd is bound, as the kernel reports it, after @scheme. */
static void describe(int fd, const char *scheme, char *out, size_t room)
{
    struct sockaddr_storage bound = { 0 };
    socklen_t len = sizeof(bound);
    char host[INET6_ADDRSTRLEN];

    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
    if (bound.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&bound;

        snprintf(out, room, "%s://%s:%u", scheme,
                 inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)), ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&bound;

        assert_int_equal(bound.ss_family, AF_INET6);
        snprintf(out, room, "%s://[%s]:%u", scheme,
                 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)), ntohs(v6->sin6_port));
    }
}

static void assert_is_bound(const struct listener_socket *socket, const char *scheme)
{
    char expected[128];

    describe(socket->socket.fd, scheme, expected, sizeof(expected));
    assert_string_equal(socket->address, expected);
    assert_true(strcmp(strrchr(expected, ':'), ":0") != 0);
}

static int type_of(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
    return type;
}

static bool is_listening(int fd)
{
    int value = 0;
    socklen_t len = sizeof(value);

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len), 0);
    return value;
}

/* A socket of another program at the file of this name. */
static int bind_file(const char *name, int type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_folder(name));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static int connect_to_file(const char *path, int type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void assert_file_is_open(const char *name, int type)
{
    int fd = connect_to_file(in_folder(name), type);

    assert_true(fd >= 0);
    close(fd);
}

/* --- each protocol ---------------------------------------------------------------------------- */

static void udp_has_a_socket_for_each_worker_on_one_port(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:0");
    must_open(3);
    assert_int_equal(n_sockets(), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_is_bound(socket_at(i), "udp");
        assert_string_equal(socket_at(i)->address, socket_at(0)->address);
        assert_int_equal(socket_at(i)->worker, i);
        assert_false(socket_at(i)->socket.is_stream);
        assert_int_equal(type_of(socket_at(i)->socket.fd), SOCK_DGRAM);
        for (unsigned j = 0; j < i; j++)
            assert_true(socket_at(i)->socket.fd != socket_at(j)->socket.fd);
    }
}

static void addresses_may_be_of_ipv6(void **state)
{
    set("statsd.listen-udp", "[::1]:0");
    set("statsd.listen-tcp", "[::1]:0");
    must_open(1);
    assert_int_equal(n_sockets(), 2);
    assert_is_bound(socket_at(0), "udp");
    assert_is_bound(socket_at(1), "tcp");
}

/* On a machine without IPv6 there is only the other one, and not a word about this. */
static void a_name_means_all_its_addresses(void **state)
{
    int v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    unsigned n = bind(v6, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0 ? 2 : 1;
    const char *port;

    close(v6);
    set("statsd.listen-udp", "localhost:0");
    set("statsd.listen-tcp", "localhost:0");
    must_open(2);
    assert_int_equal(n_sockets(), n * 4);
    for (unsigned i = 0; i < n_sockets(); i++) {
        assert_is_bound(socket_at(i), i < 2 * n ? "udp" : "tcp");
        assert_int_equal(socket_at(i)->worker, i % 2);
    }
    port = strrchr(socket_at(0)->address, ':');
    assert_string_equal(strrchr(socket_at(2 * n - 1)->address, ':'), port);
    assert_non_null(strstr(log_text(), "protocol=udp address=127.0.0.1:"));
    assert_non_null(strstr(log_text(), "protocol=tcp address=127.0.0.1:"));
    assert_int_equal(strstr(log_text(), "protocol=udp address=[::1]:") != NULL, n == 2);
    assert_int_equal(strstr(log_text(), "protocol=tcp address=[::1]:") != NULL, n == 2);
    assert_null(strstr(log_text(), "level=error"));
    assert_null(strstr(log_text(), "protocol=udp address=localhost"));
}

/* Open it for three workers, each of which accepts from the same descriptor. */
static void must_open_one_for_all(bool may_have_frames)
{
    must_open(3);
    assert_int_equal(n_sockets(), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(socket_at(i)->socket.fd, socket_at(0)->socket.fd);
        assert_int_equal(socket_at(i)->worker, i);
        assert_true(socket_at(i)->socket.is_stream);
        assert_int_equal(socket_at(i)->socket.may_have_frames, may_have_frames);
    }
}

static void all_workers_accept_from_one_socket_of_tcp(void **state)
{
    set("statsd.listen-tcp", "127.0.0.1:0");
    must_open_one_for_all(false);
    assert_true(is_listening(socket_at(0)->socket.fd));
}

static void all_workers_accept_from_one_unix_socket(void **state)
{
    set_file("statsd.listen-unix", "stream");
    must_open_one_for_all(true);
    assert_file_is_open("stream", SOCK_STREAM);
}

static void a_unix_datagram_socket_has_one_worker(void **state)
{
    set_file("statsd.listen-unixgram", "a");
    set_file("statsd.listen-unixgram", "b");
    set_file("statsd.listen-unixgram", "c");
    set_file("statsd.listen-unixgram", "d");
    must_open(2);
    assert_int_equal(n_sockets(), 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_false(socket_at(i)->socket.is_stream);
        assert_int_equal(type_of(socket_at(i)->socket.fd), SOCK_DGRAM);
        assert_true(socket_at(i)->worker < 2);
    }
    assert_file_is_open("a", SOCK_DGRAM);
    assert_file_is_open("d", SOCK_DGRAM);
}

static unsigned n_of_worker(unsigned worker)
{
    struct source_socket sockets[SOURCES_MAX];

    return listeners_of_worker(listeners, worker, sockets);
}

static void unix_datagram_sockets_are_shared_out(void **state)
{
    set_file("statsd.listen-unixgram", "a");
    set_file("statsd.listen-unixgram", "b");
    set_file("statsd.listen-unixgram", "c");
    set_file("statsd.listen-unixgram", "d");
    must_open(2);
    assert_int_equal(n_of_worker(0), 2);
    assert_int_equal(n_of_worker(1), 2);
}

static void port_0_is_another_one_each_time(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:0,127.0.0.1:0");
    set("statsd.listen-tcp", "127.0.0.1:0,127.0.0.1:0");
    must_open(1);
    assert_int_equal(n_sockets(), 4);
    assert_true(strcmp(socket_at(0)->address, socket_at(1)->address) != 0);
    assert_true(strcmp(socket_at(2)->address, socket_at(3)->address) != 0);
    for (unsigned i = 0; i < 4; i++)
        assert_is_bound(socket_at(i), i < 2 ? "udp" : "tcp");
}

/* The address, with its scheme, of the socket file @name, whichever entry has it. */
static bool has_address(const char *scheme, const char *name)
{
    char expected[256];

    snprintf(expected, sizeof(expected), "%s://%s", scheme, in_folder(name));
    for (unsigned i = 0; i < n_sockets(); i++)
        if (strcmp(listeners_bound(listeners)->sockets[i].address, expected) == 0)
            return true;
    return false;
}

static void files_have_their_paths_for_addresses(void **state)
{
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(2);
    assert_true(has_address("unix", "stream"));
    assert_true(has_address("unixgram", "datagram"));
}

static void set_one_of_each(const char *suffix)
{
    char text[256];

    snprintf(text, sizeof(text), "127.0.0.1:0%s", suffix);
    set("statsd.listen-udp", text);
    set("statsd.listen-tcp", text);
    snprintf(text, sizeof(text), "%s%s", in_folder("datagram"), suffix);
    set("statsd.listen-unixgram", text);
    snprintf(text, sizeof(text), "%s%s", in_folder("stream"), suffix);
    set("statsd.listen-unix", text);
}

/* The address of the first TCP listener, without its scheme. */
static const char *tcp_address(void)
{
    for (unsigned i = 0; i < n_sockets(); i++)
        if (strncmp(listeners_bound(listeners)->sockets[i].address, "tcp://", 6) == 0)
            return listeners_bound(listeners)->sockets[i].address + 6;
    fail_msg("no address of TCP");
    return "";
}

/* There is one line about @protocol, and it has @address. */
static void assert_logged_once(const char *protocol, const char *address)
{
    CLEANUP(buffer_deinit) struct buffer expected = { 0 };
    const char *line;

    buffer_add_format(&expected, "protocol=%s address=%s ", protocol, address);
    buffer_add_char(&expected, '\0');
    line = strstr(log_text(), expected.data);
    if (!line)
        fail_msg("no %s in %s", expected.data, log_text());
    buffer_clear(&expected);
    buffer_add_format(&expected, "protocol=%s ", protocol);
    buffer_add_char(&expected, '\0');
    assert_null(strstr(strstr(log_text(), expected.data) + 1, expected.data));
}

static void the_log_tells_each_address_once(void **state)
{
    set_one_of_each("");
    must_open(3);
    assert_logged_once("udp", socket_at(0)->address + strlen("udp://"));
    assert_logged_once("tcp", tcp_address());
    assert_logged_once("unixgram", in_folder("datagram"));
    assert_logged_once("unix", in_folder("stream"));
}

static void the_longest_path_is_kept_whole(void **state)
{
    char path[108];
    size_t len = strlen(folder);

    memset(path, 'p', sizeof(path));
    memcpy(path, folder, len);
    path[len] = '/';
    path[107] = '\0';
    set("statsd.listen-unixgram", path);
    must_open(1);
    assert_string_equal(socket_at(0)->address + strlen("unixgram://"), path);
    assert_true(exists(path));
}

/* --- of whom, and how ----------------------------------------------------------------------- */

static void a_worker_has_its_sockets_of_all_protocols(void **state)
{
    struct source_socket sockets[SOURCES_MAX];

    set("statsd.listen-udp", "127.0.0.1:0,127.0.0.1:0");
    set("statsd.listen-tcp", "127.0.0.1:0");
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(2);
    assert_int_equal(listeners_of_worker(listeners, 0, sockets) +
                         listeners_of_worker(listeners, 1, sockets),
                     n_sockets());
    for (unsigned worker = 0; worker < 2; worker++) {
        unsigned n = listeners_of_worker(listeners, worker, sockets), n_streams = 0;

        assert_true(n == 4 || n == 5);
        for (unsigned i = 0; i < n; i++)
            n_streams += sockets[i].is_stream;
        assert_int_equal(n_streams, 2);
    }
    assert_int_equal(listeners_of_worker(listeners, 2, sockets), 0);
}

static void has_room_for_all_that_settings_allow(void **state)
{
    char name[16];

    for (unsigned i = 0; i < LISTENERS_PER_PROTOCOL_MAX; i++) {
        set("statsd.listen-udp", "127.0.0.1:0");
        set("statsd.listen-tcp", "127.0.0.1:0");
        snprintf(name, sizeof(name), "stream%u", i);
        set_file("statsd.listen-unix", name);
        snprintf(name, sizeof(name), "datagram%u", i);
        set_file("statsd.listen-unixgram", name);
    }
    must_open(3);
    assert_int_equal(n_sockets(), LISTENERS_PER_PROTOCOL_MAX * (3 + 3 + 3 + 1));
    assert_true(n_of_worker(0) >= 3 * LISTENERS_PER_PROTOCOL_MAX);
    assert_true(n_of_worker(0) <= SOURCES_MAX);
}

static void several_workers_need_arrivals(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:0");
    set("statsd.listen-tcp", "127.0.0.1:0");
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(2);
    for (unsigned i = 0; i < n_sockets(); i++)
        assert_true(socket_at(i)->socket.needs_arrivals);
}

/* The dialects of the sockets, from the first listener to the last, as 0 and 1. */
static void assert_dialects(const char *expected)
{
    char got[LISTENERS_MAX + 1] = "";

    for (unsigned i = 0; i < n_sockets(); i++)
        got[i] = socket_at(i)->socket.reading.is_dogstatsd ? '1' : '0';
    assert_string_equal(got, expected);
}

static void the_dialect_is_that_of_all(void **state)
{
    set_one_of_each("");
    must_open(1);
    assert_dialects("0000");
    close_listeners();
    set("statsd.dialect", "dogstatsd");
    must_open(1);
    assert_dialects("1111");
}

static void a_listener_may_have_its_own_dialect(void **state)
{
    set_one_of_each("?dialect=dogstatsd");
    must_open(1);
    assert_dialects("1111");
}

static void its_own_dialect_beats_that_of_all(void **state)
{
    set("statsd.dialect", "dogstatsd");
    set_one_of_each("?dialect=statsd");
    set("statsd.listen-tcp", "127.0.0.1:0");
    must_open(1);
    assert_dialects("00100");
}

static void all_sockets_of_a_listener_have_its_dialect(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:0?dialect=dogstatsd,127.0.0.1:0");
    set("statsd.listen-tcp", "127.0.0.1:0,127.0.0.1:0?dialect=dogstatsd");
    must_open(2);
    assert_dialects("11000011");
}

static void the_first_address_of_udp_is_for_examples(void **state)
{
    set("statsd.listen-tcp", "127.0.0.1:0");
    must_open(1);
    assert_null(listeners_udp_address(listeners));
    close_listeners();
    set("statsd.listen-udp", "127.0.0.1:0,[::1]:0");
    must_open(2);
    assert_string_equal(listeners_udp_address(listeners), socket_at(0)->address + strlen("udp://"));
}

/* --- files ------------------------------------------------------------------------------------ */

static void close_removes_its_files(void **state)
{
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(2);
    assert_true(exists(in_folder("stream")) && exists(in_folder("datagram")));
    close_listeners();
    assert_false(exists(in_folder("stream")) || exists(in_folder("datagram")));
}

static void close_leaves_what_others_put_there(void **state)
{
    int fd;

    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(2);
    unlink(in_folder("stream"));
    unlink(in_folder("datagram"));
    close(open(in_folder("stream"), O_CREAT | O_WRONLY, 0600));
    fd = bind_file("datagram", SOCK_DGRAM);
    close_listeners();
    assert_true(exists(in_folder("stream")) && exists(in_folder("datagram")));
    close(fd);
}

static void files_have_the_mode(void **state)
{
    static const char *const modes[] = { "0660", "0600", "0777" };

    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        struct stat status;

        set("statsd.unixsocket-mode", modes[i]);
        must_open(1);
        assert_int_equal(stat(in_folder("stream"), &status), 0);
        assert_int_equal(status.st_mode & 07777, strtol(modes[i], NULL, 8));
        assert_int_equal(stat(in_folder("datagram"), &status), 0);
        assert_int_equal(status.st_mode & 07777, strtol(modes[i], NULL, 8));
        close_listeners();
    }
}

static void files_have_the_owner(void **state)
{
    struct stat status;
    char owner[32];

    /* Root may give them to anybody, others only to themselves. */
    bool is_root = geteuid() == 0;
    uid_t user = is_root ? 1234 : geteuid();
    gid_t group = is_root ? 4321 : getegid();

    snprintf(owner, sizeof(owner), "%u:%u", user, group);
    set("statsd.unixsocket-owner", owner);
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(1);
    assert_int_equal(stat(in_folder("stream"), &status), 0);
    assert_int_equal(status.st_uid, user);
    assert_int_equal(status.st_gid, group);
    assert_int_equal(stat(in_folder("datagram"), &status), 0);
    assert_int_equal(status.st_uid, user);
    assert_int_equal(status.st_gid, group);
}

static void a_stale_file_is_replaced(void **state)
{
    close(bind_file("stream", SOCK_STREAM));
    close(bind_file("datagram", SOCK_DGRAM));
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(1);
    assert_file_is_open("stream", SOCK_STREAM);
    assert_file_is_open("datagram", SOCK_DGRAM);
}

static void a_stale_file_of_another_type_is_replaced(void **state)
{
    close(bind_file("stream", SOCK_DGRAM));
    close(bind_file("datagram", SOCK_STREAM));
    set_file("statsd.listen-unix", "stream");
    set_file("statsd.listen-unixgram", "datagram");
    must_open(1);
    assert_file_is_open("stream", SOCK_STREAM);
    assert_file_is_open("datagram", SOCK_DGRAM);
}

/* --- what cannot be had ------------------------------------------------------------- */

/* Another program listens there with a socket of @type. */
static void refuse_live_file(const char *setting, const char *flag, int type)
{
    int fd = bind_file("live", type);

    set_file(setting, "live");
    assert_open_fails(-EADDRINUSE, flag, in_folder("live"));
    close_listeners();
    assert_file_is_open("live", type);
    close(fd);
}

static void a_live_stream_socket_stays(void **state)
{
    refuse_live_file("statsd.listen-unix", "--statsd.listen-unix ", SOCK_STREAM);
}

static void a_live_datagram_socket_stays(void **state)
{
    refuse_live_file("statsd.listen-unixgram", "--statsd.listen-unixgram ", SOCK_DGRAM);
}

static void a_live_socket_of_another_type_stays(void **state)
{
    refuse_live_file("statsd.listen-unixgram", "--statsd.listen-unixgram ", SOCK_STREAM);
}

static void a_live_socket_of_the_other_type_stays(void **state)
{
    refuse_live_file("statsd.listen-unix", "--statsd.listen-unix ", SOCK_DGRAM);
}

static void a_path_given_twice_is_in_use(void **state)
{
    set_file("statsd.listen-unix", "twice");
    set_file("statsd.listen-unixgram", "twice");
    assert_open_fails(-EADDRINUSE, "--statsd.listen-unix ", in_folder("twice"));
    close_listeners();
    assert_false(exists(in_folder("twice")));
}

static void a_file_that_is_no_socket_stays(void **state)
{
    const char *path = in_folder("file");

    close(open(path, O_CREAT | O_WRONLY, 0600));
    set("statsd.listen-unixgram", path);
    assert_open_fails(-EEXIST, "--statsd.listen-unixgram ", path);
    close_listeners();
    assert_true(exists(path));
}

static void a_folder_and_a_dangling_link_stay(void **state)
{
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    set_file("statsd.listen-unix", "folder");
    assert_open_fails(-EEXIST, "--statsd.listen-unix ", in_folder("folder"));
    close_listeners();
    assert_int_equal(rmdir(in_folder("folder")), 0);
    assert_int_equal(symlink("nowhere/at/all", in_folder("folder")), 0);
    assert_true(open_listeners(1) < 0);
    close_listeners();
    assert_true(exists(in_folder("folder")));
}

static void a_missing_folder_is_reported(void **state)
{
    set("statsd.listen-unix", "/no/such/folder/socket");
    assert_open_fails(-ENOENT, "--statsd.listen-unix ", "/no/such/folder/socket");
}

static void a_udp_port_in_use_is_reported(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char text[64];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    describe(fd, "udp", text, sizeof(text));
    set("statsd.listen-udp", text + strlen("udp://"));
    assert_open_fails(-EADDRINUSE, "--statsd.listen-udp ", text + strlen("udp://"));
    close(fd);
}

static void a_tcp_port_in_use_is_reported(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[64];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    describe(fd, "tcp", text, sizeof(text));
    set("statsd.listen-tcp", text + strlen("tcp://"));
    assert_open_fails(-EADDRINUSE, "--statsd.listen-tcp ", text + strlen("tcp://"));
    close(fd);
}

static void an_address_of_another_machine_is_reported(void **state)
{
    set("statsd.listen-tcp", "192.0.2.1:8125");
    assert_open_fails(-EADDRNOTAVAIL, "--statsd.listen-tcp ", "192.0.2.1:8125");
}

static void what_was_opened_before_a_failure_is_closed(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:0");
    set("statsd.listen-tcp", "127.0.0.1:0");
    set_file("statsd.listen-unixgram", "datagram");
    set("statsd.listen-unix", "/no/such/folder/socket");
    assert_open_fails(-ENOENT, "--statsd.listen-unix ", "/no/such/folder/socket");
    close_listeners();
    assert_false(exists(in_folder("datagram"))); /* and descriptors: see end() */
}

static void a_refusal_is_one_line_and_returns_the_error(void **state)
{
    static const int errors[] = { EADDRINUSE, EACCES,       EADDRNOTAVAIL, EEXIST,
                                  ENOENT,     ENAMETOOLONG, EPERM,         EMFILE };

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        const char *text;
        int r;

        assert_int_equal(ftruncate(log_fd, 0), 0);
        lseek(log_fd, 0, SEEK_SET);
        catch_stderr();
        r = listener_refuse("--some.flag", "some:address", -errors[i]);
        release_stderr();
        assert_int_equal(r, -errors[i]);
        text = log_text();
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_non_null(strstr(text, "level=error"));
        assert_non_null(strstr(text, "flag=--some.flag"));
        assert_non_null(strstr(text, "address=some:address"));
        assert_non_null(strstr(text, strerror(errors[i])));
        assert_non_null(strstr(text, "hint="));
    }
}

/* The hint for this path and error has these words. */
static void assert_hint(const char *path, int error, const char *hint)
{
    assert_int_equal(ftruncate(log_fd, 0), 0);
    lseek(log_fd, 0, SEEK_SET);
    catch_stderr();
    listener_refuse("--statsd.listen-unixgram", path, error);
    release_stderr();
    if (!strstr(log_text(), hint))
        fail_msg("no \"%s\" in %s", hint, log_text());
}

static void a_refusal_names_the_folder(void **state)
{
    assert_hint("/no/such/folder/socket", -ENOENT, "there is no folder /no; make it");
    assert_hint("/run/socket", -EACCES, "permission to make files in /run;");
    assert_hint("socket", -EROFS, "permission to make files in .;");
    assert_hint("/dev/null/socket", -ENOTDIR, "a part of /dev/null is not a folder");
    assert_hint("/tmp", -EEXIST, "this is a folder; choose a path in it, such as /tmp/udometer");
    assert_hint("/dev/null", -EEXIST, "a file that is not a socket is in the way");
    assert_hint("/tmp/socket", -EADDRINUSE, "another program uses it");
}

static void no_listener_at_all_is_fine(void **state)
{
    must_open(2);
    assert_int_equal(n_sockets(), 0);
    assert_int_equal(n_of_worker(0), 0);
}

/* --- beginning and end -------------------------------------------------------------- */

static int begin(void **state)
{
    memset(folder + strlen(folder) - 6, 'X', 6);
    listeners = NULL;
    n_fds_before = n_descriptors();
    log_fd = memfd_create("log", MFD_CLOEXEC);
    if (log_fd < 0 || !mkdtemp(folder) || settings_init(&settings) < 0)
        return -1;
    set("statsd.listen-udp", "");
    set("statsd.read-buffer", "64KiB");
    return 0;
}

/* Files that others left in our folder. */
static void empty_folder(void)
{
    DIR *names = opendir(folder);
    struct dirent *name;

    while ((name = readdir(names)))
        unlink(in_folder(name->d_name));
    closedir(names);
    rmdir(folder);
}

static int end(void **state)
{
    close_listeners();
    close(log_fd);
    settings_deinit(&settings);
    empty_folder();
    assert_int_equal(n_descriptors(), n_fds_before);
    return 0;
}

#define LISTENERS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        LISTENERS_CASE(udp_has_a_socket_for_each_worker_on_one_port),
        LISTENERS_CASE(addresses_may_be_of_ipv6),
        LISTENERS_CASE(a_name_means_all_its_addresses),
        LISTENERS_CASE(all_workers_accept_from_one_socket_of_tcp),
        LISTENERS_CASE(all_workers_accept_from_one_unix_socket),
        LISTENERS_CASE(a_unix_datagram_socket_has_one_worker),
        LISTENERS_CASE(unix_datagram_sockets_are_shared_out),
        LISTENERS_CASE(port_0_is_another_one_each_time),
        LISTENERS_CASE(files_have_their_paths_for_addresses),
        LISTENERS_CASE(the_log_tells_each_address_once),
        LISTENERS_CASE(the_longest_path_is_kept_whole),
        LISTENERS_CASE(a_worker_has_its_sockets_of_all_protocols),
        LISTENERS_CASE(has_room_for_all_that_settings_allow),
        LISTENERS_CASE(several_workers_need_arrivals),
        LISTENERS_CASE(the_dialect_is_that_of_all),
        LISTENERS_CASE(a_listener_may_have_its_own_dialect),
        LISTENERS_CASE(its_own_dialect_beats_that_of_all),
        LISTENERS_CASE(all_sockets_of_a_listener_have_its_dialect),
        LISTENERS_CASE(the_first_address_of_udp_is_for_examples),
        LISTENERS_CASE(close_removes_its_files),
        LISTENERS_CASE(close_leaves_what_others_put_there),
        LISTENERS_CASE(files_have_the_mode),
        LISTENERS_CASE(files_have_the_owner),
        LISTENERS_CASE(a_stale_file_is_replaced),
        LISTENERS_CASE(a_stale_file_of_another_type_is_replaced),
        LISTENERS_CASE(a_live_stream_socket_stays),
        LISTENERS_CASE(a_live_datagram_socket_stays),
        LISTENERS_CASE(a_live_socket_of_another_type_stays),
        LISTENERS_CASE(a_live_socket_of_the_other_type_stays),
        LISTENERS_CASE(a_path_given_twice_is_in_use),
        LISTENERS_CASE(a_file_that_is_no_socket_stays),
        LISTENERS_CASE(a_folder_and_a_dangling_link_stay),
        LISTENERS_CASE(a_missing_folder_is_reported),
        LISTENERS_CASE(a_udp_port_in_use_is_reported),
        LISTENERS_CASE(a_tcp_port_in_use_is_reported),
        LISTENERS_CASE(an_address_of_another_machine_is_reported),
        LISTENERS_CASE(what_was_opened_before_a_failure_is_closed),
        LISTENERS_CASE(a_refusal_is_one_line_and_returns_the_error),
        LISTENERS_CASE(a_refusal_names_the_folder),
        LISTENERS_CASE(no_listener_at_all_is_fine),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
