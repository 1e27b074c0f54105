/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#include <pthread.h>
#include <regex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool has_memory = true;

void *__wrap_realloc(void *old, size_t size)
{
    return has_memory ? __real_realloc(old, size) : NULL;
}

#define TIME "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{3}Z"

/* Replaces stderr; each write() to it is one message. */
struct catcher {
    int ends[2];
    int saved;
};

static struct catcher catch_stderr(void)
{
    struct catcher catcher;

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, catcher.ends), 0);
    catcher.saved = dup(STDERR_FILENO);
    assert_true(dup2(catcher.ends[1], STDERR_FILENO) >= 0);
    return catcher;
}

/* Restore stderr, and return what was written first, to be freed; NULL: nothing was. */
static char *caught(struct catcher *catcher, bool *ret_is_one_write)
{
    size_t room = 200000;
    char *text = malloc(room);
    char more;
    ssize_t n;

    assert_non_null(text);
    dup2(catcher->saved, STDERR_FILENO);
    close(catcher->saved);
    n = recv(catcher->ends[0], text, room - 1, MSG_DONTWAIT);
    *ret_is_one_write = n > 0 && recv(catcher->ends[0], &more, 1, MSG_DONTWAIT) < 0;
    close(catcher->ends[0]);
    close(catcher->ends[1]);
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

static void must_match(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, text, 0, NULL, 0) != 0)
        fail_msg("%s\ndoes not match\n%s", text, pattern);
    regfree(&regex);
}

/* A single line: it contains no control character but the line feed at its end. */
static void must_be_a_line(const char *text)
{
    size_t len = strlen(text);

    assert_true(len > 0 && text[len - 1] == '\n');
    for (size_t i = 0; i + 1 < len; i++)
        if ((unsigned char)text[i] < 0x20)
            fail_msg("byte %d stands in %s", text[i], text);
}

/* Log @message with one text field, and return the line, to be freed. */
static char *line_of(enum log_format format, const char *message, const char *value)
{
    struct catcher catcher;
    bool is_one_write;
    char *line;

    log_setup(LOG_INFO, format);
    catcher = catch_stderr();
    log_info(message, LOG_TEXT("key", value));
    line = caught(&catcher, &is_one_write);
    assert_non_null(line);
    assert_true(is_one_write);
    must_be_a_line(line);
    return line;
}

static void writes_logfmt(void **state)
{
    char *line = line_of(LOG_LOGFMT, "listening", "127.0.0.1:8125");

    must_match(line, "^time=" TIME " level=info msg=\"listening\" key=127[.]0[.]0[.]1:8125\n$");
    free(line);
}

static void writes_json(void **state)
{
    char *line = line_of(LOG_JSON, "listening", "127.0.0.1:8125");

    must_match(line, "^[{]\"time\":\"" TIME "\",\"level\":\"info\",\"msg\":\"listening\","
                     "\"key\":\"127[.]0[.]0[.]1:8125\"[}]\n$");
    free(line);
}

static void without_memory_a_line_says_what_has_happened(void **state)
{
    char *line;

    has_memory = false;
    line = line_of(LOG_LOGFMT, "cannot start", "because");
    must_match(line, "^time=" TIME " level=info msg=\"cannot start\" cut=\"out of memory\"\n$");
    free(line);
    line = line_of(LOG_JSON, "cannot start", "because");
    must_match(line, "^[{]\"time\":\"" TIME "\",\"level\":\"info\",\"msg\":\"cannot start\","
                     "\"cut\":\"out of memory\"[}]\n$");
    free(line);
    has_memory = true;
}

static void numbers_stand_unquoted(void **state)
{
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        struct catcher catcher;
        bool is_one_write;
        char *line;

        log_setup(LOG_INFO, (enum log_format)format);
        catcher = catch_stderr();
        log_warn("m", LOG_UINT("a", 0), LOG_UINT("b", UINT64_MAX), LOG_TEXT("c", "7"));
        line = caught(&catcher, &is_one_write);
        assert_non_null(line);
        must_match(line, format == LOG_JSON
                             ? ",\"a\":0,\"b\":18446744073709551615,\"c\":\"7\"[}]\n$"
                             : " a=0 b=18446744073709551615 c=\"?7\"?\n$");
        free(line);
    }
}

