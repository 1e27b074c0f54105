/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Encode
 *
 *      bot.routes : 1 | c |# player:7 , status:done
 *      name         value letters   key   value
 *
 * The protocol has no escapes, so each character that would end its part early becomes '_'.
 * In names and keys the daemon would do the same. Words that the daemon would refuse, or drop from
 * the sample, are mistakes, with one exception: a tag whose value is empty is sent, as the value of
 * a variable may be, and the daemon counts it.
 */

#include "tools/send/encode.h"

#include "base/number.h"
#include "base/spelling.h"

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* "count, gauge, timing, observe, set or expire", from the rows that are sent. */
#define FIRST_SENT_AS(word) word
#define MORE_SENT_AS(word) ", " word
#define MORE_NOT_SENT
#define LAST_SENT_AS(word) " or " word
#define FIRST(id, letters, name, metric, summary, value, divisor, weighted, word, ...) FIRST_##word
#define MORE(id, letters, name, metric, summary, value, divisor, weighted, word, ...) MORE_##word
#define LAST(id, letters, name, metric, summary, value, divisor, weighted, word, ...) LAST_##word

static const char no_type[] = "unknown type; expected " SAMPLE_TYPE_ROWS(FIRST, MORE, LAST);
static const char unknown_type[] = "unknown type";

static bool find_type(const char *word, enum sample_type *ret)
{
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        enum sample_type type = (enum sample_type)i;
        const char *its_word = sample_type_facts(type)->word;

        if (its_word && strcmp(its_word, word) == 0) {
            *ret = type;
            return true;
        }
    }
    return false;
}

/* Whether @word is what the protocol, or this program elsewhere, calls the type. */
static bool is_other_name(const struct sample_type_facts *facts, struct slice word)
{
    return slice_equal(slice_of(facts->name), word) || slice_equal(facts->letters, word);
}

/* The word that may have been meant by @word, or NULL. */
static const char *find_nearest(const char *word)
{
    struct spelling spelling;

    spelling_init(&spelling, slice_of(word));
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        const struct sample_type_facts *facts = sample_type_facts((enum sample_type)i);
        const char *its_word = facts->word ? facts->word : "observe";

        if (is_other_name(facts, slice_of(word)))
            return its_word;
        spelling_try(&spelling, slice_of(its_word));
    }
    spelling_try(&spelling, SLICE("time")); /* not a type, but another first word of send */
    return spelling.nearest.len ? spelling.nearest.at : NULL;
}

/* Whether a sample of @type may be a change: + or - before its value. */
static bool may_change(enum sample_type type)
{
    switch (type) {
    case SAMPLE_GAUGE: return true;
    case SAMPLE_COUNTER:
    case SAMPLE_TIMER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION:
    case SAMPLE_SET:
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: break;
    }
    return false;
}

static bool has_sign(const char *text)
{
    return text[0] == '+' || text[0] == '-';
}

/* The sign of the value after @word, or NULL, in a sample of @type; '\0': it is not such a word. */
static char find_change(enum sample_type type, const char *word)
{
    if (word && may_change(type) && has_sign(word) && !word[1])
        return word[0];
    return word && type == SAMPLE_END && strcmp(word, "older") == 0 ? '-' : '\0';
}

/* Whether the words of a sample of @type have a value. @next, or NULL, follows the name. */
static bool has_value(enum sample_type type, const char *next)
{
    switch (type) {
    case SAMPLE_COUNTER: return next && !strchr(next, '='); /* 1 if there is none, or only tags */
    case SAMPLE_END: return false;
    case SAMPLE_GAUGE:
    case SAMPLE_TIMER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION:
    case SAMPLE_SET:
    case _SAMPLE_TYPE_N: break;
    }
    return true;
}

/* --- characters ------------------------------------------------------------------ */

static bool is_control(char c)
{
    return (c > 0 && c < ' ') || c == '\x7f';
}

static bool is_beyond_ascii(char c)
{
    return ((unsigned char)c & 0x80) != 0;
}

static bool stays_in_name(char c)
{
    return is_beyond_ascii(c) || strchr(PLAIN, c);
}

static bool stays_in_tag_value(char c)
{
    return !is_control(c) && c != '|' && c != ',';
}

static bool stays_in_member(char c)
{
    return !is_control(c) && c != '|';
}

static void add_escaped(struct buffer *out, struct slice text, bool (*stays)(char c))
{
    for (size_t i = 0; i < text.len; i++)
        buffer_add_char(out, stays(text.at[i]) ? text.at[i] : '_');
}

/* --- parts ------------------------------------------------------------------------- */

void encode_tag(struct buffer *out, struct slice key, struct slice value)
{
    add_escaped(out, key, stays_in_name);
    buffer_add_char(out, ':');
    add_escaped(out, value, stays_in_tag_value);
}

static void add_tags(struct buffer *out, const struct encode_words *words)
{
    struct slice before = SLICE("|#");

    if (words->common_tags.len) {
        buffer_add(out, before);
        buffer_add(out, words->common_tags);
        before = SLICE(",");
    }
    for (int i = 0; i < words->n_tags; i++) {
        struct slice value = slice_of(words->tags[i]), key = slice_cut(&value, '=');

        buffer_add(out, before);
        encode_tag(out, key, value);
        before = SLICE(",");
    }
}

