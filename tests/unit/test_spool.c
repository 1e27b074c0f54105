/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "base/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Only a failure takes so long. */
#define LONG_NS (60 * CLOCK_NS_PER_S)

/* The bytes of a text of @len in the ring. */
#define IN_RING(len) (8 + (len))

/* --- what texts are written to ------------------------------------------------------------- */

static void report(struct buffer *out, uint64_t n_dropped)
{
    buffer_add_format(out, "%llu dropped\n", (unsigned long long)n_dropped);
}

/* A spool whose thread may outlive the case, so it is never freed. It writes to @fd. */
static struct spool *start(int fd)
{
    static struct spool spools[16];
    static unsigned n;
    struct spool *spool = &spools[n++];

    assert_true(n <= 16);
    spool->fd = fd;
    spool->report = report;
    assert_int_equal(spool_start(spool), 0);
    return spool;
}

static void must_stop(struct spool *spool)
{
    assert_true(spool_stop(spool, clock_monotonic_ns() + LONG_NS));
}

static void flush(struct spool *spool)
{
    int64_t end_ns = clock_monotonic_ns() + LONG_NS;

    spool_flush(spool, end_ns);
    assert_true(clock_monotonic_ns() < end_ns);
}

static void add(struct spool *spool, const char *text)
{
    spool_add(spool, spool->fd, slice_of(text));
}

/* A pipe of one page. */
static void open_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
}

/* Fill a pipe. Returns the number of bytes. */
static size_t fill(int fd)
{
    size_t n = 0;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, "x", 1) == 1)
        n++;
    assert_int_equal(errno, EAGAIN);
    fcntl(fd, F_SETFL, 0);
    return n;
}

/* Read until the writer's end is closed, or @len bytes. Ends the text with 0. */
static void read_bytes(int fd, char *out, size_t len)
{
    ssize_t n;

    for (size_t at = 0; at < len; at += (size_t)n) {
        n = read(fd, out + at, len - at);
        assert_true(n > 0);
    }
    out[len] = '\0';
}

static void must_read(int fd, const char *text)
{
    char got[200];

    assert_true(strlen(text) < sizeof(got));
    read_bytes(fd, got, strlen(text));
    assert_string_equal(got, text);
}

static void read_fill(int fd, size_t n)
{
    char *bytes = malloc(n + 1);

    assert_non_null(bytes);
    read_bytes(fd, bytes, n);
    free(bytes);
}

static void close_both(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* --- cases ----------------------------------------------------------------------------------- */

static void each_text_is_one_write_in_its_turn(void **state)
{
    int ends[2];
    struct spool *spool;
    char got[20], wanted[20];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    spool = start(ends[1]);
    for (int i = 0; i < 5000; i++) {
        snprintf(wanted, sizeof(wanted), "text %d\n", i);
        add(spool, wanted);
        if (i % 1000 != 999)
            continue;
        for (int j = i - 999; j <= i; j++) {
            ssize_t n = recv(ends[0], got, sizeof(got) - 1, 0);

            got[n > 0 ? n : 0] = '\0';
            snprintf(wanted, sizeof(wanted), "text %d\n", j);
            assert_string_equal(got, wanted);
        }
    }
    assert_int_equal(spool_n_dropped(spool), 0);
    must_stop(spool);
    close_both(ends);
}

/* Lengths that divide nothing, so that each text and each length lies across the end some time. */
static void texts_come_whole_out_of_a_ring_that_turns(void **state)
{
    static char text[7000], got[7001];
    int ends[2];
    struct spool *spool;
    size_t n_bytes = 0;

    memset(text, 'x', sizeof(text));
    open_pipe(ends);
    spool = start(ends[1]);
    for (unsigned i = 0; n_bytes < 5 * SPOOL_BYTES; i++) {
        size_t len = 1 + i * 37 % sizeof(text);

        text[0] = text[len - 1] = (char)('a' + i % 26);
        spool_add(spool, spool->fd, (struct slice){ text, len });
        read_bytes(ends[0], got, len);
        assert_memory_equal(got, text, len);
        text[0] = text[len - 1] = 'x';
        n_bytes += IN_RING(len);
    }
    assert_int_equal(spool_n_dropped(spool), 0);
    must_stop(spool);
    close_both(ends);
}

/* Add numbered texts of 100 bytes. */
static void add_numbered(struct spool *spool, unsigned from, unsigned to)
{
    char text[101];

    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof(text), "%099u\n", i);
        add(spool, text);
    }
}

static void must_read_numbered(int fd, unsigned from, unsigned to)
{
    char text[101];

    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof(text), "%099u\n", i);
        must_read(fd, text);
    }
}

