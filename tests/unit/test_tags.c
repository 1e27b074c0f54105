/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tags, from their header and proto/README.md, section 6
 *
 * A list of tags is written as one string, key=value; with a '!' before the value of a bare tag. A
 * name with its tags is written as: name dialect{tags} …
 */

#include "unit.h"

#include "input/tags.h"

#include <stdio.h>
#include <stdlib.h>

#define ALL ((1u << _TAG_DIALECT_N) - 1)
#define DOGSTATSD (1u << TAG_DOGSTATSD)
#define INFLUXDB (1u << TAG_INFLUXDB)
#define LIBRATO (1u << TAG_LIBRATO)
#define SIGNALFX (1u << TAG_SIGNALFX)
#define GRAPHITE (1u << TAG_GRAPHITE)

/* --- tags ---------------------------------------------------------------------- */

static void must_have_tags(enum tag_dialect dialect, const char *text, const char *expected)
{
    struct tags tags = { dialect, slice_of(text) };
    char joined[256] = "";
    size_t n = 0;
    struct slice whole;
    struct tag tag;

    while (tags_next(&tags, &tag, &whole)) {
        assert_true(whole.len > 0 && whole.at >= text &&
                    whole.at + whole.len <= text + strlen(text));
        assert_true(!tag.is_bare || tag.value.len == 0);
        n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%.*s=%.*s%s;", (int)tag.key.len,
                              tag.key.at, (int)tag.value.len, tag.value.at, tag.is_bare ? "!" : "");
        assert_true(n < sizeof(joined));
    }
    assert_false(tags_next(&tags, &tag, &whole));
    if (strcmp(joined, expected) != 0)
        fail_msg("%s: %s, not %s", text, joined, expected);
}

static void must_have_tags_in_names(const char *text, const char *expected)
{
    must_have_tags(TAG_INFLUXDB, text, expected);
    must_have_tags(TAG_LIBRATO, text, expected);
    must_have_tags(TAG_SIGNALFX, text, expected);
}

static void each_dialect_has_its_separator(void **state)
{
    must_have_tags(TAG_DOGSTATSD, "k:v", "k=v;");
    must_have_tags(TAG_DOGSTATSD, "k:v,l:w", "k=v;l=w;");
    must_have_tags(TAG_DOGSTATSD, "k=v", "k=v=!;");
    must_have_tags_in_names("k=v", "k=v;");
    must_have_tags_in_names("k=v,l=w", "k=v;l=w;");
    must_have_tags_in_names("k:v", "k:v=!;");
}

static void a_semicolon_separates_graphites_tags(void **state)
{
    must_have_tags(TAG_GRAPHITE, "k=v", "k=v;");
    must_have_tags(TAG_GRAPHITE, "k=v,x;l=w", "k=v,x;l=w;");
    must_have_tags(TAG_GRAPHITE, " k = v ;=v;k=;k=a=b", "k= v ;=v;k=;k=a=b;");
    must_have_tags(TAG_INFLUXDB, "k=v;l=w", "k=v;l=w;");
}

static void the_key_ends_at_the_first_separator(void **state)
{
    must_have_tags(TAG_DOGSTATSD, "url:http://x:80/?a=b", "url=http://x:80/?a=b;");
    must_have_tags(TAG_DOGSTATSD, "k::", "k=:;");
    must_have_tags(TAG_DOGSTATSD, "k=x:v", "k=x=v;");
    must_have_tags_in_names("k=a=b==", "k=a=b==;");
    must_have_tags_in_names("k:x=v", "k:x=v;");
}

static void nothing_between_commas_is_no_tag(void **state)
{
    must_have_tags(TAG_DOGSTATSD, "", "");
    must_have_tags(TAG_DOGSTATSD, ",", "");
    must_have_tags(TAG_DOGSTATSD, ",,,", "");
    must_have_tags(TAG_DOGSTATSD, ",k:v,,l:w,", "k=v;l=w;");
    must_have_tags_in_names("", "");
    must_have_tags_in_names(",,k=v,,l=w,,", "k=v;l=w;");
}

