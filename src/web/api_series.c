/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API: series
 *
 * A walk over a snapshot, like a scrape, without a lock. Only what is selected goes to the
 * registry, in batches. There may be a million series, so the work is a stream: each time the
 * server asks for a piece of the reply, some are looked at. Until all of them have been, the pieces
 * are a space each, which means nothing before a JSON text (RFC 8259, 2).
 */

#include "web/api_series.h"

#include "base/clock.h"
#include "web/api.h"
#include "web/selector.h"

#include <errno.h>
#include <stdlib.h>

/* What is done for a piece of the reply, in units of selector_cost(): about a millisecond. */
#define PIECE_COST 10000

struct ending_series {
    struct http_stream stream;
    struct registry *registry;
    struct selector *selectors[API_SERIES_SELECTORS_MAX];
    unsigned n_selectors;
    struct snapshot *snapshot;
    size_t n_seen;               /* series of the snapshot */
    const struct family *family; /* of the last of them */
    bool is_family_selected;     /* perhaps */
    struct series *batch[REGISTRY_BATCH];
    size_t n_batch;
    size_t n_ended, n_unknown; /* whether they are selected could not be found out */
    bool is_memory_short;
    char *page; /* NULL until all have been seen */
    size_t page_len, n_sent;
};

/* --- ending --------------------------------------------------------------------------------- */

static void end_batch(struct ending_series *ending)
{
    if (!registry_end_series(ending->registry, ending->batch, ending->n_batch, clock_monotonic_ns(),
                             &ending->n_ended))
        ending->is_memory_short = true;
    ending->n_batch = 0;
}

/* Note whether any series of @family may be selected, as most families are not. */
static void begin_family(struct ending_series *ending, const struct family *family)
{
    ending->family = family;
    ending->is_family_selected = false;
    for (unsigned i = 0; i < ending->n_selectors; i++)
        ending->is_family_selected |=
            selector_match_name(ending->selectors[i], family->name) != SELECTOR_NO_MATCH;
}

static enum selector_outcome match(const struct ending_series *ending, const struct series *series)
{
    enum selector_outcome outcome = SELECTOR_NO_MATCH;

    for (unsigned i = 0; i < ending->n_selectors; i++) {
        enum selector_outcome one =
            selector_match(ending->selectors[i], series->family->name, series_labels(series));

        if (one == SELECTOR_MATCHES)
            return one;
        if (one == SELECTOR_FAILED)
            outcome = one;
    }
    return outcome;
}

/* Look at a series, and return what it costs. */
static unsigned look_at(struct ending_series *ending, struct series *series, unsigned cost)
{
    enum selector_outcome outcome;

    if (series->family != ending->family)
        begin_family(ending, series->family);
    else if (!ending->is_family_selected)
        return 1;
    outcome = ending->is_family_selected ? match(ending, series) : SELECTOR_NO_MATCH;
    if (outcome == SELECTOR_MATCHES)
        ending->batch[ending->n_batch++] = series;
    ending->n_unknown += outcome == SELECTOR_FAILED;
    if (ending->n_batch == REGISTRY_BATCH)
        end_batch(ending);
    return cost;
}

/* Look at some series. Returns whether all have been seen. */
static bool do_piece(struct ending_series *ending)
{
    const struct snapshot *snapshot = ending->snapshot;
    unsigned each = 0, cost = 0;

    for (unsigned i = 0; i < ending->n_selectors; i++)
        each += selector_cost(ending->selectors[i]);
    while (ending->n_seen < snapshot->n_series && cost < PIECE_COST)
        cost += look_at(ending, snapshot->series[ending->n_seen++], each);
    /* These need not wait until a batch is full. */
    end_batch(ending);
    return ending->n_seen == snapshot->n_series;
}

/* --- the reply ------------------------------------------------------------------------------ */