static void a_line_needs_no_fields(void **state)
{
    struct catcher catcher;
    bool is_one_write;
    char *line;

    log_setup(LOG_INFO, LOG_LOGFMT);
    catcher = catch_stderr();
    log_write(LOG_ERROR, "m", NULL, 0);
    line = caught(&catcher, &is_one_write);
    assert_non_null(line);
    assert_true(is_one_write);
    must_match(line, "^time=" TIME " level=error msg=\"m\"\n$");
    free(line);
}

static void drops_lines_below_the_level(void **state)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };

    for (int least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            struct catcher catcher;
            bool is_one_write;
            char *line;

            log_setup((enum log_level)least, LOG_LOGFMT);
            catcher = catch_stderr();
            LOG((enum log_level)level, "m", LOG_TEXT("k", "v"));
            line = caught(&catcher, &is_one_write);
            assert_int_equal(line != NULL, level >= least);
            assert_int_equal(log_has((enum log_level)level), level >= least);
            assert_true(!line || strstr(line, names[level]));
            free(line);
        }
    }
}

static void values_that_need_quotes_get_them(void **state)
{
    static const char *const values[][2] = {
        { "two words", "key=\"two words\"\n" },
        { "", "key=\"\"\n" },
        { "a=b", "key=\"a=b\"\n" },
        { "a\"b", "key=\"a\\\"b\"\n" },
        { "say \"x\"", "key=\"say \\\"x\\\"\"\n" },
        { "\\ ", "key=\"\\\\ \"\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        char *line = line_of(LOG_LOGFMT, "m", values[i][0]);

        if (!strstr(line, values[i][1]))
            fail_msg("%s lacks %s", line, values[i][1]);
        free(line);
    }
}

static void no_control_character_comes_through(void **state)
{
    char bytes[256];

    for (int byte = 1; byte < 256; byte++)
        bytes[byte - 1] = (char)byte;
    bytes[255] = 0;
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        free(line_of((enum log_format)format, bytes, "v"));
        free(line_of((enum log_format)format, "m", bytes));
    }
}

/* JSON is UTF-8 (RFC 8259, section 8.1), and so are the texts that readers of logfmt expect. */
static void a_line_is_utf8_whatever_the_bytes(void **state)
{
    static const char *const texts[] = { "\xff", "a\x80z", "\xe2\x82", "\xed\xa0\x80", "\xc0\x80" };

    for (size_t i = 0; i < 2 * ARRAY_SIZE(texts); i++) {
        char *line = line_of(i % 2 ? LOG_JSON : LOG_LOGFMT, texts[i / 2], texts[i / 2]);
        bool is_utf8 = utf8_is_valid(slice_of(line));

        free(line);
        assert_true(is_utf8);
    }
}

static void utf8_comes_through(void **state)
{
    char *line = line_of(LOG_JSON, "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x92\xa7");

    must_match(line, "\"msg\":\"gr\xc3\xbc\xc3\x9f\",\"key\":\"\xf0\x9f\x92\xa7\"[}]\n$");
    free(line);
}

static void only_bytes_that_are_not_utf8_are_replaced(void **state)
{
    char *line = line_of(LOG_JSON, "m", "gr\xc3\xbc\xc3\x9f\xff");

    must_match(line, "\"key\":\"gr\xc3\xbc\xc3\x9f\xef\xbf\xbd\"[}]\n$");
    free(line);
}

static void a_text_may_hold_nul(void **state)
{
    struct catcher catcher;
    bool is_one_write;
    char *line;

    log_setup(LOG_INFO, LOG_LOGFMT);
    catcher = catch_stderr();
    log_info("m", LOG_SLICE("key", SLICE("a\0b")));
    line = caught(&catcher, &is_one_write);
    assert_non_null(line);
    must_match(line, " key=\"a\\\\u0000b\"\n$");
    free(line);
}

