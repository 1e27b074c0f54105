/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table of a few rows, and the struct that it fills. On each side of each value is a neighbour
 * that must not change.
 */

#include "abort.h"
#include "addresses.h"

#include "config/option.h"
#include "config/value_listener.h"

#include <errno.h>
#include <stdio.h>

#define NEIGHBOUR UINT64_C(0x5a5a5a5a5a5a5a5a)

enum colour {
    COLOUR_RED,
    COLOUR_GREEN,
};

struct things {
    uint64_t before;
    struct option_list addresses;
    uint64_t between[2];
    struct option_list paths;
    uint64_t after[4];
    uint64_t n_apples, n_fruits;
    char *name;
    enum option_source name_source;
    enum colour colour;
    bool is_ripe, is_old;
};

#define OPTION_VALUES struct things

static const char *const colours[] = { [COLOUR_RED] = "red", [COLOUR_GREEN] = "green" };

static const struct option rows[] = {
    { "addresses", "HOST:PORT", OPTION_LIST(value_listener_address, addresses, NULL), "where" },
    { "paths", "PATH", OPTION_LIST(value_listener_path, paths, ""), "where else" },
    { "fruit.n-apples", "N", OPTION_COUNT(n_apples, 1, 64, 3), "apples" },
    { "fruit.name", "TEXT", OPTION_TEXT(name, ""), "its name", OPTION_SOURCE(name_source) },
    { "fruit.colour", "COLOUR", OPTION_WORD(colour, colours, COLOUR_GREEN), "its colour" },
    { "fruit.ripe", NULL, OPTION_SWITCH(is_ripe, true), "eat it" },
    { "fruit.old", NULL, OPTION_SWITCH(is_old, false), "do not" },
    { "fruits", "N", OPTION_COUNT(n_fruits, 1, 64, 0), "of all sorts" },
};

static const struct option_table table = OPTION_TABLE(rows);

static struct things things;

static void assert_neighbours(void)
{
    assert_true(things.before == NEIGHBOUR);
    for (unsigned i = 0; i < ARRAY_SIZE(things.between); i++)
        assert_true(things.between[i] == NEIGHBOUR);
    for (unsigned i = 0; i < ARRAY_SIZE(things.after); i++)
        assert_true(things.after[i] == NEIGHBOUR);
}

static int begin(void **state)
{
    if (option_init_values(&table, &things) < 0)
        return -1;
    things.before = NEIGHBOUR;
    for (unsigned i = 0; i < ARRAY_SIZE(things.between); i++)
        things.between[i] = NEIGHBOUR;
    for (unsigned i = 0; i < ARRAY_SIZE(things.after); i++)
        things.after[i] = NEIGHBOUR;
    return 0;
}

static int end(void **state)
{
    static const struct things empty;

    assert_neighbours();
    option_deinit_values(&table, &things);
    assert_memory_equal(&things, &empty, sizeof(things));
    return 0;
}

static const struct option *find(const char *name)
{
    const struct option *option = option_find(&table, slice_of(name));

    assert_non_null(option);
    return option;
}

static void set_from(enum option_source source, const char *name, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (option_set(find(name), &things, text, source, &wrong) < 0)
        fail_msg("%s=%s: %.*s", name, text, (int)wrong.len, wrong.data);
    assert_int_equal(wrong.len, 0);
}

static void set(const char *name, const char *text)
{
    set_from(OPTION_FLAG, name, text);
}

/* Try @text, which is wrong: the problem is the end of a sentence. */
static void refuse_as(int error, const char *name, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    int r = option_set(find(name), &things, text, OPTION_FLAG, &wrong);

    if (r != error)
        fail_msg("%s=%s: %d, not %d", name, text, r, error);
    buffer_add_char(&wrong, '\0');
    if (strncmp(wrong.data, "expected ", strlen("expected ")) != 0 || strchr(wrong.data, '\n'))
        fail_msg("%s=%s: %s", name, text, wrong.data);
}

