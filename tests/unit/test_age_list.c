/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/age_list.h"

static struct age_list list;
static struct age_node nodes[3];

static int begin(void **state)
{
    list = (struct age_list){ 0 };
    for (unsigned i = 0; i < 3; i++)
        age_list_add(&list, &nodes[i]);
    return 0;
}

/* The list has these, the newest first, and reads the same from both ends. */
static void assert_order(const char *expected)
{
    size_t n = strlen(expected);
    const struct age_node *node = list.newest;

    for (size_t i = 0; i < n; i++, node = node->older)
        assert_int_equal(node - nodes, expected[i] - '0');
    assert_null(node);
    node = list.oldest;
    for (size_t i = n; i > 0; i--, node = node->newer)
        assert_int_equal(node - nodes, expected[i - 1] - '0');
    assert_null(node);
}

static void what_comes_last_is_the_newest(void **state)
{
    assert_order("210");
}

static void any_can_be_used_again(void **state)
{
    age_list_touch(&list, &nodes[1]);
    assert_order("120");
    age_list_touch(&list, &nodes[0]);
    assert_order("012");
    age_list_touch(&list, &nodes[0]);
    assert_order("012");
}

static void any_can_be_removed(void **state)
{
    age_list_remove(&list, &nodes[1]);
    assert_order("20");
    age_list_remove(&list, &nodes[2]);
    assert_order("0");
    age_list_touch(&list, &nodes[0]);
    assert_order("0");
    age_list_remove(&list, &nodes[0]);
    assert_order("");
    age_list_add(&list, &nodes[2]);
    assert_order("2");
}

#define LIST_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest cases[] = {
        LIST_CASE(what_comes_last_is_the_newest),
        LIST_CASE(any_can_be_used_again),
        LIST_CASE(any_can_be_removed),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
