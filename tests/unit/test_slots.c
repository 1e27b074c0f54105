/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Slots, from its header, against a model: each thing knows whether the table has it
 *
 * Memory runs out when a case says so: the linker redirects calloc() to this file (meson.build).
 */

#include "abort.h"

#include "base/slots.h"

#include <stdlib.h>

#define N_THINGS 300

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

static bool is_out_of_memory;

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out_of_memory ? NULL : __real_calloc(n, size);
}

struct thing {
    unsigned number;
    uint64_t hash;
    bool is_in;
    unsigned n_seen; /* by a walk */
};

/* splitmix64: as even as a real hash. */
static uint64_t hash_of(uint64_t number)
{
    uint64_t z = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    return (unsigned)(hash_of(random_state++) % below);
}

/* Only things with the wanted hash may be read: any other would be one more cache line. */
static bool is_thing(const void *entry, const void *wanted)
{
    const struct thing *thing = entry, *other = wanted;

    assert_true(thing->hash == other->hash);
    return thing->number == other->number;
}

static struct thing *find(const struct slots *slots, uint64_t hash, unsigned number)
{
    const struct thing wanted = { .number = number, .hash = hash };

    return slots_find(slots, hash, &wanted, is_thing);
}

static void add(struct slots *slots, struct thing *thing)
{
    assert_true(slots_add(slots, thing->hash, thing));
    thing->is_in = true;
    assert_ptr_equal(find(slots, thing->hash, thing->number), thing);
}

static void take_out(struct slots *slots, struct thing *thing)
{
    slots_remove(slots, thing->hash, thing);
    thing->is_in = false;
    assert_null(find(slots, thing->hash, thing->number));
}

/* A walk from the beginning finds each thing of the table once, and then ends. */
static void must_walk_over(const struct slots *slots, struct thing *things, unsigned n)
{
    struct slots_cursor cursor = { 0 };
    struct thing *thing;

    for (unsigned i = 0; i < n; i++)
        things[i].n_seen = 0;
    while ((thing = slots_next(slots, &cursor)))
        thing->n_seen++;
    for (unsigned i = 0; i < 3; i++)
        assert_null(slots_next(slots, &cursor));
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(things[i].n_seen, things[i].is_in);
}

/* All counts are right, and every search ends. */
static void must_count(const struct slots *slots, unsigned n_in)
{
    size_t n = 0;

    assert_int_equal(slots->n, n_in);
    for (unsigned i = 0; i < SLOTS_STRIPES; i++) {
        const struct slots_stripe *stripe = &slots->stripes[i];

        n += stripe->n;
        assert_true(stripe->slots ? stripe->n < stripe->n_slots : stripe->n == 0);
    }
    assert_int_equal(n, n_in);
}

/* The table has exactly those of @things that it should have. */
static void must_hold(const struct slots *slots, struct thing *things, unsigned n)
{
    unsigned n_in = 0;

    for (unsigned i = 0; i < n; i++) {
        struct thing *thing = &things[i], *found = find(slots, thing->hash, thing->number);

        n_in += thing->is_in;
        assert_ptr_equal(found, thing->is_in ? thing : NULL);
        found = slots_find_any(slots, thing->hash);
        assert_true(found ? found->is_in && found->hash == thing->hash : !thing->is_in);
        assert_null(find(slots, thing->hash, n + i));
    }
    must_count(slots, n_in);
    must_walk_over(slots, things, n);
}

/* --- a table without entries -------------------------------------------------------- */

static void an_empty_table_has_nothing(void **state)
{
    struct slots slots = { 0 };

    must_hold(&slots, NULL, 0);
    assert_null(find(&slots, 0, 0));
    assert_null(find(&slots, UINT64_MAX, 0));
    assert_null(slots_find_any(&slots, 77));
    slots_deinit(&slots);
    must_hold(&slots, NULL, 0);
}

static void a_prefetch_reads_nothing(void **state)
{
    struct slots slots = { 0 };
    struct thing thing = { .hash = UINT64_MAX };

    slots_prefetch(&slots, 0);
    slots_prefetch(&slots, UINT64_MAX);
    add(&slots, &thing);
    slots_prefetch(&slots, UINT64_MAX);
    slots_prefetch(&slots, 0);
    slots_deinit(&slots);
}

