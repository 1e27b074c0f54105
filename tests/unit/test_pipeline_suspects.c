/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline: which lines a sink of suspects is told about
 */

#include "push.h"

static struct buffer told;

static void on_suspect(void *ctx, struct slice name, struct slice text)
{
    buffer_add_format(&told, "%.*s of %.*s; ", (int)name.len, name.at, (int)text.len, text.at);
}

static const struct suspect_sink suspects = { NULL, on_suspect };

/* @datagram is pushed, and this is told. */
static void must_tell(const char *datagram, const char *expected)
{
    buffer_clear(&told);
    push(datagram);
    buffer_add_char(&told, '\0');
    assert_string_equal(told.data, expected);
    assert_identity();
}

static int begin_with_suspects(void **state)
{
    int r = begin(state);

    if (r == 0)
        pipeline_set_suspects(pipeline, &suspects);
    return r;
}

static void a_bar_in_a_tag_is_told_when_its_key_is_learned(void **state)
{
    must_tell("a.b:1|c|#k:v|w", "a.b of a.b:1|c|#k:v|w; ");
    must_tell("a.b:2|c|#k:v|w", "");
    must_tell("a.b:1|c|#k:v|w,j:x|y|@0.5", "a.b of a.b:1|c|#k:v|w,j:x|y|@0.5; ");
    must_tell("a.b:1:2|h|#k:v|w\nc:1|c|#k:v|w", "c of c:1|c|#k:v|w; "); /* a type conflict first */
    must_tell("d:1:2|h|#bare|w", "d of d:1:2|h|#bare|w; ");
}

/* Its key is never cached. */
static void an_x_is_told_each_time(void **state)
{
    must_tell("e:1|x|#k:v|w", "e of e:1|x|#k:v|w; ");
    must_tell("e:1|x|#k:v|w", "e of e:1|x|#k:v|w; ");
}

static void other_sections_are_not_suspect(void **state)
{
    must_tell("a:1|c|w|#k:v", "");
    must_tell("a:1|c|w", "");
    must_tell("a:1|c|#k:v|@0.5|T1|c:x|e:y|card:low", "");
    must_tell("a,k=v|w:1|c", "");
    must_tell("a:1|c|#|w", "");
    must_tell("_sc|a|0|#k:v|w", "");
}

static void what_is_refused_is_not_suspect(void **state)
{
    must_tell("a:x|c|#k:v|w", "");
    must_tell("a:1|q|#k:v|w", "");
    must_tell("own:1|c|#k:v|w", "");
    must_tell("a,j=x:1|c|#k:v|w", "");
}

static void nobody_need_listen(void **state)
{
    pipeline_set_suspects(pipeline, NULL);
    must_tell("a:1|c|#k:v|w", "");
    assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], 1);
}

static int free_all(void **state)
{
    buffer_deinit(&told);
    return free_buckets(state);
}

#define SUSPECTS_CASE(name) cmocka_unit_test_setup_teardown(name, begin_with_suspects, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SUSPECTS_CASE(a_bar_in_a_tag_is_told_when_its_key_is_learned),
        SUSPECTS_CASE(an_x_is_told_each_time),
        SUSPECTS_CASE(other_sections_are_not_suspect),
        SUSPECTS_CASE(what_is_refused_is_not_suspect),
        SUSPECTS_CASE(nobody_need_listen),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_all);
}
