/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Unix, from its header: socket files in a folder of their own, which must be empty at the end
 *
 * The linker replaces bind(), connect() and renameat2(), for the cases in which another process
 * does something at the worst moment, or the disk cannot do all.
 */

#include "descriptors.h"

#include "base/unix.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int __real_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __real_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);

/* What another process does after the next call, if not NULL. */
static void (*after_bind)(const char *bound_at);
static void (*after_connect)(void);
/* renameat2() fails with this error, as on a disk that does not have it; 0: it works. */
static int rename_error;

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    int r = __real_bind(fd, address, len);
    void (*then)(const char *) = TAKE(after_bind);

    if (then)
        then(((const struct sockaddr_un *)address)->sun_path);
    return r;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int r = __real_connect(fd, address, len), error = errno;
    void (*then)(void) = TAKE(after_connect);

    if (then)
        then();
    errno = error;
    return r;
}

int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    if (rename_error == 0)
        return __real_renameat2(from_at, from, to_at, to, flags);
    errno = rename_error;
    return -1;
}

static const struct unix_permissions everybody = { 0666, (uid_t)-1, (gid_t)-1 };

static char folder[] = "/tmp/test_unix.XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/socket", folder);
    return 0;
}

static int remove_folder(void **state)
{
    return rmdir(folder);
}

static struct stat status_of(const char *file)
{
    struct stat status;

    assert_int_equal(lstat(file, &status), 0);
    return status;
}

static bool exists(const char *file)
{
    struct stat status;

    return lstat(file, &status) == 0;
}

/* Both the file and the descriptor are gone. */
static void must_fail_with(int error, const char *at, int type)
{
    unsigned n = n_descriptors();
    bool was_there = exists(at);
    struct unix_file file;
    int r = unix_bind(at, type, &everybody, &file);

    if (r != error)
        fail_msg("%s: %d, not %d", at, r, error);
    assert_int_equal(n_descriptors(), n);
    assert_int_equal(exists(at), was_there);
}

static int must_bind(int type, struct unix_file *ret)
{
    int fd = unix_bind(path, type, &everybody, ret);

    if (fd < 0)
        fail_msg("%d", fd);
    return fd;
}

static void leave(int fd, const struct unix_file *file)
{
    unix_remove(path, file);
    assert_false(exists(path));
    close(fd);
}

static struct sockaddr_un address_of_path(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    strcpy(address.sun_path, path);
    return address;
}

