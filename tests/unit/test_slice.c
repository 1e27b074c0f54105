/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"

#include <stdlib.h>

static void cut_takes_the_part_before_the_separator(void **state)
{
    struct slice rest = SLICE("a|b|c");

    assert_slice_equal(slice_cut(&rest, '|'), "a");
    assert_slice_equal(rest, "b|c");
}

static void cut_without_separator_takes_all(void **state)
{
    struct slice rest = SLICE("abc");

    assert_slice_equal(slice_cut(&rest, '|'), "abc");
    assert_int_equal(rest.len, 0);
}

static void trim_takes_blanks_from_both_ends_only(void **state)
{
    assert_slice_equal(slice_trim(SLICE(" \ta b\t ")), "a b");
    assert_slice_equal(slice_trim(SLICE("  ")), "");
}

static void a_prefix_sorts_before_what_it_begins(void **state)
{
    assert_true(slice_compare(SLICE("ab"), SLICE("abc")) < 0);
    assert_true(slice_compare(SLICE("b"), SLICE("abc")) > 0);
    assert_int_equal(slice_compare(SLICE(""), SLICE("")), 0);
}

static void structs_that_begin_with_a_slice_are_sorted_by_it(void **state)
{
    struct {
        struct slice name;
        int number;
    } items[] = { { SLICE("b"), 1 }, { SLICE("a"), 3 }, { SLICE("ab"), 2 } }, *found;

    qsort(items, ARRAY_SIZE(items), sizeof(items[0]), slice_order);
    assert_int_equal(items[0].number, 3);
    assert_int_equal(items[1].number, 2);
    assert_int_equal(items[2].number, 1);
    found = bsearch(&SLICE("ab"), items, ARRAY_SIZE(items), sizeof(items[0]), slice_order);
    assert_ptr_equal(found, &items[1]);
}

static void texts_are_put_one_after_the_other(void **state)
{
    char memory[8] = "", *at = memory;
    struct slice first = slice_put(&at, SLICE("ab")), none = slice_put(&at, (struct slice){ 0 });

    assert_slice_equal(slice_put(&at, SLICE("c")), "c");
    assert_slice_equal(first, "ab");
    assert_int_equal(none.len, 0);
    assert_string_equal(memory, "abc");
    assert_ptr_equal(at, memory + 3);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(cut_takes_the_part_before_the_separator),
        CASE(cut_without_separator_takes_all),
        CASE(trim_takes_blanks_from_both_ends_only),
        CASE(a_prefix_sorts_before_what_it_begins),
        CASE(texts_are_put_one_after_the_other),
        CASE(structs_that_begin_with_a_slice_are_sorted_by_it),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
