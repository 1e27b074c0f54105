/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regex class
 *
 * Sets of characters mean other things to PCRE2 and to Go: \s, \v, properties, and what may stand
 * in brackets. So they are written as ranges of code points, which leave no room for that.
 */

#include "base/regex_class.h"

/* A set of ASCII characters. */
struct ascii_set {
    const char *name;
    const char *ranges; /* pairs of the first and the last character */
};

static const struct ascii_set perl_sets[] = {
    { "d", "09" },
    { "s", "\t\n\f\r  " },
    { "w", "09AZ__az" },
};

static const struct ascii_set posix_sets[] = {
    { "alnum", "09AZaz" },   { "alpha", "AZaz" },
    { "ascii", "\1\x7f" }, /* and NUL, see read_ranges() */
    { "blank", "\t\t  " },   { "cntrl", "\1\x1f\x7f\x7f" },
    { "digit", "09" },       { "graph", "!~" },
    { "lower", "az" },       { "print", " ~" },
    { "punct", "!/:@[`{~" }, { "space", "\t\r  " },
    { "upper", "AZ" },       { "word", "09AZ__az" },
    { "xdigit", "09AFaf" },
};

/* The general categories that Go knows. */
static const char *const categories[] = {
    "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",  "Mc", "Me", "Mn", "N",  "Nd",
    "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S",  "Sc",
    "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs", "Cc", "Cf", "Co", "Cs", "Any",
};

/* --- escapes --------------------------------------------------------------------------- */

/* What Go has not, though PCRE2 or Perl have it: the letter, and what it is. */
static const struct {
    char letter;
    const char *what;
} foreign_escapes[] = {
    { 'k', "a back reference" },
    { 'g', "a back reference or a call of a group" },
    { 'K', "a reset of the start of the match" },
    { 'R', "any line break" },
    { 'X', "an extended grapheme cluster" },
    { 'G', "the end of the last match" },
    { 'Z', "the end before a last line feed; write \\z or $" },
    { 'C', "a single byte" },
    { 'h', "horizontal space; write [ \\t]" },
    { 'H', "all but horizontal space; write [^ \\t]" },
    { 'V', "all but vertical space" },
    { 'N', "all but a line feed; write ." },
    { 'E', "the end of a quotation without a \\Q" },
};

static bool refuse_escape(struct regex_parser *parser, size_t at)
{
    struct slice rest = { parser->pattern.at + at, parser->pattern.len - at };

    if (rest.len == 1)
        return regex_refuse(parser, at, "a backslash at the end escapes nothing");
    if (rest.at[1] >= '1' && rest.at[1] <= '9')
        return regex_refuse(parser, at, "\\%c is a back reference, which Go's regexp does not have",
                            rest.at[1]);
    for (size_t i = 0; i < ARRAY_SIZE(foreign_escapes); i++)
        if (foreign_escapes[i].letter == rest.at[1])
            return regex_refuse(parser, at, "\\%c (%s) is not in Go's regexp", rest.at[1],
                                foreign_escapes[i].what);
    if (rest.at[1] > ' ' && rest.at[1] < 0x7f)
        return regex_refuse(parser, at, "\\%c means nothing to Go's regexp here", rest.at[1]);
    return regex_refuse(parser, at, "this character cannot be escaped");
}