static void a_tag_may_lack_something(void **state)
{
    must_have_tags(TAG_DOGSTATSD, "flag", "flag=!;");
    must_have_tags(TAG_DOGSTATSD, "flag,k:v,x", "flag=!;k=v;x=!;");
    must_have_tags(TAG_DOGSTATSD, "k:", "k=;");
    must_have_tags(TAG_DOGSTATSD, ":v", "=v;");
    must_have_tags(TAG_DOGSTATSD, ":", "=;");
    must_have_tags(TAG_DOGSTATSD, " ", "=!;");
    must_have_tags_in_names("flag,k=,=v,=", "flag=!;k=;=v;=;");
}

static void blanks_around_a_key_do_not_belong_to_it(void **state)
{
    must_have_tags(TAG_DOGSTATSD, " k :v,\tl\t:w, a b : c ", "k=v;l=w;a b= c ;");
    must_have_tags(TAG_DOGSTATSD, " flag ,x", "flag=!;x=!;");
    must_have_tags(TAG_DOGSTATSD, " : ", "= ;");
    must_have_tags_in_names(" k = v ,\tl\t=w\t", "k= v ;l=w\t;");
}

static void one_mark_before_a_key_is_dogstatsds(void **state)
{
    must_have_tags(TAG_DOGSTATSD, "#k:v,#l:w", "k=v;l=w;");
    must_have_tags(TAG_DOGSTATSD, "#flag", "flag=!;");
    must_have_tags(TAG_DOGSTATSD, "##k:v", "#k=v;");
    must_have_tags(TAG_DOGSTATSD, "k#:#v", "k#=#v;");
    must_have_tags(TAG_DOGSTATSD, " #k:v", "k=v;");
    must_have_tags(TAG_DOGSTATSD, "# k:v", "k=v;");
    must_have_tags(TAG_DOGSTATSD, "#:v", "=v;");
    must_have_tags_in_names("#k=v,#", "#k=v;#=!;");
}

static void a_tag_may_be_any_bytes(void **state)
{
    struct tags tags = { TAG_DOGSTATSD, SLICE("\0:\xff\0,\n") };
    struct slice whole;
    struct tag tag;

    assert_true(tags_next(&tags, &tag, &whole));
    assert_slice_equal(tag.key, "\0");
    assert_slice_equal(tag.value, "\xff\0");
    assert_slice_equal(whole, "\0:\xff\0");
    tag = (struct tag){ .is_bare = false };
    assert_true(tags_next(&tags, &tag, &whole));
    assert_slice_equal(tag.key, "\n");
    assert_true(tag.is_bare);
    assert_false(tags_next(&tags, &tag, &whole));
}

static void no_tags_at_all_are_fine(void **state)
{
    struct tags tags = { TAG_DOGSTATSD, { NULL, 0 } };
    struct slice whole;
    struct tag tag;

    assert_false(tags_next(&tags, &tag, &whole));
}

/* --- names ----------------------------------------------------------------------- */

/* In memory of exactly its size, with exactly the scratch memory that the header asks for. */
static void must_split_by(unsigned dialects, const char *sent, const char *expected)
{
    size_t len = strlen(sent);
    char *bytes = malloc(len), *scratch = malloc(len), text[256];
    struct tagged_name name;
    size_t n;

    memcpy(bytes, sent, len);
    tags_split_name((struct slice){ bytes, len }, dialects, scratch, &name);
    n = (size_t)snprintf(text, sizeof(text), "%.*s", (int)name.name.len, name.name.at);
    assert_true(name.n_tags <= TAGS_IN_NAME_MAX);
    for (unsigned i = 0; i < name.n_tags; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, " %s{%.*s}",
                              tag_dialect_name(name.tags[i].dialect), (int)name.tags[i].text.len,
                              name.tags[i].text.at);
    if (name.odd_bracket)
        snprintf(text + n, sizeof(text) - n, " odd at %d", (int)(name.odd_bracket - bytes));
    if (strcmp(text, expected) != 0)
        fail_msg("%s: %s, not %s", sent, text, expected);
    free(bytes);
    free(scratch);
}

static void must_split(const char *sent, const char *expected)
{
    must_split_by(ALL, sent, expected);
}

static void a_name_may_have_no_tags(void **state)
{
    must_split("a", "a");
    must_split("a.b-c d|e=f", "a.b-c d|e=f");
    must_split("gr\xc3\xbc\xc3\x9f\xff", "gr\xc3\xbc\xc3\x9f\xff");
    must_split("{a}", "{a}");
}