/* The end of the JSON string at @text, or NULL if it is not one (RFC 8259, section 7). */
static const char *json_string_end(const char *text)
{
    if (*text++ != '"')
        return NULL;
    for (; *text != '"'; text++) {
        if ((unsigned char)*text < 0x20)
            return NULL;
        if (*text != '\\')
            continue;
        text++;
        if (!*text || !strchr("\"\\/bfnrtu", *text))
            return NULL;
        if (*text == 'u' && strspn(text + 1, "0123456789abcdefABCDEF") < 4)
            return NULL;
    }
    return text + 1;
}

/* Whether @text is {"…":"…",…} and a line feed. */
static bool is_json_of_strings(const char *text)
{
    if (*text++ != '{')
        return false;
    for (;; text++) {
        text = json_string_end(text);
        if (!text || *text++ != ':')
            return false;
        text = json_string_end(text);
        if (!text || *text != ',')
            return text && strcmp(text, "}\n") == 0;
    }
}

static void json_stays_json_whatever_the_bytes(void **state)
{
    for (int byte = 1; byte < 128; byte++) {
        char text[] = { 'a', (char)byte, 'b', 0 };
        char *line = line_of(LOG_JSON, text, text);

        if (!is_json_of_strings(line))
            fail_msg("byte %d breaks %s", byte, line);
        free(line);
    }
}

static void a_long_text_stays_one_whole_line(void **state)
{
    static char text[20001];

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = "ab\n\"\\"[i % 5];
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        char *line = line_of((enum log_format)format, text, "end");

        assert_true(format == LOG_LOGFMT || is_json_of_strings(line));
        assert_non_null(strstr(line, "end"));
        free(line);
    }
}

static _Atomic int n_running;

static void *log_hundred_lines(void *ctx)
{
    for (int i = 0; i < 100; i++)
        log_info("a message of some length", LOG_UINT("i", (uint64_t)i), LOG_TEXT("k", "v w"));
    n_running--;
    return NULL;
}

/* The number of lines until all writers are done; @ret_n_whole gets the number of whole ones. */
static int count_lines(int fd, int *ret_n_whole)
{
    char text[4096];
    int n_lines = 0;

    for (*ret_n_whole = 0;; n_lines++) {
        bool was_last = n_running == 0;
        ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

        if (n < 0 && was_last)
            return n_lines;
        text[n < 0 ? 0 : n] = 0;
        n_lines -= n < 0;
        *ret_n_whole += strncmp(text, "time=", 5) == 0 && strstr(text, "k=\"v w\"\n") != NULL;
    }
}

/* The socket between them holds far fewer than 400 lines, so the writers wait for the reader. */
static void threads_do_not_mix_their_lines(void **state)
{
    struct timeval patience = { .tv_usec = 10000 };
    struct catcher catcher;
    pthread_t threads[4];
    bool is_one_write;
    int n_lines, n_whole;

    log_setup(LOG_INFO, LOG_LOGFMT);
    catcher = catch_stderr();
    setsockopt(catcher.ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    n_running = 4;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, log_hundred_lines, NULL);
    n_lines = count_lines(catcher.ends[0], &n_whole);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_null(caught(&catcher, &is_one_write));
    assert_int_equal(n_lines, 400);
    assert_int_equal(n_whole, 400);
}

/* --- with a thread that writes --------------------------------------------------------------- */

/* Let a pipe of one page stand in for stdout and stderr. */
struct pipe_for_output {
    int ends[2];
    int saved[2];
};

static struct pipe_for_output catch_output(void)
{
    struct pipe_for_output out;

    fflush(stdout);
    assert_int_equal(pipe(out.ends), 0);
    assert_true(fcntl(out.ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        out.saved[fd - STDOUT_FILENO] = dup(fd);
        assert_true(dup2(out.ends[1], fd) >= 0);
    }
    close(out.ends[1]);
    return out;
}

/* Give both back, once the log has stopped. The pipe then has an end. */
static void release_output(struct pipe_for_output *out)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(out->saved[fd - STDOUT_FILENO], fd);
        close(out->saved[fd - STDOUT_FILENO]);
    }
}

#define REPORT "level=warn msg=\"log lines were dropped\" count="

static int64_t in_a_minute(void)
{
    return clock_monotonic_ns() + 60 * CLOCK_NS_PER_S;
}

