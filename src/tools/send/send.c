/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Send
 *
 * The command: its words and standard input. tools/send/defaults says where samples go,
 * tools/send/encode makes lines, and tools/send/sender makes datagrams of them.
 */

#include "tools/send/send.h"

#include "base/clock.h"
#include "base/target.h"
#include "config/command_line.h"
#include "config/config.h"
#include "tools/send/defaults.h"
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

/* NULL: not given; then variables decide (tools/send/defaults.h). */
struct send_options {
    char *url, *prefix, *tags;
};

#define OPTION_VALUES struct send_options

static const struct option rows[] = {
    { "url", "URL", OPTION_TEXT(url, NULL) },
    { "prefix", "TEXT", OPTION_TEXT(prefix, NULL) },
    { "tags", "TAGS", OPTION_TEXT(tags, NULL) },
};

static const struct option_table table = OPTION_TABLE(rows);

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "udometer send: %s: %s\n", what, why);
    return status;
}

static int complain_of_problems(const struct problems *problems)
{
    problems_print(problems, "udometer send", stderr);
    return EXIT_USAGE;
}

/* --- the connection ---------------------------------------------------------------- */

/* It is of another form than those that target_parse() reads. */
static int complain_of_url(const struct defaults *defaults)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    struct slice wrong = SLICE("expected udp://HOST:PORT, unix:///PATH, unix://@NAME, or off");
    struct slice url = { defaults->url.data, defaults->url.len - 1 };
    char before[64] = "";

    if (defaults->source)
        snprintf(before, sizeof(before), "%s=", defaults->source);
    problems_add_value(&problems, PLACE_NONE, slice_of(before),
                       defaults->source ? defaults->value : url, wrong);
    return complain_of_problems(&problems);
}

static int complain_of_target(const struct defaults *defaults, int r)
{
    const char *url = defaults->url.data;
    char room[TARGET_ERROR_MAX];

    return complain(url, target_error(url, r, room), EXIT_FAILURE);
}

/* If sending is switched off, there is no connection, and is_open is false. */
struct connection {
    const struct defaults *defaults;
    bool is_open;
    struct sender sender;
};

/* Returns the exit status. */
static int open_connection(struct connection *connection, const struct defaults *defaults)
{
    struct address address;
    int r;

    connection->defaults = defaults;
    connection->is_open = false;
    if (defaults_are_off(defaults))
        return EXIT_SUCCESS;
    r = target_parse(&address, defaults->url.data);
    if (r == 0)
        r = sender_open(&connection->sender, &address);
    if (r == -EINVAL)
        return complain_of_url(defaults);
    if (r < 0)
        return complain_of_target(defaults, r);
    connection->is_open = true;
    return EXIT_SUCCESS;
}

/* Returns 0, or negative errno: the line is too long. */
static int add_line(struct connection *connection, struct slice line)
{
    return connection->is_open ? sender_add(&connection->sender, line) : 0;
}

/* Returns the exit status. */
static int close_connection(struct connection *connection)
{
    int r = connection->is_open ? sender_close(&connection->sender) : 0;

    return r < 0 ? complain_of_target(connection->defaults, r) : EXIT_SUCCESS;
}

static int send_line(const struct defaults *defaults, struct slice line)
{
    struct connection connection;
    int status = open_connection(&connection, defaults);

    if (status != EXIT_SUCCESS)
        return status;
    if (add_line(&connection, line) < 0)
        status = EXIT_FAILURE;
    return close_connection(&connection) == EXIT_SUCCESS ? status : EXIT_FAILURE;
}

/* --- one sample -------------------------------------------------------------------- */