static void knows_the_three_dialects_in_names(void **state)
{
    must_split("a,k=v,l=w", "a InfluxDB{k=v,l=w}");
    must_split("a#k=v,l=w", "a Librato{k=v,l=w}");
    must_split("a[k=v,l=w]", "a SignalFx{k=v,l=w}");
    must_split("a[k=v,l=w]b", "ab SignalFx{k=v,l=w}");
    must_split("[k=v]a", "a SignalFx{k=v}");
}

static void knows_graphites_tags_in_names(void **state)
{
    must_split("c;node=n1;env=p", "c Graphite{node=n1;env=p}");
    must_split("a.b;k=v", "a.b Graphite{k=v}");
    must_split("a;k=;=v;=", "a Graphite{k=;=v;=}");
    must_split("a;k=v,l#m[n=w]", "a Graphite{k=v,l#m[n=w]}");
    must_split("a[b];k=v", "a[b] Graphite{k=v}");
    must_split("a[];k=v", "a Graphite{k=v}");
    must_split("a[k=v];l=w", "a SignalFx{k=v} Graphite{l=w}");
    must_split("a[b;k=v", "a[b Graphite{k=v} odd at 1");
}

static void without_a_pair_after_each_a_semicolon_is_in_the_name(void **state)
{
    must_split("a;b", "a;b");
    must_split("a;", "a;");
    must_split(";", ";");
    must_split("a;b;k=v", "a;b;k=v");
    must_split("a;k=v;b", "a;k=v;b");
    must_split("a;k=v;", "a;k=v;");
    must_split("a;;k=v", "a;;k=v");
    must_split("a;b,k=v;c", "a;b InfluxDB{k=v;c}");
    must_split("a;b#k", "a;b Librato{k}");
    must_split("a;b[k=v];c", "a;b;c SignalFx{k=v}");
    must_split("a;b[k=v;c]d", "a;bd SignalFx{k=v;c}");
    must_split("a;k=[l=w;c]", "a;k= SignalFx{l=w;c}");
    must_split("a;b[k=v;c]d;l=w", "a;bd;l=w SignalFx{k=v;c}");
}

static void of_all_marks_the_first_decides(void **state)
{
    must_split("a,k=v;l=w", "a InfluxDB{k=v;l=w}");
    must_split("a#k=v;l=w", "a Librato{k=v;l=w}");
    must_split("a;k=v,l=w", "a Graphite{k=v,l=w}");
    must_split("a;b,k=v", "a Graphite{b,k=v}");
    must_split("a[k=v;l=w]b", "ab SignalFx{k=v;l=w}");
    must_split("a;l=[k=v]", "a Graphite{l=[k=v]}");
}

static void a_name_may_be_nothing_but_tags(void **state)
{
    must_split(";k=v", " Graphite{k=v}");
    must_split(",k=v", " InfluxDB{k=v}");
    must_split("#k=v", " Librato{k=v}");
    must_split("[k=v]", " SignalFx{k=v}");
}

static void of_comma_and_hash_the_first_decides(void **state)
{
    must_split("a,k=v#x,l=w", "a InfluxDB{k=v#x,l=w}");
    must_split("a,#k=v", "a InfluxDB{#k=v}");
    must_split("a#k=v,l=w", "a Librato{k=v,l=w}");
    must_split("a##k=v#l=w", "a Librato{#k=v#l=w}");
}

static void marks_without_tags_are_taken_away(void **state)
{
    must_split("a,", "a");
    must_split("a#", "a");
    must_split("a[]", "a");
    must_split("a[]b", "ab");
    must_split("[]", "");
    must_split(",", "");
    must_split("#", "");
    must_split("a[],k=v", "a InfluxDB{k=v}");
    must_split("a[k=v],", "a SignalFx{k=v}");
}

static void two_dialects_in_a_name_are_both_found(void **state)
{
    must_split("a[k=v],l=w", "a SignalFx{k=v} InfluxDB{l=w}");
    must_split("a[k=v]b#l=w", "ab SignalFx{k=v} Librato{l=w}");
    must_split("a[k=v,#]b#l=w", "ab SignalFx{k=v,#} Librato{l=w}");
    must_split("a[k=v],flag", "a SignalFx{k=v} InfluxDB{flag}");
}

