/* SPDX-License-Identifier: Apache-2.0 */

#include "addresses.h"

#include "config/value_listener.h"

#include <errno.h>

static struct value_listener listener;

static void take(const struct value_form *form, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (form->read(&listener, text, NULL, &wrong) < 0)
        fail_msg("%s: %.*s", text, (int)wrong.len, wrong.data);
    assert_int_equal(wrong.len, 0);
}

static void refuse_with(const struct value_form *form, const char *text, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (form->read(&listener, text, NULL, &wrong) != -EINVAL)
        fail_msg("%s was taken", text);
    buffer_add_char(&wrong, '\0');
    if (expected)
        assert_string_equal(wrong.data, expected);
    else
        assert_memory_equal(wrong.data, "expected ", strlen("expected "));
}

static void must_be(struct value_trait trait, bool is_set, bool is_other)
{
    assert_int_equal(trait.is_set, is_set);
    if (is_set)
        assert_int_equal(trait.is_other, is_other);
}

static void is_written_as(const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    value_listener_address.write(&listener, NULL, &text);
    buffer_add_char(&text, '\0');
    assert_string_equal(text.data, expected);
}

static void a_listener_has_an_address_and_maybe_a_dialect(void **state)
{
    take(&value_listener_address, "127.0.0.1:1");
    assert_string_equal(listener.address, "127.0.0.1:1");
    must_be(listener.dialect, false, false);
    take(&value_listener_address, "[::1]:2?dialect=dogstatsd");
    assert_string_equal(listener.address, "[::1]:2");
    must_be(listener.dialect, true, true);
    take(&value_listener_path, "/run/a.sock?dialect=statsd");
    assert_string_equal(listener.address, "/run/a.sock");
    must_be(listener.dialect, true, false);
    take(&value_listener_path, "@name?dialect=dogstatsd");
    assert_string_equal(listener.address, "@name");
}

static void its_traits_may_come_in_any_order(void **state)
{
    take(&value_listener_address, ":1?counter=absolute&dialect=statsd&counter-sender=socket");
    must_be(listener.dialect, true, false);
    must_be(listener.counter, true, true);
    must_be(listener.sender, true, true);
    take(&value_listener_path, "@n?counter=increment");
    must_be(listener.dialect, false, false);
    must_be(listener.counter, true, false);
    must_be(listener.sender, false, false);
    take(&value_listener_path, "/a?counter-sender=host");
    must_be(listener.counter, false, false);
    must_be(listener.sender, true, false);
}

static void it_is_written_as_it_is_read(void **state)
{
    static const char *const texts[] = {
        ":1",
        ":1?dialect=statsd",
        ":1?counter=absolute",
        ":1?dialect=dogstatsd&counter=increment&counter-sender=socket",
        ":1?counter-sender=host",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        take(&value_listener_address, texts[i]);
        is_written_as(texts[i]);
    }
}

static void a_wrong_listener_changes_nothing(void **state)
{
    take(&value_listener_address, "127.0.0.1:1?dialect=dogstatsd");
    for (unsigned i = 0; i < ARRAY_SIZE(wrong_addresses); i++)
        refuse_with(&value_listener_address, wrong_addresses[i], NULL);
    refuse_with(&value_listener_address, "127.0.0.1:2?dialect=dog",
                "expected nothing after the address, or one or more, joined by &, of "
                "?dialect=statsd|dogstatsd, counter=increment|absolute, "
                "counter-sender=host|socket");
    refuse_with(&value_listener_path, "",
                "expected the path of a socket, or @ and an abstract name, at most 107 bytes of "
                "UTF-8");
    refuse_with(&value_listener_path, "@", NULL);
    assert_string_equal(listener.address, "127.0.0.1:1");
    must_be(listener.dialect, true, true);
}

static void a_trait_is_written_once_and_exactly(void **state)
{
    static const char *const wrong[] = {
        "?",
        "?&",
        "?dialect",
        "?dialect=",
        "?Dialect=statsd",
        "?dialect=statsd&",
        "?&dialect=statsd",
        "?dialect=statsd&&counter=absolute",
        "?dialect=statsd?counter=absolute",
        "?counter=total",
        "?counter=absolute&counter=absolute",
        "?counter=absolute ",
        "?x=y",
        "?counter=absolute&x",
        "?sender=host",
        "?counter-sender=port",
        "??counter=absolute",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        char text[128] = ":1";

        strcat(text, wrong[i]);
        refuse_with(&value_listener_address, text, NULL);
    }
}

static void what_is_not_set_is_the_default(void **state)
{
    const struct value_trait unset = { 0 }, first = { .is_set = true };
    const struct value_trait second = { .is_set = true, .is_other = true };

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(value_trait_is_other(unset, i), i);
        assert_false(value_trait_is_other(first, i));
        assert_true(value_trait_is_other(second, i));
    }
}

static int end(void **state)
{
    value_listener_path.deinit(&listener);
    assert_null(listener.address);
    listener = (struct value_listener){ 0 };
    return 0;
}

#define LISTENER_CASE(name) cmocka_unit_test_setup_teardown(name, NULL, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        LISTENER_CASE(a_listener_has_an_address_and_maybe_a_dialect),
        LISTENER_CASE(its_traits_may_come_in_any_order),
        LISTENER_CASE(it_is_written_as_it_is_read),
        LISTENER_CASE(a_wrong_listener_changes_nothing),
        LISTENER_CASE(a_trait_is_written_once_and_exactly),
        LISTENER_CASE(what_is_not_set_is_the_default),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
