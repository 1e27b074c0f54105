/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scan, from its header, against loops
 *
 * It is built a second time, as test_scan_portable, with the blocks for processors without SSE2.
 * The bytes are in memory of exactly their size, so that AddressSanitizer detects a read beyond its
 * end.
 */

#include "unit.h"

#include "base/scan.h"

#include <stdlib.h>

#ifdef UDOMETER_PORTABLE
_Static_assert(SCAN_BLOCK == 8, "these are not the portable blocks");
#endif

#define LEN_MAX 70
#define OFFSET_MAX 20

/* Bytes that a scan may confuse: neighbours, bytes that differ in one bit, and so on. */
static const char odd_bytes[] = { '\0',   '\1', ':',    '|', ';',    '9',    '\x7f',
                                  '\x80', '\n', '\xba', 'z', '\xfe', '\xff', '\x81' };

/* @len bytes @filling, @offset bytes after the beginning of *@ret_memory, at its end. */
static char *block_of(size_t len, size_t offset, char filling, char **ret_memory)
{
    *ret_memory = malloc(offset + len);
    assert_true(*ret_memory || offset + len == 0);
    if (offset + len)
        memset(*ret_memory, filling, offset + len);
    return *ret_memory + offset;
}

static const char *naive_either(const char *at, const char *end, char a, char b)
{
    while (at < end && *at != a && *at != b)
        at++;
    return at;
}

static void must_find(const char *at, size_t len, char a, char b)
{
    const char *expected = naive_either(at, at + len, a, b);

    if (scan_either(at, at + len, a, b) != expected)
        fail_msg("%02x or %02x: found %d bytes off in %d", (unsigned char)a, (unsigned char)b,
                 (int)(scan_either(at, at + len, a, b) - expected), (int)len);
    if (scan_either(at, at + len, b, a) != expected)
        fail_msg("the order of %02x and %02x counts", (unsigned char)a, (unsigned char)b);
    if (a == b && scan_for(at, at + len, a) != expected)
        fail_msg("%02x was not found alone", (unsigned char)a);
}

/* --- finding ------------------------------------------------------------------------ */

static void finds_a_byte_wherever_it_stands(void **state)
{
    for (size_t len = 0; len <= LEN_MAX; len++)
        for (size_t offset = 0; offset <= OFFSET_MAX; offset++) {
            char *memory, *at = block_of(len, offset, 'x', &memory);

            must_find(at, len, ':', ':');
            for (size_t i = 0; i < len; i++) {
                at[i] = ':';
                must_find(at, len, ':', ':');
                must_find(at, len, ':', '|');
                must_find(at, len, '\n', ':');
                must_find(at, len, '\n', '|');
                at[i] = 'x';
            }
            free(memory);
        }
}

/* The bytes before and after the given ones must not matter. */
static void finds_nothing_around_its_bytes(void **state)
{
    char memory[OFFSET_MAX + LEN_MAX + OFFSET_MAX];

    for (size_t len = 0; len <= LEN_MAX; len++)
        for (size_t offset = 0; offset <= OFFSET_MAX; offset++) {
            memset(memory, ':', sizeof(memory));
            memset(memory + offset, 'x', len);
            must_find(memory + offset, len, ':', ':');
            must_find(memory + offset, len, '|', ':');
        }
}

static void finds_the_first_of_two(void **state)
{
    for (size_t len = 2; len <= LEN_MAX; len++) {
        char *memory, *at = block_of(len, len % 3, 'x', &memory);

        for (size_t i = 0; i < len; i++)
            for (size_t j = 0; j < len; j++) {
                at[i] = ':';
                at[j] = '|';
                must_find(at, len, ':', '|');
                must_find(at, len, ':', ':');
                must_find(at, len, '|', '|');
                at[i] = at[j] = 'x';
            }
        free(memory);
    }
}

static void finds_each_of_256_bytes(void **state)
{
    for (int byte = 0; byte < 256; byte++)
        for (int other = 0; other < 256; other++) {
            char *memory, *at = block_of(21, 0, (char)other, &memory);

            must_find(at, 21, (char)byte, (char)byte);
            at[20] = (char)byte;
            must_find(at, 21, (char)byte, (char)byte);
            at[byte % 16] = (char)byte;
            must_find(at, 21, (char)byte, (char)byte);
            must_find(at, 21, (char)byte, (char)~byte);
            free(memory);
        }
}

/* A borrow from one byte to the next must not look like a match. */
static void is_not_confused_by_odd_bytes(void **state)
{
    size_t n = sizeof(odd_bytes);
    uint64_t random = 1;

    for (unsigned round = 0; round < 100000; round++) {
        size_t len = round % (LEN_MAX + 1);
        char *memory, *at = block_of(len, round % 5, 0, &memory);

        for (size_t i = 0; i < len; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            at[i] = odd_bytes[(random >> 33) % (round % n + 1)];
        }
        must_find(at, len, odd_bytes[round % n], odd_bytes[round % n]);
        must_find(at, len, odd_bytes[round % n], odd_bytes[(random >> 40) % n]);
        free(memory);
    }
}

