/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

static void equal_bytes_hash_alike_wherever_they_lie(void **state)
{
    char memory[600];

    for (size_t len = 0; len <= 300; len++) {
        uint64_t expected;

        memset(memory, 'x', sizeof(memory));
        expected = hash_bytes((struct slice){ memory, len }, 7);
        for (size_t shift = 1; shift < 17; shift++)
            assert_true(hash_bytes((struct slice){ memory + shift, len }, 7) == expected);
    }
}

static void nothing_has_a_hash(void **state)
{
    struct slice null = { NULL, 0 };

    assert_true(hash_bytes(null, 1) == hash_bytes(SLICE(""), 1));
    assert_true(hash_pair(null, null, 1) == hash_pair(SLICE(""), SLICE(""), 1));
    assert_true(hash_pair(null, SLICE("a"), 1) == hash_pair(SLICE(""), SLICE("a"), 1));
    assert_true(hash_pair(SLICE("a"), null, 1) == hash_pair(SLICE("a"), SLICE(""), 1));
}

static void every_byte_counts(void **state)
{
    char memory[300] = { 0 };

    for (size_t len = 1; len <= sizeof(memory); len += 13) {
        struct slice bytes = { memory, len };
        uint64_t before = hash_bytes(bytes, 3);
        uint64_t pair = hash_pair(bytes, bytes, 3);

        for (size_t i = 0; i < len; i++) {
            memory[i] = 1;
            assert_true(hash_bytes(bytes, 3) != before);
            assert_true(hash_pair(bytes, bytes, 3) != pair);
            memory[i] = 0;
        }
        assert_true(hash_bytes((struct slice){ memory, len - 1 }, 3) != before);
    }
}

static void the_seed_counts(void **state)
{
    char memory[300] = { 0 };

    for (size_t len = 0; len <= sizeof(memory); len++) {
        struct slice bytes = { memory, len };

        assert_true(hash_bytes(bytes, 1) != hash_bytes(bytes, 2));
        assert_true(hash_bytes(bytes, 0) != hash_bytes(bytes, UINT64_C(1) << 63));
        assert_true(hash_pair(bytes, SLICE("b"), 1) != hash_pair(bytes, SLICE("b"), 2));
        assert_true(hash_pair(SLICE("a"), bytes, 1) != hash_pair(SLICE("a"), bytes, 2));
    }
}

static void where_a_pair_is_cut_counts(void **state)
{
    static uint64_t hashes[301];
    char memory[300];

    assert_true(hash_pair(SLICE("ab"), SLICE("c"), 5) != hash_pair(SLICE("a"), SLICE("bc"), 5));
    memset(memory, 'x', sizeof(memory));
    for (size_t cut = 0; cut <= sizeof(memory); cut++) {
        hashes[cut] = hash_pair((struct slice){ memory, cut },
                                (struct slice){ memory + cut, sizeof(memory) - cut }, 5);
        for (size_t other = 0; other < cut; other++)
            assert_true(hashes[cut] != hashes[other]);
    }
}

static void the_order_of_a_pair_counts(void **state)
{
    assert_true(hash_pair(SLICE("a"), SLICE("b"), 5) != hash_pair(SLICE("b"), SLICE("a"), 5));
    assert_true(hash_pair(SLICE("a"), SLICE(""), 5) != hash_pair(SLICE(""), SLICE("a"), 5));
    assert_true(hash_pair(SLICE("a"), SLICE("a"), 5) != hash_pair(SLICE("aa"), SLICE(""), 5));
    assert_true(hash_pair(SLICE("\0"), SLICE(""), 5) != hash_pair(SLICE(""), SLICE("\0"), 5));
}

/* Tables use the top 8 bits, then the low ones. */
static void spreads_names_over_top_and_low_bits(void **state)
{
    unsigned top[256] = { 0 }, low[256] = { 0 };

    for (int i = 0; i < 65536; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "bot.%d.trades", i);
        uint64_t hash = hash_pair((struct slice){ name, (size_t)len }, SLICE("|c"), 9);

        top[hash >> 56]++;
        low[hash & 255]++;
    }
    for (int i = 0; i < 256; i++) {
        assert_in_range(top[i], 150, 370);
        assert_in_range(low[i], 150, 370);
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void hundred_thousand_pairs_have_hundred_thousand_hashes(void **state)
{
    size_t n = 100000;
    uint64_t *hashes = calloc(n, sizeof(*hashes));

    assert_non_null(hashes);
    for (size_t i = 0; i < n; i++) {
        char name[16], rest[16];
        int name_len = snprintf(name, sizeof(name), "n%zu", i / 100);
        int rest_len = snprintf(rest, sizeof(rest), "|c|#t:%zu", i % 100);

        hashes[i] = hash_pair((struct slice){ name, (size_t)name_len },
                              (struct slice){ rest, (size_t)rest_len }, 11);
    }
    qsort(hashes, n, sizeof(*hashes), by_value);
    for (size_t i = 1; i < n; i++)
        assert_true(hashes[i] != hashes[i - 1]);
    free(hashes);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(equal_bytes_hash_alike_wherever_they_lie),
        CASE(nothing_has_a_hash),
        CASE(every_byte_counts),
        CASE(the_seed_counts),
        CASE(where_a_pair_is_cut_counts),
        CASE(the_order_of_a_pair_counts),
        CASE(spreads_names_over_top_and_low_bits),
        CASE(hundred_thousand_pairs_have_hundred_thousand_hashes),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
