/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Format
 *
 * Newer formats say how names are escaped that have other characters than Prometheus once allowed.
 * udometer's names have none. No scheme changes such a name on a page
 * (https://prometheus.io/docs/instrumenting/escaping_schemes/), so an answer can say whichever its
 * scraper has asked for.
 */

#include "web/format.h"

#include "base/compiler.h"
#include "http/negotiate.h"
#include "output/openmetrics.h"
#include "output/openmetrics2.h"
#include "output/protobuf.h"
#include "output/text.h"

enum scheme { UNDERSCORES, ALLOW_UTF_8, DOTS, VALUES, N_SCHEMES };

static const char *const scheme_names[] = { "underscores", "allow-utf-8", "dots", "values" };

struct offer {
    const char *media_type;               /* what Accept is compared with */
    const char *content_types[N_SCHEMES]; /* of an answer with each scheme */
    const struct exposition_writer *writer;
};

enum { TEXT, TEXT_1, OPENMETRICS, PROTOBUF, OPENMETRICS_2, N_OFFERS };

#define SAME(type)                                                                                 \
    {                                                                                              \
        type, type, type, type                                                                     \
    }
#define ESCAPED(type)                                                                              \
    {                                                                                              \
        type "; escaping=underscores", type "; escaping=allow-utf-8", type "; escaping=dots",      \
            type "; escaping=values"                                                               \
    }
#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_1_TYPE "text/plain; version=1.0.0; charset=utf-8"
#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define OPENMETRICS_2_TYPE "application/openmetrics-text; version=2.0.0; charset=utf-8"
#define PROTOBUF_TYPE                                                                              \
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

/* In this order they are preferred by scrapers that accept several alike. */
static const struct offer offers[N_OFFERS] = {
    [TEXT] = { TEXT_TYPE, SAME(TEXT_TYPE), &text_writer },
    [TEXT_1] = { TEXT_1_TYPE, ESCAPED(TEXT_1_TYPE), &text_writer },
    [OPENMETRICS] = { OPENMETRICS_TYPE, ESCAPED(OPENMETRICS_TYPE), &openmetrics_writer },
    /* Its specification has a content type without a scheme: so this is the answer by default. */
    [OPENMETRICS_2] = { OPENMETRICS_2_TYPE,
                        { OPENMETRICS_2_TYPE, OPENMETRICS_2_TYPE "; escaping=allow-utf-8",
                          OPENMETRICS_2_TYPE "; escaping=dots",
                          OPENMETRICS_2_TYPE "; escaping=values" },
                        &openmetrics2_writer },
    [PROTOBUF] = { PROTOBUF_TYPE, ESCAPED(PROTOBUF_TYPE), &protobuf_writer },
};

/*
 * The Accept of Telegraf, and of programs that have it from there. Of several messages of a family,
 * Telegraf before 1.30 keeps the last one only. It reads text as well, and gains nothing from
 * protobuf, so it gets text.
 */
static bool keeps_last_message(const struct http_request *request)
{
    static const char accept[] =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
        "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3";

    return slice_equal(request_header(request, "Accept"), SLICE(accept));
}

static enum scheme scheme_of(struct slice name)
{
    for (unsigned i = 0; i < N_SCHEMES; i++)
        if (slice_equal(name, slice_of(scheme_names[i])))
            return (enum scheme)i;
    return UNDERSCORES;
}

/* The offers for @request, which are @is_offered. The choice is one of all. */
static struct media_choice choose(const struct http_request *request,
                                  const bool is_offered[N_OFFERS])
{
    const char *media_types[N_OFFERS];
    unsigned indices[N_OFFERS], n = 0;
    struct media_choice choice;

    for (unsigned i = 0; i < N_OFFERS; i++)
        if (is_offered[i]) {
            indices[n] = i;
            media_types[n++] = offers[i].media_type;
        }
    choice = negotiate_media(request, media_types, n, SLICE("escaping"));
    choice.offer = indices[choice.offer];
    return choice;
}

struct format format_choose(const struct http_request *request, struct format_offers offered)
{
    bool is_offered[N_OFFERS] = {
        [TEXT] = true,
        [TEXT_1] = true,
        [OPENMETRICS] = offered.has_openmetrics,
        [OPENMETRICS_2] = offered.has_openmetrics,
        [PROTOBUF] = !keeps_last_message(request),
    };
    struct media_choice choice = choose(request, is_offered);
    struct slice escaping;

    /* Without its version it must not be the answer, even if the older one is less welcome. */
    if (choice.offer == OPENMETRICS_2 &&
        !negotiate_parameter(choice.parameters, SLICE("version")).at) {
        is_offered[OPENMETRICS_2] = false;
        choice = choose(request, is_offered);
    }
    escaping = negotiate_parameter(choice.parameters, SLICE("escaping"));
    return (struct format){
        .writer = choice.offer == OPENMETRICS && offered.has_created ? &openmetrics_created_writer
                                                                     : offers[choice.offer].writer,
        .content_type = offers[choice.offer].content_types[scheme_of(escaping)],
    };
}
