/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Format
 *
 * Newer formats say how names are escaped that have other characters than Prometheus once allowed.
 * udometer's names have none, so they are the same unescaped and with the scheme "underscores".
 * "dots" and "values" escape underscores, too; whoever asks for these gets the default scheme, and
 * is told so (https://prometheus.io/docs/instrumenting/escaping_schemes/).
 */

#include "web/format.h"

#include "base/compiler.h"
#include "http/negotiate.h"
#include "output/openmetrics.h"
#include "output/text.h"

struct offer {
    const char *media_type; /* what Accept is compared with */
    /* The content types of an answer in which names are as "underscores" and "allow-utf-8". */
    const char *underscored, *unescaped;
    const struct exposition_writer *writer;
};

/* In this order they are preferred by scrapers that accept several alike. */
static const struct offer offers[] = {
#define OFFER(media_type, escaping, writer)                                                        \
    {                                                                                              \
        media_type, media_type escaping "underscores", media_type escaping "allow-utf-8",          \
            &(writer)                                                                              \
    }
    { "text/plain; version=0.0.4; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8",
      "text/plain; version=0.0.4; charset=utf-8", &text_writer },
    OFFER("text/plain; version=1.0.0; charset=utf-8", "; escaping=", text_writer),
    /* The last, so that it can be left out. */
    OFFER("application/openmetrics-text; version=1.0.0; charset=utf-8",
          "; escaping=", openmetrics_writer),
#undef OFFER
};

struct format format_choose(const struct http_request *request, bool has_openmetrics)
{
    const char *media_types[ARRAY_SIZE(offers)];
    unsigned n = has_openmetrics ? ARRAY_SIZE(offers) : ARRAY_SIZE(offers) - 1;
    struct media_choice choice;
    const struct offer *offer;
    struct slice escaping;

    for (unsigned i = 0; i < n; i++)
        media_types[i] = offers[i].media_type;
    choice = negotiate_media(request, media_types, n, SLICE("escaping"));
    offer = &offers[choice.offer];
    escaping = negotiate_parameter(choice.parameters, SLICE("escaping"));
    return (struct format){
        .writer = offer->writer,
        .content_type =
            slice_equal(escaping, SLICE("allow-utf-8")) ? offer->unescaped : offer->underscored,
    };
}
