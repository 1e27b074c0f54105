/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Send
 *
 * The command: its words and standard input. tools/send/encode makes lines, and
 * tools/send/sender makes datagrams of them.
 */

#include "tools/send/send.h"

#include "base/clock.h"
#include "base/target.h"
#include "config/command_line.h"
#include "config/environment.h"
#include "tools/send/encode.h"
#include "tools/send/sender.h"
#include "tools/send/stopwatch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2

/* When no input arrives for this long, send the lines so far. */
#define QUIET_MS 1000

#define CHUNK_BYTES 65536

struct send_options {
    char *url;
};

#define DEFAULT_URL "udp://" TARGET_DEFAULT

#define OPTION_VALUES struct send_options

static const struct option rows[] = {
    { "url", "URL", OPTION_TEXT(url, DEFAULT_URL) },
};

static const struct option_table table = OPTION_TABLE(rows);

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "udometer send: %s: %s\n", what, why);
    return status;
}

static int open_url(struct sender *sender, const char *url)
{
    struct address address;
    int r = target_parse(&address, url);

    if (r == 0)
        r = sender_open(sender, &address);
    if (r == -EINVAL)
        return complain(url, "expected udp://HOST:PORT, unix:///PATH or unix://@NAME", EXIT_USAGE);
    return r < 0 ? complain(url, target_error(url, r), EXIT_FAILURE) : EXIT_SUCCESS;
}

static int close_url(struct sender *sender, const char *url)
{
    int r = sender_close(sender);

    return r < 0 ? complain(url, target_error(url, r), EXIT_FAILURE) : EXIT_SUCCESS;
}

static int send_line(const char *url, struct slice line)
{
    struct sender sender;
    int status = open_url(&sender, url);

    if (status != EXIT_SUCCESS)
        return status;
    if (sender_add(&sender, line) < 0)
        status = EXIT_FAILURE;
    return close_url(&sender, url) == EXIT_SUCCESS ? status : EXIT_FAILURE;
}

/* --- one sample -------------------------------------------------------------------- */

static int send_sample(const char *url, const char *const *words, int n)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct encode_mistake mistake;
    struct encode_words sample;

    if (!encode_sort(&sample, words, n, &mistake) || !encode_line(&sample, &line, &mistake))
        return complain(mistake.word ? mistake.word : words[0], mistake.what, EXIT_USAGE);
    return send_line(url, buffer_text(&line));
}

/* --- standard input ---------------------------------------------------------------- */

struct lines {
    struct sender sender;
    int status;
    bool is_too_long; /* the current line */
    size_t len;
    char line[ENCODE_LINE_MAX];
};

static void end_line(struct lines *lines)
{
    if (lines->is_too_long)
        lines->status = complain("standard input", "a line is too long", EXIT_FAILURE);
    else if (lines->len > 0 &&
             sender_add(&lines->sender, (struct slice){ lines->line, lines->len }) < 0)
        lines->status = EXIT_FAILURE;
    lines->len = 0;
    lines->is_too_long = false;
}

static void add_bytes(struct lines *lines, struct slice bytes)
{
    while (bytes.len > 0) {
        struct slice before = bytes, part = slice_cut(&bytes, '\n');

        if (part.len > sizeof(lines->line) - lines->len) {
            lines->is_too_long = true;
        } else {
            memcpy(lines->line + lines->len, part.at, part.len);
            lines->len += part.len;
        }
        if (part.len < before.len)
            end_line(lines);
    }
}

static int read_input(struct lines *lines)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char chunk[CHUNK_BYTES];
    int error = 0;
    ssize_t n;

    for (;;) {
        if (poll(&input, 1, QUIET_MS) == 0) {
            sender_flush(&lines->sender);
            poll(&input, 1, -1);
        }
        n = read(STDIN_FILENO, chunk, sizeof(chunk));
        if (n < 0 && errno == EAGAIN)
            continue;
        error = n < 0 ? errno : 0;
        if (n <= 0)
            break;
        add_bytes(lines, (struct slice){ chunk, (size_t)n });
    }
    end_line(lines);
    return error ? complain("standard input", strerror(error), EXIT_FAILURE) : lines->status;
}

static int send_input(const char *url)
{
    struct lines lines = { .status = EXIT_SUCCESS };
    int status = open_url(&lines.sender, url);

    if (status != EXIT_SUCCESS)
        return status;
    status = read_input(&lines);
    return close_url(&lines.sender, url) == EXIT_SUCCESS ? status : EXIT_FAILURE;
}

/* --- time -------------------------------------------------------------------------- */

/* Send a timing with the name and tags in @words, and a tag for the status. */
static int send_time(const char *url, const struct stopwatch *stopwatch, char *const *words, int n)
{
    const char **sample = calloc((size_t)n + 3, sizeof(*sample));
    char milliseconds[32];
    int status;

    if (!sample)
        return complain("time", strerror(ENOMEM), EXIT_FAILURE);
    snprintf(milliseconds, sizeof(milliseconds), "%.3f",
             (double)stopwatch->elapsed_ns / (double)CLOCK_NS_PER_MS);
    sample[0] = "timing";
    sample[1] = words[0];
    sample[2] = milliseconds;
    for (int i = 1; i < n; i++)
        sample[i + 2] = words[i];
    sample[n + 2] = stopwatch->status == 0 ? "status=ok" : "status=error";
    status = send_sample(url, sample, n + 3);
    free(sample);
    return status;
}