static void a_place_in_an_empty_table_is_its_end(void **state)
{
    struct slots slots = { 0 };
    struct slots_cursor cursor = slots_at(&slots, hash_of(3));

    assert_null(slots_next(&slots, &cursor));
    cursor = slots_at(&slots, UINT64_MAX);
    assert_null(slots_next(&slots, &cursor));
    assert_null(slots_next(&slots, &cursor));
}

static void deinit_leaves_an_empty_table(void **state)
{
    struct thing things[N_THINGS];
    struct slots slots = { 0 };

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < N_THINGS; i++)
            things[i] = (struct thing){ .number = i, .hash = hash_of(i) };
        must_hold(&slots, things, N_THINGS);
        for (unsigned i = 0; i < N_THINGS; i++)
            add(&slots, &things[i]);
        must_hold(&slots, things, N_THINGS);
        slots_deinit(&slots);
    }
    slots_deinit(&slots);
    must_count(&slots, 0);
}

/* --- hashes, good and bad --------------------------------------------------------------- */

static uint64_t good(unsigned number)
{
    return hash_of(number);
}

static uint64_t one_of_three(unsigned number)
{
    return hash_of(number % 3);
}

static uint64_t all_the_same(unsigned number)
{
    return UINT64_MAX;
}

static uint64_t of_one_stripe(unsigned number)
{
    return hash_of(number) / SLOTS_STRIPES * SLOTS_STRIPES + 7;
}

/* The home is a share of all slots, in 2^-20, given by the upper half of the hash. */
static uint64_t with_home(unsigned stripe, uint64_t distinct, uint64_t home)
{
    return (home & 0xfffff) << 44 | (distinct + 1) * SLOTS_STRIPES | stripe;
}

static uint64_t of_the_first_home(unsigned number)
{
    return with_home(0, number, 0);
}

/* The home is the last slot, whatever the size. */
static uint64_t of_the_last_home(unsigned number)
{
    return with_home(SLOTS_STRIPES - 1, number, (1 << 20) - 1);
}

/* The last home and the first one: from the last home, things continue at the first slot. */
static uint64_t around_the_end(unsigned number)
{
    return with_home(9, number, (uint64_t)(1 << 20) - 3 + number % 5);
}

/* The same, but several things have one hash, and there are stripes on both sides. */
static uint64_t often_around_the_end(unsigned number)
{
    return with_home(number % 3, number % 8, (uint64_t)(1 << 20) - 3 + number % 5);
}

typedef uint64_t hash_maker(unsigned number);

static hash_maker *const makers[] = {
    good,           one_of_three,         all_the_same,
    of_one_stripe,  of_the_first_home,    of_the_last_home,
    around_the_end, often_around_the_end,
};

static void make_things(struct thing things[N_THINGS], hash_maker *maker)
{
    for (unsigned i = 0; i < N_THINGS; i++)
        things[i] = (struct thing){ .number = i, .hash = maker(i) };
}

static void flip(struct slots *slots, struct thing *thing)
{
    if (thing->is_in)
        take_out(slots, thing);
    else
        add(slots, thing);
}

static void holds_what_the_model_holds(void **state)
{
    struct thing things[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };

        random_state = m << 32;
        make_things(things, makers[m]);
        for (unsigned step = 0; step < 6000; step++) {
            /* At times the table has few things, at times nearly all. */
            unsigned reach = step / 1000 % 2 ? 12 : N_THINGS;

            flip(&slots, &things[draw(reach)]);
            if (step % 50 == 0)
                must_hold(&slots, things, N_THINGS);
        }
        must_hold(&slots, things, N_THINGS);
        slots_deinit(&slots);
    }
}

/* With few things, the effect of a removal on each of the others shows at once. */
static void holds_a_few_whatever_is_removed(void **state)
{
    struct thing things[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };

        random_state = m << 32;
        make_things(things, makers[m]);
        for (unsigned step = 0; step < 5000; step++) {
            flip(&slots, &things[draw(10)]);
            must_hold(&slots, things, 10);
        }
        slots_deinit(&slots);
    }
}

