/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "http/negotiate.h"

struct weight_case {
    const char *header;
    unsigned weight;
};

static void check(const struct weight_case *cases, size_t n, struct slice coding)
{
    for (size_t i = 0; i < n; i++) {
        unsigned weight = negotiate_coding(slice_of(cases[i].header), coding);

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
    struct slice header = SLICE("gzip;q=0.5, zstd, identity;q=0");

    assert_int_equal(negotiate_coding(header, SLICE("gzip")), 500);
    assert_int_equal(negotiate_coding(header, SLICE("zstd")), 1000);
    assert_int_equal(negotiate_coding(header, SLICE("identity")), 0);
    assert_int_equal(negotiate_coding(SLICE("x-gzip"), SLICE("zstd")), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_coding_is_accepted_when_it_is_listed),
        CASE(a_coding_is_not_accepted_otherwise),
        CASE(weights_are_thousandths),
        CASE(a_malformed_weight_is_ignored),
        CASE(each_coding_has_its_own_weight),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