static int hex_value(uint32_t c)
{
    if (c >= '0' && c <= '9')
        return (int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (int)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (int)(c - 'A') + 10 : -1;
}

/* After \x: two digits, or any number in braces. */
static bool parse_hex(struct regex_parser *parser, size_t begin, uint32_t *ret)
{
    bool has_brace = regex_sees(parser, SLICE("{"));
    size_t n = 0;

    *ret = 0;
    parser->at += has_brace;
    for (; regex_rest(parser).len && (has_brace || n < 2); n++) {
        int value = hex_value((unsigned char)regex_rest(parser).at[0]);

        if (value < 0)
            break;
        *ret = *ret * 16 + (uint32_t)value;
        if (*ret > 0x10ffff)
            return regex_refuse(parser, begin, "there is no character of this number");
        parser->at++;
    }
    if (n == 0 || (has_brace ? !regex_sees(parser, SLICE("}")) : n < 2))
        return regex_refuse(parser, begin, "\\x needs two hexadecimal digits, or some in braces");
    parser->at += has_brace;
    return true;
}

static bool is_octal(struct slice rest)
{
    return rest.len && rest.at[0] >= '0' && rest.at[0] <= '7';
}

static uint32_t parse_octal(struct regex_parser *parser, uint32_t first)
{
    uint32_t value = first - '0';

    for (int i = 0; i < 2 && is_octal(regex_rest(parser)); i++)
        value = value * 8 + regex_take_char(parser) - '0';
    return value;
}

bool regex_parse_escape(struct regex_parser *parser, uint32_t *ret)
{
    size_t begin = parser->at++;
    uint32_t c;

    if (parser->at == parser->pattern.len)
        return refuse_escape(parser, begin);
    c = regex_take_char(parser);
    switch (c) {
    case 'a': *ret = '\a'; return true;
    case 'f': *ret = '\f'; return true;
    case 'n': *ret = '\n'; return true;
    case 'r': *ret = '\r'; return true;
    case 't': *ret = '\t'; return true;
    case 'v': *ret = '\v'; return true;
    case 'x': return parse_hex(parser, begin, ret);
    default: break;
    }
    if (c == '0' || (c >= '1' && c <= '7' && is_octal(regex_rest(parser)))) {
        *ret = parse_octal(parser, c);
        return true;
    }
    *ret = c;
    if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return refuse_escape(parser, begin);
    return true;
}

/* --- sets ------------------------------------------------------------------------------- */

static void write_range(struct regex_parser *parser, uint32_t first, uint32_t last)
{
    if (first > last)
        return;
    regex_write_char(parser, first);
    if (first == last)
        return;
    buffer_add_char(parser->out, '-');
    regex_write_char(parser, last);
}

static void read_ranges(const struct ascii_set *set, bool has[128])
{
    /* Only these have NUL, which would end their ranges. */
    has[0] = strcmp(set->name, "ascii") == 0 || strcmp(set->name, "cntrl") == 0;
    for (const char *range = set->ranges; *range; range += 2)
        for (unsigned c = (unsigned char)range[0]; c <= (unsigned char)range[1]; c++)
            has[c] = true;
}

/*
 * The complement of a set, as Go makes it when case does not matter: first upper and lower case are
 * added, and then it is inverted. Two characters that are not ASCII are cases of s and k.
 */
static void write_complement(struct regex_parser *parser, bool has[128])
{
    bool folds = parser->flags & REGEX_FOLD;

    for (int c = 'a'; folds && c <= 'z'; c++)
        has[c] = has[c - 'a' + 'A'] = has[c] || has[c - 'a' + 'A'];
    for (int c = 0; c < 128; c++)
        has[c] = !has[c];
    if (!folds || has['s']) {
        write_range(parser, 0x80, 0x10ffff);
        return;
    }
    write_range(parser, 0x80, 0x17e);
    write_range(parser, 0x180, 0x2129);
    write_range(parser, 0x212b, 0x10ffff);
}

static void write_set(struct regex_parser *parser, const struct ascii_set *set, bool is_negated)
{
    bool has[128] = { false };
    uint32_t end;

    read_ranges(set, has);
    if (is_negated)
        write_complement(parser, has);
    for (uint32_t c = 0; c < 128; c = end) {
        for (end = c; end < 128 && has[end]; end++)
            ;
        if (end > c)
            write_range(parser, c, end - 1);
        else
            end++;
    }
}

static const struct ascii_set *find_set(const struct ascii_set *sets, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(slice_of(sets[i].name), name))
            return &sets[i];
    return NULL;
}

/* --- properties ------------------------------------------------------------------------- */

static bool is_category(struct slice name)
{
    for (size_t i = 0; i < ARRAY_SIZE(categories); i++)
        if (slice_equal(slice_of(categories[i]), name))
            return true;
    return false;
}

/* A script's name as Go writes it, such as Old_Italic. PCRE2 finds out whether it exists. */
static bool may_be_script(struct slice name)
{
    if (name.len < 2 || name.at[0] < 'A' || name.at[0] > 'Z')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!(name.at[i] >= 'A' && name.at[i] <= 'Z') &&
            !(name.at[i] >= 'a' && name.at[i] <= 'z') && name.at[i] != '_')
            return false;
    return true;
}

static bool is_cased(struct slice name)
{
    return slice_equal(name, SLICE("Lu")) || slice_equal(name, SLICE("Ll")) ||
           slice_equal(name, SLICE("Lt"));
}

static void write_property(struct regex_parser *parser, struct slice name, bool is_negated)
{
    const char *prefix = is_category(name) ? "" : "sc:";
    char p = is_negated ? 'P' : 'p';

    /* In Go, C has no unassigned characters. */
    if (slice_equal(name, SLICE("C"))) {
        if (is_negated)
            buffer_add_literal(parser->out, "\\P{C}\\p{Cn}");
        else
            buffer_add_literal(parser->out, "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}");
        return;
    }
    /* PCRE2 would tell upper from lower case here even if case does not matter. */
    if (parser->flags & REGEX_FOLD && is_cased(name))
        name = SLICE("L&");
    buffer_add_format(parser->out, "\\%c{%s%.*s}", p, name.at[name.len - 1] == '&' ? "" : prefix,
                      (int)name.len, name.at);
}