/* A socket that is connected to @path, or negative errno. */
static int connect_to_path(int type)
{
    struct sockaddr_un address = address_of_path();
    int fd = socket(AF_UNIX, type, 0);

    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

/* --- abstract names --------------------------------------------------------------- */

static const char *abstract_name(void)
{
    static char name[64];

    snprintf(name, sizeof(name), "@test_unix.%d", (int)getpid());
    return name;
}

static int connect_to_abstract(const char *name, int type)
{
    struct address address;
    int fd = socket(AF_UNIX, type, 0), error;

    assert_int_equal(unix_address(&address, name), 0);
    if (connect(fd, &address.any, address.len) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

static void an_abstract_name_has_no_file(void **state)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
    const char *name = abstract_name();

    for (unsigned i = 0; i < 2; i++) {
        struct unix_file file;
        int fd = unix_bind(name, types[i], &everybody, &file), out;

        assert_true(fd >= 0);
        assert_false(exists(name));
        out = connect_to_abstract(name, types[i]);
        assert_true(out >= 0);
        assert_int_equal(send(out, "a:1|c", 5, 0), 5);
        close(out);
        unix_remove(name, &file);
        close(fd);
        assert_int_equal(connect_to_abstract(name, types[i]), -ECONNREFUSED);
    }
}

static void an_abstract_name_in_use_is_an_error(void **state)
{
    struct unix_file file, other;
    int fd = unix_bind(abstract_name(), SOCK_DGRAM, &everybody, &file);
    unsigned n = n_descriptors();

    assert_true(fd >= 0);
    assert_int_equal(unix_bind(abstract_name(), SOCK_DGRAM, &everybody, &other), -EADDRINUSE);
    assert_int_equal(n_descriptors(), n);
    close(fd);
}

/* What a client connects to that passes the exact length, as all do. */
static void an_abstract_name_ends_with_its_last_byte(void **state)
{
    struct address address, longest;
    char text[109] = "@";

    assert_int_equal(unix_address(&address, "@ab"), 0);
    assert_int_equal(address.len, offsetof(struct sockaddr_un, sun_path) + 3);
    assert_memory_equal(((struct sockaddr_un *)&address.storage)->sun_path, "\0ab", 3);
    memset(text + 1, 'x', 107);
    assert_int_equal(unix_address(&longest, text), -ENAMETOOLONG);
    text[107] = '\0';
    assert_int_equal(unix_address(&longest, text), 0);
    assert_int_equal(longest.len, offsetof(struct sockaddr_un, sun_path) + 107);
    assert_int_equal(unix_address(&longest, "@"), -EINVAL);
    assert_int_equal(unix_address(&longest, ""), -EINVAL);
}

/* Only the first byte makes a name abstract. */
static void a_file_may_have_an_at_sign(void **state)
{
    struct unix_file file;
    char text[sizeof(path) + 8];
    int fd;

    assert_true(unix_is_abstract("@a"));
    assert_false(unix_is_abstract("./@a"));
    snprintf(text, sizeof(text), "%s/@a", folder);
    fd = unix_bind(text, SOCK_DGRAM, &everybody, &file);
    assert_true(fd >= 0);
    assert_true(exists(text));
    unix_remove(text, &file);
    assert_false(exists(text));
    close(fd);
}

/* --- passed descriptors ---------------------------------------------------------- */

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static bool kernel_can_refuse_descriptors(int fd)
{
    int is_on;
    socklen_t len = sizeof(is_on);

    return getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &is_on, &len) == 0;
}

static void a_datagram_with_descriptors_is_refused_by_the_kernel(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_DGRAM, &file), out = connect_to_path(SOCK_DGRAM);
    bool can_refuse = kernel_can_refuse_descriptors(fd);
    char text[8];

    assert_int_equal(pass(out, "a:1|c", STDERR_FILENO, 1), can_refuse ? -EPERM : 0);
    assert_int_equal(send(out, "b:2|c\n", 6, 0), 6);
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), can_refuse ? 6 : 5);
    close(out);
    leave(fd, &file);
    if (!can_refuse)
        skip();
}

static void a_connection_with_descriptors_is_refused_by_the_kernel(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_STREAM, &file), out = connect_to_path(SOCK_STREAM), in;
    bool can_refuse = kernel_can_refuse_descriptors(fd);

    in = accept(fd, NULL, NULL);
    assert_true(in >= 0);
    assert_int_equal(pass(out, "a:1|c", STDERR_FILENO, 1), can_refuse ? -EPERM : 0);
    close(in);
    close(out);
    leave(fd, &file);
    if (!can_refuse)
        skip();
}

static void other_sockets_have_nothing_to_refuse(void **state)
{
    unix_refuse_descriptors(-1);
    unix_refuse_descriptors(STDERR_FILENO);
}

/* --- what is made ---------------------------------------------------------------- */

static void makes_a_datagram_socket(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_DGRAM, &file), out = connect_to_path(SOCK_DGRAM);
    char text[8];

    assert_true(S_ISSOCK(status_of(path).st_mode));
    assert_true(out >= 0);
    assert_int_equal(send(out, "a:1|c", 5, 0), 5);
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 5);
    close(out);
    leave(fd, &file);
}

static void makes_a_stream_socket_that_listens(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_STREAM, &file), out = connect_to_path(SOCK_STREAM), in;
    char text[8];

    assert_true(out >= 0);
    in = accept(fd, NULL, NULL);
    assert_true(in >= 0);
    assert_int_equal(send(out, "a:1|c", 5, 0), 5);
    assert_int_equal(recv(in, text, sizeof(text), MSG_DONTWAIT), 5);
    close(in);
    close(out);
    leave(fd, &file);
}

/* An event loop must never block on it, and no child may inherit it. */
static void it_neither_blocks_nor_is_inherited(void **state)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct unix_file file;
        int fd = must_bind(types[i], &file);

        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        leave(fd, &file);
    }
}

static void tells_which_file_it_is(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_DGRAM, &file);
    struct stat status = status_of(path);

    assert_true(file.device == status.st_dev && file.inode == status.st_ino);
    leave(fd, &file);
}

/* --- who may send ------------------------------------------------------------------ */

static void must_have_mode(mode_t mode, mode_t mask)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
    struct unix_permissions permissions = { mode, (uid_t)-1, (gid_t)-1 };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        mode_t before = umask(mask);
        struct unix_file file;
        int fd = unix_bind(path, types[i], &permissions, &file);

        umask(before);
        assert_true(fd >= 0);
        assert_int_equal(status_of(path).st_mode & 07777, mode);
        leave(fd, &file);
    }
}

