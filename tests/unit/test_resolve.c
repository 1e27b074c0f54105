/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Resolve, from its header and proto/README.md, sections 2, 3 and 5 to 8
 *
 * test_resolve_limits.c has the cases about limits.
 */

#include "resolve.h"

#include <stdio.h>
#include <stdlib.h>

/* --- types, weights, names --------------------------------------------------- */

static void freeing_nothing_is_fine(void **state)
{
    resolve_free(NULL);
}

static void totals_have_no_weight(void **state)
{
    struct identity identity = identity_of("a:1|c|@0.25");

    assert_false(identity.is_absolute);
    resolve_set_totals(resolver, true);
    identity = identity_of("a:1|c|@0.25");
    assert_true(identity.is_absolute && identity.weight == 1);
    identity = identity_of("a:1|c|@x");
    assert_true(identity.is_absolute && identity.has_bad_rate);
    identity = identity_of("a:1|ms|@0.25");
    assert_true(!identity.is_absolute && identity.weight == 4);
    resolve_set_totals(resolver, false);
    assert_false(identity_of("a:1|c").is_absolute);
}

static void says_type_weight_and_what_was_passed_over(void **state)
{
    struct identity identity = identity_of("a.b:1|c|@0.25|x|y|#k:v");

    assert_int_equal(identity.type, SAMPLE_COUNTER);
    assert_true(identity.weight == 4);
    assert_false(identity.has_bad_rate);
    assert_int_equal(identity.n_unknown_sections, 2);
    assert_slice_equal(identity.sent_as, "a.b");
    identity = identity_of("a.b:1|ms|@2");
    assert_int_equal(identity.type, SAMPLE_TIMER);
    assert_true(identity.weight == 1);
    assert_true(identity.has_bad_rate);
    assert_int_equal(identity.n_unknown_sections, 0);
}

static void knows_every_type(void **state)
{
    assert_int_equal(identity_of("a:1|c").type, SAMPLE_COUNTER);
    assert_int_equal(identity_of("a:1|g").type, SAMPLE_GAUGE);
    assert_int_equal(identity_of("a:1|ms").type, SAMPLE_TIMER);
    assert_int_equal(identity_of("a:1|h").type, SAMPLE_HISTOGRAM);
    assert_int_equal(identity_of("a:1|d").type, SAMPLE_DISTRIBUTION);
    assert_int_equal(identity_of("a:1|s").type, SAMPLE_SET);
    assert_int_equal(identity_of("a:1|x").type, SAMPLE_END);
}

