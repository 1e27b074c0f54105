/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C client: gauges whose series are replaced together
 */

#include "catcher.h"
#include "child.h"

#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static struct catcher catcher;
static struct udom *client;
static struct udom_family *jobs;

static int open_both(void **state)
{
    catcher = catcher_open();
    client = open_quiet(&catcher, 0);
    jobs = udom_family(client, "jobs", 4);
    return 0;
}

static int close_both(void **state)
{
    udom_close(client);
    catcher_close(&catcher);
    return 0;
}

/* Replace with 1 for each job, whose name is a character of @names. */
static void replace_with(const char *names)
{
    udom_replace_begin(jobs);
    for (const char *at = names; *at; at++) {
        char name[] = { *at, '\0' };

        udom_replace(jobs, 1, "job", name);
    }
    udom_replace_end(jobs);
}

/* What has arrived, with the ages of expiries in whole seconds. */
static const char *read_arrived(void)
{
    static char text[1 << 20];
    char *age = text, *end;

    strcpy(text, catcher_read_all(&catcher));
    while ((age = strstr(age, ":-1.")) && (end = strchr(age, '|'))) {
        assert_true(atof(age + 1) <= -1.001);
        memmove(age + 3, end, strlen(end) + 1);
        age += 3;
    }
    return text;
}

#define assert_arrived(expected) assert_string_equal(read_arrived(), expected)

#define SET(name) "jobs:1|g|#job:" name "\n"
#define END(name) "jobs:1|x|#job:" name "\n"
#define END_OLDER "jobs:-1|x\n"