static void brackets_without_a_tag_are_in_the_name(void **state)
{
    must_split("listener.[__1]_80.cx", "listener.[__1]_80.cx");
    must_split("a[b]", "a[b]");
    must_split("[b]", "[b]");
    must_split("[b]a", "[b]a");
    must_split("a[b,]c", "a[b InfluxDB{]c} odd at 1");
    must_split("a[ ]b", "a[ ]b");
    must_split("a[[]b", "a[[]b");
    must_split("a[b],k=v", "a[b] InfluxDB{k=v}");
    must_split("a[b]#k=v", "a[b] Librato{k=v}");
    must_split("a]b[c]d", "a]b[c]d");
    must_split("a[b]c]d[", "a[b]c]d[");
}

static void the_group_is_the_first_with_a_tag_or_nothing(void **state)
{
    must_split("a[b]c[k=v]d", "a[b]cd SignalFx{k=v}");
    must_split("a[b]c[]d", "a[b]cd");
    must_split("a[b][c][k=v][l=w]", "a[b][c][l=w] SignalFx{k=v}");
    must_split("a[b[c][d[k=v]]", "a[b[c]] SignalFx{d[k=v}");
    must_split("a[][k=v]", "a[k=v]");
    must_split("a[,]b", "ab");
    must_split("a[flag,k=v]b", "ab SignalFx{flag,k=v}");
}

static void brackets_after_the_first_comma_or_hash_are_in_tags(void **state)
{
    must_split("a,l=w[k=v]", "a InfluxDB{l=w[k=v]}");
    must_split("a,l=[k=v]w", "a InfluxDB{l=[k=v]w}");
    must_split("a#l=[k=v]", "a Librato{l=[k=v]}");
    must_split("a,k=[v", "a InfluxDB{k=[v}");
    must_split("a,k=v]", "a InfluxDB{k=v]}");
    must_split("a,[]", "a InfluxDB{[]}");
    must_split("a[b,c]", "a[b InfluxDB{c]} odd at 1");
    must_split("a[b,c]=d", "a[b InfluxDB{c]=d} odd at 1");
    must_split("a[b]c,[k=v]", "a[b]c InfluxDB{[k=v]}");
    must_split("a]b,[k=v]", "a]b InfluxDB{[k=v]} odd at 1");
}

/* A colon ends the name, unless it is in the group. */
static void must_find_group(const char *text, size_t at, size_t len)
{
    struct slice group = { NULL, 0 };

    if (tags_find_group(slice_of(text), ALL, &group) != (len > 0) ||
        (len && (group.at != text + at || group.len != len)))
        fail_msg("%s: a group of %zu bytes", text, group.len);
}

static void a_group_begins_before_the_first_colon(void **state)
{
    must_find_group("a[k=v:w]b:1", 1, 7);
    must_find_group("a[b:k=v]c:1", 1, 7);
    must_find_group("[k=v]", 0, 5);
    must_find_group("a[]:1", 1, 2);
    must_find_group("a:[k=v]", 0, 0);
    must_find_group("a[b]:[k=v]", 0, 0);
    must_find_group("a[b:c]d[k=v]:1", 0, 0);
    must_find_group("a[k=v:w", 0, 0);
    must_find_group("a.[fe80::1].b:7", 0, 0);
    must_find_group("a,url=[k=v:w]:1", 0, 0);
    must_find_group("a;url=[k=v:w]:1", 0, 0);
    must_find_group("a;b[k=v:w]:1", 0, 0);
    must_find_group("a;b[k:v=w]:1", 3, 7);
    must_find_group("a;b;[k=v:w]:1", 4, 7);
    must_find_group("", 0, 0);
}

static void tags_without_a_separator_are_bare(void **state)
{
    static const char *const bare[] = { "", ",", "flag", "flag,x", "k=v" };
    static const char *const other[] = { "k:v", "flag,k:v", ":", "k:", ":v", "flag,:" };

    for (size_t i = 0; i < ARRAY_SIZE(bare); i++)
        assert_true(tags_are_bare(&(struct tags){ TAG_DOGSTATSD, slice_of(bare[i]) }));
    for (size_t i = 0; i < ARRAY_SIZE(other); i++)
        assert_false(tags_are_bare(&(struct tags){ TAG_DOGSTATSD, slice_of(other[i]) }));
    for (unsigned dialect = TAG_DOGSTATSD + 1; dialect < _TAG_DIALECT_N; dialect++) {
        assert_true(tags_are_bare(&(struct tags){ dialect, SLICE("flag,k:v") }));
        assert_false(tags_are_bare(&(struct tags){ dialect, SLICE("flag,k=v") }));
    }
}

