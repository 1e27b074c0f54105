/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Encode
 *
 *      bot.routes : 1 | c |# player:7 , status:done
 *      name         value letters   key   value
 *
 * The protocol has no escapes, so each character that would end its part early becomes '_'.
 * In names and keys the daemon would do the same. What the daemon merely refuses, an empty
 * tag or a negative counter, is sent: the daemon counts it.
 */

#include "tools/send/encode.h"

#include "base/number.h"

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* "count, gauge, timing, observe, set or expire", from the rows that are sent. */
#define FIRST_SENT_AS(word) word
#define MORE_SENT_AS(word) ", " word
#define MORE_NOT_SENT
#define LAST_SENT_AS(word) " or " word
#define FIRST(id, letters, name, metric, value, divisor, is_weighted, word, ...) FIRST_##word
#define MORE(id, letters, name, metric, value, divisor, is_weighted, word, ...) MORE_##word
#define LAST(id, letters, name, metric, value, divisor, is_weighted, word, ...) LAST_##word

static const char no_type[] = "unknown type; expected " SAMPLE_TYPE_ROWS(FIRST, MORE, LAST);

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

/* A tag without '=' is sent bare. An empty tag is sent as an empty key, so it is not lost. */
static void add_tag(struct buffer *out, const char *tag)
{
    struct slice value = slice_of(tag), key = slice_cut(&value, '=');
    bool is_bare = tag[key.len] == '\0';

    add_escaped(out, key, stays_in_name);
    if (is_bare && key.len > 0)
        return;
    buffer_add_char(out, ':');
    add_escaped(out, value, stays_in_tag_value);
}

static void add_tags(struct buffer *out, const struct encode_words *words)
{
    for (int i = 0; i < words->n_tags; i++) {
        buffer_add(out, i == 0 ? SLICE("|#") : SLICE(","));
        add_tag(out, words->tags[i]);
    }
}

static const char *check(const struct encode_words *words)
{
    double number;

    if (!words->name[0])
        return "the name is empty";
    if (sample_type_facts(words->type)->value == SAMPLE_VALUE_TEXT)
        return words->value[0] ? NULL : "the member is empty";
    return number_parse(slice_of(words->value), &number) ? NULL : "the value is not a number";
}

const char *encode_line(const struct encode_words *words, struct buffer *out)
{
    const char *wrong = check(words);
    size_t len_before = out->len;

    if (wrong)
        return wrong;
    add_escaped(out, slice_of(words->name), stays_in_name);
    buffer_add_char(out, ':');
    add_escaped(out, slice_of(words->value), stays_in_member);
    buffer_add_char(out, '|');
    buffer_add(out, sample_type_facts(words->type)->letters);
    add_tags(out, words);
    if (out->len - len_before <= ENCODE_LINE_MAX && !out->has_failed)
        return NULL;
    out->len = len_before;
    return out->has_failed ? "out of memory" : "the line is too long";
}

/* --- words ------------------------------------------------------------------------- */

const char *encode_sort(struct encode_words *ret, const char *const *words, int n)
{
    int n_taken = 2;

    *ret = (struct encode_words){ .value = "1" };
    if (n < 1 || !find_type(words[0], &ret->type))
        return no_type;
    if (n < 2)
        return "the name is missing";
    ret->name = words[1];
    if (has_value(ret->type, n > 2 ? words[2] : NULL)) {
        if (n < 3)
            return "the value is missing";
        ret->value = words[n_taken++];
    }
    ret->tags = words + n_taken;
    ret->n_tags = n - n_taken;
    return NULL;
}