static void the_first_one_ends_what_is_older(void **state)
{
    replace_with("ab");
    assert_arrived(SET("a") SET("b") END_OLDER);
    replace_with("ab");
    assert_arrived(SET("a") SET("b"));
    assert_int_equal(stats_of(client).sent, 4);
    assert_int_equal(stats_of(client).datagrams_sent, 2);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* The first one has spared what was set within a second before it. */
static void so_does_one_a_second_later(void **state)
{
    const char *arrived = "";
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    replace_with("a");
    assert_arrived(SET("a") END_OLDER);
    while (strcmp(arrived, SET("a") END_OLDER) != 0) {
        replace_with("a");
        arrived = read_arrived();
        assert_true(strncmp(arrived, SET("a"), strlen(SET("a"))) == 0);
        assert_true(seconds_since(&start) < 60);
        usleep(1000);
    }
    assert_true(seconds_since(&start) >= 1.001);
}

static void but_none_after_that(void **state)
{
    struct timespec start;
    unsigned n = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    while (n < 2 || seconds_since(&start) < 2.5) {
        replace_with("a");
        n += strstr(read_arrived(), END_OLDER) != NULL;
        usleep(1000);
    }
    assert_int_equal(n, 2);
}

static void what_is_not_set_again_ends_after_what_is(void **state)
{
    replace_with("ab");
    catcher_read_all(&catcher);
    replace_with("bc");
    assert_arrived(SET("b") SET("c") END("a"));
}

static void each_series_is_ended_twice(void **state)
{
    replace_with("a");
    replace_with("");
    replace_with("b");
    replace_with("b");
    assert_arrived(SET("a") END_OLDER END("a") SET("b") END("a") SET("b"));
}

static void a_series_that_returns_is_not_ended_again(void **state)
{
    replace_with("ab");
    replace_with("b");
    catcher_read_all(&catcher);
    replace_with("ab");
    replace_with("ab");
    assert_arrived(SET("a") SET("b") SET("a") SET("b"));
}

static void an_empty_replacement_ends_all(void **state)
{
    replace_with("ab");
    catcher_read_all(&catcher);
    replace_with("");
    assert_arrived(END("a") END("b"));
}

static void the_last_value_of_a_series_wins(void **state)
{
    udom_replace_begin(jobs);
    udom_replace(jobs, 1, "job", "a");
    udom_replace(jobs, -2.5, "job", "a");
    udom_replace_end(jobs);
    assert_arrived("jobs:0|g|#job:a\njobs:-2.5|g|#job:a\n" END_OLDER);
    assert_int_equal(stats_of(client).sent, 2);
}

static void it_has_the_tags_of_client_and_family(void **state)
{
    static const char *const tags[] = { "region", "eu", NULL };
    struct udom_options options = {
        .url = catcher.url, .prefix = "bot.", .tags = tags, .flags = UDOM_NO_THREAD
    };

    udom_close(client);
    client = udom_open(&options);
    jobs = udom_family(client, "jobs", 0, "host", "h1");
    replace_with("a");
    replace_with("b");
    assert_arrived("bot.jobs:1|g|#region:eu,host:h1,job:a\n"
                   "bot.jobs:-1|x|#region:eu,host:h1\n"
                   "bot.jobs:1|g|#region:eu,host:h1,job:b\n"
                   "bot.jobs:1|x|#region:eu,host:h1,job:a\n");
}

/* The expiry of {job="a"} also ends {job="a", phase="x"}. */
static void with_other_keys_what_stays_is_set_again(void **state)
{
    replace_with("a");
    catcher_read_all(&catcher);
    udom_replace_begin(jobs);
    udom_replace(jobs, 1, "job", "a", "phase", "x");
    udom_replace_end(jobs);
    assert_arrived("jobs:1|g|#job:a,phase:x\n" END("a") "jobs:1|g|#job:a,phase:x\n");
    assert_int_equal(stats_of(client).sent, 2);
}

static void with_other_keys_nothing_is_sent_twice_if_nothing_ends(void **state)
{
    for (int round = 0; round < 2; round++) {
        catcher_read_all(&catcher);
        udom_replace_begin(jobs);
        udom_replace(jobs, 1, "job", "a");
        udom_replace(jobs, 1, "job", "b", "phase", "x");
        udom_replace_end(jobs);
    }
    assert_arrived(SET("a") "jobs:1|g|#job:b,phase:x\n");
}

static void what_was_merged_before_is_sent_before(void **state)
{
    struct udom_metric *counter = udom_metric(client, UDOM_COUNTER, "c");

    replace_with("a");
    catcher_read_all(&catcher);
    udom_metric_count(counter, 1);
    replace_with("b");
    assert_arrived("c:1|c\n" SET("b") END("a"));
}

static void more_series_than_there_is_room_for_are_refused(void **state)
{
    replace_with("abcde");
    assert_arrived(SET("a") SET("b") SET("c") SET("d") END_OLDER);
    assert_int_equal(stats_of(client).refused, 1);
    /* All new, three times: each time the old ones are kept, to be ended twice. */
    replace_with("efgh");
    replace_with("ijkl");
    replace_with("mnop");
    catcher_read_all(&catcher);
    replace_with("qrst");
    assert_arrived(SET("q") SET("r") SET("s") SET("t") END("i") END("j") END("k") END("l") END("m")
                       END("n") END("o") END("p"));
    assert_int_equal(stats_of(client).refused, 1);
}

static void tags_without_room_are_refused(void **state)
{
    char value[1000];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    udom_replace_begin(jobs);
    udom_replace(jobs, 1, "job", value);
    value[0] = 'w';
    udom_replace(jobs, 1, "job", value);
    udom_replace(jobs, 1, "job", "a");
    udom_replace_end(jobs);
    assert_non_null(strstr(catcher_read_all(&catcher), SET("a")));
    assert_int_equal(stats_of(client).refused, 1);
}

static void what_cannot_be_a_series_is_refused(void **state)
{
    udom_replace(jobs, 1, "job", "before the beginning");
    udom_replace_begin(jobs);
    udom_replace(jobs, (double)NAN, "job", "a");
    udom_replace(jobs, 1, "job", "");
    udom_replace(jobs, 1, "job");
    udom_replace_end(jobs);
    udom_replace(jobs, 1, "job", "after the end");
    udom_replace_end(jobs);
    assert_arrived(END_OLDER);
    assert_int_equal(stats_of(client).refused, 5);
    jobs = udom_family(client, "more", 4, "host", "");
    replace_with("a");
    jobs = udom_family(client, "", 4);
    replace_with("a");
    assert_arrived("");
    assert_int_equal(stats_of(client).refused, 7);
}

static void an_unfinished_one_is_discarded(void **state)
{
    replace_with("ab");
    udom_replace_begin(jobs);
    udom_replace(jobs, 5, "job", "b");
    udom_replace(jobs, 5, "job", "c");
    catcher_read_all(&catcher);
    replace_with("a");
    replace_with("a");
    assert_arrived(SET("a") END("b") SET("a") END("b"));
    assert_int_equal(stats_of(client).dropped, 2);
    assert_int_equal(stats_of(client).sent, 4);
}

static void unfinished_ones_take_no_room(void **state)
{
    char name[] = "a";

    for (; *name <= 'z'; ++*name) {
        udom_replace_begin(jobs);
        udom_replace(jobs, 1, "job", name);
    }
    replace_with("ABCD");
    assert_arrived(SET("A") SET("B") SET("C") SET("D") END_OLDER);
    assert_int_equal(stats_of(client).refused, 0);
    assert_int_equal(stats_of(client).dropped, 26);
}

static void the_same_family_is_prepared_once(void **state)
{
    assert_ptr_equal(udom_family(client, "jobs", 9), jobs);
    assert_ptr_not_equal(udom_family(client, "jobs", 9, "host", "h1"), jobs);
    assert_null(udom_family(NULL, "jobs", 9));
    udom_replace_begin(NULL);
    udom_replace(NULL, 1);
    udom_replace_end(NULL);
}

/* Many packets: no line is lost or cut, and none waits for the next flush. */
static void many_series_come_in_full_packets(void **state)
{
    char name[16], text[2000];
    size_t n_lines = 0;

    jobs = udom_family(client, "many", 5000);
    for (int round = 0; round < 3; round++) {
        udom_replace_begin(jobs);
        for (int i = 0; i < 5000; i++) {
            snprintf(name, sizeof(name), "job-%04d", 2500 * round + i);
            udom_replace(jobs, i, "job", name);
        }
        udom_replace_end(jobs);
        while (catcher_read(&catcher, text, sizeof(text)))
            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n_lines++)
                assert_non_null(strstr(line, "many:"));
    }
    /* One expiry of all, what was set, and two ends of the first half, one of the second. */
    assert_int_equal(n_lines, 1 + 3 * 5000 + 2 * 2500 + 2500);
    assert_true(catcher.longest > 1400 && catcher.longest <= 1432);
    assert_int_equal(stats_of(client).sent, 15000);
    assert_int_equal(stats_of(client).refused + stats_of(client).dropped, 0);
}