static void shuffle(unsigned *order, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        order[i] = i;
    for (unsigned i = n; i > 1; i--) {
        unsigned j = draw(i), swapped = order[i - 1];

        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

static void all_can_be_removed_in_any_order(void **state)
{
    struct thing things[N_THINGS];
    unsigned order[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };

        random_state = m << 32;
        make_things(things, makers[m]);
        for (unsigned round = 0; round < 4; round++) {
            for (unsigned i = 0; i < N_THINGS; i++)
                add(&slots, &things[i]);
            must_hold(&slots, things, N_THINGS);
            shuffle(order, N_THINGS);
            for (unsigned i = 0; i < N_THINGS; i++) {
                take_out(&slots, &things[order[i]]);
                if (i % 16 == 0)
                    must_hold(&slots, things, N_THINGS);
            }
            must_hold(&slots, things, N_THINGS);
        }
        slots_deinit(&slots);
    }
}

static void equal_decides_among_equal_hashes(void **state)
{
    struct slots slots = { 0 };
    struct thing things[100];

    for (unsigned i = 0; i < 100; i++) {
        things[i] = (struct thing){ .number = i, .hash = 5 };
        add(&slots, &things[i]);
    }
    take_out(&slots, &things[50]);
    take_out(&slots, &things[0]);
    must_hold(&slots, things, 100);
    assert_null(slots_find_any(&slots, 6));
    assert_null(slots_find_any(&slots, 5 + SLOTS_STRIPES));
    slots_deinit(&slots);
}

/* Not only 0 and 1: any of the 64 bits of a hash may choose the stripe and the home. */
static void every_bit_of_a_hash_counts(void **state)
{
    struct slots slots = { 0 };
    struct thing thing = { .hash = hash_of(1) };

    add(&slots, &thing);
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_null(slots_find_any(&slots, thing.hash ^ UINT64_C(1) << bit));
        assert_null(find(&slots, thing.hash ^ UINT64_C(1) << bit, 0));
    }
    slots_deinit(&slots);
}

/* --- growth ---------------------------------------------------------------------------- */

static void finds_each_of_100000_and_no_other(void **state)
{
    unsigned n = 100000;
    struct thing *things = calloc(n, sizeof(*things));
    struct slots slots = { 0 };

    assert_non_null(things);
    for (unsigned i = 0; i < n; i++) {
        things[i] = (struct thing){ .number = i, .hash = hash_of(i) };
        add(&slots, &things[i]);
    }
    must_hold(&slots, things, n);
    for (unsigned i = 0; i < n; i += 2)
        take_out(&slots, &things[i]);
    must_hold(&slots, things, n);
    for (unsigned i = 0; i < n; i++)
        assert_null(slots_find_any(&slots, hash_of(n + i)));
    slots_deinit(&slots);
    free(things);
}

static double bytes_per_entry(const struct slots *slots)
{
    size_t n_slots = 0;

    for (unsigned i = 0; i < SLOTS_STRIPES; i++)
        n_slots += slots->stripes[i].slots ? slots->stripes[i].n_slots : 0;
    return (double)(n_slots * sizeof(struct slot)) / (double)slots->n;
}

/* A bounded table counts on this: twice as much memory would exceed the bound. */
static void an_entry_takes_as_many_bytes_as_promised_on_average(void **state)
{
    unsigned n = 1 << 16, n_probes = 0, wanted = 1 << 12;
    struct thing *things = calloc(n, sizeof(*things));
    struct slots slots = { 0 };
    double sum = 0;

    assert_non_null(things);
    for (unsigned i = 0; i < n; i++) {
        things[i] = (struct thing){ .number = i, .hash = hash_of(i) };
        assert_true(slots_add(&slots, things[i].hash, &things[i]));
        if (slots.n < wanted)
            continue;
        sum += bytes_per_entry(&slots);
        n_probes++;
        wanted += wanted / 16; /* as many between 2^12 and 2^13 as between 2^15 and 2^16 */
    }
    assert_in_range((unsigned)(sum / n_probes), SLOTS_BYTES_PER_ENTRY * 3 / 4,
                    SLOTS_BYTES_PER_ENTRY * 5 / 4);
    slots_deinit(&slots);
    free(things);
}