static void the_mode_is_what_was_asked_for_whatever_the_umask(void **state)
{
    must_have_mode(0666, 022);
    must_have_mode(0666, 077);
    must_have_mode(0600, 0);
    must_have_mode(0777, 0777);
    must_have_mode(0620, 022);
    must_have_mode(0, 0);
}

static void without_an_owner_it_is_ours(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_DGRAM, &file);
    struct stat status = status_of(path);

    assert_int_equal(status.st_uid, geteuid());
    assert_int_equal(status.st_gid, getegid());
    leave(fd, &file);
}

static void must_belong_to(uid_t owner, gid_t group, uid_t expected_owner, gid_t expected_group)
{
    struct unix_permissions permissions = { 0640, owner, group };
    struct unix_file file;
    int fd = unix_bind(path, SOCK_STREAM, &permissions, &file);
    struct stat status;

    assert_true(fd >= 0);
    status = status_of(path);
    assert_int_equal(status.st_uid, expected_owner);
    assert_int_equal(status.st_gid, expected_group);
    assert_int_equal(status.st_mode & 07777, 0640);
    leave(fd, &file);
}

static void owner_and_group_are_set(void **state)
{
    must_belong_to(geteuid(), getegid(), geteuid(), getegid());
    if (geteuid() != 0)
        skip();
    must_belong_to(12345, 23456, 12345, 23456);
    must_belong_to(12345, (gid_t)-1, 12345, getegid());
    must_belong_to((uid_t)-1, 23456, geteuid(), 23456);
    must_belong_to(12345, 0, 12345, 0);
}

/* If the wrong users could write to a socket, it must not stay. */
static void without_the_right_to_give_it_away_there_is_none(void **state)
{
    struct unix_permissions permissions = { 0600, 0, (gid_t)-1 };
    struct unix_file file;
    unsigned n = n_descriptors();
    bool is_root = geteuid() == 0;
    int r;

    if (is_root && (chmod(folder, 0777) < 0 || seteuid(12345) < 0))
        skip();
    r = unix_bind(path, SOCK_DGRAM, &permissions, &file);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(r, -EPERM);
    assert_false(exists(path));
    assert_int_equal(n_descriptors(), n);
}

/* --- what is in the way --------------------------------------------------------------- */

/* A file whose listener has ended. */
static struct unix_file leave_stale_file(int type)
{
    struct unix_file file;

    close(must_bind(type, &file));
    assert_true(exists(path));
    return file;
}

static void a_stale_file_is_replaced(void **state)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

    for (size_t i = 0; i < 4; i++) {
        struct unix_file file;
        int fd, out;

        leave_stale_file(types[i / 2]);
        fd = must_bind(types[i % 2], &file);
        out = connect_to_path(types[i % 2]);
        assert_true(out >= 0);
        close(out);
        leave(fd, &file);
    }
}

static void a_live_one_is_not(void **state)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

    for (size_t i = 0; i < 4; i++) {
        struct unix_file file;
        int fd = must_bind(types[i / 2], &file), out;

        must_fail_with(-EADDRINUSE, path, types[i % 2]);
        out = connect_to_path(types[i / 2]);
        assert_true(out >= 0);
        close(out);
        leave(fd, &file);
    }
}

/* Its queue is full of waiting connections, so it is alive. */
static void a_busy_one_is_alive(void **state)
{
    struct sockaddr_un address = address_of_path();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), out[64];
    size_t n = 0;

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 0), 0);
    while (n < ARRAY_SIZE(out)) {
        out[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(out[n++], (const struct sockaddr *)&address, sizeof(address)) < 0)
            break;
    }
    assert_true(n < ARRAY_SIZE(out));
    must_fail_with(-EADDRINUSE, path, SOCK_STREAM);
    must_fail_with(-EADDRINUSE, path, SOCK_DGRAM);
    while (n > 0)
        close(out[--n]);
    close(fd);
    unlink(path);
}

static void a_file_that_is_no_socket_stays(void **state)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    assert_int_equal(write(fd, "precious", 8), 8);
    close(fd);
    must_fail_with(-EEXIST, path, SOCK_DGRAM);
    must_fail_with(-EEXIST, path, SOCK_STREAM);
    assert_int_equal(status_of(path).st_size, 8);
    unlink(path);
}