static void refuse(const char *name, const char *text)
{
    refuse_as(-EINVAL, name, text);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void options_have_whole_names(void **state)
{
    for (unsigned i = 0; i < table.n; i++) {
        assert_ptr_equal(find(rows[i].name), &rows[i]);
        assert_int_equal(option_index(&table, &rows[i]), i);
    }
    assert_null(option_find(&table, SLICE("fruit")));
    assert_null(option_find(&table, SLICE("fruits2")));
    assert_null(option_find(&table, SLICE("Fruits")));
    assert_null(option_find(&table, SLICE("")));
}

static void a_prefix_ends_before_a_dot(void **state)
{
    assert_true(option_has_prefix(&table, SLICE("fruit")));
    assert_false(option_has_prefix(&table, SLICE("fruits")));
    assert_false(option_has_prefix(&table, SLICE("fru")));
    assert_false(option_has_prefix(&table, SLICE("fruit.n-apples")));
    assert_false(option_has_prefix(&table, SLICE("")));
}

static void variables_are_in_capitals(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    option_write_variable(find("fruit.n-apples"), &out);
    assert_slice_equal(buffer_text(&out), "UDOMETER_FRUIT_N_APPLES");
}

static void help_has_a_paragraph_for_each(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    option_write_help(&table, "Usage:\n", "the end\n", &out);
    assert_slice_equal(buffer_text(&out), "Usage:\n"
                                          "  --addresses=HOST:PORT\n      where\n"
                                          "  --paths=PATH\n      where else\n"
                                          "  --fruit.n-apples=N\n      apples (default 3)\n"
                                          "  --fruit.name=TEXT\n      its name\n"
                                          "  --fruit.colour=COLOUR\n      its colour "
                                          "(default green)\n"
                                          "  --[no-]fruit.ripe\n      eat it (default true)\n"
                                          "  --fruit.old\n      do not\n"
                                          "  --fruits=N\n      of all sorts\n"
                                          "the end\n");
}

/* --- values ----------------------------------------------------------------------------------- */

static void values_begin_with_their_defaults(void **state)
{
    assert_int_equal(things.addresses.n, 0);
    assert_int_equal(things.paths.n, 0);
    assert_int_equal(things.n_apples, 3);
    assert_string_equal(things.name, "");
    assert_int_equal(things.colour, COLOUR_GREEN);
    assert_true(things.is_ripe);
    assert_false(things.is_old);
}

static const struct option wrong_text[] = {
    { "paths", "PATH", OPTION_LIST(value_listener_path, paths, "a,?"), "where" },
};
static const struct option owned_value[] = {
    { "fruit.name", "TEXT", OPTION_OF(value_text, name, char *, "elstar"), "its name" },
};

static void init_with_a_wrong_text(void)
{
    static const struct option_table wrong_table = OPTION_TABLE(wrong_text);

    (void)!option_init_values(&wrong_table, &things);
}

static void init_with_a_value_that_owns_memory(void)
{
    static const struct option_table wrong_table = OPTION_TABLE(owned_value);

    (void)!option_init_values(&wrong_table, &things);
}

static void a_wrong_default_is_a_mistake_in_the_table(void **state)
{
    assert_aborts(init_with_a_wrong_text, "r == 0 || r == -ENOMEM");
    assert_aborts(init_with_a_value_that_owns_memory, "!option->form->deinit");
}

static void a_value_is_set_where_its_row_says(void **state)
{
    set("fruit.n-apples", "64");
    assert_int_equal(things.n_apples, 64);
    assert_int_equal(option_number(find("fruit.n-apples"), &things), 64);
    set("fruit.name", "elstar");
    assert_string_equal(things.name, "elstar");
    set("fruit.colour", "red");
    assert_int_equal(things.colour, COLOUR_RED);
    set("fruit.ripe", "false");
    assert_false(things.is_ripe);
    refuse("fruit.n-apples", "65");
    refuse("fruit.colour", "blue");
    assert_int_equal(things.n_apples, 64);
    assert_int_equal(things.colour, COLOUR_RED);
}

static void only_switches_are_switches(void **state)
{
    assert_true(option_is_switch(find("fruit.ripe")));
    assert_true(option_is_switch(find("fruit.old")));
    assert_false(option_is_switch(find("fruit.colour")));
}

/* --- lists ------------------------------------------------------------------------------------ */

static void assert_listener(const struct option_list *list, unsigned i, const char *address,
                            bool has_dialect, bool is_dogstatsd)
{
    const struct value_listener *listeners = list->items;

    assert_true(i < list->n);
    assert_string_equal(listeners[i].address, address);
    assert_int_equal(listeners[i].dialect.is_set, has_dialect);
    if (has_dialect)
        assert_int_equal(listeners[i].dialect.is_other, is_dogstatsd);
}

static void a_list_grows_with_each_text(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        set("addresses", good_addresses[i]);
    assert_int_equal(things.addresses.n, ARRAY_SIZE(good_addresses));
    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        assert_listener(&things.addresses, i, good_addresses[i], false, false);
}

static void a_text_may_have_several(void **state)
{
    set("addresses", "127.0.0.1:1,[::1]:2?dialect=dogstatsd,:3?dialect=statsd");
    assert_int_equal(things.addresses.n, 3);
    assert_listener(&things.addresses, 0, "127.0.0.1:1", false, false);
    assert_listener(&things.addresses, 1, "[::1]:2", true, true);
    assert_listener(&things.addresses, 2, ":3", true, false);
}

static void an_empty_text_is_no_listener(void **state)
{
    set("addresses", "");
    assert_int_equal(things.addresses.n, 0);
    set_from(OPTION_DEFAULT, "addresses", "127.0.0.1:1");
    set("addresses", "");
    assert_int_equal(things.addresses.n, 0);
    set("paths", "");
    assert_int_equal(things.paths.n, 0);
}

static void wrong_ones_are_no_part_of_a_list(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(wrong_addresses); i++)
        refuse("addresses", wrong_addresses[i]);
    refuse("addresses", ",");
    refuse("addresses", ",127.0.0.1:1");
    assert_int_equal(things.addresses.n, 0);
    refuse("paths", ",");
    refuse("paths", "?dialect=statsd");
    assert_int_equal(things.paths.n, 0);
}

