/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "http/round.h"

#define N 6

static struct round in_turn;
static struct round_entry entries[N];
static unsigned n_pieces[N];

static int begin(void **state)
{
    in_turn = (struct round){ 0 };
    memset(entries, 0, sizeof(entries));
    memset(n_pieces, 0, sizeof(n_pieces));
    return 0;
}

/* Call the first @n entries in their order; each piece of work takes @ns. Returns the pieces. */
static unsigned go_round(unsigned n, int64_t ns)
{
    unsigned n_done = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!round_may_work(&in_turn, &entries[i]))
            continue;
        round_spend(&in_turn, ns);
        n_pieces[i]++;
        n_done++;
    }
    return n_done;
}

static void short_work_never_waits(void **state)
{
    for (unsigned i = 0; i < ROUND_NS / 1000 / N; i++)
        assert_int_equal(go_round(N, 1000), N);
}

static void a_round_takes_its_time_and_a_piece_more(void **state)
{
    unsigned n_done = 0;

    for (unsigned i = 0; i < 100; i++) {
        unsigned n = go_round(N, ROUND_NS / 2 - 1);

        assert_in_range(n, 0, 3);
        n_done += n;
    }
    assert_true(n_done >= 150);
}

static void one_alone_waits_only_once_each_time(void **state)
{
    unsigned n_waits = 0;

    for (unsigned i = 0; i < 100; i++)
        n_waits += go_round(1, ROUND_NS) == 0;
    assert_int_equal(n_waits, 50);
}

static void none_starves(void **state)
{
    for (unsigned i = 0; i < 100 * N; i++)
        go_round(N, ROUND_NS);
    for (unsigned i = 1; i < N; i++)
        assert_in_range(n_pieces[i], n_pieces[0] - 1, n_pieces[0] + 1);
    assert_true(n_pieces[0] >= 45);
}

static void one_that_leaves_does_not_keep_others_waiting(void **state)
{
    assert_int_equal(go_round(N, ROUND_NS), 1);
    for (unsigned i = 1; i < N; i++)
        round_leave(&in_turn, &entries[i]);
    for (unsigned i = 0; i < 10; i++)
        go_round(1, ROUND_NS);
    assert_true(n_pieces[0] >= 5);
}

static void those_that_come_later_wait_for_those_that_wait(void **state)
{
    assert_int_equal(go_round(3, ROUND_NS), 1);
    /* The second and third are waiting. The next one to be called is new. */
    assert_false(round_may_work(&in_turn, &entries[3]));
    assert_true(round_may_work(&in_turn, &entries[1]));
    assert_true(round_may_work(&in_turn, &entries[2]));
    assert_true(round_may_work(&in_turn, &entries[3]));
}

#define ROUND_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ROUND_CASE(short_work_never_waits),
        ROUND_CASE(a_round_takes_its_time_and_a_piece_more),
        ROUND_CASE(one_alone_waits_only_once_each_time),
        ROUND_CASE(none_starves),
        ROUND_CASE(one_that_leaves_does_not_keep_others_waiting),
        ROUND_CASE(those_that_come_later_wait_for_those_that_wait),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