/* After \p or \P: a letter, or a name in braces. */
static bool parse_property(struct regex_parser *parser, size_t begin, bool is_negated)
{
    struct slice rest = regex_rest(parser), name = { rest.at, 1 };
    const char *brace;

    if (rest.len == 0)
        return regex_refuse(parser, begin, "\\p needs a letter, or a name in braces");
    if (rest.at[0] == '{') {
        brace = memchr(rest.at, '}', rest.len);
        if (!brace)
            return regex_refuse(parser, begin, "the brace of \\p{ is not closed");
        name = (struct slice){ rest.at + 1, (size_t)(brace - rest.at) - 1 };
    }
    parser->at += name.len + (rest.at[0] == '{' ? 2 : 0);
    if (name.len && name.at[0] == '^') {
        is_negated = !is_negated;
        name = (struct slice){ name.at + 1, name.len - 1 };
    }
    if (!slice_equal(name, SLICE("C")) && !is_category(name) && !may_be_script(name))
        return regex_refuse(
            parser, begin,
            "Go's regexp knows categories such as Lu and scripts such as Greek, but not this");
    write_property(parser, name, is_negated);
    return true;
}

int regex_parse_set(struct regex_parser *parser)
{
    struct slice rest = regex_rest(parser);
    const struct ascii_set *set;
    size_t begin = parser->at;
    char letter;

    if (rest.len < 2 || rest.at[0] != '\\')
        return 0;
    letter = rest.at[1];
    if (letter == 'p' || letter == 'P') {
        parser->at += 2;
        return parse_property(parser, begin, letter == 'P') ? 1 : -1;
    }
    set = find_set(perl_sets, ARRAY_SIZE(perl_sets),
                   (struct slice){ (char[]){ (char)(letter | 0x20) }, 1 });
    if (!set || !(letter & 0x40))
        return 0;
    parser->at += 2;
    write_set(parser, set, !(letter & 0x20));
    return 1;
}

/* --- brackets --------------------------------------------------------------------------- */

/* [:alpha:] or [:^alpha:] in brackets; the results of regex_parse_set(). */
static int parse_posix_set(struct regex_parser *parser)
{
    struct slice rest = regex_rest(parser), name;
    const struct ascii_set *set;
    const char *end;
    bool is_negated;

    if (rest.len < 3 || !slice_starts_with(rest, SLICE("[:")))
        return 0;
    end = memmem(rest.at + 2, rest.len - 2, ":]", 2);
    if (!end)
        return 0;
    name = (struct slice){ rest.at + 2, (size_t)(end - rest.at) - 2 };
    is_negated = name.len && name.at[0] == '^';
    if (is_negated)
        name = (struct slice){ name.at + 1, name.len - 1 };
    set = find_set(posix_sets, ARRAY_SIZE(posix_sets), name);
    if (!set)
        return regex_refuse(parser, parser->at, "there is no class of this name") ? 1 : -1;
    parser->at += (size_t)(end - rest.at) + 2;
    write_set(parser, set, is_negated);
    return 1;
}

static bool parse_class_char(struct regex_parser *parser, size_t begin, uint32_t *ret)
{
    if (parser->at == parser->pattern.len)
        return regex_refuse(parser, begin, "this bracket is not closed");
    if (parser->pattern.at[parser->at] == '\\')
        return regex_parse_escape(parser, ret);
    *ret = regex_take_char(parser);
    return true;
}

/* A character, or a range. */
static bool parse_class_range(struct regex_parser *parser, size_t begin)
{
    size_t at = parser->at;
    struct slice rest;
    uint32_t first = 0, last;

    if (!parse_class_char(parser, begin, &first))
        return false;
    last = first;
    rest = regex_rest(parser);
    if (rest.len >= 2 && rest.at[0] == '-' && rest.at[1] != ']') {
        parser->at++;
        if (!parse_class_char(parser, begin, &last))
            return false;
        if (last < first)
            return regex_refuse(parser, at, "this range ends before it begins");
    }
    write_range(parser, first, last);
    return true;
}

bool regex_parse_class(struct regex_parser *parser)
{
    size_t begin = parser->at++;
    bool is_first = true;
    int found;

    buffer_add_char(parser->out, '[');
    if (regex_sees(parser, SLICE("^"))) {
        buffer_add_char(parser->out, '^');
        parser->at++;
    }
    for (; is_first || !regex_sees(parser, SLICE("]")); is_first = false) {
        found = parse_posix_set(parser);
        if (found == 0)
            found = regex_parse_set(parser);
        if (found < 0 || (found == 0 && !parse_class_range(parser, begin)))
            return false;
    }
    parser->at++;
    buffer_add_char(parser->out, ']');
    return true;
}