static int complain_of_mistake(const struct encode_mistake *mistake, const char *first_word)
{
    fprintf(stderr, "udometer send: %s: %s", mistake->word ? mistake->word : first_word,
            mistake->what);
    if (mistake->meant)
        fprintf(stderr, "; did you mean %s?", mistake->meant);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int send_sample(const struct defaults *defaults, const char *const *words, int n)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct encode_mistake mistake;
    struct encode_words sample;
    bool is_good = encode_sort(&sample, words, n, &mistake);

    sample.prefix = defaults->prefix;
    sample.common_tags = buffer_text(&defaults->tags);
    if (!is_good || !encode_line(&sample, &line, &mistake))
        return complain_of_mistake(&mistake, words[0]);
    return send_line(defaults, buffer_text(&line));
}

/* --- standard input ---------------------------------------------------------------- */

struct lines {
    struct connection connection;
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
             add_line(&lines->connection, (struct slice){ lines->line, lines->len }) < 0)
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
            if (lines->connection.is_open)
                sender_flush(&lines->connection.sender);
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

static int send_input(const struct defaults *defaults)
{
    struct lines lines = { .status = EXIT_SUCCESS };
    int status = open_connection(&lines.connection, defaults);

    if (status != EXIT_SUCCESS)
        return status;
    status = read_input(&lines);
    return close_connection(&lines.connection) == EXIT_SUCCESS ? status : EXIT_FAILURE;
}

/* --- time -------------------------------------------------------------------------- */

/* Whether @words or the defaults have the tag "status". */
static bool has_status(const struct defaults *defaults, char *const *words, int n)
{
    bool has_it = defaults_have_tag(defaults, SLICE("status"));

    for (int i = 0; i < n && !has_it; i++)
        has_it = slice_starts_with(slice_of(words[i]), SLICE("status="));
    return has_it;
}

/*
 * Send a timing with the name and tags in @words, and a tag for the status, unless they have it.
 * "status=" is how they say that there is to be no such tag.
 */
static int send_time(const struct defaults *defaults, const struct stopwatch *stopwatch,
                     char *const *words, int n)
{
    const char **sample = calloc((size_t)n + 3, sizeof(*sample));
    char milliseconds[32];
    int status, n_words = 0;

    if (!sample)
        return complain("time", strerror(ENOMEM), EXIT_FAILURE);
    snprintf(milliseconds, sizeof(milliseconds), "%.3f",
             (double)stopwatch->elapsed_ns / (double)CLOCK_NS_PER_MS);
    sample[n_words++] = "timing";
    sample[n_words++] = words[0];
    sample[n_words++] = milliseconds;
    for (int i = 1; i < n; i++)
        if (strcmp(words[i], "status=") != 0)
            sample[n_words++] = words[i];
    if (!has_status(defaults, words + 1, n - 1))
        sample[n_words++] = stopwatch->status == 0 ? "status=ok" : "status=error";
    status = send_sample(defaults, sample, n_words);
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
 * The command runs whatever becomes of its time. @defaults is NULL if they are wrong: then the time
 * is not sent. Returns the command's status.
 */
static int time_command(const struct defaults *defaults, const struct command_words *words)
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
    if (defaults)
        (void)send_time(defaults, &stopwatch, words->at + 1, end - 1);
    return stopwatch.status;
}

/* --- command ----------------------------------------------------------------------- */