static void finds_nothing_in_nothing(void **state)
{
    static const char byte = ':';

    assert_ptr_equal(scan_for(&byte, &byte, ':'), &byte);
    assert_ptr_equal(scan_either(&byte, &byte, ':', '|'), &byte);
    assert_ptr_equal(scan_for(&byte + 1, &byte + 1, ':'), &byte + 1);
}

/* --- blocks --------------------------------------------------------------------------- */

static void a_block_tells_all_places(void **state)
{
    char *memory, *at = block_of(SCAN_BLOCK, 1, 'x', &memory);

    for (unsigned places = 0; places < 1u << SCAN_BLOCK; places++) {
        for (unsigned i = 0; i < SCAN_BLOCK; i++)
            at[i] = places >> i & 1 ? i % 3 ? ':' : '\x80' : i % 2 ? '\0' : '\x7f';
        if (scan_block(at, ':', '\x80') != places)
            fail_msg("%x is not %x", scan_block(at, ':', '\x80'), places);
    }
    free(memory);
}

/* --- comparing -------------------------------------------------------------------------- */

static void equal_bytes_are_equal_wherever_they_lie(void **state)
{
    for (size_t len = 0; len <= LEN_MAX; len++)
        for (size_t offset = 0; offset <= OFFSET_MAX; offset++) {
            char *memory, *other_memory;
            char *at = block_of(len, offset, '\xff', &memory);
            char *other = block_of(len, (offset * 7 + len) % (OFFSET_MAX + 1), 0, &other_memory);

            for (size_t i = 0; i < len; i++)
                at[i] = other[i] = (char)(i * 37 + offset);
            assert_true(scan_equal(at, other, len));
            assert_true(scan_equal(other, at, len));
            assert_true(scan_equal(at, at, len));
            free(memory);
            free(other_memory);
        }
}

static void one_difference_is_seen_at_each_place(void **state)
{
    for (size_t len = 1; len <= LEN_MAX; len++)
        for (size_t offset = 0; offset <= OFFSET_MAX; offset++) {
            char *memory, *other_memory;
            char *at = block_of(len, offset, 'x', &memory);
            char *other = block_of(len, OFFSET_MAX - offset, 'x', &other_memory);

            for (size_t i = 0; i < len; i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                    at[i] ^= (char)(1u << bit);
                    assert_false(scan_equal(at, other, len));
                    assert_false(scan_equal(other, at, len));
                    at[i] ^= (char)(1u << bit);
                }
            assert_true(scan_equal(at, other, len));
            free(memory);
            free(other_memory);
        }
}

static void a_difference_around_the_bytes_is_none(void **state)
{
    char left[OFFSET_MAX + LEN_MAX + OFFSET_MAX], right[sizeof(left)];

    for (size_t len = 0; len <= LEN_MAX; len++) {
        memset(left, 'l', sizeof(left));
        memset(right, 'r', sizeof(right));
        memset(left + OFFSET_MAX, '\0', len);
        memset(right + OFFSET_MAX, '\0', len);
        assert_true(scan_equal(left + OFFSET_MAX, right + OFFSET_MAX, len));
        assert_false(scan_equal(left + OFFSET_MAX, right + OFFSET_MAX, len + 1));
        assert_false(scan_equal(left + OFFSET_MAX - 1, right + OFFSET_MAX - 1, len + 1));
    }
}

/* A NUL is a byte like any other: it does not end the text. */
static void bytes_after_a_nul_count(void **state)
{
    for (size_t len = 2; len <= LEN_MAX; len++) {
        char *memory, *other_memory;
        char *at = block_of(len, 0, '\0', &memory), *other = block_of(len, 0, '\0', &other_memory);

        assert_true(scan_equal(at, other, len));
        at[len - 1] = '\1';
        assert_false(scan_equal(at, other, len));
        assert_ptr_equal(scan_for(at, at + len, '\1'), at + len - 1);
        assert_ptr_equal(scan_for(other, other + len, '\1'), other + len);
        free(memory);
        free(other_memory);
    }
}

static void nothing_equals_nothing(void **state)
{
    assert_true(scan_equal("a", "b", 0));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(finds_a_byte_wherever_it_stands),
        CASE(finds_nothing_around_its_bytes),
        CASE(finds_the_first_of_two),
        CASE(finds_each_of_256_bytes),
        CASE(is_not_confused_by_odd_bytes),
        CASE(finds_nothing_in_nothing),
        CASE(a_block_tells_all_places),
        CASE(equal_bytes_are_equal_wherever_they_lie),
        CASE(one_difference_is_seen_at_each_place),
        CASE(a_difference_around_the_bytes_is_none),
        CASE(bytes_after_a_nul_count),
        CASE(nothing_equals_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