/* --- others who are faster ------------------------------------------------------------------ */

/* A file of ours that no one else may read, in another folder. */
static char secret[sizeof(folder) + 16];

static void put_link_to_secret(const char *bound_at)
{
    assert_int_equal(unlink(bound_at), 0);
    assert_int_equal(symlink(secret, bound_at), 0);
    strcpy(path, bound_at);
}

static void must_keep_secret(const struct unix_permissions *permissions)
{
    char wanted[sizeof(path)];
    struct unix_file file;
    unsigned n = n_descriptors();

    strcpy(wanted, path);
    after_bind = put_link_to_secret;
    assert_int_equal(unix_bind(path, SOCK_DGRAM, permissions, &file), -EEXIST);
    assert_int_equal(n_descriptors(), n);
    assert_int_equal(status_of(secret).st_mode & 07777, 0600);
    assert_int_equal(status_of(secret).st_uid, geteuid());
    unlink(path); /* the link */
    strcpy(path, wanted);
    assert_false(exists(path));
}

/* Whoever owns the folder can put a link in the place of the file at once. */
static void a_link_in_place_of_the_new_file_is_not_followed(void **state)
{
    const struct unix_permissions other_mode = { 0646, (uid_t)-1, (gid_t)-1 };
    const struct unix_permissions other_owner = { 0600, 12345, 23456 };
    int fd;

    snprintf(secret, sizeof(secret), "%s.secret", folder);
    fd = open(secret, O_CREAT | O_EXCL | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    must_keep_secret(&everybody);
    must_keep_secret(&other_mode);
    must_keep_secret(&other_owner);
    unlink(secret);
}

static struct unix_file faster_file;
static int faster_fd;

static void replace_by_a_live_one(void)
{
    unlink(path);
    faster_fd = must_bind(SOCK_STREAM, &faster_file);
}

/* Two processes find a stale file: the faster one has it, and keeps it. */
static void who_replaces_a_stale_file_first_keeps_it(void **state)
{
    struct unix_file file;
    int out;

    leave_stale_file(SOCK_STREAM);
    after_connect = replace_by_a_live_one;
    assert_int_equal(unix_bind(path, SOCK_STREAM, &everybody, &file), -EADDRINUSE);
    out = connect_to_path(SOCK_STREAM);
    assert_true(out >= 0);
    close(out);
    leave(faster_fd, &faster_file);
}

static void make_another(const char *bound_at)
{
    faster_fd = must_bind(SOCK_STREAM, &faster_file);
}

static void who_makes_a_new_file_first_keeps_it(void **state)
{
    struct unix_file file;

    after_bind = make_another;
    assert_int_equal(unix_bind(path, SOCK_STREAM, &everybody, &file), -EADDRINUSE);
    leave(faster_fd, &faster_file);
}

/* Some file systems can neither swap files nor refuse to replace one (NFS). */
static void no_special_file_system_is_needed(void **state)
{
    static const int errors[] = { EINVAL, ENOSYS };

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        struct unix_file file;
        int fd;

        rename_error = errors[i];
        fd = must_bind(SOCK_STREAM, &file);
        must_fail_with(-EADDRINUSE, path, SOCK_STREAM);
        leave(fd, &file);
        leave_stale_file(SOCK_DGRAM);
        fd = must_bind(SOCK_STREAM, &file);
        leave(fd, &file);
        rename_error = 0;
    }
}

/* Senders see the file only when it has its mode and owner, and its socket listens. */
static void must_not_be_there_yet(const char *bound_at)
{
    assert_false(exists(path));
    assert_int_equal(status_of(bound_at).st_mode & 07777, everybody.mode);
    assert_non_null(strstr(bound_at, "/.socket."));
}

static void it_appears_when_all_is_done(void **state)
{
    struct unix_file file;
    mode_t before = umask(077);
    int fd;

    after_bind = must_not_be_there_yet;
    fd = must_bind(SOCK_STREAM, &file);
    assert_null(after_bind);
    assert_int_equal(umask(before), 077);
    leave(fd, &file);
}

static void a_folder_or_a_link_stays(void **state)
{
    assert_int_equal(mkdir(path, 0700), 0);
    must_fail_with(-EEXIST, path, SOCK_DGRAM);
    rmdir(path);

    assert_int_equal(symlink("nowhere", path), 0);
    must_fail_with(-EEXIST, path, SOCK_STREAM);
    assert_true(S_ISLNK(status_of(path).st_mode));
    unlink(path);

    assert_int_equal(mkfifo(path, 0600), 0);
    must_fail_with(-EEXIST, path, SOCK_STREAM);
    unlink(path);
}

