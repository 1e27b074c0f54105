/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exposition: walks that pause, while series come and go
 */

#include "push.h"

#include "output/text.h"

static struct exposition *exposition;
static struct buffer out;

static void resume(void)
{
    exposition_resume(exposition, registry_snapshot(registry));
}

/* Write at least one more series, between two pauses. */
static void step(void)
{
    resume();
    assert_int_equal(exposition_write(exposition, &out, out.len + 1), 0);
    exposition_pause(exposition);
}

static void begin_walk(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);

    assert_int_equal(exposition_new(&exposition, &text_writer, snapshot, NULL), 0);
    snapshot_unref(snapshot);
    exposition_pause(exposition);
    exposition_pause(exposition); /* once more does nothing */
}

static const char *end_walk(void)
{
    resume();
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    exposition_free(TAKE(exposition));
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    return out.data;
}

/* Samples alone. */
static const char *samples_of(const char *page)
{
    static char text[4096];
    char *to = text;

    for (const char *line = page; *line; line = strchr(line, '\n') + 1)
        if (*line != '#')
            to = mempcpy(to, line, (size_t)(strchr(line, '\n') + 1 - line));
    *to = '\0';
    return text;
}

static unsigned count(const char *page, const char *text)
{
    unsigned n = 0;

    for (const char *at = page; (at = strstr(at, text)); at++)
        n++;
    return n;
}

static int end_case(void **state)
{
    buffer_deinit(&out);
    return end(state);
}

static void pauses_do_not_show(void **state)
{
    CLEANUP(buffer_deinit) struct buffer whole = { 0 };

    push("a:1|c|#x:1\na:2|c|#x:2\nb:3|g\nc:4|h|#x:1\nc:5|h|#x:2\nd:y|s");
    begin_walk();
    buffer_add(&whole, slice_of(end_walk()));
    buffer_clear(&out);
    begin_walk();
    for (unsigned i = 0; i < 10; i++)
        step();
    assert_int_equal(strlen(end_walk()), whole.len);
    assert_memory_equal(out.data, whole.data, whole.len);
}

static void what_comes_later_in_the_order_is_shown(void **state)
{
    push("b:1|c|#x:2\nb:1|c|#x:4\nd:1|c");
    begin_walk();
    step();
    push("a:1|c\nb:1|c|#x:1\nb:1|c|#x:3\nc:1|c\ne:1|c");
    assert_string_equal(samples_of(end_walk()), "b{x=\"2\"} 1\n"
                                                "b{x=\"3\"} 1\n"
                                                "b{x=\"4\"} 1\n"
                                                "c 1\n"
                                                "d 1\n"
                                                "e 1\n");
    assert_int_equal(count(out.data, "# TYPE b "), 1);
}

static void what_ends_is_not_shown_and_no_labels_come_twice(void **state)
{
    push("a:1|c|#x:1\na:1|c|#x:2\na:1|c|#x:3");
    begin_walk();
    step();
    push("a:1|x|#x:1\na:1|x|#x:2");
    step();
    push("a:7|c|#x:1\na:7|c|#x:3\na:7|c|#x:4");
    assert_string_equal(samples_of(end_walk()), "a{x=\"1\"} 1\n"
                                                "a{x=\"3\"} 1\n"
                                                "a{x=\"4\"} 7\n");
    assert_int_equal(count(out.data, "# TYPE a "), 1);
}

static void all_may_end_meanwhile(void **state)
{
    push("a:1|c|#x:1\na:1|c|#x:2\nb:1|c");
    begin_walk();
    step();
    push("a:1|x\nb:1|x");
    snapshot_unref(registry_snapshot(registry));
    assert_string_equal(samples_of(end_walk()), "a{x=\"1\"} 1\n");
}

static void a_family_that_begins_anew_is_left_out(void **state)
{
    push("a:1|c|#x:1\na:1|c|#x:2\nb:1|c");
    begin_walk();
    step();
    push("a:1|x\na:5|c|#x:1\na:5|c|#x:3\na:5|c|#x:4");
    step();
    push("a:6|c|#x:5");
    assert_string_equal(samples_of(end_walk()), "a{x=\"1\"} 1\n"
                                                "b 1\n");
    assert_int_equal(count(out.data, "# TYPE a "), 1);
}

static void of_another_type_it_is_left_out(void **state)
{
    push("a:1|c|#x:1\na:1|c|#x:2\nb:1|c");
    begin_walk();
    step();
    push("a:1|x");
    snapshot_unref(registry_snapshot(registry));
    push("a:5|g|#x:3\na:5|g|#x:4");
    step();
    assert_string_equal(samples_of(end_walk()), "a{x=\"1\"} 1\n"
                                                "b 1\n");
    assert_int_equal(count(out.data, "# TYPE a "), 1);
    assert_int_equal(count(out.data, "# TYPE b "), 1);
}

static unsigned n_pauses;

static void count_pause(void *state)
{
    n_pauses++;
}

/* It may have cached something by an address that then belongs to something else. */
static void the_writer_is_told(void **state)
{
    struct exposition_writer writer = text_writer;
    struct snapshot *snapshot;

    assert_non_null(text_writer.pause);
    writer.pause = count_pause;
    push("a:1|h");
    snapshot = registry_snapshot(registry);
    assert_int_equal(exposition_new(&exposition, &writer, snapshot, NULL), 0);
    snapshot_unref(snapshot);
    exposition_pause(exposition);
    assert_int_equal(n_pauses, 1);
    step();
    assert_int_equal(n_pauses, 2);
    assert_non_null(strstr(end_walk(), "a_bucket{le=\"0.005\"} 0\n"));
}

#define PAUSE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PAUSE_CASE(pauses_do_not_show),
        PAUSE_CASE(what_comes_later_in_the_order_is_shown),
        PAUSE_CASE(what_ends_is_not_shown_and_no_labels_come_twice),
        PAUSE_CASE(all_may_end_meanwhile),
        PAUSE_CASE(a_family_that_begins_anew_is_left_out),
        PAUSE_CASE(of_another_type_it_is_left_out),
        PAUSE_CASE(the_writer_is_told),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