static const char usage[] =
    "Usage: udometer send [FLAG]... TYPE NAME [VALUE] [key=value]...\n"
    "       udometer send [FLAG]... [-]\n"
    "       udometer send [FLAG]... time NAME [key=value]... -- COMMAND...\n"
    "\n"
    "Sends one sample; or the lines of standard input, in datagrams of up to 1,432 bytes;\n"
    "or the time that COMMAND takes, with the tag status=ok or status=error, unless a tag\n"
    "status is given. Give status= to have none.\n"
    "\n"
    "  count NAME [VALUE]        add VALUE, or 1, to a counter\n"
    "  gauge NAME VALUE          set a gauge\n"
    "  gauge NAME + VALUE        add VALUE to a gauge; with - subtract it\n"
    "  timing NAME MILLISECONDS  observe a duration\n"
    "  observe NAME VALUE        observe a value, in the unit that the name implies\n"
    "  set NAME MEMBER           count distinct members\n"
    "  expire NAME               end all series of this name that have these tags\n"
    "  expire NAME older SECONDS end those of them that got no sample for so long\n"
    "\n"
    "  --url=URL      udp://HOST[:PORT], unix:///PATH, unix://@NAME of an abstract socket,\n"
    "                 or off: send nothing. By default the first of these variables that is\n"
    "                 set: UDOMETER_URL, DD_DOGSTATSD_URL, DD_AGENT_HOST (and\n"
    "                 DD_DOGSTATSD_PORT), STATSD_HOST (and STATSD_PORT); else\n"
    "                 udp://" TARGET_DEFAULT "\n"
    "  --prefix=TEXT  put before NAME; by default UDOMETER_PREFIX\n"
    "  --tags=TAGS    key=value,... for the sample; by default UDOMETER_TAGS. Tags of "
    "DD_TAGS,\n"
    "                 DD_ENV, DD_SERVICE and DD_VERSION come before these\n"
    "\n"
    "Lines of standard input get neither prefix nor tags. In words, characters that would\n"
    "break a line become '_'. Flags may also follow the other words; to send a word that begins\n"
    "with two dashes, end the flags with the word -- before it.\n"
    "Exit status 0: everything was sent, or sending is off. 1: something was not sent. 2: a\n"
    "flag, an argument or a variable is invalid. With time: the status of COMMAND, as in a\n"
    "shell.\n"
    "\n"
    "    udometer send count bot.routes_total player_id=1 status=completed\n"
    "    udometer send time backup.duration_seconds -- ./backup.sh\n";

static void print_usage(FILE *to)
{
    fputs(usage, to);
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

    if (command_line_sort(&line, words) < 0) {
        problems_add(problems, PLACE_NONE, "out of memory");
        return COMMAND_LINE_WRONG;
    }
    return command_line_read(&line, options, problems);
}

/* Send standard input. A terminal is only read if "-" asks for it. */
static int send_input_or_help(const struct defaults *defaults, const struct command_words *words)
{
    if (words->n > 0 || !isatty(STDIN_FILENO))
        return send_input(defaults);
    print_usage(stderr);
    return EXIT_USAGE;
}

/* Only samples have tags, so for lines of standard input wrong ones do not matter. */
static bool read_defaults(struct defaults *ret, const struct send_options *options, bool need_tags)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    bool is_good = defaults_init(ret, options->url, options->prefix, &problems);

    if (need_tags && !defaults_read_tags(ret, options->tags, &problems))
        is_good = false;
    if (!is_good)
        complain_of_problems(&problems);
    return is_good;
}

static int send_words(const struct send_options *options, const struct command_words *words)
{
    CLEANUP(defaults_deinit) struct defaults defaults;
    bool is_input = words->n == 0 || (words->n == 1 && strcmp(words->at[0], "-") == 0);
    bool is_good = read_defaults(&defaults, options, !is_input);

    if (words->n > 0 && strcmp(words->at[0], "time") == 0)
        return time_command(is_good ? &defaults : NULL, words);
    if (!is_good)
        return EXIT_USAGE;
    if (is_input)
        return send_input_or_help(&defaults, words);
    return send_sample(&defaults, (const char *const *)words->at, words->n);
}

/* The daemon's variables are right here, too: a program may share its environment. */
static void warn_of_unknown_variables(void)
{
    CLEANUP(problems_deinit) struct problems warnings = { 0 };

    config_warn_of_variables(&warnings);
    problems_print(&warnings, "udometer send", stderr);
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
    case COMMAND_LINE_WRONG: return complain_of_problems(&problems);
    case COMMAND_LINE_RUN: break;
    }
    warn_of_unknown_variables();
    return send_words(&options, &words);
}
