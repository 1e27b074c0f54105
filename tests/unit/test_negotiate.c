/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "http/negotiate.h"

struct weight_case {
    const char *header;
    unsigned weight;
};

static unsigned weight_in(const char *const *lists, unsigned n, struct slice coding)
{
    struct http_field headers[4] = { { SLICE("Host"), SLICE("gzip") } };
    struct http_request request = { .headers = { headers, n + 1 } };

    assert_true(n + 1 <= ARRAY_SIZE(headers));
    for (unsigned i = 0; i < n; i++)
        headers[i + 1] = (struct http_field){ SLICE("accept-Encoding"), slice_of(lists[i]) };
    return negotiate_coding(&request, coding);
}

static void check(const struct weight_case *cases, size_t n, struct slice coding)
{
    for (size_t i = 0; i < n; i++) {
        unsigned weight = weight_in(&cases[i].header, 1, coding);

        if (weight != cases[i].weight)
            fail_msg("%u for \"%s\"", weight, cases[i].header);
    }
}

static void a_coding_is_accepted_when_it_is_listed(void **state)
{
    static const struct weight_case cases[] = {
        { "gzip", 1000 },
        { "GZip", 1000 },
        { "x-gzip", 1000 },
        { "gzip, deflate, br", 1000 },
        { "deflate,gzip", 1000 },
        { "br ,\tgzip ; q=0.001", 1 },
        { "gzip;q=1", 1000 },
        { "gzip;level=9;q=0.5", 500 },
        { "*", 1000 },
        { "*;q=0.1", 100 },
        { "identity, *", 1000 },
        { "*;q=0, gzip", 1000 },
        { "*;q=0.2, gzip;q=0.4", 400 },
        { "gzip;q=0.4, *;q=0.2", 400 },
    };

    check(cases, ARRAY_SIZE(cases), SLICE("gzip"));
}

static void a_coding_is_not_accepted_otherwise(void **state)
{
    static const struct weight_case cases[] = {
        { "", 0 },         { "identity", 0 },     { "deflate, br", 0 },
        { "gzip;q=0", 0 }, { "gzip;q=0.000", 0 }, { "gzip; Q=0", 0 },
        { "*;q=0", 0 },    { "gzip;q=0, *", 0 },  { "*, gzip;q=0", 0 },
        { "gzip2", 0 },    { "gzi", 0 },          { ",,;,", 0 },
        { ";q=1", 0 },     { "x-gzi", 0 },        { "x-gzip;q=0", 0 },
        { "y-gzip", 0 },
    };

    check(cases, ARRAY_SIZE(cases), SLICE("gzip"));
}

static void weights_are_thousandths(void **state)
{
    static const struct weight_case cases[] = {
        { "br;q=0.123", 123 },
        { "br;q=0.75", 750 },
        { "br;q=0.5", 500 },
        { "br;q=1.000", 1000 },
        { "br;q=0.1239", 123 },
        { "br;q=0.0001", 1 },
        { "br;q=0.00000000000000000001", 1 },
    };

    check(cases, ARRAY_SIZE(cases), SLICE("br"));
}

static void a_malformed_weight_is_ignored(void **state)
{
    static const struct weight_case cases[] = {
        { "br;q=abc", 1000 },         { "br;q=-1", 1000 }, { "br;q=7", 1000 },
        { "br;q=99999999999", 1000 }, { "br;q=", 1000 },   { "br;q", 1000 },
        { "br;qq=0", 1000 },          { "br;q=0,5", 0 },   { "br;q=.5", 1000 },
    };

    check(cases, ARRAY_SIZE(cases), SLICE("br"));
}

static void each_coding_has_its_own_weight(void **state)
{
    const char *header = "gzip;q=0.5, zstd, identity;q=0", *other = "x-gzip";

    assert_int_equal(weight_in(&header, 1, SLICE("gzip")), 500);
    assert_int_equal(weight_in(&header, 1, SLICE("zstd")), 1000);
    assert_int_equal(weight_in(&header, 1, SLICE("identity")), 0);
    assert_int_equal(weight_in(&other, 1, SLICE("zstd")), 0);
}