/* Neither the table nor its memory grows when things are added and removed in turn. */
static void coming_and_going_takes_no_memory(void **state)
{
    struct slots slots = { 0 };
    struct thing things[N_THINGS];
    double before;

    make_things(things, good);
    for (unsigned i = 0; i < N_THINGS; i++)
        add(&slots, &things[i]);
    before = bytes_per_entry(&slots);
    for (unsigned step = 0; step < 100000; step++) {
        flip(&slots, &things[step % N_THINGS]);
        flip(&slots, &things[step % N_THINGS]);
    }
    assert_true(bytes_per_entry(&slots) == before);
    slots_deinit(&slots);
}

/* --- taking all, a few at a time ------------------------------------------------------- */

/* Take each thing once, while others are removed that have not been taken yet. */
static void must_take_each_once(struct slots *slots, struct thing *things)
{
    struct slots_cursor cursor = { 0 };
    struct thing *thing;

    while ((thing = slots_take(slots, &cursor))) {
        struct thing *other = &things[draw(N_THINGS)];

        assert_true(thing->is_in);
        thing->is_in = false;
        if (other->is_in)
            take_out(slots, other);
        must_hold(slots, things, N_THINGS);
    }
    assert_int_equal(slots->n, 0);
    assert_null(slots_take(slots, &cursor));
    for (unsigned i = 0; i < N_THINGS; i++)
        assert_false(things[i].is_in);
}

static void all_are_taken_once_whatever_is_removed_meanwhile(void **state)
{
    struct thing things[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };

        make_things(things, makers[m]);
        for (unsigned i = 0; i < N_THINGS; i++)
            add(&slots, &things[i]);
        must_take_each_once(&slots, things);
        slots_deinit(&slots);
    }
}

/* --- places ---------------------------------------------------------------------------- */

/* If all things of a stripe have one hash, they begin at its home, with nothing before. */
static void a_place_is_where_the_entries_of_a_hash_begin(void **state)
{
    struct slots slots = { 0 };
    struct thing things[SLOTS_STRIPES * 3];

    for (unsigned i = 0; i < ARRAY_SIZE(things); i++) {
        things[i].number = i;
        things[i].hash = with_home(i % SLOTS_STRIPES, 0, i % SLOTS_STRIPES % 2 ? (1 << 20) - 1 : i);
        if (i >= SLOTS_STRIPES)
            things[i].hash = things[i % SLOTS_STRIPES].hash;
        things[i].is_in = false;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(things); i++) {
        struct slots_cursor cursor;
        struct thing *first;

        add(&slots, &things[i]);
        cursor = slots_at(&slots, things[i].hash);
        first = slots_next(&slots, &cursor);
        assert_ptr_equal(first, slots_find_any(&slots, things[i].hash));
    }
    slots_deinit(&slots);
}

/* A walk from @cursor finds the end of what a walk from the beginning finds. Returns the length. */
static unsigned must_end_as_a_whole_walk(const struct slots *slots, struct slots_cursor cursor)
{
    struct thing *tail[N_THINGS], *thing;
    struct slots_cursor whole = { 0 };
    unsigned n = 0;
    size_t to_skip;

    while ((thing = slots_next(slots, &cursor))) {
        assert_true(n < N_THINGS);
        tail[n++] = thing;
    }
    assert_null(slots_next(slots, &cursor));
    assert_true(n <= slots->n);
    for (to_skip = slots->n - n; to_skip; to_skip--)
        assert_non_null(slots_next(slots, &whole));
    for (unsigned i = 0; i < n; i++)
        assert_ptr_equal(slots_next(slots, &whole), tail[i]);
    assert_null(slots_next(slots, &whole));
    return n;
}

static void from_any_place_the_rest_of_the_table_follows(void **state)
{
    struct thing things[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };

        make_things(things, makers[m]);
        for (unsigned i = 0; i < N_THINGS; i += 2) {
            add(&slots, &things[i]);
            must_end_as_a_whole_walk(&slots, slots_at(&slots, things[i].hash));
            must_end_as_a_whole_walk(&slots, slots_at(&slots, things[i + 1].hash));
        }
        must_end_as_a_whole_walk(&slots, slots_at(&slots, UINT64_MAX));
        assert_int_equal(must_end_as_a_whole_walk(&slots, slots_at(&slots, 0)), slots.n);
        slots_deinit(&slots);
    }
}

/*
 * The first thing that is found from a place on is in the stripe of the hash; or in a later one, if
 * the stripe has nothing after the home. The things with the hash are found, unless they had to
 * continue at the beginning of the stripe.
 */
