/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/conflicts.h"
#include "base/compiler.h"

#include <stdio.h>

static struct conflicts conflicts;

/* As with a real hash, no two names are near each other. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

/* A sender sent @name as a @wanted, but a family called @held_by has the name. */
static void note_against(const char *name, enum metric_type wanted, const char *held_by,
                         enum metric_type held)
{
    const struct conflict_holder family = { .name = slice_of(held_by), .type = held };

    conflicts_note(&conflicts, slice_of(name), hash_of(name), wanted, &family);
}

/* The same, but the config declares @name. */
static void note_declared(const char *name, enum metric_type wanted, enum metric_type held)
{
    const struct conflict_holder metric = { slice_of(name), held, .is_declared = true };

    conflicts_note(&conflicts, slice_of(name), hash_of(name), wanted, &metric);
}

static void note(const char *name)
{
    note_against(name, METRIC_GAUGE, name, METRIC_COUNTER);
}

static const struct conflict *find(const char *name, enum metric_type wanted)
{
    for (unsigned i = 0; i < conflicts.n; i++)
        if (strcmp(conflicts.items[i].name, name) == 0 && conflicts.items[i].wanted == wanted)
            return &conflicts.items[i];
    return NULL;
}

static const struct conflict *must_find(const char *name, enum metric_type wanted)
{
    const struct conflict *conflict = find(name, wanted);

    if (!conflict) {
        fail_msg("%s is not there", name);
        conflict = &conflicts.items[0]; /* gcc does not know that this is never reached */
    }
    return conflict;
}

static void an_empty_list_has_no_latest(void **state)
{
    assert_int_equal(conflicts.n, 0);
    assert_null(conflicts_latest(&conflicts));
}

static void tells_both_names_and_types(void **state)
{
    const struct conflict *conflict;

    note_against("x_sum", METRIC_GAUGE, "x", METRIC_HISTOGRAM);
    assert_int_equal(conflicts.n, 1);
    conflict = must_find("x_sum", METRIC_GAUGE);
    assert_string_equal(conflict->held_by, "x");
    assert_int_equal(conflict->held, METRIC_HISTOGRAM);
    assert_int_equal(conflict->n_refused, 1);
    assert_ptr_equal(conflicts_latest(&conflicts), conflict);
}

static void tells_whether_the_config_declares_it(void **state)
{
    note_declared("x", METRIC_GAUGE, METRIC_HISTOGRAM);
    assert_true(must_find("x", METRIC_GAUGE)->is_declared);
    assert_string_equal(must_find("x", METRIC_GAUGE)->held_by, "x");
    assert_int_equal(must_find("x", METRIC_GAUGE)->held, METRIC_HISTOGRAM);
    note("x");
    assert_false(must_find("x", METRIC_GAUGE)->is_declared);
    assert_int_equal(must_find("x", METRIC_GAUGE)->n_refused, 2);
}

static void counts_repetitions_in_one_entry(void **state)
{
    for (unsigned i = 0; i < 1000; i++)
        note("x");
    assert_int_equal(conflicts.n, 1);
    assert_int_equal(must_find("x", METRIC_GAUGE)->n_refused, 1000);
    assert_int_equal(conflicts.n_refused, 1000);
}

static void another_wanted_type_is_another_entry(void **state)
{
    note_against("x", METRIC_GAUGE, "x", METRIC_COUNTER);
    note_against("x", METRIC_HISTOGRAM, "x", METRIC_COUNTER);
    note_against("x", METRIC_SET, "x", METRIC_COUNTER);
    note_against("x", METRIC_SET, "x", METRIC_COUNTER);
    assert_int_equal(conflicts.n, 3);
    assert_int_equal(must_find("x", METRIC_GAUGE)->n_refused, 1);
    assert_int_equal(must_find("x", METRIC_HISTOGRAM)->n_refused, 1);
    assert_int_equal(must_find("x", METRIC_SET)->n_refused, 2);
    assert_int_equal(conflicts.n_refused, 4);
}

