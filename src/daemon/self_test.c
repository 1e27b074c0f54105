/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Self test
 *
 * A page of text is compared with lines of text, so a test is written as the page will show it.
 * Both are first brought into one form: labels sorted, without blanks, and the value as a number.
 * What else is on the page does not matter to a test.
 */

#include "daemon/self_test.h"

#include "base/number.h"
#include "config/config.h"
#include "config/draft.h"
#include "daemon/options.h"
#include "ingest/declare.h"
#include "ingest/solo.h"
#include "output/text.h"

#include <errno.h>
#include <stdlib.h>

/* More series of the same name are not shown. */
#define SHOWN_MAX 3

/* --- a pipeline ---------------------------------------------------------------------- */

/* Returns 0 or negative errno; @solo must be freed in any case. */
static int begin(struct solo *solo, const struct settings *settings)
{
    const struct registry_options registry = options_registry(settings);
    const struct pipeline_options pipeline = options_pipeline(settings);
    const struct reserved_names reserved = options_reserved_names(settings);
    const struct solo_options options = {
        .registry = &registry,
        .pipeline = &pipeline,
        .max_key_bytes = options_max_key_bytes(settings),
        .reading = options_reading(settings),
    };
    int r = solo_init(solo, &options);

    if (r == 0)
        r = reserved_names_claim(solo->registry, &reserved);
    if (r == 0)
        (void)declare_series(solo->registry, config_mapping(settings), NULL);
    return r;
}

/* The page of all series. */
static int write_page(const struct solo *solo, struct buffer *out)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    struct snapshot *snapshot = registry_snapshot(solo->registry);
    int r = exposition_new(&exposition, &text_writer, snapshot, NULL);

    snapshot_unref(snapshot);
    return r < 0 ? r : exposition_write(exposition, out, SIZE_MAX);
}

/* --- one form for lines --------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* The end of the label at the beginning of @text: the comma or bracket after its value. */
static size_t label_end(struct slice text)
{
    bool is_quoted = false;
    size_t i = 0;

    for (; i < text.len; i++) {
        if (is_quoted && text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (text.at[i] == ',' || text.at[i] == '}'))
            break;
    }
    return i < text.len ? i : text.len;
}

/* Add the labels of @text, what follows the first bracket. Returns what follows the last. */
static struct slice add_labels(struct slice text, struct buffer *out)
{
    struct slice labels[LABELS_MAX];
    size_t n = 0;
    bool goes_on = true;

    while (goes_on && text.len && n < LABELS_MAX) {
        size_t end = label_end(text);
        struct slice label = slice_trim((struct slice){ text.at, end });

        if (label.len)
            labels[n++] = label;
        goes_on = end < text.len && text.at[end] == ',';
        end += end < text.len;
        text = (struct slice){ text.at + end, text.len - end };
    }
    qsort(labels, n, sizeof(labels[0]), compare);
    for (size_t i = 0; i < n; i++) {
        buffer_add_char(out, i ? ',' : '{');
        buffer_add(out, labels[i]);
    }
    if (n)
        buffer_add_char(out, '}');
    return text;
}

/* Add the series of @line in one form. Returns the text of its value, or an empty one. */
static struct slice add_series(struct slice line, struct buffer *out)
{
    size_t len = 0;
    struct slice rest;

    while (len < line.len && line.at[len] != '{' && line.at[len] != ' ' && line.at[len] != '\t')
        len++;
    buffer_add(out, (struct slice){ line.at, len });
    rest = (struct slice){ line.at + len, line.len - len };
    if (rest.len && rest.at[0] == '{')
        rest = add_labels((struct slice){ rest.at + 1, rest.len - 1 }, out);
    return slice_trim(rest);
}

static bool values_are_equal(struct slice a, struct slice b)
{
    double left, right;

    if (number_parse(a, &left) && number_parse(b, &right))
        return left == right;
    return slice_equal(a, b);
}

/* --- a test ---------------------------------------------------------------------------- */

/* An expected line, and where it is looked for. */
struct search {
    const struct draft_test *test;
    struct problems *problems;
    struct slice page;
    struct slice series; /* in one form */
    struct slice value;  /* empty: any */
};

/* Add the value of the series on the page to @ret. Returns false if it is not there. */
static bool find(const struct search *search, struct buffer *ret)
{
    struct slice page = search->page;

    while (page.len) {
        CLEANUP(buffer_deinit) struct buffer series = { 0 };
        struct slice line = slice_cut(&page, '\n'), value;

        if (line.len == 0 || line.at[0] == '#')
            continue;
        value = add_series(line, &series);
        if (slice_equal(buffer_text(&series), search->series)) {
            buffer_add(ret, value);
            return true;
        }
    }
    return false;
}

static struct slice name_of(struct slice line)
{
    size_t len = 0;

    while (len < line.len && line.at[len] != '{' && line.at[len] != ' ')
        len++;
    return (struct slice){ line.at, len };
}

/* Add the first series of the same name, for a message. */
static void add_similar(const struct search *search, struct buffer *out)
{
    struct slice page = search->page, name = name_of(search->series);
    unsigned n = 0;

    while (page.len && n < SHOWN_MAX) {
        struct slice line = slice_cut(&page, '\n');

        if (!slice_equal(name_of(line), name))
            continue;
        buffer_add_format(out, "%s%.*s", n++ ? ", " : "; there is ", (int)line.len, line.at);
    }
}

static void complain(const struct search *search, const char *wrong, struct slice detail)
{
    const struct draft_test *test = search->test;

    search->problems->path = test->path;
    problems_add(search->problems, test->place, "test%s%.*s: expected %.*s%s%.*s%s%.*s",
                 test->name.len ? " " : "", (int)test->name.len, test->name.at,
                 (int)search->series.len, search->series.at, search->value.len ? " " : "",
                 (int)search->value.len, search->value.at, wrong, (int)detail.len, detail.at);
    search->problems->path = NULL;
}

static void check_line(struct search *search, struct slice line)
{
    CLEANUP(buffer_deinit) struct buffer series = { 0 };
    CLEANUP(buffer_deinit) struct buffer found = { 0 };
    CLEANUP(buffer_deinit) struct buffer similar = { 0 };

    search->value = add_series(line, &series);
    search->series = buffer_text(&series);
    if (!find(search, &found)) {
        add_similar(search, &similar);
        complain(search, ", but there is no such series", buffer_text(&similar));
    } else if (search->value.len && !values_are_equal(search->value, buffer_text(&found))) {
        complain(search, ", but it is ", buffer_text(&found));
    }
}

static int run(const struct settings *settings, const struct draft_test *test,
               struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer page = { 0 };
    CLEANUP(solo_deinit) struct solo solo = { 0 };
    struct search search = { .test = test, .problems = problems };
    int r = begin(&solo, settings);

    if (r < 0)
        return r;
    for (size_t i = 0; i < test->n_send; i++)
        pipeline_push(solo.lane.pipeline, test->send[i], 0);
    pipeline_flush(solo.lane.pipeline);
    r = write_page(&solo, &page);
    if (r < 0 || page.has_failed)
        return -ENOMEM;
    search.page = buffer_text(&page);
    for (size_t i = 0; i < test->n_expect; i++)
        check_line(&search, test->expect[i]);
    return 0;
}

int self_test_run(const struct settings *settings, struct problems *problems)
{
    size_t n;
    const struct draft_test *tests = config_tests(settings, &n);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = run(settings, &tests[i], problems);
    return r;
}