static void dialects_have_one_form(void **state)
{
    static const char *const wrong[] = { "?",
                                         "?dialect",
                                         "?dialect=",
                                         "?dialect=dog",
                                         "?Dialect=statsd",
                                         "?dialect=statsd?",
                                         "?dialect=statsd&x=y",
                                         "?mode=0660",
                                         "??dialect=statsd",
                                         "?dialect=statsd ",
                                         " ?dialect=statsd" };
    char text[64];

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        snprintf(text, sizeof(text), "127.0.0.1:1%s", wrong[i]);
        refuse("addresses", text);
    }
    assert_int_equal(things.addresses.n, 0);
}

static void a_list_has_room_for_16(void **state)
{
    char text[32];

    for (unsigned i = 0; i < OPTION_LIST_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        set("addresses", text);
    }
    for (unsigned i = 0; i < 3; i++) {
        refuse_as(-E2BIG, "addresses", "127.0.0.1:99");
        refuse_as(-E2BIG, "addresses", "127.0.0.1:98?dialect=dogstatsd");
        assert_int_equal(things.addresses.n, OPTION_LIST_MAX);
        assert_int_equal(things.addresses.source, OPTION_FLAG);
        assert_neighbours();
    }
    for (unsigned i = 0; i < OPTION_LIST_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        assert_listener(&things.addresses, i, text, false, false);
    }
}

static void more_than_16_in_one_text_are_refused(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    for (unsigned i = 0; i <= OPTION_LIST_MAX; i++)
        buffer_add_format(&text, "%s127.0.0.1:%u", i ? "," : "", i);
    buffer_add_char(&text, '\0');
    refuse_as(-E2BIG, "addresses", text.data);
    assert_true(things.addresses.n <= OPTION_LIST_MAX);
    assert_neighbours();
}

static void a_higher_source_replaces_a_list(void **state)
{
    set_from(OPTION_DEFAULT, "addresses", "127.0.0.1:1");
    set_from(OPTION_FILE, "addresses", "127.0.0.1:2,127.0.0.1:3");
    assert_int_equal(things.addresses.n, 2);
    assert_listener(&things.addresses, 0, "127.0.0.1:2", false, false);
    set_from(OPTION_ENVIRONMENT, "addresses", "127.0.0.1:4");
    assert_int_equal(things.addresses.n, 1);
    set_from(OPTION_FLAG, "addresses", "127.0.0.1:5");
    set_from(OPTION_FLAG, "addresses", "127.0.0.1:6");
    assert_int_equal(things.addresses.n, 2);
    assert_listener(&things.addresses, 0, "127.0.0.1:5", false, false);
    assert_listener(&things.addresses, 1, "127.0.0.1:6", false, false);
    assert_int_equal(things.addresses.source, OPTION_FLAG);
}

static void another_default_replaces_the_first(void **state)
{
    assert_int_equal(option_set_default(find("addresses"), &things, "127.0.0.1:1"), 0);
    assert_int_equal(option_set_default(find("addresses"), &things, "127.0.0.1:2"), 0);
    assert_int_equal(things.addresses.n, 1);
    assert_listener(&things.addresses, 0, "127.0.0.1:2", false, false);
    assert_int_equal(things.addresses.source, OPTION_DEFAULT);
    assert_int_equal(option_set_default(find("fruit.name"), &things, "apple"), 0);
    assert_int_equal(option_set_default(find("fruit.name"), &things, "pear"), 0);
    assert_string_equal(things.name, "pear");
    assert_int_equal(things.name_source, OPTION_DEFAULT);
    set_from(OPTION_FLAG, "addresses", "127.0.0.1:3");
    assert_int_equal(things.addresses.n, 1);
}