static void a_place_lies_in_the_stripe_of_its_hash(void **state)
{
    struct slots slots = { 0 };
    struct thing things[N_THINGS];
    unsigned n_missed = 0;

    make_things(things, good);
    for (unsigned i = 0; i < N_THINGS; i++)
        add(&slots, &things[i]);
    for (unsigned i = 0; i < N_THINGS; i++) {
        struct slots_cursor cursor = slots_at(&slots, things[i].hash);
        struct thing *thing = slots_next(&slots, &cursor);

        while (thing && thing->hash % SLOTS_STRIPES == things[i].hash % SLOTS_STRIPES &&
               thing != &things[i])
            thing = slots_next(&slots, &cursor);
        n_missed += thing != &things[i];
    }
    assert_in_range(n_missed, 0, N_THINGS / 10);
    slots_deinit(&slots);
}

/* --- without memory ------------------------------------------------------------------- */

/* Needed for the first thing of a stripe, and whenever a stripe grows. */
static void nothing_changes_when_there_is_no_memory(void **state)
{
    struct thing things[N_THINGS];

    for (size_t m = 0; m < ARRAY_SIZE(makers); m++) {
        struct slots slots = { 0 };
        unsigned n_refused = 0;

        make_things(things, makers[m]);
        for (unsigned i = 0; i < N_THINGS; i++) {
            bool is_added;

            is_out_of_memory = true;
            is_added = slots_add(&slots, things[i].hash, &things[i]);
            is_out_of_memory = false;
            things[i].is_in = is_added;
            if (is_added)
                continue;
            n_refused++;
            must_hold(&slots, things, N_THINGS);
            add(&slots, &things[i]);
        }
        assert_in_range(n_refused, 3, N_THINGS / 2);
        must_hold(&slots, things, N_THINGS);
        slots_deinit(&slots);
    }
}

static void removing_needs_no_memory(void **state)
{
    struct thing things[N_THINGS];
    struct slots slots = { 0 };

    make_things(things, of_one_stripe);
    for (unsigned i = 0; i < N_THINGS; i++)
        add(&slots, &things[i]);
    is_out_of_memory = true;
    for (unsigned i = 0; i < N_THINGS; i++)
        take_out(&slots, &things[i]);
    is_out_of_memory = false;
    must_hold(&slots, things, N_THINGS);
    slots_deinit(&slots);
}

/* --- what must not be ------------------------------------------------------------------ */

static struct thing absent = { .number = 1, .hash = 1 };

static void remove_from_nothing(void)
{
    struct slots slots = { 0 };

    slots_remove(&slots, absent.hash, &absent);
}

static void remove_what_is_not_there(void)
{
    struct thing other = { .number = 2, .hash = absent.hash };
    struct slots slots = { 0 };

    if (slots_add(&slots, other.hash, &other))
        slots_remove(&slots, absent.hash, &absent);
}

static void removing_what_is_not_there_aborts(void **state)
{
    assert_aborts(remove_from_nothing, "stripe->n > 0u does not hold");
    assert_aborts(remove_what_is_not_there, "stripe->slots[i].entry does not hold");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(an_empty_table_has_nothing),
        CASE(a_prefetch_reads_nothing),
        CASE(a_place_in_an_empty_table_is_its_end),
        CASE(deinit_leaves_an_empty_table),
        CASE(holds_what_the_model_holds),
        CASE(holds_a_few_whatever_is_removed),
        CASE(all_can_be_removed_in_any_order),
        CASE(equal_decides_among_equal_hashes),
        CASE(every_bit_of_a_hash_counts),
        CASE(finds_each_of_100000_and_no_other),
        CASE(an_entry_takes_as_many_bytes_as_promised_on_average),
        CASE(coming_and_going_takes_no_memory),
        CASE(all_are_taken_once_whatever_is_removed_meanwhile),
        CASE(a_place_is_where_the_entries_of_a_hash_begin),
        CASE(from_any_place_the_rest_of_the_table_follows),
        CASE(a_place_lies_in_the_stripe_of_its_hash),
        CASE(nothing_changes_when_there_is_no_memory),
        CASE(removing_needs_no_memory),
        CASE(removing_what_is_not_there_aborts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