static void tells_which_family_has_the_name_now(void **state)
{
    note_against("x_sum", METRIC_GAUGE, "x", METRIC_HISTOGRAM);
    note_against("x_sum", METRIC_GAUGE, "x_sum", METRIC_COUNTER);
    assert_int_equal(conflicts.n, 1);
    assert_string_equal(must_find("x_sum", METRIC_GAUGE)->held_by, "x_sum");
    assert_int_equal(must_find("x_sum", METRIC_GAUGE)->held, METRIC_COUNTER);
}

static void the_latest_is_the_one_that_was_noted_last(void **state)
{
    note("a");
    note("b");
    assert_string_equal(conflicts_latest(&conflicts)->name, "b");
    note("a");
    assert_string_equal(conflicts_latest(&conflicts)->name, "a");
    note("c");
    assert_string_equal(conflicts_latest(&conflicts)->name, "c");
}

static void copies_the_names(void **state)
{
    char name[] = "x", held_by[] = "y";

    note_against(name, METRIC_GAUGE, held_by, METRIC_COUNTER);
    name[0] = held_by[0] = '#';
    assert_string_equal(must_find("x", METRIC_GAUGE)->held_by, "y");
}

/* --- long names ----------------------------------------------------------------------- */

#define LONG_MAX 600

/* A name of @len characters: 'n's, and a different last character. */
static const char *long_name(char out[LONG_MAX + 1], size_t len, char last)
{
    memset(out, 'n', len);
    out[len - 1] = last;
    out[len] = '\0';
    return out;
}

static void cuts_names_that_are_too_long(void **state)
{
    static const size_t lengths[] = { 1, CONFLICT_NAME_MAX - 1, CONFLICT_NAME_MAX,
                                      CONFLICT_NAME_MAX + 1, LONG_MAX };
    char name[LONG_MAX + 1], holder[LONG_MAX + 1];

    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        size_t kept = lengths[i] < CONFLICT_NAME_MAX ? lengths[i] : CONFLICT_NAME_MAX;
        const struct conflict *latest;

        note_against(long_name(name, lengths[i], 'x'), METRIC_GAUGE,
                     long_name(holder, lengths[i], 'y'), METRIC_COUNTER);
        latest = conflicts_latest(&conflicts);
        assert_int_equal(strlen(latest->name), kept);
        assert_memory_equal(latest->name, name, kept);
        assert_int_equal(strlen(latest->held_by), kept);
        assert_memory_equal(latest->held_by, holder, kept);
    }
    assert_int_equal(conflicts.n, ARRAY_SIZE(lengths));
}

static void names_that_differ_where_they_are_cut_are_different(void **state)
{
    char name[LONG_MAX + 1];

    note(long_name(name, LONG_MAX, 'a'));
    note(long_name(name, LONG_MAX, 'b'));
    note(long_name(name, LONG_MAX, 'b'));
    assert_int_equal(conflicts.n, 2);
    assert_int_equal(conflicts_latest(&conflicts)->n_refused, 2);
}

/* --- evicting ----------------------------------------------------------------------------- */

static const char *numbered(char out[16], unsigned number)
{
    snprintf(out, 16, "name_%u", number);
    return out;
}

static void note_numbers(unsigned from, unsigned to)
{
    char name[16];

    for (unsigned i = from; i < to; i++)
        note(numbered(name, i));
}

static void has_room_for_as_many_as_it_says(void **state)
{
    char name[16];

    note_numbers(0, CONFLICTS_MAX);
    assert_int_equal(conflicts.n, CONFLICTS_MAX);
    for (unsigned i = 0; i < CONFLICTS_MAX; i++)
        assert_int_equal(must_find(numbered(name, i), METRIC_GAUGE)->n_refused, 1);
}

