/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Format: what real scrapers ask for, and get
 *
 * The headers are those that the programs send, as their sources and documents have them.
 */

#include "unit.h"

#include "output/openmetrics.h"
#include "output/openmetrics2.h"
#include "output/protobuf.h"
#include "output/text.h"
#include "web/format.h"

#define TEXT "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_1 "text/plain; version=1.0.0; charset=utf-8; escaping="
#define PROTOBUF                                                                                   \
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "                   \
    "encoding=delimited; escaping="
#define OPENMETRICS_2 "application/openmetrics-text; version=2.0.0; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="

static const struct scraper {
    const char *who, *accept;
    const char *content_type; /* with OpenMetrics */
    const char *without;      /* without it */
} scrapers[] = {
    { "Prometheus 2.42",
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      OPENMETRICS "underscores", TEXT },
    { "Prometheus 2.42 with native histograms",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
      "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      PROTOBUF "underscores", PROTOBUF "underscores" },
    { "Prometheus 2.5",
      "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT,
      TEXT },
    { "Prometheus 3.0",
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
      "*/*;q=0.1",
      OPENMETRICS "allow-utf-8", TEXT_1 "allow-utf-8" },
    { "Prometheus 3.8 with native histograms",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
      "q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
      "*/*;q=0.1",
      PROTOBUF "underscores", PROTOBUF "underscores" },
    { "Prometheus 3 with scrape_protocols: [PrometheusText0.0.4]",
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", TEXT, TEXT },
    { "Prometheus 3 with scrape_protocols: [PrometheusProto, PrometheusText0.0.4]",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
      "q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
      PROTOBUF "underscores", PROTOBUF "underscores" },
    { "Prometheus 1.8",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
      "q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
      PROTOBUF "underscores", PROTOBUF "underscores" },
    { "Prometheus 3 with metric_name_escaping_scheme: underscores",
      "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,"
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      OPENMETRICS "underscores", TEXT },
    { "Prometheus 3 with metric_name_escaping_scheme: dots",
      "text/plain;version=1.0.0;escaping=dots;q=0.5,*/*;q=0.1", TEXT_1 "dots", TEXT_1 "dots" },
    { "Prometheus 3 with metric_name_escaping_scheme: values",
      "application/openmetrics-text;version=1.0.0;escaping=values;q=0.5,"
      "text/plain;version=1.0.0;escaping=values;q=0.4,*/*;q=0.1",
      OPENMETRICS "values", TEXT_1 "values" },
    { "VictoriaMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT, TEXT },
    { "Grafana Alloy",
      "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
      "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      OPENMETRICS "underscores", TEXT },
    { "Grafana Alloy with scrape_native_histograms",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
      "q=0.5,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,"
      "application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      PROTOBUF "underscores", PROTOBUF "underscores" },
    { "Telegraf",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
      "q=0.7,text/plain;version=0.0.4;q=0.3",
      TEXT, TEXT },
    { "curl", "*/*", TEXT, TEXT },
    { "Firefox",
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", TEXT,
      TEXT },
    { "Chrome",
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
      "q=0.8,application/signed-exchange;v=b3;q=0.7",
      TEXT, TEXT },
    { "no header", NULL, TEXT, TEXT },
    { "a person", "application/openmetrics-text", OPENMETRICS "underscores", TEXT },
    { "who wants protobuf", "application/vnd.google.protobuf", PROTOBUF "underscores",
      PROTOBUF "underscores" },
    { "who wants it with a scheme",
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
      "encoding=delimited; escaping=allow-utf-8",
      PROTOBUF "allow-utf-8", PROTOBUF "allow-utf-8" },
    { "who wants it as text",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", TEXT,
      TEXT },
    { "who wants other messages", "application/vnd.google.protobuf;proto=a.B;encoding=delimited",
      TEXT, TEXT },
    { "who quotes", "application/openmetrics-text; version=\"1.0.0\"; escaping=\"allow-utf-8\"",
      OPENMETRICS "allow-utf-8", TEXT },
    { "who wants version 2", "application/openmetrics-text; version=2.0.0", OPENMETRICS_2, TEXT },
    { "who wants version 2 as Prometheus asks for others",
      "application/openmetrics-text;version=2.0.0;escaping=allow-utf-8;q=0.6,"
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      OPENMETRICS_2 "; escaping=allow-utf-8", TEXT },
    { "who wants version 1 first",
      "application/openmetrics-text;version=2.0.0;q=0.4,"
      "application/openmetrics-text;version=1.0.0;q=0.5",
      OPENMETRICS "underscores", TEXT },
    { "who wants any but version 1",
      "application/openmetrics-text,application/openmetrics-text;version=1.0.0;q=0.1,"
      "text/plain;q=0.5",
      TEXT, TEXT },
    { "who does not want version 1", "application/openmetrics-text;version=1.0.0;q=0,*/*", TEXT,
      TEXT },
    { "who wants a release candidate", "application/openmetrics-text;version=2.0.0-rc0", TEXT,
      TEXT },
    { "who wants a later version", "application/openmetrics-text; version=9.0.0", TEXT, TEXT },
    { "who injects", "text/plain;version=1.0.0;escaping=x\"\r\nSet-Cookie: a", TEXT_1 "underscores",
      TEXT_1 "underscores" },
};

static struct format choose(const struct scraper *scraper, bool has_openmetrics)
{
    struct http_field header = { SLICE("Accept"), { 0 } };
    struct http_request request = { .headers = { &header, scraper->accept != NULL } };

    if (scraper->accept)
        header.value = slice_of(scraper->accept);
    return format_choose(&request, (struct format_offers){ has_openmetrics, false });
}

static void each_scraper_gets_what_it_prefers(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(scrapers); i++) {
        struct format format = choose(&scrapers[i], true), without = choose(&scrapers[i], false);

        if (strcmp(format.content_type, scrapers[i].content_type) != 0)
            fail_msg("%s gets %s", scrapers[i].who, format.content_type);
        if (strcmp(without.content_type, scrapers[i].without) != 0)
            fail_msg("%s gets %s without OpenMetrics", scrapers[i].who, without.content_type);
    }
}

static const struct exposition_writer *writer_of(const char *content_type)
{
    if (strncmp(content_type, "text/", 5) == 0)
        return &text_writer;
    if (strncmp(content_type, OPENMETRICS_2, strlen(OPENMETRICS_2)) == 0)
        return &openmetrics2_writer;
    return strncmp(content_type, PROTOBUF, strlen(PROTOBUF)) == 0 ? &protobuf_writer
                                                                  : &openmetrics_writer;
}

static void the_page_is_what_its_content_type_says(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(scrapers); i++) {
        struct format format = choose(&scrapers[i], i % 2);

        assert_ptr_equal(format.writer, writer_of(format.content_type));
    }
}

static void starts_are_samples_in_openmetrics_1_only(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(scrapers); i++) {
        struct http_field header = { SLICE("Accept"), { 0 } };
        struct http_request request = { .headers = { &header, scrapers[i].accept != NULL } };
        struct format format;

        if (scrapers[i].accept)
            header.value = slice_of(scrapers[i].accept);
        format = format_choose(&request, (struct format_offers){ true, true });
        assert_string_equal(format.content_type, scrapers[i].content_type);
        assert_int_equal(format.writer == &openmetrics_created_writer,
                         strncmp(format.content_type, OPENMETRICS, strlen(OPENMETRICS)) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_scraper_gets_what_it_prefers),
        CASE(starts_are_samples_in_openmetrics_1_only),
        CASE(the_page_is_what_its_content_type_says),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
