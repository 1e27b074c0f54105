/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/arena.h"

#include <stdlib.h>

static bool has_no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return has_no_memory ? NULL : __real_calloc(n, size);
}

static void objects_are_zero_aligned_and_apart(void **state)
{
    struct arena arena = { 0 };
    size_t sizes[] = { 1, 3, 16, 0, 17, 4096, 4097, 100, 20000, 1, 16384, 5 };
    unsigned char *objects[100 * ARRAY_SIZE(sizes)];

    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        size_t size = sizes[i % ARRAY_SIZE(sizes)];

        objects[i] = arena_alloc(&arena, size);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(objects[i][at], 0);
        memset(objects[i], (int)(i % 255) + 1, size);
    }
    /* The old contents are still there. */
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        for (size_t at = 0; at < sizes[i % ARRAY_SIZE(sizes)]; at++)
            assert_int_equal(objects[i][at], i % 255 + 1);
    arena_deinit(&arena);
    assert_null(arena.blocks);
}

static void small_objects_share_a_block(void **state)
{
    struct arena arena = { 0 };
    struct arena_block *first;

    assert_non_null(arena_alloc(&arena, 16));
    first = arena.blocks;
    /* A large object does not use up the rest of the first block. */
    assert_non_null(arena_alloc(&arena, 100000));
    for (unsigned i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&arena, 16));
    assert_ptr_equal(arena.blocks, first);
    arena_deinit(&arena);
}

static void a_large_object_may_come_first(void **state)
{
    struct arena arena = { 0 };
    char *large = arena_alloc(&arena, 5000), *small = arena_alloc(&arena, 10);

    assert_non_null(large);
    assert_non_null(small);
    assert_true(small < large || small >= large + 5000);
    arena_deinit(&arena);
}

static void a_copy_ends_in_nul(void **state)
{
    struct arena arena = { 0 };
    struct slice copy = arena_copy(&arena, SLICE("a\0b"));

    assert_slice_equal(copy, "a\0b");
    assert_int_equal(copy.at[3], '\0');
    /* The NUL stays when the next object is written. */
    copy = arena_copy(&arena, SLICE("0123456789abcdef"));
    memset(arena_alloc(&arena, 16), 'x', 16);
    assert_string_equal(copy.at, "0123456789abcdef");
    copy = arena_copy(&arena, (struct slice){ NULL, 0 });
    assert_int_equal(copy.len, 0);
    assert_string_equal(copy.at, "");
    arena_deinit(&arena);
}

static void without_memory_there_is_no_object(void **state)
{
    struct arena arena = { 0 };
    char *before = arena_alloc(&arena, 16000);

    assert_non_null(before);
    has_no_memory = true;
    assert_null(arena_alloc(&arena, 4000));
    assert_null(arena_alloc(&arena, 10000));
    assert_null(arena_copy(&arena, SLICE("x")).at);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    has_no_memory = false;
    assert_non_null(arena_alloc(&arena, 4000));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(objects_are_zero_aligned_and_apart), CASE(small_objects_share_a_block),
        CASE(a_large_object_may_come_first),      CASE(a_copy_ends_in_nul),
        CASE(without_memory_there_is_no_object),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