static void a_started_log_keeps_the_order_and_stops_with_everything_written(void **state)
{
    char line[200] = "";
    struct pipe_for_output out;
    FILE *file;

    log_setup(LOG_INFO, LOG_LOGFMT);
    out = catch_output();
    assert_int_equal(log_start(), 0);
    log_info("one", LOG_UINT("i", 1));
    log_debug("below the level", LOG_UINT("i", 1));
    log_print(SLICE("two\n"));
    log_info("three", LOG_UINT("i", 3));
    log_stop(in_a_minute());
    release_output(&out);
    file = fdopen(out.ends[0], "r");
    must_match(fgets(line, sizeof(line), file), "level=info msg=\"one\" i=1\n$");
    assert_string_equal(fgets(line, sizeof(line), file), "two\n");
    must_match(fgets(line, sizeof(line), file), "level=info msg=\"three\" i=3\n$");
    assert_null(fgets(line, sizeof(line), file));
    fclose(file);
}

/* Without the thread, the second page of lines would wait forever. */
static void a_started_log_drops_lines_and_says_how_many(void **state)
{
    const uint64_t n_logged = 10000;
    uint64_t n_before = log_n_dropped(), n_written = 0, n_said = 0, n_dropped;
    char line[200];
    struct pipe_for_output out = catch_output();
    FILE *file;

    assert_int_equal(log_start(), 0);
    for (uint64_t i = 0; i < n_logged; i++)
        log_info("a line", LOG_UINT("i", i));
    n_dropped = log_n_dropped() - n_before;
    file = fdopen(out.ends[0], "r");
    while (n_written + n_said < n_logged && fgets(line, sizeof(line), file)) {
        const char *report = strstr(line, REPORT);

        n_written += strstr(line, "msg=\"a line\"") != NULL;
        if (report)
            n_said += strtoull(report + strlen(REPORT), NULL, 10);
    }
    log_stop(in_a_minute());
    release_output(&out);
    fclose(file);
    assert_true(n_dropped > 0);
    assert_int_equal(n_said, n_dropped);
    assert_int_equal(n_written, n_logged - n_dropped);
}

#define N_LATE 40 /* a pipe of one page has room for them */

static void *log_lines(void *begun)
{
    for (unsigned i = 0; i < N_LATE; i++) {
        log_info("a line", LOG_UINT("i", i));
        atomic_store((_Atomic bool *)begun, true);
    }
    return NULL;
}

/* A thread that waits for a disk cannot be waited for, and may log while all else ends. */
static void while_the_log_stops_a_line_is_written_or_counted(void **state)
{
    uint64_t n_before = log_n_dropped(), n_written = 0;
    _Atomic bool has_begun = false;
    struct pipe_for_output out;
    pthread_t thread;
    char line[200];
    FILE *file;

    out = catch_output();
    assert_int_equal(log_start(), 0);
    assert_int_equal(pthread_create(&thread, NULL, log_lines, &has_begun), 0);
    while (!has_begun)
        sched_yield();
    log_stop(in_a_minute());
    pthread_join(thread, NULL);
    release_output(&out);
    file = fdopen(out.ends[0], "r");
    while (fgets(line, sizeof(line), file))
        n_written += strstr(line, "msg=\"a line\"") != NULL;
    fclose(file);
    assert_int_equal(n_written + log_n_dropped() - n_before, N_LATE);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(writes_logfmt),
        CASE(writes_json),
        CASE(without_memory_a_line_says_what_has_happened),
        CASE(numbers_stand_unquoted),
        CASE(a_line_needs_no_fields),
        CASE(drops_lines_below_the_level),
        CASE(values_that_need_quotes_get_them),
        CASE(no_control_character_comes_through),
        CASE(a_line_is_utf8_whatever_the_bytes),
        CASE(utf8_comes_through),
        CASE(only_bytes_that_are_not_utf8_are_replaced),
        CASE(a_text_may_hold_nul),
        CASE(json_stays_json_whatever_the_bytes),
        CASE(a_long_text_stays_one_whole_line),
        CASE(threads_do_not_mix_their_lines),
        CASE(a_started_log_keeps_the_order_and_stops_with_everything_written),
        CASE(a_started_log_drops_lines_and_says_how_many),
        CASE(while_the_log_stops_a_line_is_written_or_counted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