static void refuses_every_other_type(void **state)
{
    static const char *const lines[] = {
        "a:1|", "a:1||c", "a:1|C", "a:1|q", "a:1|c ", "a:1| c", "a:1|#k:v", "a:1|@0.5|c", "a:1|m",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        must_end_as(REFUSED_ILLEGAL_EVENT, slice_of(lines[i]));
}

static void the_last_rate_counts(void **state)
{
    assert_true(identity_of("a:1|c|@0.5|@0.25").weight == 4);
    assert_true(identity_of("a:1|c|@0.25|@0.5").weight == 2);
    assert_true(identity_of("a:1|c|@x|@0.5").weight == 2);
    assert_false(identity_of("a:1|c|@x|@0.5").has_bad_rate);
    assert_true(identity_of("a:1|c|@0.5|#a:b|@0.125").weight == 8);
    assert_true(identity_of("a:1|c|@0.5|@x").weight == 1);
    assert_true(identity_of("a:1|c|@0.5|@x").has_bad_rate);
    assert_true(identity_of("a:1|c|@0.5|@").has_bad_rate);
}

/* Of any type: a type that ignores rates does so later. */
static void sections_may_come_in_any_order(void **state)
{
    static const char *const lines[] = {
        "a:1|c|@0.5|#k:v|T1|c:x|e:y|card:low|zz",
        "a:1|c|zz|card:low|e:y|c:x|T1|#k:v|@0.5",
        "a:1|c||#k:v|||zz|@0.5||T1656581400|card:||",
        "a:1|c|c:#l:w|#|zz|#k:v|e:|@0.5|c:",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct identity identity = identity_of(lines[i]);

        must_equal(lines[i], &identity, "a", "k=\"v\"", 0);
        assert_true(identity.weight == 2);
        assert_int_equal(identity.n_unknown_sections, 1);
    }
}

static void the_value_does_not_matter(void **state)
{
    must_be("a:|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a:nonsense|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a:\xff|c|#k:v", "a", "k=\"v\"", 0);
}

static void names_become_prometheus_names(void **state)
{
    must_be("bot.trades-done:1|c", "bot_trades_done", "", 0);
    must_be("2fast:1|c", "_2fast", "", 0);
    must_be("a--b:1|c", "a_b", "", 0);
    must_be("gr\xc3\xbc\xc3\x9f:1|c", "gr__", "", 0);
    must_be("!!!:1|c", "___", "", 0);
    must_be("a:1|c|#k.x-y:v", "a", "k_x_y=\"v\"", 0);
    must_be("a:1|c|#1k:v", "a", "_1k=\"v\"", 0);
    must_be("a:1|c|#\xe2\x82\xac:v", "a", "_=\"v\"", 0);
}

/* Each is a character of the name outside of [A-Za-z0-9_]. */
static void blanks_count_only_inside_a_key(void **state)
{
    must_be("a:1|c|#k l:v", "a", "k_l=\"v\"", 0);
    must_be("a:1|c|#k:v, l:w", "a", "k=\"v\",l=\"w\"", 0);
    must_be("a:1|c|#k :v", "a", "k=\"v\"", 0);
}

static void values_stay_as_they_were_sent(void **state)
{
    must_be("a:1|c|#k:http://x:80/", "a", "k=\"http://x:80/\"", 0);
    must_be("a:1|c|#k:gr\xc3\xbc\xc3\x9f \xf0\x9f\x92\xa7", "a",
            "k=\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x92\xa7\"", 0);
    must_be("a:1|c|#k:x\"y\\z", "a", "k=\"x\\\"y\\\\z\"", 0);
    must_be("a:1|c|#k:a=b{c}#d@e", "a", "k=\"a=b{c}#d@e\"", 0);
    must_be("a:1|c|#k: v ,l:w", "a", "k=\" v \",l=\"w\"", 0);
    must_be("a:1|c|#k::", "a", "k=\":\"", 0);
}

static void labels_are_sorted(void **state)
{
    must_be("a:1|c|#b:2,a:1", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#a:1,b:2", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#b:2|@0.5|#a:1", "a", "a=\"1\",b=\"2\"", 0);
    must_be("a:1|c|#b:2,B:3,_:4,bb:5,a9:6", "a", "B=\"3\",_=\"4\",a9=\"6\",b=\"2\",bb=\"5\"", 0);
}

static void drops_and_counts_tags_that_lack_something(void **state)
{
    must_be("a:1|c|#flag", "a", "", 1);
    must_be("a:1|c|#:v", "a", "", 1);
    must_be("a:1|c|#k:", "a", "", 1);
    must_be("a:1|c|#:", "a", "", 1);
    must_be("a:1|c|#flag,k:v,:x,y:", "a", "k=\"v\"", 3);
    must_be("a:1|c|#flag|#other,k:v", "a", "k=\"v\"", 2);
}

static void drops_and_counts_reserved_keys(void **state)
{
    must_be("a:1|c|#__x:v", "a", "", 1);
    must_be("a:1|c|#__name__:v,k:v", "a", "k=\"v\"", 1);
    must_be("a:1|c|#__:v", "a", "", 1);
    must_be("a:1|c|#_x:v", "a", "_x=\"v\"", 0);
    must_be("a:1|c|#x__:v", "a", "x__=\"v\"", 0);
}

/* Prometheus reserves the name under which it would see this. */
static void no_label_is_reserved_after_its_name_was_written(void **state)
{
    static const char *const lines[] = { "a:1|c|#..x:v", "a:1|c|#_.x:v", "a:1|c|#-_x:v",
                                         "a:1|c|#..name..:v", "a:1|c|#\xc3\xbc\xc3\xbcx:v" };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct identity identity = identity_of(lines[i]);

        if (slice_starts_with(identity.labels, SLICE("__")))
            fail_msg("%s: labels %.*s", lines[i], (int)identity.labels.len, identity.labels.at);
    }
}

static void of_two_tags_with_one_key_the_last_wins(void **state)
{
    must_be("a:1|c|#k:1,k:2", "a", "k=\"2\"", 0);
    must_be("a:1|c|#k:1,x:0,k:2,k:3", "a", "k=\"3\",x=\"0\"", 0);
    must_be("a:1|c|#k.x:1,k-x:2", "a", "k_x=\"2\"", 0);
    must_be("a:1|c|#k:1|#k:2", "a", "k=\"2\"", 0);
    must_be("a:1|c|#k:1,K:2", "a", "K=\"2\",k=\"1\"", 0);
    must_be("a:1|c|#k:1,k:", "a", "k=\"1\"", 1);
}

static void le_is_taken_on_a_histogram(void **state)
{
    must_be("a:1|h|#le:1", "a", "exported_le=\"1\"", 0);
    must_be("a:1|d|#le:1", "a", "exported_le=\"1\"", 0);
    must_be("a:1|ms|#le:1,a:2", "a", "a=\"2\",exported_le=\"1\"", 0);
    must_be("a:1|ms|#le:1,le:2", "a", "exported_le=\"2\"", 0);
    must_be("a:1|h|#lE:1,lee:2", "a", "lE=\"1\",lee=\"2\"", 0);
    must_be("a:1|c|#le:1", "a", "le=\"1\"", 0);
    must_be("a:1|g|#le:1", "a", "le=\"1\"", 0);
}

/* The number of times that name=" is in the labels. */
static unsigned n_labels_named(struct slice labels, const char *name)
{
    unsigned n = 0;

    while (labels.len) {
        struct slice label = slice_cut(&labels, ',');

        n += slice_equal(slice_cut(&label, '='), slice_of(name));
    }
    return n;
}

static void exported_le_stays_one_label(void **state)
{
    struct identity identity = identity_of("a:1|h|#le:1,exported_le:2");

    assert_true(n_labels_named(identity.labels, "exported_le") == 1);
    assert_true(n_labels_named(identity.labels, "le") == 0);
    identity = identity_of("a:1|h|#exported_le:2,le:1");
    assert_true(n_labels_named(identity.labels, "exported_le") == 1);
    assert_true(n_labels_named(identity.labels, "le") == 0);
}

/* The type of the series that it ends is not known yet. */
static void an_end_has_the_labels_of_both_cases(void **state)
{
    struct identity identity = identity_of("a:1|x|#le:1,b:2");

    assert_slice_equal(identity.labels, "b=\"2\",le=\"1\"");
    assert_slice_equal(identity.labels_beside[OWN_LABEL_LE], "b=\"2\",exported_le=\"1\"");
    identity = identity_of("a:1|x|#z:1,y:2");
    assert_slice_equal(identity.labels, "y=\"2\",z=\"1\"");
    assert_slice_equal(identity.labels_beside[OWN_LABEL_LE], "y=\"2\",z=\"1\"");
    identity = identity_of("a:1|x");
    assert_slice_equal(identity.labels, "");
    assert_slice_equal(identity.labels_beside[OWN_LABEL_LE], "");
}

/* The two may become the same label on a histogram; then the last of them wins. */
static void an_end_has_one_exported_le(void **state)
{
    assert_slice_equal(identity_of("a:1|x|#le:1,exported_le:2").labels_beside[OWN_LABEL_LE],
                       "exported_le=\"2\"");
    assert_slice_equal(identity_of("a:1|x|#exported_le:2,le:1").labels_beside[OWN_LABEL_LE],
                       "exported_le=\"1\"");
}

/* --- dialects ---------------------------------------------------------------- */

static void all_dialects_say_the_same(void **state)
{
    static const char *const lines[] = {
        "ab:1|c|#k:v,l:w",  "ab,k=v,l=w:1|c",       "ab#k=v,l=w:1|c",   "ab[k=v,l=w]:1|c",
        "a[k=v,l=w]b:1|c",  "[l=w,k=v]ab:1|c",      "ab,l=w,k=v:1|c",   "ab#l=w,,k=v,:1|c",
        "ab:1|c|#l:w|#k:v", "ab[ k =v,l=w,]:1|c|#", "ab,:1|c|#k:v,l:w", "a[]b#k=v,l=w:1|c",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        must_be(lines[i], "ab", "k=\"v\",l=\"w\"", 0);
}

static void a_name_is_known_without_its_tags(void **state)
{
    assert_slice_equal(identity_of("a.b,k=v:1|c").sent_as, "a.b");
    assert_slice_equal(identity_of("a.b#k=v:1|c").sent_as, "a.b");
    assert_slice_equal(identity_of("a.[k=v]b:1|c").sent_as, "a.b");
    must_be("[k=v]9:1|c", "_9", "k=\"v\"", 0);
    must_be("a-[k=v]-b:1|c", "a_b", "k=\"v\"", 0);
}

static void values_in_names_may_have_separators(void **state)
{
    must_be("a[url=http://x:80/]:1|c", "a", "url=\"http://x:80/\"", 0);
    must_be("a[url=http://x:80/]b:1:2|h", "ab", "url=\"http://x:80/\"", 0);
    must_be("a[k=a=b==]:1|c", "a", "k=\"a=b==\"", 0);
    must_be("a,k=a=b==:1|c", "a", "k=\"a=b==\"", 0);
    must_be("a#k=a#b:1|c", "a", "k=\"a#b\"", 0);
    must_be("a,k=a#b:1|c", "a", "k=\"a#b\"", 0);
    must_be("a[k=a#b]:1|c", "a", "k=\"a#b\"", 0);
    must_be("a,k= v :1|c", "a", "k=\" v \"", 0);
    must_be("a:1|c|#k:[x]", "a", "k=\"[x]\"", 0);
}

static void one_mark_before_a_key_is_tolerated_in_dogstatsd_alone(void **state)
{
    must_be("a:1|c|#k:v,#l:w", "a", "k=\"v\",l=\"w\"", 0);
    must_be("a:1|c|##k:v", "a", "k=\"v\"", 0);
    must_be("a:1|c|###k:v", "a", "_k=\"v\"", 0);
    must_be("a##k=v:1|c", "a", "_k=\"v\"", 0);
    must_be("a,#k=v:1|c", "a", "_k=\"v\"", 0);
    must_be("a[#k=v]:1|c", "a", "_k=\"v\"", 0);
}

static void bad_tags_in_names_are_dropped_and_counted(void **state)
{
    must_be("a,flag:1|c", "a", "", 1);
    must_be("a#flag,=v,k=,j=w:1|c", "a", "j=\"w\"", 3);
    must_be("a[k:v,j=w]:1|c", "a", "j=\"w\"", 1);
    must_be("a[k=v],flag:1|c", "a", "k=\"v\"", 1);
    must_be("a[=]:1|c", "a", "", 1);
    must_be("a,__name__=b,k=v:1|c", "a", "k=\"v\"", 1);
    must_be("a[k.1=x,j=y,k-1=z]:1|c", "a", "j=\"y\",k_1=\"z\"", 0);
    must_be("a,le=1:1|h", "a", "exported_le=\"1\"", 0);
}

static void odd_brackets_stay_and_count_as_one_error(void **state)
{
    must_be("a[b:1|c", "a_b", "", 1);
    must_be("a]b:1|c", "a_b", "", 1);
    must_be("a]b[c:1|c", "a_b_c", "", 1);
    must_be("]]]a[[[:1|c", "___a___", "", 1);
    must_be("[:1|c", "_", "", 1);
    must_be("]:1|c", "_", "", 1);
    must_be("a[b:1|c|#k:v,flag", "a_b", "k=\"v\"", 2);
    must_be("a[b,k=v:1|c", "a_b", "k=\"v\"", 1);
    must_be("a[k=v:1|c", "a_k_v", "", 1);
}

static void a_group_with_partner_has_more_brackets_around_it(void **state)
{
    must_be("a]b[k=v]:1|c", "a_b", "k=\"v\"", 0);
    must_be("a[k=v]b]:1|c", "ab_", "k=\"v\"", 0);
    must_be("a[k=v]b[:1|c", "ab_", "k=\"v\"", 0);
    must_be("a[k=v]b[l=w]:1|c", "ab_l_w_", "k=\"v\"", 0);
    must_be("a[[k=v]:1|c", "a", "_k=\"v\"", 0);
    must_be("a[k=[v]]:1|c", "a_", "k=\"[v\"", 0);
    must_be("a[][k=v]:1|c", "a_k_v_", "", 0);
}

static void brackets_without_a_tag_are_part_of_the_name(void **state)
{
    must_be("listener.[__1]_80.cx:3|c", "listener____1__80_cx", "", 0);
    must_be("listener.[__1]_80.cx:3|c|#k:v", "listener____1__80_cx", "k=\"v\"", 0);
    must_be("a[b]:1|c", "a_b_", "", 0);
    must_be("[b]:1|c", "_b_", "", 0);
    must_be("a[b],k=v:1|c", "a_b_", "k=\"v\"", 0);
    must_be("a[b]c[k=v]d:1|c", "a_b_cd", "k=\"v\"", 0);
    must_be("a[b]:1|x", "a_b_", "", 0);
    must_be("a,l=w[k=v]:1|c", "a", "l=\"w[k=v]\"", 0);
    must_be("a#l=[k=v]w:1|c", "a", "l=\"[k=v]w\"", 0);
    must_be("a,l=[:1|c", "a", "l=\"[\"", 0);
}

/* A bare tag is dropped, but it is not of another dialect. */
static void bare_tags_make_no_second_dialect(void **state)
{
    must_be("a,flag:1|c|#k:v", "a", "k=\"v\"", 1);
    must_be("a#flag,x:1|c|#k:v", "a", "k=\"v\"", 2);
    must_be("a,k=v:1|c|#flag", "a", "k=\"v\"", 1);
    must_be("a[k=v]:1|c|#flag|#x", "a", "k=\"v\"", 2);
    must_be("a[k=v],flag:1|c", "a", "k=\"v\"", 1);
    must_be("a,k=v:1|c|#,|#,,x", "a", "k=\"v\"", 1);
    must_be("a,flag:1|c|#x", "a", "", 2);
    must_end_as(REFUSED_MIXED_TAGGING_STYLES, SLICE("a,k=v:1|c|#flag|#l:w"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a,flag:1|x|#k:v"));
}

static void bare_tags_of_two_dialects_may_be_kept(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.keeps_bare_tags = true;
    must_be_with(&options, "a,flag:1|c|#k:v,x", "a", "flag=\"true\",k=\"v\",x=\"true\"", 0);
    must_be_with(&options, "a[flag]:1|c", "a_flag_", "", 0);
}

static void tells_the_origin_if_it_is_asked_for(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;
    struct identity identity;
    struct resolver *asked;

    options.has_origin = true;
    assert_int_equal(resolve_new(&asked, &options), 0);
    (void)resolve_by(asked, ALL, SLICE("a:1|c|#:v"), &identity);
    assert_int_equal(identity.origin, ORIGIN_UNMAPPED);
    assert_int_equal(resolve_by(asked, ALL, SLICE("a:1|c|#k:v"), &identity), VERDICT_APPLIED);
    assert_int_equal(identity.origin, ORIGIN_UNMAPPED | ORIGIN_TAGGED);
    resolve_free(asked);
}

static void two_dialects_are_refused(void **state)
{
    static const char *const lines[] = {
        "a,k=v:1|c|#l:w", "a#k=v:1|c|#l:w",         "a[k=v]:1|c|#l:w",
        "a,k=v:1|c|#k:v", "a,k=v:1|c|@0.5|T1|#k:v", "a,k=v:1|c|#|#k:v",
        "a[=]:1|c|#:",    "a,flag,=:1|c|#x,:",      "a,k=v:1|c|#x|#,:",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        must_end_as(REFUSED_MIXED_TAGGING_STYLES, slice_of(lines[i]));
}

static void two_dialects_in_a_name_are_refused(void **state)
{
    static const char *const lines[] = {
        "a[k=v],l=w:1|c",
        "a[k=v]b#l=w:1|c",
        "a[k=v],l=w:1|c|#m:x",
        "a[flag,k=v],x,=:1|c",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        must_end_as(REFUSED_MIXED_TAGGING_STYLES, slice_of(lines[i]));
}

static void marks_without_tags_are_no_dialect(void **state)
{
    must_be("a,:1|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a#:1|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a[]:1|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a,k=v:1|c|#", "a", "k=\"v\"", 0);
    must_be("a[k=v]:1|c|#|#", "a", "k=\"v\"", 0);
    must_be("a[],k=v:1|c", "a", "k=\"v\"", 0);
    must_be("a[,,]b,k=v:1|c", "ab", "k=\"v\"", 0);
    must_be("a,,,:1|c|#k:v", "a", "k=\"v\"", 0);
    must_be("a,k=v:1|c|#,,", "a", "k=\"v\"", 0);
    must_be("a[k=v]#,:1|c|#,", "a", "k=\"v\"", 0);
    must_be("a[k=v],:1|c", "a", "k=\"v\"", 0);
    must_be("a,k=v#:1|c", "a", "k=\"v#\"", 0);
}

static void graphites_tags_follow_the_rules_of_all(void **state)
{
    must_be("c;node=n1;env=p:1|c", "c", "env=\"p\",node=\"n1\"", 0);
    must_be("c;__x=y;k=;=v;k.1=w:1|c", "c", "k_1=\"w\"", 3);
    must_be("c;le=1:1|h", "c", "exported_le=\"1\"", 0);
    must_be("c;k=v,w#x[y]:1|c|#bare", "c", "k=\"v,w#x[y]\"", 1);
    must_be("c;k=v,flag:1|c", "c", "k=\"v,flag\"", 0);
    must_be("c;b:1|c|#k:v", "c_b", "k=\"v\"", 0);
    must_be("c;k=v;:1|c", "c_k_v_", "", 0);
    must_end_as(REFUSED_MIXED_TAGGING_STYLES, SLICE("c;k=v:1|c|#l:w"));
    must_end_as(REFUSED_MIXED_TAGGING_STYLES, SLICE("c[k=v];l=w:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE(";k=v:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("c;k=:1|x"));
}

static void a_dialect_can_be_switched_off(void **state)
{
    struct resolve_options options = with_dialects(ALL & ~(1u << TAG_INFLUXDB));

    must_be_with(&options, "a,k=v:1|c", "a_k_v", "", 0);
    must_be_with(&options, "a,k=v:1|c|#l:w", "a_k_v", "l=\"w\"", 0);
    must_be_with(&options, "a,b#k=v,l=w:1|c", "a_b", "k=\"v\",l=\"w\"", 0);
    must_be_with(&options, "a[k=v],b:1|c", "a_b", "k=\"v\"", 0);

    options = with_dialects(ALL & ~(1u << TAG_LIBRATO));
    must_be_with(&options, "a#k=v:1|c", "a_k_v", "", 0);
    must_be_with(&options, "a#b,k=v:1|c", "a_b", "k=\"v\"", 0);
    must_be_with(&options, "a#k=v:1|c|#l:w", "a_k_v", "l=\"w\"", 0);

    options = with_dialects(ALL & ~(1u << TAG_SIGNALFX));
    must_be_with(&options, "a[k=v]b:1|c", "a_k_v_b", "", 0);
    must_be_with(&options, "a[b:1|c", "a_b", "", 0);
    must_be_with(&options, "a[b],k=v:1|c", "a_b_", "k=\"v\"", 0);
    must_be_with(&options, "a[k=v:w]:1|s", "a_k_v", "", 0);
}

static void dogstatsds_tags_are_an_unknown_section_then(void **state)
{
    struct resolve_options options = with_dialects(ALL & ~(1u << TAG_DOGSTATSD));
    struct identity identity;
    struct resolver *own;

    must_be_with(&options, "a:1|c|#k:v,flag", "a", "", 0);
    must_be_with(&options, "a,k=v:1|c|#l:w", "a", "k=\"v\"", 0);
    must_be_with(&options, "a[k=v]:1|c|#\xff", "a", "k=\"v\"", 0);
    assert_int_equal(resolve_new(&own, &options), 0);
    assert_int_equal(resolve_by(own, options.dialects, SLICE("a:1|c|#k:v|x|#l"), &identity),
                     VERDICT_APPLIED);
    assert_int_equal(identity.n_unknown_sections, 3);
    resolve_free(own);
}

static void without_any_dialect_all_is_name(void **state)
{
    struct resolve_options options = with_dialects(0);

    must_be_with(&options, "a[k=v]b,l=w#m=x:1|c|#n:y", "a_k_v_b_l_w_m_x", "", 0);
}

static void each_set_of_dialects_understands_its_own(void **state)
{
    static const char *const lines[_TAG_DIALECT_N] = {
        [TAG_DOGSTATSD] = "a:1|c|#k:v", [TAG_INFLUXDB] = "a,k=v:1|c", [TAG_LIBRATO] = "a#k=v:1|c",
        [TAG_SIGNALFX] = "a[k=v]:1|c",  [TAG_GRAPHITE] = "a;k=v:1|c",
    };

    for (unsigned dialects = 0; dialects <= ALL; dialects++) {
        struct resolve_options options = with_dialects(dialects);
        struct identity identity;
        struct resolver *own;

        assert_int_equal(resolve_new(&own, &options), 0);
        for (unsigned i = 0; i < _TAG_DIALECT_N; i++) {
            assert_int_equal(resolve_by(own, dialects, slice_of(lines[i]), &identity),
                             VERDICT_APPLIED);
            assert_int_equal(identity.labels.len > 0, !!(dialects & 1u << i));
        }
        resolve_free(own);
    }
}

/* --- options ----------------------------------------------------------------- */

static void bare_tags_may_be_kept(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.keeps_bare_tags = true;
    must_be_with(&options, "a:1|c|#urgent,k:v", "a", "k=\"v\",urgent=\"true\"", 0);
    must_be_with(&options, "a:1|c|# urgent ,#x", "a", "urgent=\"true\",x=\"true\"", 0);
    must_be_with(&options, "a,urgent:1|c", "a", "urgent=\"true\"", 0);
    must_be_with(&options, "a#urgent,k=v:1|c", "a", "k=\"v\",urgent=\"true\"", 0);
    must_be_with(&options, "a[urgent,k=v]:1|c", "a", "k=\"v\",urgent=\"true\"", 0);
    must_be_with(&options, "a:1|h|#le", "a", "exported_le=\"true\"", 0);
    must_be_with(&options, "a:1|c|#k,k:v", "a", "k=\"v\"", 0);
    must_be_with(&options, "a:1|c|#k:v,k", "a", "k=\"true\"", 0);
    must_be_with(&options, "a:1|c|#,,", "a", "", 0);
}

static void even_then_a_tag_may_lack_something(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.keeps_bare_tags = true;
    must_be_with(&options, "a:1|c|#k:", "a", "", 1);
    must_be_with(&options, "a:1|c|#:v", "a", "", 1);
    must_be_with(&options, "a:1|c|#__x", "a", "", 1);
    must_be_with(&options, "a:1|c|# ,k:v", "a", "k=\"v\"", 1);
    must_be_with(&options, "a:1|c|#k:v,#", "a", "k=\"v\"", 1);
}

/* As Prometheus renames them without honor_labels. */
static void labels_of_the_scraper_are_renamed_by_option(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    must_be("a:1|c|#job:b,instance:i", "a", "instance=\"i\",job=\"b\"", 0);
    options.renames_scrape_labels = true;
    must_be_with(&options, "a:1|c|#job:b,instance:i,k:v", "a",
                 "exported_instance=\"i\",exported_job=\"b\",k=\"v\"", 0);
    must_be_with(&options, "a,job=b:1|g", "a", "exported_job=\"b\"", 0);
    must_be_with(&options, "a#instance=i:1|s", "a", "exported_instance=\"i\"", 0);
    must_be_with(&options, "a[job=b]:1|h", "a", "exported_job=\"b\"", 0);
    must_be_with(&options, "a:1|h|#job:b,le:5", "a", "exported_job=\"b\",exported_le=\"5\"", 0);
    must_be_with(&options, "a:1|c|#Job:b,jobs:c,_job:d", "a", "Job=\"b\",_job=\"d\",jobs=\"c\"", 0);
    must_be_with(&options, "a:1|c|#job:", "a", "", 1);
    /* They are one label, of which the last value counts. */
    must_be_with(&options, "a:1|c|#job:b,exported_job:c", "a", "exported_job=\"c\"", 0);
    must_be_with(&options, "a:1|c|#exported_job:c,job:b", "a", "exported_job=\"b\"", 0);
    must_be_with(&options, "a:1|c|#k1:1,job:b,k2:2,job:c,k3:3", "a",
                 "exported_job=\"c\",k1=\"1\",k2=\"2\",k3=\"3\"", 0);
}

static void a_container_becomes_a_label_by_option(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    must_be("a:1|c|c:ci-0123", "a", "", 0);
    must_be("a:1|c|c:\xff", "a", "", 0);
    options.has_container_label = true;
    must_be_with(&options, "a:1|c|c:ci-0123", "a", "container_id=\"0123\"", 0);
    must_be_with(&options, "a:1|c|c:", "a", "", 1);
    must_be_with(&options, "a,k=v:1|c|c:0123", "a", "container_id=\"0123\",k=\"v\"", 0);
    must_be_with(&options, "a:1|c|c:0123", "a", "container_id=\"0123\"", 0);
    must_be_with(&options, "a:1|c|c:in-0123", "a", "container_id=\"in-0123\"", 0);
    must_be_with(&options, "a:1|c|c:ci-ci-x", "a", "container_id=\"ci-x\"", 0);
    must_be_with(&options, "a:1|c|#z:1,b:2|c:x|#d:3", "a",
                 "b=\"2\",container_id=\"x\",d=\"3\",z=\"1\"", 0);
    must_be_with(&options, "a:1|c|c:x|c:y", "a", "container_id=\"y\"", 0);
    must_be_with(&options, "a:1|c|#container_id:x|c:y", "a", "container_id=\"y\"", 0);
    must_be_with(&options, "a:1|c|c:y|#container_id:x", "a", "container_id=\"x\"", 0);
    must_be_with(&options, "a:1|c|c:a,b:\"c\"", "a", "container_id=\"a,b:\\\"c\\\"\"", 0);
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a:1|c|c:\xff");
}

static void the_prefix_of_a_container_stays_by_option(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.keeps_container_prefix = true;
    must_be_with(&options, "a:1|c|c:ci-0123", "a", "", 0);
    options.has_container_label = true;
    must_be_with(&options, "a:1|c|c:ci-0123", "a", "container_id=\"ci-0123\"", 0);
    must_be_with(&options, "a:1|c|#k:v|c:sha256:0123", "a", "container_id=\"sha256:0123\",k=\"v\"",
                 0);
}

/* Treated like a tag. */
static void a_container_has_the_limits_of_a_tag(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.has_container_label = true;
    options.limits.label_value = 4;
    must_be_with(&options, "a:1|c|c:ci-0123", "a", "container_id=\"0123\"", 0);
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|c:ci-01234");
    options.limits.labels = 1;
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|#k:v|c:x");
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "a:1|c|c:x|#k:v");
}

/* --- refusals ---------------------------------------------------------------- */

static void a_name_must_not_be_empty(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("[k=v]:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("[]:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE(",k=v:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("#k=v:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("#:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE(",:1|c|#k:v"));
}

static void refuses_what_is_not_utf8(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("\xff:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a\xc3:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a\xed\xa0\x80:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k\xff:v"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xff"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xc0\x80"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:v|#l:\xe2\x82"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:\xe2,l:\x82\xac"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a,k=\xff:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a#\xff=v:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a[k=\xff]b:1|c"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#flag\xff"));
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#k:v|#flag,\xff:"));
}

/* The section is ignored. */
static void other_sections_may_be_any_bytes(void **state)
{
    must_be("a:1|c|e:\xff|card:\xff|\xff|#k:v", "a", "k=\"v\"", 0);
}

/* A group inside a character that is not UTF-8 does not make it valid. */
static void a_group_does_not_make_characters(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a\xc3[k=v]\xbc:1|c"));
}

static void a_nul_is_a_character_like_others(void **state)
{
    struct identity identity;

    assert_int_equal(resolve(SLICE("a\0b:1|c|#k\0l:v\0w"), &identity), VERDICT_APPLIED);
    assert_slice_equal(identity.family, "a_b");
    assert_slice_equal(identity.labels, "k_l=\"v\0w\"");
    assert_slice_equal(identity.sent_as, "a\0b");
}

/* Of several reasons, the first in the list of proto/README.md counts. */
static void the_first_reason_counts(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.name = 3;
    options.limits.labels = 1;
    must_end_as_with(&options, REFUSED_ILLEGAL_EVENT, "a\xff,k=v:1|q|#k:v");
    must_end_as_with(&options, REFUSED_ILLEGAL_EVENT, "aaaa:1|q|#k:1,l:2");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, ",k=v:1|q");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "[k=v],l=w:1|c|#m:x");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a\xff,k=v:1|c|#k:v");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a,k=v:1|c|#k:\xff");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "aaaa:1|c|#k:\xff");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a:1|c|#k:1,l:2|#m:\xff");
    must_end_as_with(&options, REFUSED_MIXED_TAGGING_STYLES, "aaaa,k=v:1|c|#k:v");
    must_end_as_with(&options, REFUSED_MIXED_TAGGING_STYLES, "a,k=1,l=2:1|c|#k:v");
    must_end_as_with(&options, REFUSED_NAME_LIMIT, "aaaa:1|c|#k:1,l:2");
    must_end_as_with(&options, REFUSED_LABEL_LIMIT, "aaa:1|c|#k:1,l:2");
    options.has_container_label = true;
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "aaaa:1|c|c:\xff");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a,k=v:1|c|c:\xff|#l:w");
    must_end_as_with(&options, REFUSED_MALFORMED_LINE, "a:1|c|#k:1,l:2|c:\xff");
}

/* As the header says, a bad tag is dropped and counted, in any number. */
static void drops_thousands_of_bad_tags(void **state)
{
    struct buffer text = { 0 };
    struct identity identity;
    enum verdict verdict;

    buffer_add_literal(&text, "a:1|c|#k:v");
    for (int i = 0; i < 10000; i++)
        buffer_add_literal(&text, ",x,:y");
    verdict = resolve(buffer_text(&text), &identity);
    buffer_deinit(&text);
    assert_int_equal(verdict, VERDICT_APPLIED);
    assert_slice_equal(identity.labels, "k=\"v\"");
    assert_int_equal(identity.n_tag_errors, 20000);
}

static void a_refused_line_leaves_no_trace(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("a:1|c|#x:1,y:2,z:\xff"));
    must_be("a:1|c|#k:v", "a", "k=\"v\"", 0);
    must_end_as(REFUSED_ILLEGAL_EVENT, SLICE("a:1|q|@0.5|#x:1"));
    must_be("b:1|c", "b", "", 0);
}

/* Line after line, of all sorts: no line leaves anything that changes the next. */
static void lines_of_all_sorts_follow_each_other(void **state)
{
    must_end_as(REFUSED_MIXED_TAGGING_STYLES, SLICE("a,k=v:1|c|#l:w"));
    must_be("a:1|c|#l:w", "a", "l=\"w\"", 0);
    must_be("a,k=v:1|c", "a", "k=\"v\"", 0);
    must_be("a[k=v]:1|c", "a", "k=\"v\"", 0);
    must_be("a[b:1|c", "a_b", "", 1);
    must_be("a:1|c|#l:w", "a", "l=\"w\"", 0);
    must_be("a:1|c", "a", "", 0);
}

/* --- being watched ----------------------------------------------------------- */

/* What a trace was told, as text. */
struct told {
    char types[64];
    char tags[512];
    char sections[256];
};

static void on_type(void *ctx, enum sample_type type)
{
    struct told *told = ctx;
    size_t n = strlen(told->types);

    snprintf(told->types + n, sizeof(told->types) - n, "%s; ", sample_type_facts(type)->name);
}

static void on_tag(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label)
{
    static const char *const fates[] = {
        [TAG_KEPT] = "kept",
        [TAG_BARE] = "bare",
        [TAG_EMPTY_KEY] = "no key",
        [TAG_EMPTY_VALUE] = "no value",
        [TAG_RESERVED] = "reserved",
        [TAG_LONG_KEY] = "long key",
        [TAG_LONG_VALUE] = "long value",
        [TAG_TOO_MANY] = "one too many",
    };
    struct told *told = ctx;
    size_t n = strlen(told->tags);

    if (fate == TAG_KEPT)
        snprintf(told->tags + n, sizeof(told->tags) - n, "%s %.*s kept as %.*s=%.*s; ",
                 tag_dialect_name(tags->dialect), (int)text.len, text.at, (int)label->name.len,
                 label->name.at, (int)label->value.len, label->value.at);
    else
        snprintf(told->tags + n, sizeof(told->tags) - n, "%s %.*s %s; ",
                 tag_dialect_name(tags->dialect), (int)text.len, text.at, fates[fate]);
}

static void on_section(void *ctx, struct slice section, enum section meaning, bool is_good)
{
    static const char *const words[] = {
        [SECTION_RATE] = "rate",   [SECTION_TAGS] = "tags",       [SECTION_CONTAINER] = "container",
        [SECTION_KNOWN] = "known", [SECTION_UNKNOWN] = "unknown",
    };
    struct told *told = ctx;
    size_t n = strlen(told->sections);

    snprintf(told->sections + n, sizeof(told->sections) - n, "%.*s %s%s; ", (int)section.len,
             section.at, words[meaning], is_good ? "" : " bad");
}

static void must_tell(const struct resolve_options *options, const char *text, const char *tags,
                      const char *sections)
{
    struct told told = { .tags = "" };
    const struct resolve_trace trace = { &told, on_type, on_tag, on_section, { 0 } };
    struct identity identity;
    struct resolver *own;

    assert_int_equal(resolve_new(&own, options), 0);
    resolve_set_trace(own, &trace);
    (void)!resolve_by(own, options->dialects, slice_of(text), &identity);
    assert_string_equal(told.tags, tags);
    assert_string_equal(told.sections, sections);
    resolve_set_trace(own, NULL);
    (void)!resolve_by(own, options->dialects, slice_of(text), &identity);
    assert_string_equal(told.tags, tags);
    resolve_free(own);
}

static void tells_what_became_of_each_tag(void **state)
{
    must_tell(&default_pipeline()->resolve, "a:1|h|#k:v,flag,:x,y:,__r:1,le:2,k-k:z",
              "DogStatsD k:v kept as k=v; DogStatsD flag bare; DogStatsD :x no key; "
              "DogStatsD y: no value; DogStatsD __r:1 reserved; "
              "DogStatsD le:2 kept as exported_le=2; DogStatsD k-k:z kept as k_k=z; ",
              "#k:v,flag,:x,y:,__r:1,le:2,k-k:z tags; ");
    must_tell(&default_pipeline()->resolve, "a[k=v]:1|c", "SignalFx k=v kept as k=v; ", "");
    must_tell(&default_pipeline()->resolve, "a,k=v,x:1|c",
              "InfluxDB k=v kept as k=v; InfluxDB x bare; ", "");
    must_tell(&default_pipeline()->resolve, "a#k=v:1|c", "Librato k=v kept as k=v; ", "");
}

static void tells_what_each_section_is(void **state)
{
    must_tell(&default_pipeline()->resolve, "a:1|c|@0.5||T1|c:x|e:y|card:z|zz|@2", "",
              "@0.5 rate; T1 known; c:x container; e:y known; card:z known; zz unknown; "
              "@2 rate bad; ");
}

static void tells_of_the_tag_that_was_too_much(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.labels = 1;
    must_tell(&options, "a:1|c|#k:v,k:w,l:x,m:y",
              "DogStatsD k:v kept as k=v; DogStatsD k:w kept as k=w; DogStatsD l:x one too many; ",
              "#k:v,k:w,l:x,m:y tags; ");
    options.limits.label_value = 1;
    must_tell(&options, "a,k=vv:1|c", "InfluxDB k=vv long value; ", "");
}

static void tells_of_tags_that_are_switched_off_as_unknown(void **state)
{
    struct resolve_options options = with_dialects(0);

    must_tell(&options, "a:1|c|#k:v", "", "#k:v unknown; ");
}

static const struct CMUnitTest cases[] = {
    CASE(freeing_nothing_is_fine),
    CASE(says_type_weight_and_what_was_passed_over),
    CASE(totals_have_no_weight),
    CASE(knows_every_type),
    CASE(refuses_every_other_type),
    CASE(the_last_rate_counts),
    CASE(sections_may_come_in_any_order),
    CASE(the_value_does_not_matter),
    CASE(names_become_prometheus_names),
    CASE(blanks_count_only_inside_a_key),
    CASE(values_stay_as_they_were_sent),
    CASE(labels_are_sorted),
    CASE(drops_and_counts_tags_that_lack_something),
    CASE(drops_and_counts_reserved_keys),
    CASE(no_label_is_reserved_after_its_name_was_written),
    CASE(of_two_tags_with_one_key_the_last_wins),
    CASE(le_is_taken_on_a_histogram),
    CASE(exported_le_stays_one_label),
    CASE(an_end_has_the_labels_of_both_cases),
    CASE(an_end_has_one_exported_le),
    CASE(all_dialects_say_the_same),
    CASE(a_name_is_known_without_its_tags),
    CASE(values_in_names_may_have_separators),
    CASE(one_mark_before_a_key_is_tolerated_in_dogstatsd_alone),
    CASE(bad_tags_in_names_are_dropped_and_counted),
    CASE(odd_brackets_stay_and_count_as_one_error),
    CASE(a_group_with_partner_has_more_brackets_around_it),
    CASE(brackets_without_a_tag_are_part_of_the_name),
    CASE(bare_tags_make_no_second_dialect),
    CASE(bare_tags_of_two_dialects_may_be_kept),
    CASE(tells_the_origin_if_it_is_asked_for),
    CASE(two_dialects_are_refused),
    CASE(two_dialects_in_a_name_are_refused),
    CASE(marks_without_tags_are_no_dialect),
    CASE(graphites_tags_follow_the_rules_of_all),
    CASE(a_dialect_can_be_switched_off),
    CASE(dogstatsds_tags_are_an_unknown_section_then),
    CASE(without_any_dialect_all_is_name),
    CASE(each_set_of_dialects_understands_its_own),
    CASE(bare_tags_may_be_kept),
    CASE(labels_of_the_scraper_are_renamed_by_option),
    CASE(even_then_a_tag_may_lack_something),
    CASE(a_container_becomes_a_label_by_option),
    CASE(the_prefix_of_a_container_stays_by_option),
    CASE(a_container_has_the_limits_of_a_tag),
    CASE(a_name_must_not_be_empty),
    CASE(refuses_what_is_not_utf8),
    CASE(other_sections_may_be_any_bytes),
    CASE(a_group_does_not_make_characters),
    CASE(a_nul_is_a_character_like_others),
    CASE(the_first_reason_counts),
    CASE(drops_thousands_of_bad_tags),
    CASE(a_refused_line_leaves_no_trace),
    CASE(lines_of_all_sorts_follow_each_other),
    CASE(tells_what_became_of_each_tag),
    CASE(tells_what_each_section_is),
    CASE(tells_of_the_tag_that_was_too_much),
    CASE(tells_of_tags_that_are_switched_off_as_unknown),
};

int main(void)
{
    return cmocka_run_group_tests(cases, make_resolver, free_resolver);
}