static json_t *warnings_json(const struct ending_series *ending)
{
    json_t *warnings = json_array();

    if (ending->n_unknown)
        json_array_append_new(warnings,
                              json_sprintf("%zu series stay, as a regular expression needs too "
                                           "many steps for them",
                                           ending->n_unknown));
    if (ending->is_memory_short)
        json_array_append_new(warnings, json_string("some series stay, as memory is short"));
    return warnings;
}

static int write_page(struct ending_series *ending)
{
    json_t *data = json_pack("{s:I}", "numDeleted", (json_int_t)ending->n_ended);

    ending->page = api_page(data, warnings_json(ending));
    if (!ending->page)
        return -ENOMEM;
    ending->page_len = strlen(ending->page);
    return 0;
}

static long read_stream(struct http_stream *stream, char *out, size_t max)
{
    struct ending_series *ending = CONTAINER_OF(stream, struct ending_series, stream);
    size_t n;
    int r;

    if (!ending->page) {
        if (!do_piece(ending)) {
            *out = ' ';
            return 1;
        }
        r = write_page(ending);
        if (r < 0)
            return r;
    }
    n = ending->page_len - ending->n_sent < max ? ending->page_len - ending->n_sent : max;
    if (n)
        memcpy(out, ending->page + ending->n_sent, n);
    ending->n_sent += n;
    return (long)n;
}

static void free_ending(struct ending_series *ending)
{
    for (unsigned i = 0; i < ending->n_selectors; i++)
        selector_free(ending->selectors[i]);
    snapshot_unref(ending->snapshot);
    free(ending->page);
    free(ending);
}

static void close_stream(struct http_stream *stream, bool is_sent)
{
    free_ending(CONTAINER_OF(stream, struct ending_series, stream));
}

/* --- the request ---------------------------------------------------------------------------- */

/* Add the selector @text. If that fails, @reply says why. */
static bool add_selector(struct ending_series *ending, struct slice text, struct http_reply *reply)
{
    struct selector_fault fault;
    int r = -E2BIG;

    if (ending->n_selectors < API_SERIES_SELECTORS_MAX)
        r = selector_new(&ending->selectors[ending->n_selectors], text, &fault);
    if (r == 0)
        ending->n_selectors++;
    else if (r == -E2BIG)
        api_refuse(reply, 400, "bad_data", "more than %d selectors in match[]",
                   API_SERIES_SELECTORS_MAX);
    else if (r == -EINVAL)
        api_refuse(reply, 400, "bad_data", "match[], byte %zu of %.*s: %s", fault.at + 1,
                   (int)(text.len < 200 ? text.len : 200), text.len ? text.at : "", fault.text);
    else
        api_refuse(reply, 503, "unavailable", "not enough memory");
    return r == 0;
}

static bool add_selectors(struct ending_series *ending, const struct http_request *request,
                          struct http_reply *reply)
{
    for (unsigned i = 0; i < request->query.n; i++)
        if (slice_equal(request->query.items[i].name, SLICE("match[]")) &&
            !add_selector(ending, request->query.items[i].value, reply))
            return false;
    if (ending->n_selectors)
        return true;
    api_refuse(reply, 400, "bad_data",
               "no match[]: say which series, as in /api/v1/series?match[]=up{job=\"api\"}");
    return false;
}

void api_end_series(struct registry *registry, struct snapshot *snapshot,
                    const struct http_request *request, struct http_reply *reply)
{
    struct ending_series *ending = calloc(1, sizeof(*ending));

    if (!ending) {
        snapshot_unref(snapshot);
        api_refuse(reply, 503, "unavailable", "not enough memory");
        return;
    }
    ending->snapshot = snapshot;
    if (!add_selectors(ending, request, reply)) {
        free_ending(ending);
        return;
    }
    ending->stream = (struct http_stream){ .read = read_stream, .close = close_stream };
    ending->registry = registry;
    reply_stream(reply, "application/json", &ending->stream);
}