static void a_path_may_have_107_bytes(void **state)
{
    struct unix_file file;
    char longest[109];
    int fd;

    memset(longest, 'x', sizeof(longest));
    memcpy(longest, folder, strlen(folder));
    longest[strlen(folder)] = '/';
    longest[108] = '\0';
    must_fail_with(-ENAMETOOLONG, longest, SOCK_DGRAM);
    must_fail_with(-ENAMETOOLONG, longest, SOCK_STREAM);
    longest[107] = '\0';
    fd = unix_bind(longest, SOCK_STREAM, &everybody, &file);
    assert_true(fd >= 0);
    unix_remove(longest, &file);
    assert_false(exists(longest));
    close(fd);
}

static void a_path_that_cannot_be_is_an_error(void **state)
{
    char below[sizeof(path) + 8];
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    close(fd);
    snprintf(below, sizeof(below), "%s/socket", path);
    must_fail_with(-ENOTDIR, below, SOCK_DGRAM);
    unlink(path);
    must_fail_with(-ENOENT, below, SOCK_STREAM);
}

static void no_path_at_all_is_an_error(void **state)
{
    struct unix_file file;
    unsigned n = n_descriptors();

    assert_true(unix_bind("", SOCK_DGRAM, &everybody, &file) < 0);
    assert_int_equal(n_descriptors(), n);
}

/* --- what is removed --------------------------------------------------------------------- */

/* Ours is open; otherwise the next file could get its number. */
static void only_ones_own_file_is_removed(void **state)
{
    struct unix_file file, other_file;
    int fd = must_bind(SOCK_DGRAM, &file), other;

    unlink(path);
    other = must_bind(SOCK_DGRAM, &other_file);
    unix_remove(path, &file);
    assert_true(exists(path));
    leave(other, &other_file);

    other = open(path, O_CREAT | O_WRONLY, 0600);
    close(other);
    unix_remove(path, &file);
    assert_true(exists(path));
    unlink(path);
    close(fd);
}

static void removing_what_is_gone_is_fine(void **state)
{
    struct unix_file file;
    int fd = must_bind(SOCK_DGRAM, &file);

    unix_remove(path, &file);
    unix_remove(path, &file);
    assert_false(exists(path));
    close(fd);
}

static void it_can_be_removed_with_its_socket_closed(void **state)
{
    struct unix_file file = leave_stale_file(SOCK_STREAM);

    unix_remove(path, &file);
    assert_false(exists(path));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(makes_a_datagram_socket),
        CASE(makes_a_stream_socket_that_listens),
        CASE(an_abstract_name_has_no_file),
        CASE(an_abstract_name_in_use_is_an_error),
        CASE(an_abstract_name_ends_with_its_last_byte),
        CASE(a_file_may_have_an_at_sign),
        CASE(a_datagram_with_descriptors_is_refused_by_the_kernel),
        CASE(a_connection_with_descriptors_is_refused_by_the_kernel),
        CASE(other_sockets_have_nothing_to_refuse),
        CASE(it_neither_blocks_nor_is_inherited),
        CASE(tells_which_file_it_is),
        CASE(the_mode_is_what_was_asked_for_whatever_the_umask),
        CASE(without_an_owner_it_is_ours),
        CASE(owner_and_group_are_set),
        CASE(without_the_right_to_give_it_away_there_is_none),
        CASE(a_stale_file_is_replaced),
        CASE(a_live_one_is_not),
        CASE(a_busy_one_is_alive),
        CASE(a_file_that_is_no_socket_stays),
        CASE(a_link_in_place_of_the_new_file_is_not_followed),
        CASE(who_replaces_a_stale_file_first_keeps_it),
        CASE(who_makes_a_new_file_first_keeps_it),
        CASE(no_special_file_system_is_needed),
        CASE(it_appears_when_all_is_done),
        CASE(a_folder_or_a_link_stays),
        CASE(a_path_may_have_107_bytes),
        CASE(a_path_that_cannot_be_is_an_error),
        CASE(no_path_at_all_is_an_error),
        CASE(only_ones_own_file_is_removed),
        CASE(removing_what_is_gone_is_fine),
        CASE(it_can_be_removed_with_its_socket_closed),
    };

    return cmocka_run_group_tests(cases, make_folder, remove_folder);
}