static void the_group_ends_at_the_first_bracket_after_its_beginning(void **state)
{
    must_split("a[k=v]b]c", "ab]c SignalFx{k=v}");
    must_split("a[[k=v]b", "ab SignalFx{[k=v}");
    must_split("a[k=[v]]b", "a]b SignalFx{k=[v}");
    must_split("a[k=v]b[l=w]c", "ab[l=w]c SignalFx{k=v}");
    must_split("a[k=v]b[", "ab[ SignalFx{k=v}");
    must_split("]a[k=v]b", "]ab SignalFx{k=v}");
    must_split("][k=v]", "] SignalFx{k=v}");
}

static void a_bracket_without_partner_stays(void **state)
{
    must_split("a[b", "a[b odd at 1");
    must_split("a]b", "a]b odd at 1");
    must_split("[", "[ odd at 0");
    must_split("]", "] odd at 0");
    must_split("a[", "a[ odd at 1");
    must_split("a[b[c", "a[b[c odd at 1");
    must_split("a]b]c", "a]b]c odd at 1");
    must_split("a[b,k=v", "a[b InfluxDB{k=v} odd at 1");
}

/* The header does not say which of the two is reported. */
static void brackets_in_the_wrong_order_are_no_group(void **state)
{
    static const char *const names[] = { "a]b[c", "][", "]a[", "a]]b[[c" };
    struct tagged_name name;
    char scratch[16];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        tags_split_name(slice_of(names[i]), ALL, scratch, &name);
        if (!slice_equal(name.name, slice_of(names[i])) || name.n_tags || !name.odd_bracket)
            fail_msg("%s", names[i]);
        assert_true(*name.odd_bracket == '[' || *name.odd_bracket == ']');
        assert_true(name.odd_bracket >= names[i] && name.odd_bracket < names[i] + strlen(names[i]));
    }
}

static void a_dialect_that_is_off_leaves_its_marks_in_the_name(void **state)
{
    must_split_by(ALL & ~INFLUXDB, "a,k=v", "a,k=v");
    must_split_by(ALL & ~LIBRATO, "a#k=v", "a#k=v");
    must_split_by(ALL & ~SIGNALFX, "a[k=v]b", "a[k=v]b");
    must_split_by(ALL & ~SIGNALFX, "a[b", "a[b");
    must_split_by(ALL & ~SIGNALFX, "a]b[", "a]b[");
    must_split_by(0, "a[k=v]b,l=w#m=x", "a[k=v]b,l=w#m=x");
    must_split_by(DOGSTATSD, "a[k=v]b,l=w#m=x", "a[k=v]b,l=w#m=x");
}

static void a_dialect_that_is_off_decides_nothing(void **state)
{
    must_split_by(ALL & ~INFLUXDB, "a,b#k=v,l=w", "a,b Librato{k=v,l=w}");
    must_split_by(ALL & ~LIBRATO, "a#b,k=v", "a#b InfluxDB{k=v}");
    must_split_by(ALL & ~SIGNALFX, "a[k=v],l=w", "a[k=v] InfluxDB{l=w}");
    must_split_by(ALL & ~SIGNALFX, "a,k=[v]", "a InfluxDB{k=[v]}");
    must_split_by(SIGNALFX, "a,b[k=v]#c", "a,b#c SignalFx{k=v}");
    must_split_by(ALL & ~GRAPHITE, "a;k=v", "a;k=v");
    must_split_by(ALL & ~GRAPHITE, "a;k=v,l=w", "a;k=v InfluxDB{l=w}");
    must_split_by(ALL & ~GRAPHITE, "a;l=[k=v]", "a;l= SignalFx{k=v}");
    must_split_by(SIGNALFX | LIBRATO, "a,b[k=v]#c", "a,b SignalFx{k=v} Librato{c}");
    must_split_by(LIBRATO, "a[b]#k=v", "a[b] Librato{k=v}");
    must_split_by(INFLUXDB, "a#b,k=v", "a#b InfluxDB{k=v}");
}

static size_t count(struct slice text, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == c;
    return n;
}

/* The number of @c in the name and its tags. */
static size_t count_all(const struct tagged_name *name, char c)
{
    size_t n = count(name->name, c);

    for (unsigned i = 0; i < name->n_tags; i++)
        n += count(name->tags[i].text, c);
    return n;
}

