/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* More than any allocator has. The bytes after the text are never read. */
static const struct slice impossible = { "x", SIZE_MAX / 4 };

/* By default, AddressSanitizer stops at an allocation that fails. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void all_zero_is_empty(void **state)
{
    struct buffer buffer = { 0 };

    assert_slice_equal(buffer_text(&buffer), "");
    assert_false(buffer.has_failed);
    buffer_clear(&buffer);
    assert_slice_equal(buffer_text(&buffer), "");
    buffer_deinit(&buffer);
}

static void appends_in_order(void **state)
{
    struct buffer buffer = { 0 };

    buffer_add(&buffer, slice_of("one "));
    buffer_add_literal(&buffer, "two\0");
    buffer_add_char(&buffer, ' ');
    buffer_add_uint(&buffer, UINT64_MAX);
    buffer_add_char(&buffer, '\n');
    buffer_add_double(&buffer, -0.25);
    buffer_add_format(&buffer, "%% %s %d", "three", -3);
    assert_slice_equal(buffer_text(&buffer), "one two\0 18446744073709551615\n-0.25% three -3");
    assert_false(buffer.has_failed);
    buffer_deinit(&buffer);
}

static void adding_nothing_adds_nothing(void **state)
{
    struct buffer buffer = { 0 };

    buffer_add(&buffer, (struct slice){ NULL, 0 });
    buffer_add_literal(&buffer, "");
    buffer_add_format(&buffer, "%s", "");
    assert_slice_equal(buffer_text(&buffer), "");
    buffer_add_char(&buffer, 'a');
    buffer_add(&buffer, (struct slice){ NULL, 0 });
    assert_slice_equal(buffer_text(&buffer), "a");
    assert_false(buffer.has_failed);
    buffer_deinit(&buffer);
}

static void writes_doubles_as_prometheus_reads_them(void **state)
{
    struct buffer buffer = { 0 };

    buffer_add_double(&buffer, 0);
    buffer_add_char(&buffer, ' ');
    buffer_add_double(&buffer, (double)NAN);
    buffer_add_char(&buffer, ' ');
    buffer_add_double(&buffer, (double)INFINITY);
    buffer_add_char(&buffer, ' ');
    buffer_add_double(&buffer, -(double)INFINITY);
    assert_slice_equal(buffer_text(&buffer), "0 NaN +Inf -Inf");
    buffer_deinit(&buffer);
}

static void keeps_what_it_has_while_it_grows(void **state)
{
    struct buffer buffer = { 0 };
    size_t n = 300000;

    for (size_t i = 0; i < n; i++) {
        buffer_add_char(&buffer, (char)(i * 7 % 251));
        assert_true(buffer.len <= buffer.cap);
    }
    assert_int_equal(buffer.len, n);
    for (size_t i = 0; i < n; i++)
        if (buffer.data[i] != (char)(i * 7 % 251))
            fail_msg("byte %zu was lost", i);
    assert_false(buffer.has_failed);
    buffer_deinit(&buffer);
}

/* However little room is left, all of the text must be there, and a NUL after it is not counted. */
static void formats_into_any_room(void **state)
{
    for (int before = 0; before < 140; before++) {
        for (int width = 1; width < 300; width += 7) {
            struct buffer buffer = { 0 };

            for (int i = 0; i < before; i++)
                buffer_add_char(&buffer, '-');
            buffer_add_format(&buffer, "%*d", width, 7);
            assert_int_equal(buffer.len, before + width);
            assert_int_equal(buffer.data[buffer.len - 1], '7');
            assert_true(buffer.len <= buffer.cap);
            buffer_deinit(&buffer);
        }
    }
}

static void clear_empties_and_keeps_the_memory(void **state)
{
    struct buffer buffer = { 0 };
    size_t cap;

    buffer_add_format(&buffer, "%1000d", 1);
    cap = buffer.cap;
    buffer_clear(&buffer);
    assert_slice_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.cap, cap);
    buffer_add_literal(&buffer, "again");
    assert_slice_equal(buffer_text(&buffer), "again");
    assert_int_equal(buffer.cap, cap);
    buffer_deinit(&buffer);
}

static void remembers_a_failed_allocation(void **state)
{
    struct buffer buffer = { 0 };

    buffer_add_literal(&buffer, "text");
    buffer_add(&buffer, impossible);
    assert_true(buffer.has_failed);
    buffer_add_literal(&buffer, "a");
    buffer_add_char(&buffer, 'b');
    buffer_add_uint(&buffer, 1);
    buffer_add_double(&buffer, 1);
    buffer_add_format(&buffer, "%d", 1);
    assert_true(buffer.has_failed);
    assert_slice_equal(buffer_text(&buffer), "text");
    buffer_deinit(&buffer);
}

static void clear_resets_a_failure(void **state)
{
    struct buffer buffer = { 0 };

    buffer_add(&buffer, impossible);
    assert_true(buffer.has_failed);
    buffer_clear(&buffer);
    assert_false(buffer.has_failed);
    buffer_add_literal(&buffer, "text");
    assert_slice_equal(buffer_text(&buffer), "text");
    assert_false(buffer.has_failed);
    buffer_deinit(&buffer);
}

/* The longest object that C allows does not fit after another one. */
static void a_length_that_overflows_is_a_failure(void **state)
{
    struct buffer buffer = { 0 };
    size_t cap;

    buffer_add_literal(&buffer, "0123456789");
    cap = buffer.cap;
    buffer_add(&buffer, (struct slice){ "x", PTRDIFF_MAX });
    assert_true(buffer.has_failed);
    assert_int_equal(buffer.cap, cap);
    assert_slice_equal(buffer_text(&buffer), "0123456789");
    buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(all_zero_is_empty),
        CASE(appends_in_order),
        CASE(adding_nothing_adds_nothing),
        CASE(writes_doubles_as_prometheus_reads_them),
        CASE(keeps_what_it_has_while_it_grows),
        CASE(formats_into_any_room),
        CASE(clear_empties_and_keeps_the_memory),
        CASE(remembers_a_failed_allocation),
        CASE(clear_resets_a_failure),
        CASE(a_length_that_overflows_is_a_failure),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