static void a_value_may_have_a_source(void **state)
{
    assert_int_equal(things.name_source, OPTION_DEFAULT);
    set_from(OPTION_FILE, "fruit.name", "");
    assert_int_equal(things.name_source, OPTION_FILE);
    set_from(OPTION_FLAG, "fruit.name", "apple");
    assert_int_equal(things.name_source, OPTION_FLAG);
    refuse("fruit.n-apples", "0");
    assert_int_equal(things.name_source, OPTION_FLAG);
}

static void a_copy_is_the_same_and_its_own(void **state)
{
    struct things other;

    assert_int_equal(option_init_values(&table, &other), 0);
    set("addresses", "127.0.0.1:1?dialect=dogstatsd,127.0.0.1:2");
    set_from(OPTION_FILE, "fruit.name", "apple");
    set("fruit.n-apples", "7");
    for (unsigned i = 0; i < table.n; i++)
        assert_int_equal(option_copy_value(&rows[i], &other, &things), 0);
    set_from(OPTION_FILE, "addresses", "127.0.0.1:3");
    set("fruit.name", "pear");
    assert_int_equal(other.addresses.n, 2);
    assert_listener(&other.addresses, 0, "127.0.0.1:1", true, true);
    assert_listener(&other.addresses, 1, "127.0.0.1:2", false, false);
    assert_int_equal(other.addresses.source, OPTION_FLAG);
    assert_string_equal(other.name, "apple");
    assert_int_equal(other.name_source, OPTION_FILE);
    assert_int_equal(other.n_apples, 7);
    assert_int_equal(other.n_fruits, 0); /* a default that cannot be set */
    set_from(OPTION_FLAG, "addresses", "");
    assert_int_equal(option_copy_value(find("addresses"), &other, &things), 0);
    assert_int_equal(other.addresses.n, 0);
    option_deinit_values(&table, &other);
}

static void socket_paths_are_paths(void **state)
{
    set("paths", "/run/udometer.sock");
    set("paths", "socket?dialect=dogstatsd,a b/\xc3\xa4?dialect=statsd");
    assert_int_equal(things.paths.n, 3);
    assert_listener(&things.paths, 0, "/run/udometer.sock", false, false);
    assert_listener(&things.paths, 1, "socket", true, true);
    assert_listener(&things.paths, 2, "a b/\xc3\xa4", true, false);
    refuse("paths", "/not\xff/utf8");
    assert_int_equal(things.paths.n, 3);
}

/* A socket's path has 108 bytes with its NUL (unix(7)). */
static void socket_paths_have_up_to_107_bytes(void **state)
{
    char path[109];

    memset(path, 'p', sizeof(path));
    path[108] = '\0';
    refuse("paths", path);
    path[107] = '\0';
    set("paths", path);
    assert_listener(&things.paths, 0, path, false, false);
}

static void a_cleared_list_can_be_filled_again(void **state)
{
    set("addresses", "127.0.0.1:1,127.0.0.1:2");
    end(state);
    assert_int_equal(begin(state), 0);
    assert_int_equal(things.addresses.n, 0);
    set("addresses", "127.0.0.1:3");
    assert_int_equal(things.addresses.n, 1);
    assert_listener(&things.addresses, 0, "127.0.0.1:3", false, false);
}

#define OPTION_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        OPTION_CASE(options_have_whole_names),
        OPTION_CASE(a_prefix_ends_before_a_dot),
        OPTION_CASE(variables_are_in_capitals),
        OPTION_CASE(help_has_a_paragraph_for_each),
        OPTION_CASE(values_begin_with_their_defaults),
        OPTION_CASE(a_wrong_default_is_a_mistake_in_the_table),
        OPTION_CASE(a_value_is_set_where_its_row_says),
        OPTION_CASE(only_switches_are_switches),
        OPTION_CASE(a_list_grows_with_each_text),
        OPTION_CASE(a_text_may_have_several),
        OPTION_CASE(an_empty_text_is_no_listener),
        OPTION_CASE(wrong_ones_are_no_part_of_a_list),
        OPTION_CASE(dialects_have_one_form),
        OPTION_CASE(a_list_has_room_for_16),
        OPTION_CASE(more_than_16_in_one_text_are_refused),
        OPTION_CASE(a_higher_source_replaces_a_list),
        OPTION_CASE(another_default_replaces_the_first),
        OPTION_CASE(a_value_may_have_a_source),
        OPTION_CASE(a_copy_is_the_same_and_its_own),
        OPTION_CASE(socket_paths_are_paths),
        OPTION_CASE(socket_paths_have_up_to_107_bytes),
        OPTION_CASE(a_cleared_list_can_be_filled_again),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