static void what_finds_no_room_is_dropped_counted_and_reported_in_its_place(void **state)
{
    const unsigned n_fitting = SPOOL_BYTES / IN_RING(100);
    int ends[2];
    struct spool *spool;
    size_t n_filled;

    open_pipe(ends);
    n_filled = fill(ends[1]);
    spool = start(ends[1]);
    add_numbered(spool, 0, n_fitting + 1000);
    assert_int_equal(spool_n_dropped(spool), 1000);
    read_fill(ends[0], n_filled);
    must_read_numbered(ends[0], 0, n_fitting);
    must_read(ends[0], "1000 dropped\n");
    flush(spool);
    add(spool, "more\n");
    must_read(ends[0], "more\n");
    assert_int_equal(spool_n_dropped(spool), 1000);
    must_stop(spool);
    close_both(ends);
}

/* Otherwise each text that still fits would stand among others that are missing. */
static void no_text_is_added_between_those_that_were_dropped(void **state)
{
    static char big[SPOOL_BYTES / 2];
    int ends[2];
    struct spool *spool;
    size_t n_filled;

    memset(big, 'b', sizeof(big));
    open_pipe(ends);
    n_filled = fill(ends[1]);
    spool = start(ends[1]);
    add(spool, "first\n");
    spool_add(spool, spool->fd, (struct slice){ big, sizeof(big) });
    spool_add(spool, spool->fd, (struct slice){ big, sizeof(big) });
    add(spool, "this would fit\n");
    assert_int_equal(spool_n_dropped(spool), 2);
    read_fill(ends[0], n_filled);
    must_read(ends[0], "first\n");
    read_fill(ends[0], sizeof(big));
    must_read(ends[0], "2 dropped\n");
    must_stop(spool);
    close_both(ends);
}

static void a_text_longer_than_the_ring_is_dropped(void **state)
{
    char *text = malloc(SPOOL_BYTES);
    int ends[2];
    struct spool *spool;

    assert_non_null(text);
    memset(text, 'x', SPOOL_BYTES);
    open_pipe(ends);
    spool = start(ends[1]);
    spool_add(spool, spool->fd, (struct slice){ text, SPOOL_BYTES });
    must_read(ends[0], "1 dropped\n");
    add(spool, "more\n");
    must_read(ends[0], "more\n");
    must_stop(spool);
    close_both(ends);
    free(text);
}

static void stopping_writes_what_is_left(void **state)
{
    int ends[2];
    struct spool *spool;

    open_pipe(ends);
    spool = start(ends[1]);
    add_numbered(spool, 0, 40);
    must_stop(spool);
    must_read_numbered(ends[0], 0, 40);
    close_both(ends);
}

static void stopping_waits_for_a_full_pipe_only_until_its_time_is_over(void **state)
{
    int ends[2];
    struct spool *spool;
    int64_t end_ns;

    open_pipe(ends);
    fill(ends[1]);
    spool = start(ends[1]);
    add(spool, "text\n");
    end_ns = clock_monotonic_ns() + 50 * CLOCK_NS_PER_MS;
    spool_flush(spool, end_ns);
    assert_true(clock_monotonic_ns() >= end_ns);
    assert_false(spool_stop(spool, end_ns));
    assert_true(clock_monotonic_ns() < end_ns + LONG_NS);
    /* The thread is still writing, so the pipe stays open. */
}

/* O_NONBLOCK belongs to the open file, which others may have set. */
/* A thread that waits for a disk cannot be waited for, and may log when all else has ended. */
static void a_text_after_the_end_is_dropped_and_counted(void **state)
{
    struct spool *spool;
    int ends[2];

    open_pipe(ends);
    spool = start(ends[1]);
    add(spool, "last\n");
    must_stop(spool);
    add(spool, "late\n");
    assert_int_equal(spool_n_dropped(spool), 1);
    must_read(ends[0], "last\n");

    assert_int_equal(spool_start(spool), 0);
    flush(spool);
    add(spool, "again\n");
    must_stop(spool);
    must_read(ends[0], "1 dropped\nagain\n");
    close_both(ends);
}