static void several_headers_are_one_list(void **state)
{
    static const struct {
        const char *lists[3];
        unsigned weight;
    } cases[] = {
        { { "deflate", "gzip;q=0.5", "br" }, 500 }, { { "", "", "gzip" }, 1000 },
        { { "*;q=0.3", "identity", "br" }, 300 },   { { "*", "gzip;q=0.2", "*;q=0.4" }, 200 },
        { { "gzip;q=0", "*", "deflate" }, 0 },      { { "*", "deflate", "gzip;q=0" }, 0 },
        { { "deflate", "br", "identity" }, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(weight_in(cases[i].lists, 3, SLICE("gzip")), cases[i].weight);
}

static void without_the_header_nothing_is_accepted(void **state)
{
    assert_int_equal(weight_in(NULL, 0, SLICE("gzip")), 0);
}

/* --- Accept -------------------------------------------------------------------------------- */

static const char *const offers[] = {
    "text/plain; version=1; charset=utf-8",
    "text/plain; version=2; charset=utf-8",
    "application/x; version=1",
    "application/y; proto=a.B; encoding=delimited",
};

struct media_case {
    const char *header;
    unsigned offer;
};

static struct media_choice choose(const char *const *lists, unsigned n)
{
    struct http_field headers[4] = { { SLICE("Accept-Encoding"), SLICE("application/x") } };
    struct http_request request = { .headers = { headers, n + 1 } };

    assert_true(n + 1 <= ARRAY_SIZE(headers));
    for (unsigned i = 0; i < n; i++)
        headers[i + 1] = (struct http_field){ SLICE("accept"), slice_of(lists[i]) };
    return negotiate_media(&request, offers, ARRAY_SIZE(offers), SLICE("free"));
}

static void check_media(const struct media_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned offer = choose(&cases[i].header, 1).offer;

        if (offer != cases[i].offer)
            fail_msg("%u for \"%s\"", offer, cases[i].header);
    }
}

static void a_media_type_is_chosen_by_weight(void **state)
{
    static const struct media_case cases[] = {
        { "application/x", 2 },
        { "APPLICATION/X", 2 },
        { "application/x;q=0.4,text/plain;q=0.5", 0 },
        { "application/x;q=0.5,text/plain;q=0.4", 2 },
        { "text/plain;version=2;q=0.3,text/plain;version=1;q=0.2", 1 },
        { "application/x;q=0,text/plain;q=0.001", 0 },
        { "text/html, application/x ; q=0.9, */*;q=0.8", 2 },
    };

    check_media(cases, ARRAY_SIZE(cases));
}

static void parameters_must_be_those_of_the_offer(void **state)
{
    static const struct media_case cases[] = {
        { "application/x;version=1", 2 },
        { "application/x;VERSION=\"1\"", 2 },
        { "application/x;version=2", 0 },
        { "application/x;version", 0 },
        { "application/x;other=1", 0 },
        { "application/x;q=1;other=1", 2 },
        { "application/x;free=anything", 2 },
        { "text/plain;version=2;charset=UTF-8", 1 },
        { "application/y;proto=a.B;encoding=delimited", 3 },
        { "application/y;proto=a.B;encoding=text", 0 },
    };

    check_media(cases, ARRAY_SIZE(cases));
}

static void the_most_specific_entry_decides(void **state)
{
    static const struct media_case cases[] = {
        { "*/*;q=0.9, text/plain;q=0.1, application/*;q=0.2", 2 },
        { "text/plain;q=0, */*", 2 },
        { "*/*, text/plain;q=0", 2 },
        { "text/*;q=0.5, text/plain;version=1;q=0.1, application/*;q=0.2", 1 },
        { "text/plain;version=1;q=0, text/plain", 1 },
    };

    check_media(cases, ARRAY_SIZE(cases));
}

static void of_equal_weights_the_more_specific_and_earlier_entry_wins(void **state)
{
    static const struct media_case cases[] = {
        { "*/*, application/x", 2 },
        { "application/*, text/plain", 0 },
        { "application/y, application/x", 3 },
        { "application/x, application/y", 2 },
        { "text/plain, text/plain;version=2", 1 },
        { "*/*", 0 },
        { "application/*", 2 },
        { "text/plain", 0 },
    };

    check_media(cases, ARRAY_SIZE(cases));
}

static void the_first_offer_is_for_whoever_accepts_none(void **state)
{
    static const struct media_case cases[] = {
        { "", 0 },      { "image/png", 0 },   { "*/*;q=0", 0 },
        { ",;,=;", 0 }, { "text", 0 },        { "application/", 0 },
        { "/*", 0 },    { "/;q=0.1", 0 },     { "tex/*;q=1", 0 },
        { "*", 0 },     { "application", 0 },
    };

    check_media(cases, ARRAY_SIZE(cases));
    assert_int_equal(choose(NULL, 0).offer, 0);
}

static void several_accepts_are_one_list(void **state)
{
    static const char *const lists[] = { "text/plain;q=0.5", "", "application/x;q=0.6" };
    static const char *const equal[] = { "application/y", "application/x" };

    assert_int_equal(choose(lists, 3).offer, 2);
    assert_int_equal(choose(equal, 2).offer, 3);
}

static struct slice parameter_of(const char *header)
{
    return negotiate_parameter(choose(&header, 1).parameters, SLICE("free"));
}

static void the_chosen_entry_keeps_its_parameters(void **state)
{
    assert_true(slice_equal(parameter_of("application/x;free=a;q=0.5, text/plain;free=b;q=0.4"),
                            SLICE("a")));
    assert_true(slice_equal(parameter_of("application/x ; Free = \"c\""), SLICE("c")));
    assert_true(slice_equal(parameter_of("application/x;free=\"c"), SLICE("\"c")));
    assert_null(parameter_of("application/x, text/plain;free=b;q=0.4").at);
    assert_null(parameter_of("image/png;free=b").at);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_coding_is_accepted_when_it_is_listed),
        CASE(a_coding_is_not_accepted_otherwise),
        CASE(weights_are_thousandths),
        CASE(a_malformed_weight_is_ignored),
        CASE(each_coding_has_its_own_weight),
        CASE(several_headers_are_one_list),
        CASE(without_the_header_nothing_is_accepted),
        CASE(a_media_type_is_chosen_by_weight),
        CASE(parameters_must_be_those_of_the_offer),
        CASE(the_most_specific_entry_decides),
        CASE(of_equal_weights_the_more_specific_and_earlier_entry_wins),
        CASE(the_first_offer_is_for_whoever_accepts_none),
        CASE(several_accepts_are_one_list),
        CASE(the_chosen_entry_keeps_its_parameters),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