static void the_one_not_repeated_for_longest_makes_room(void **state)
{
    note_numbers(0, CONFLICTS_MAX);
    note("name_0");
    note("name_2");
    note("new");
    assert_int_equal(conflicts.n, CONFLICTS_MAX);
    assert_null(find("name_1", METRIC_GAUGE));
    note("newer");
    assert_null(find("name_3", METRIC_GAUGE));
    assert_int_equal(must_find("name_0", METRIC_GAUGE)->n_refused, 2);
    assert_int_equal(must_find("name_2", METRIC_GAUGE)->n_refused, 2);
    must_find("name_4", METRIC_GAUGE);
    must_find("new", METRIC_GAUGE);
    assert_string_equal(conflicts_latest(&conflicts)->name, "newer");
    assert_int_equal(conflicts.n_refused, CONFLICTS_MAX + 4);
}

static void a_name_that_comes_back_is_counted_anew(void **state)
{
    note("back");
    note("back");
    note_numbers(0, CONFLICTS_MAX);
    assert_null(find("back", METRIC_GAUGE));
    note("back");
    assert_int_equal(must_find("back", METRIC_GAUGE)->n_refused, 1);
    assert_string_equal(must_find("back", METRIC_GAUGE)->held_by, "back");
    assert_int_equal(conflicts.n_refused, CONFLICTS_MAX + 3);
}

/* --- against a simple model --------------------------------------------------------------- */

#define MODEL_NAMES 100

/* The time at which each name was last noted, 0 for a name that is not there, and its count. */
struct model {
    unsigned last[MODEL_NAMES];
    unsigned times[MODEL_NAMES];
    unsigned n, now;
};

static void model_make_room(struct model *model)
{
    unsigned oldest = MODEL_NAMES;

    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (model->last[i] && (oldest == MODEL_NAMES || model->last[i] < model->last[oldest]))
            oldest = i;
    model->last[oldest] = model->times[oldest] = 0;
    model->n--;
}

static void model_note(struct model *model, unsigned number)
{
    if (!model->last[number]) {
        if (model->n == CONFLICTS_MAX)
            model_make_room(model);
        model->n++;
    }
    model->last[number] = ++model->now;
    model->times[number]++;
}

static void assert_is_model(const struct model *model)
{
    char name[16];

    assert_int_equal(conflicts.n, model->n);
    assert_int_equal(conflicts.n_refused, model->now);
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        const struct conflict *conflict = find(numbered(name, i), METRIC_GAUGE);

        assert_int_equal(conflict ? conflict->n_refused : 0, model->times[i]);
    }
}

static void agrees_with_a_model(void **state)
{
    struct model model = { 0 };
    uint32_t random = 1;
    char name[16];

    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        /* Lower numbers come more often. */
        unsigned number = (random >> 16) % (1 + (random >> 8) % MODEL_NAMES);

        note(numbered(name, number));
        model_note(&model, number);
        assert_string_equal(conflicts_latest(&conflicts)->name, name);
        if (i % 16 == 0)
            assert_is_model(&model);
    }
    assert_is_model(&model);
}

static int begin(void **state)
{
    conflicts = (struct conflicts){ 0 };
    return 0;
}

#define CONFLICTS_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CONFLICTS_CASE(an_empty_list_has_no_latest),
        CONFLICTS_CASE(tells_both_names_and_types),
        CONFLICTS_CASE(tells_whether_the_config_declares_it),
        CONFLICTS_CASE(counts_repetitions_in_one_entry),
        CONFLICTS_CASE(another_wanted_type_is_another_entry),
        CONFLICTS_CASE(tells_which_family_has_the_name_now),
        CONFLICTS_CASE(the_latest_is_the_one_that_was_noted_last),
        CONFLICTS_CASE(copies_the_names),
        CONFLICTS_CASE(cuts_names_that_are_too_long),
        CONFLICTS_CASE(names_that_differ_where_they_are_cut_are_different),
        CONFLICTS_CASE(has_room_for_as_many_as_it_says),
        CONFLICTS_CASE(the_one_not_repeated_for_longest_makes_room),
        CONFLICTS_CASE(a_name_that_comes_back_is_counted_anew),
        CONFLICTS_CASE(agrees_with_a_model),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