static void a_descriptor_that_does_not_block_loses_nothing(void **state)
{
    int ends[2];
    struct spool *spool;
    size_t n_filled;

    open_pipe(ends);
    n_filled = fill(ends[1]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    spool = start(ends[1]);
    add_numbered(spool, 0, 200);
    read_fill(ends[0], n_filled);
    must_read_numbered(ends[0], 0, 200);
    assert_int_equal(spool_n_dropped(spool), 0);
    assert_true(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    must_stop(spool);
    close_both(ends);
}

static void what_write_refuses_is_counted_and_reported_before_the_next_text(void **state)
{
    int fd = open("/dev/full", O_WRONLY), ends[2];
    struct spool *spool;

    assert_true(fd >= 0);
    spool = start(fd);
    for (int i = 0; i < 5; i++)
        add(spool, "lost\n");
    flush(spool);
    assert_int_equal(spool_n_dropped(spool), 5);
    open_pipe(ends);
    assert_true(dup2(ends[1], fd) >= 0);
    add(spool, "first\n");
    add(spool, "second\n");
    must_read(ends[0], "5 dropped\nfirst\nsecond\n");
    assert_int_equal(spool_n_dropped(spool), 5);
    must_stop(spool);
    close_both(ends);
    close(fd);
}

static void allow_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Beyond the limit, write() fails; SIGXFSZ would end the process if it came through. */
static void a_text_that_was_cut_ends_its_line(void **state)
{
    FILE *file = tmpfile();
    struct spool *spool;
    char got[100] = "";

    assert_non_null(file);
    spool = start(fileno(file));
    allow_file_size(10);
    add(spool, "whole\n");
    add(spool, "beyond the limit\n");
    flush(spool);
    allow_file_size(RLIM_INFINITY);
    assert_int_equal(spool_n_dropped(spool), 1);
    add(spool, "more\n");
    must_stop(spool);
    assert_true(pread(fileno(file), got, sizeof(got) - 1, 0) > 0);
    assert_string_equal(got, "whole\nbeyo\n1 dropped\nmore\n");
    fclose(file);
}

static void a_text_for_another_descriptor_keeps_its_place_but_is_not_counted(void **state)
{
    int ends[2], full = open("/dev/full", O_WRONLY);
    struct spool *spool;

    assert_true(full >= 0);
    open_pipe(ends);
    spool = start(full);
    add(spool, "lost\n");
    spool_add(spool, ends[1], SLICE("other\n"));
    must_read(ends[0], "other\n");
    assert_int_equal(spool_n_dropped(spool), 1);
    spool_add(spool, -1, SLICE("nowhere\n"));
    must_stop(spool);
    assert_int_equal(spool_n_dropped(spool), 1);
    close_both(ends);
    close(full);
}

static struct spool *shared;

static void *add_many(void *ctx)
{
    char text[200];

    memset(text, 'x', sizeof(text));
    text[0] = *(const char *)ctx;
    text[sizeof(text) - 1] = '\n';
    for (int i = 0; i < 5000; i++)
        spool_add(shared, shared->fd, (struct slice){ text, sizeof(text) });
    return NULL;
}

/* Read lines to the end. Returns the number of whole texts, and adds up what reports say. */
static uint64_t count_texts(FILE *file, uint64_t *ret_n_reported)
{
    char line[300];
    uint64_t n = 0, n_dropped;

    *ret_n_reported = 0;
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%lu dropped\n", &n_dropped) == 1) {
            *ret_n_reported += n_dropped;
            continue;
        }
        assert_true(line[0] >= 'a' && line[0] <= 'd');
        assert_int_equal(strspn(line + 1, "x"), 198);
        assert_string_equal(line + 199, "\n");
        n++;
    }
    return n;
}

static void all_texts_of_all_threads_are_written_or_counted(void **state)
{
    FILE *file = tmpfile();
    char letters[] = "abcd";
    pthread_t threads[4];
    uint64_t n_reported, n_written;

    assert_non_null(file);
    shared = start(fileno(file));
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, add_many, &letters[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    must_stop(shared);
    rewind(file);
    n_written = count_texts(file, &n_reported);
    assert_int_equal(n_reported, spool_n_dropped(shared));
    assert_int_equal(n_written + n_reported, 20000);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_text_is_one_write_in_its_turn),
        CASE(texts_come_whole_out_of_a_ring_that_turns),
        CASE(what_finds_no_room_is_dropped_counted_and_reported_in_its_place),
        CASE(no_text_is_added_between_those_that_were_dropped),
        CASE(a_text_longer_than_the_ring_is_dropped),
        CASE(stopping_writes_what_is_left),
        CASE(stopping_waits_for_a_full_pipe_only_until_its_time_is_over),
        CASE(a_text_after_the_end_is_dropped_and_counted),
        CASE(a_descriptor_that_does_not_block_loses_nothing),
        CASE(what_write_refuses_is_counted_and_reported_before_the_next_text),
        CASE(a_text_that_was_cut_ends_its_line),
        CASE(a_text_for_another_descriptor_keeps_its_place_but_is_not_counted),
        CASE(all_texts_of_all_threads_are_written_or_counted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