/* Every name of six of these bytes, with every set of dialects. */
static void nothing_but_marks_is_lost(void **state)
{
    static const char bytes[] = "a=,#;[]";
    char sent[6], scratch[6];
    struct slice whole = { sent, sizeof(sent) };
    struct tagged_name name;

    for (unsigned i = 0; i < 117649 * (ALL + 1); i++) {
        unsigned dialects = i % (ALL + 1), code = i / (ALL + 1);
        size_t n_lost;

        for (size_t at = 0; at < sizeof(sent); at++, code /= 7)
            sent[at] = bytes[code % 7];
        tags_split_name(whole, dialects, scratch, &name);
        assert_int_equal(count_all(&name, 'a'), count(whole, 'a'));
        assert_int_equal(count_all(&name, '='), count(whole, '='));
        assert_true(count_all(&name, '#') + 1 >= count(whole, '#'));
        assert_true(count_all(&name, ';') + 1 >= count(whole, ';'));
        n_lost = count(whole, '[') - count_all(&name, '[');
        assert_int_equal(n_lost, count(whole, ']') - count_all(&name, ']'));
        assert_true(n_lost <= (dialects & SIGNALFX ? 1u : 0u));
        assert_false(n_lost && name.odd_bracket);
        for (unsigned t = 0; t < name.n_tags; t++)
            assert_true(dialects & 1u << name.tags[t].dialect && name.tags[t].text.len);
    }
}

static void every_dialect_has_a_name(void **state)
{
    for (unsigned i = 0; i < _TAG_DIALECT_N; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(tag_dialect_name(i), tag_dialect_name(j));
    assert_string_equal(tag_dialect_name(TAG_DOGSTATSD), "DogStatsD");
}

static void a_byte_of_a_joined_name_has_its_place_in_the_sent_one(void **state)
{
    static const size_t places[] = { 0, 1, 7, 8, 9 };
    struct slice sent = SLICE("ab[k=v]cd");
    struct tagged_name name;
    char scratch[9];

    tags_split_name(sent, ALL, scratch, &name);
    assert_slice_equal(name.name, "abcd");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        assert_ptr_equal(tags_origin(&name, name.name.at + i), sent.at + places[i]);
    assert_ptr_equal(tags_origin(&name, name.tags[0].text.at), sent.at + 3);
    tags_split_name(SLICE("ab"), ALL, scratch, &name);
    assert_ptr_equal(tags_origin(&name, name.name.at + 1), name.sent.at + 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_dialect_has_its_separator),
        CASE(a_semicolon_separates_graphites_tags),
        CASE(the_key_ends_at_the_first_separator),
        CASE(nothing_between_commas_is_no_tag),
        CASE(a_tag_may_lack_something),
        CASE(blanks_around_a_key_do_not_belong_to_it),
        CASE(one_mark_before_a_key_is_dogstatsds),
        CASE(a_tag_may_be_any_bytes),
        CASE(no_tags_at_all_are_fine),
        CASE(a_name_may_have_no_tags),
        CASE(knows_the_three_dialects_in_names),
        CASE(knows_graphites_tags_in_names),
        CASE(without_a_pair_after_each_a_semicolon_is_in_the_name),
        CASE(of_all_marks_the_first_decides),
        CASE(a_name_may_be_nothing_but_tags),
        CASE(of_comma_and_hash_the_first_decides),
        CASE(marks_without_tags_are_taken_away),
        CASE(two_dialects_in_a_name_are_both_found),
        CASE(brackets_without_a_tag_are_in_the_name),
        CASE(the_group_is_the_first_with_a_tag_or_nothing),
        CASE(brackets_after_the_first_comma_or_hash_are_in_tags),
        CASE(a_group_begins_before_the_first_colon),
        CASE(tags_without_a_separator_are_bare),
        CASE(the_group_ends_at_the_first_bracket_after_its_beginning),
        CASE(a_bracket_without_partner_stays),
        CASE(brackets_in_the_wrong_order_are_no_group),
        CASE(a_dialect_that_is_off_leaves_its_marks_in_the_name),
        CASE(a_dialect_that_is_off_decides_nothing),
        CASE(nothing_but_marks_is_lost),
        CASE(every_dialect_has_a_name),
        CASE(a_byte_of_a_joined_name_has_its_place_in_the_sent_one),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