static void a_child_begins_anew(void **state)
{
    pid_t child;
    int status;

    replace_with("a");
    catcher_read_all(&catcher);
    child = fork_child();
    if (child == 0) {
        replace_with("b");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_arrived(SET("b") END_OLDER);
    replace_with("b");
    assert_arrived(SET("b") END("a"));
}

#define WITH_CLIENT(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest cases[] = {
        WITH_CLIENT(the_first_one_ends_what_is_older),
        WITH_CLIENT(so_does_one_a_second_later),
        WITH_CLIENT(but_none_after_that),
        WITH_CLIENT(what_is_not_set_again_ends_after_what_is),
        WITH_CLIENT(each_series_is_ended_twice),
        WITH_CLIENT(a_series_that_returns_is_not_ended_again),
        WITH_CLIENT(an_empty_replacement_ends_all),
        WITH_CLIENT(the_last_value_of_a_series_wins),
        WITH_CLIENT(it_has_the_tags_of_client_and_family),
        WITH_CLIENT(with_other_keys_what_stays_is_set_again),
        WITH_CLIENT(with_other_keys_nothing_is_sent_twice_if_nothing_ends),
        WITH_CLIENT(what_was_merged_before_is_sent_before),
        WITH_CLIENT(more_series_than_there_is_room_for_are_refused),
        WITH_CLIENT(tags_without_room_are_refused),
        WITH_CLIENT(what_cannot_be_a_series_is_refused),
        WITH_CLIENT(an_unfinished_one_is_discarded),
        WITH_CLIENT(unfinished_ones_take_no_room),
        WITH_CLIENT(the_same_family_is_prepared_once),
        WITH_CLIENT(many_series_come_in_full_packets),
        WITH_CLIENT(a_child_begins_anew),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