/* Whether the number @text has a minus and a digit that is not zero. */
static bool is_below_zero(const char *text)
{
    char first = text[0] == '-' ? text[1 + strspn(text + 1, "0.")] : '\0';

    return first >= '1' && first <= '9';
}

/* Each check function returns whether all is well; if not, @ret says what is wrong. */
static bool find_wrong(struct encode_mistake *ret, const char *word, const char *what)
{
    *ret = (struct encode_mistake){ .word = word, .what = what };
    return false;
}

static bool check_sign(const struct encode_words *words, struct encode_mistake *ret)
{
    if (words->change && has_sign(words->value))
        return find_wrong(ret, words->value,
                          words->type == SAMPLE_END
                              ? "expected seconds without a sign after older"
                              : "expected a number without a sign after + or -");
    if (!words->change && words->value[0] == '+')
        return find_wrong(ret, words->value,
                          "to change a gauge, write + and a number as two words");
    return true;
}

static bool check_value(const struct encode_words *words, struct encode_mistake *ret)
{
    enum sample_value value = sample_type_facts(words->type)->value;
    double number;

    if (value == SAMPLE_VALUE_TEXT)
        return words->value[0] || find_wrong(ret, NULL, "the member is empty");
    if (!words->value[0])
        return find_wrong(ret, NULL, "the value is empty; expected a number");
    if (!number_parse(slice_of(words->value), &number))
        return find_wrong(ret, words->value, "expected a number as the value");
    if (value == SAMPLE_VALUE_AMOUNT && is_below_zero(words->value))
        return find_wrong(ret, words->value, "a counter cannot decrease; use a gauge");
    return (!may_change(words->type) && !words->change) || check_sign(words, ret);
}

static bool check_tag(enum sample_type type, const char *tag, struct encode_mistake *ret)
{
    const char *equals = strchr(tag, '=');

    if (!equals)
        return find_wrong(ret, tag, "expected key=value; a VALUE comes before all tags");
    if (equals == tag)
        return find_wrong(ret, tag, "the key is empty; expected key=value, without blanks");
    /* Without the tag, it would end more series than intended. */
    if (type == SAMPLE_END && !equals[1])
        return find_wrong(ret, tag, "the tag has no value, so the daemon would end nothing");
    return true;
}

static bool check(const struct encode_words *words, struct encode_mistake *ret)
{
    if (!words->name[0])
        return find_wrong(ret, NULL, "the name is empty");
    if (!check_value(words, ret))
        return false;
    for (int i = 0; i < words->n_tags; i++)
        if (!check_tag(words->type, words->tags[i], ret))
            return false;
    return true;
}

/*
 * In StatsD a sign means to change a gauge, in DogStatsD it never does. So a value below zero is
 * packed after a zero, and is set in both.
 */
static void add_value(struct buffer *out, const struct encode_words *words)
{
    const char *value = words->value;

    if (words->change) {
        buffer_add_char(out, words->change);
    } else if (may_change(words->type) && value[0] == '-') {
        if (is_below_zero(value))
            buffer_add(out, SLICE("0:"));
        else
            value++;
    }
    add_escaped(out, slice_of(value), stays_in_member);
}

bool encode_line(const struct encode_words *words, struct buffer *out, struct encode_mistake *ret)
{
    size_t len_before = out->len;

    if (!check(words, ret))
        return false;
    add_escaped(out, words->prefix, stays_in_name);
    add_escaped(out, slice_of(words->name), stays_in_name);
    buffer_add_char(out, ':');
    add_value(out, words);
    buffer_add_char(out, '|');
    buffer_add(out, sample_type_facts(words->type)->letters);
    add_tags(out, words);
    if (out->len - len_before <= ENCODE_LINE_MAX && !out->has_failed)
        return true;
    out->len = len_before;
    return find_wrong(ret, NULL, out->has_failed ? "out of memory" : "the line is too long");
}

/* --- words ------------------------------------------------------------------------- */

bool encode_sort(struct encode_words *ret, const char *const *words, int n,
                 struct encode_mistake *ret_mistake)
{
    int n_taken = 2;

    *ret = (struct encode_words){ .value = "1" };
    if (n < 1 || !find_type(words[0], &ret->type)) {
        const char *meant = n < 1 ? NULL : find_nearest(words[0]);

        find_wrong(ret_mistake, NULL, meant ? unknown_type : no_type);
        ret_mistake->meant = meant;
        return false;
    }
    if (n < 2)
        return find_wrong(ret_mistake, NULL, "the name is missing");
    ret->name = words[1];
    ret->change = find_change(ret->type, n > 2 ? words[2] : NULL);
    n_taken += ret->change != '\0';
    if (ret->change || has_value(ret->type, n > 2 ? words[2] : NULL)) {
        if (n <= n_taken)
            return find_wrong(ret_mistake, NULL, "the value is missing");
        ret->value = words[n_taken++];
    }
    ret->tags = words + n_taken;
    ret->n_tags = n - n_taken;
    return true;
}
