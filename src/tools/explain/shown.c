/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shown
 *
 * Character by character, because a caret stands below one. wcwidth() says how wide a character is,
 * in a locale that is only used for this: without it, all characters count as one column.
 */

#include "tools/explain/shown.h"

#include "base/utf8.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

/* The bytes of the character that @text begins with; 0 if it begins with none. */
static size_t character_len(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    return len <= text.len && utf8_is_valid((struct slice){ text.at, len }) ? len : 0;
}

static uint32_t code_point(const char *character, size_t len)
{
    static const unsigned char first_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t code = (unsigned char)character[0] & first_bits[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)character[i] & 0x3F);
    return code;
}

/* Whether a terminal may do something else than show it (Unicode: Cc, Bidi_Control, Zl and Zp). */
static bool is_command(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

static size_t width_of(uint32_t code)
{
    int width = wcwidth((wchar_t)code);

    return width < 0 ? 1 : (size_t)width;
}

/* Append it as it is or as a '?'. Returns its columns. */
static size_t add_character(struct buffer *out, struct slice character, bool is_character)
{
    uint32_t code = is_character ? code_point(character.at, character.len) : 0;

    if (is_command(code)) {
        buffer_add_char(out, '?');
        return 1;
    }
    buffer_add(out, character);
    return width_of(code);
}

/* Returns the locale to go back to. */
static locale_t use_utf8(void)
{
    static locale_t utf8;

    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return uselocale(utf8);
}

size_t shown_add(struct buffer *out, struct slice text, const char *mark)
{
    size_t n_columns = 0, column = 0;
    locale_t before = use_utf8();

    while (text.len) {
        size_t character = character_len(text), len = character ? character : 1;

        if (mark && mark >= text.at && mark < text.at + len)
            column = n_columns;
        n_columns += add_character(out, (struct slice){ text.at, len }, character > 0);
        text = (struct slice){ text.at + len, text.len - len };
    }
    uselocale(before);
    return mark == text.at ? n_columns : column;
}

void shown_begin_field(struct buffer *out, const char *field)
{
    buffer_add_format(out, "%-9s ", field);
}

void shown_add_quantiles(struct buffer *out, const struct metric_spec *spec)
{
    const struct summary_options options = metric_spec_summary(spec);
    unsigned n = options.quantiles.n;

    shown_begin_field(out, "quantiles");
    for (unsigned i = 0; i < n; i++) {
        buffer_add_double(out, options.quantiles.at[i]);
        buffer_add(out, i + 1 < n ? SLICE(", ") : SLICE(" "));
    }
    buffer_add(out, n ? SLICE("of the last ") : SLICE("none, of the last "));
    buffer_add_double(out, (double)options.max_age_ns / 1e9);
    buffer_add_format(out, " s, in %u step%s\n", options.n_ages, options.n_ages > 1 ? "s" : "");
}
