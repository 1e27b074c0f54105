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

struct type {
    const char *word;
    const char *letters;
};

static const struct type types[] = {
    { "count", "c" },   { "gauge", "g" }, { "timing", "ms" },
    { "observe", "h" }, { "set", "s" },   { "expire", "x" },
};

static const char no_type[] = "unknown type; expected count, gauge, timing, observe, set or expire";

static const char *find_letters(const char *word)
{
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i].word, word) == 0)
            return types[i].letters;
    return NULL;
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

static const char *check(const struct encode_words *words, const char *letters)
{
    double number;

    if (!letters)
        return no_type;
    if (!words->name[0])
        return "the name is empty";
    if (letters[0] == 's')
        return words->value[0] ? NULL : "the member is empty";
    return number_parse(slice_of(words->value), &number) ? NULL : "the value is not a number";
}

const char *encode_line(const struct encode_words *words, struct buffer *out)
{
    const char *letters = find_letters(words->type), *wrong = check(words, letters);
    size_t len_before = out->len;

    if (wrong)
        return wrong;
    add_escaped(out, slice_of(words->name), stays_in_name);
    buffer_add_char(out, ':');
    add_escaped(out, slice_of(words->value), stays_in_member);
    buffer_add_char(out, '|');
    buffer_add(out, slice_of(letters));
    add_tags(out, words);
    if (out->len - len_before <= ENCODE_LINE_MAX && !out->has_failed)
        return NULL;
    out->len = len_before;
    return out->has_failed ? "out of memory" : "the line is too long";
}

/* --- words ------------------------------------------------------------------------- */

const char *encode_sort(struct encode_words *ret, const char *const *words, int n)
{
    const char *letters = n > 0 ? find_letters(words[0]) : NULL;
    int n_taken = 2;

    if (!letters)
        return no_type;
    if (n < 2)
        return "the name is missing";
    *ret = (struct encode_words){ .type = words[0], .name = words[1], .value = "1" };
    /* An end has no value; a counter may lack one, if a tag or nothing is in its place. */
    if (letters[0] != 'x' && (letters[0] != 'c' || (n > 2 && !strchr(words[2], '=')))) {
        if (n < 3)
            return "the value is missing";
        ret->value = words[n_taken++];
    }
    ret->tags = words + n_taken;
    ret->n_tags = n - n_taken;
    return NULL;
}