/* The index of the first "--" among @words, or their number. */
static int find_dashes(const struct command_words *words)
{
    int i = 0;

    while (i < words->n && strcmp(words->at[i], "--") != 0)
        i++;
    return i;
}

/*
 * The command begins after "--". If one before "time" has ended the flags, there is another one.
 * Returns the command's status, whether or not the sample could be sent.
 */
static int time_command(const char *url, const struct command_words *words)
{
    int end = words->n_before_dashes, command = end;
    struct stopwatch stopwatch;

    if (end == 0) {
        end = find_dashes(words);
        command = end + 1;
    }
    if (end < 2 || command >= words->n)
        return complain("time", "expected NAME [key=value]... -- COMMAND...", EXIT_USAGE);
    stopwatch = stopwatch_run(words->at + command);
    (void)send_time(url, &stopwatch, words->at + 1, end - 1);
    return stopwatch.status;
}

/* --- command ----------------------------------------------------------------------- */

static void print_usage(FILE *to)
{
    fputs(
        "Usage: udometer send [--url=URL] TYPE NAME [VALUE] [key=value]...\n"
        "       udometer send [--url=URL] [-]\n"
        "       udometer send [--url=URL] time NAME [key=value]... -- COMMAND...\n"
        "\n"
        "Sends one sample; or the lines of standard input, in datagrams of up to 1,432 bytes;\n"
        "or the time that COMMAND takes, with the tag status=ok or status=error.\n"
        "\n"
        "  count NAME [VALUE]        add VALUE, or 1, to a counter\n"
        "  gauge NAME VALUE          set a gauge\n"
        "  gauge NAME + VALUE        add VALUE to a gauge; with - subtract it\n"
        "  timing NAME MILLISECONDS  observe a duration\n"
        "  observe NAME VALUE        observe a value, in the unit that the name implies\n"
        "  set NAME MEMBER           count distinct members\n"
        "  expire NAME               end all series of this name that have these tags\n"
        "\n"
        "URL is udp://HOST[:PORT], unix:///PATH, or unix://@NAME of an abstract socket. The\n"
        "default is the environment variable UDOMETER_URL, then " DEFAULT_URL ".\n"
        "Characters that would break a line become '_'. Flags may also follow the other words; to\n"
        "send a word that begins with two dashes, end the flags with the word -- before it.\n"
        "Exit status 0: everything was sent. 1: something was not. 2: a flag or an argument\n"
        "is invalid. With time: the status of COMMAND, as in a shell.\n"
        "\n"
        "    udometer send count bot.routes_total player_id=1 status=completed\n"
        "    udometer send time backup.duration_seconds -- ./backup.sh\n",
        to);
}

static int print_help(void)
{
    print_usage(stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Set @options, and take the flags out of @words. */
static enum command_line_outcome read_options(struct send_options *options,
                                              struct command_words *words, int argc, char **argv,
                                              struct problems *problems)
{
    struct command_line line = {
        .command = "udometer send",
        .table = &table,
        .has_words = true,
        .argc = argc,
        .argv = argv,
    };
    enum command_line_outcome outcome;
    bool is_good;

    if (command_line_sort(&line, words) < 0) {
        problems_add(problems, PLACE_NONE, "out of memory");
        return COMMAND_LINE_WRONG;
    }
    is_good = environment_read(&table, options, problems);
    outcome = command_line_read(&line, options, problems);
    return outcome == COMMAND_LINE_RUN && !is_good ? COMMAND_LINE_WRONG : outcome;
}

/* Send standard input. A terminal is only read if "-" asks for it. */
static int send_input_or_help(const char *url, const struct command_words *words)
{
    if (words->n > 0 || !isatty(STDIN_FILENO))
        return send_input(url);
    print_usage(stderr);
    return EXIT_USAGE;
}

static int send_words(const char *url, const struct command_words *words)
{
    if (words->n == 0 || (words->n == 1 && strcmp(words->at[0], "-") == 0))
        return send_input_or_help(url, words);
    if (strcmp(words->at[0], "time") == 0)
        return time_command(url, words);
    return send_sample(url, (const char *const *)words->at, words->n);
}

static void free_options(struct send_options *options)
{
    option_deinit_values(&table, options);
}

int send_main(int argc, char **argv)
{
    CLEANUP(free_options) struct send_options options;
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    struct command_words words;

    if (option_init_values(&table, &options) < 0)
        return complain("flags", strerror(ENOMEM), EXIT_FAILURE);
    switch (read_options(&options, &words, argc, argv, &problems)) {
    case COMMAND_LINE_HELP:
    case COMMAND_LINE_VERSION: return print_help();
    case COMMAND_LINE_WRONG: problems_print(&problems, "udometer send", stderr); return EXIT_USAGE;
    case COMMAND_LINE_RUN: break;
    }
    return send_words(options.url, &words);
}
