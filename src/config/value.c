/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Value
 *
 * Each form is read strictly: every byte must be part of the value. The
 * error sentence is made from the same range that the value is checked against, so the two
 * cannot differ.
 */

#include "config/value.h"

#include "base/address.h"
#include "base/pages.h"
#include "base/target.h"
#include "base/unix.h"
#include "base/utf8.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

int value_refuse(struct buffer *wrong, const char *what)
{
    buffer_add_format(wrong, "expected %s", what);
    return -EINVAL;
}

int value_refuse_for_memory(struct buffer *wrong)
{
    buffer_add_literal(wrong, "out of memory");
    return -ENOMEM;
}

int value_refuse_address(struct buffer *wrong, int error)
{
    if (error == -E2BIG)
        buffer_add_format(wrong, "this host has more than %d addresses", ADDRESSES_MAX);
    else
        buffer_add(wrong, slice_of(address_error(error)));
    return error == -ENOMEM ? -ENOMEM : -EINVAL;
}

/* --- texts --------------------------------------------------------------------------- */

int value_read_text(void *to, const char *text, const struct value_range *range,
                    struct buffer *wrong)
{
    char **value = to, *copy = strdup(text);

    if (!copy)
        return value_refuse_for_memory(wrong);
    free(*value);
    *value = copy;
    return 0;
}

void value_write_text(const void *value, const struct value_range *range, struct buffer *out)
{
    const char *const *text = value;

    if (*text)
        buffer_add(out, slice_of(*text));
}

void value_free_text(void *value)
{
    char **text = value;

    free(TAKE(*text));
}

static int read_page(void *to, const char *text, const struct value_range *range,
                     struct buffer *wrong)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=";

    if (text[0] != '/' || strspn(text, characters) != strlen(text) || strlen(text) > 200)
        return value_refuse(wrong, "a path like /metrics, of letters, digits and -._~/=");
    if (pages_include(text))
        return value_refuse(wrong, "a path like /metrics or /api/v1/metrics; this one is, or may "
                                   "become, another page of udometer");
    return value_read_text(to, text, range, wrong);
}

static int read_page_or_none(void *to, const char *text, const struct value_range *range,
                             struct buffer *wrong)
{
    return text[0] ? read_page(to, text, range, wrong) : value_read_text(to, text, range, wrong);
}

/*
 * Returns as value_reader. A name is not looked up. @expected is what to write if @text has another
 * form.
 */
static int check_address(const char *text, const char *expected, struct buffer *wrong)
{
    int r = address_check(text);

    if (r == -EINVAL)
        return value_refuse(wrong, expected);
    return r < 0 ? value_refuse_address(wrong, r) : 0;
}

static int read_address(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    int r =
        check_address(text, "HOST:PORT, for example 127.0.0.1:9102, [::1]:9102 or :9102", wrong);

    return r < 0 ? r : value_read_text(to, text, range, wrong);
}

int value_read_udp_or_tcp(void *to, const char *text, const struct value_range *range,
                          struct buffer *wrong)
{
    int r =
        check_address(text, "HOST:PORT, for example 127.0.0.1:8125, [::1]:8125 or :8125", wrong);

    return r < 0 ? r : value_read_text(to, text, range, wrong);
}

int value_read_socket_path(void *to, const char *text, const struct value_range *range,
                           struct buffer *wrong)
{
    struct address address;

    if (strstr(text, "://"))
        return value_refuse(wrong, "only the path of a socket, without what is before it in a URL");
    if (unix_address(&address, text) < 0 || !utf8_is_valid(slice_of(text)))
        return value_refuse(wrong, "the path of a socket, or @ and an abstract name, at most 107 "
                                   "bytes of UTF-8");
    return value_read_text(to, text, range, wrong);
}

#define TEXT_READ_BY(reader)                                                                       \
    {                                                                                              \
        .size = sizeof(char *), .read = (reader), .write = value_write_text,                       \
        .deinit = value_free_text                                                                  \
    }

const struct value_form value_text = TEXT_READ_BY(value_read_text);
const struct value_form value_page = TEXT_READ_BY(read_page);
const struct value_form value_page_or_none = TEXT_READ_BY(read_page_or_none);
const struct value_form value_address = TEXT_READ_BY(read_address);

/* --- numbers ------------------------------------------------------------------------- */

/* A unit that a text may have. They are listed from the smallest to the largest. */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit units[][4] = {
    [VALUE_PLAIN] = { { "", 1 } },
    [VALUE_BYTES] = { { "", 1 },
                      { "KiB", UINT64_C(1) << 10 },
                      { "MiB", UINT64_C(1) << 20 },
                      { "GiB", UINT64_C(1) << 30 } },
    [VALUE_SECONDS] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } },
};

/* Read the digits at the start of @text; *@ret_rest is what follows them. */
static bool read_digits(const char *text, uint64_t *ret, const char **ret_rest)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    *ret_rest = end;
    return errno == 0;
}

/* Read digits and one of the units. */
static bool read_amount(const char *text, enum value_unit unit, uint64_t *ret)
{
    const char *rest;
    uint64_t number;

    if (!read_digits(text, &number, &rest))
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(units[unit]) && units[unit][i].name; i++)
        if (strcmp(rest, units[unit][i].name) == 0)
            return !__builtin_mul_overflow(number, units[unit][i].factor, ret);
    return false;
}

/* Write @number in the largest unit of which it is a multiple, and 0 in the smallest. */
static void write_amount(uint64_t number, enum value_unit unit, struct buffer *out)
{
    const struct unit *best = &units[unit][0];

    for (unsigned i = 1; i < ARRAY_SIZE(units[unit]) && units[unit][i].name; i++)
        if (number > 0 && number % units[unit][i].factor == 0)
            best = &units[unit][i];
    buffer_add_format(out, "%" PRIu64 "%s", number / best->factor, best->name);
}

int value_refuse_number(struct buffer *wrong, const struct value_range *range,
                        const char *alternative)
{
    static const char *const beginnings[] = {
        [VALUE_PLAIN] = "a whole number from ",
        [VALUE_BYTES] = "a size from ",
        [VALUE_SECONDS] = "a duration like 90s, 15m, 12h or 7d",
    };

    buffer_add_format(wrong, "expected %s%s", alternative, beginnings[range->unit]);
    if (range->unit != VALUE_SECONDS) {
        write_amount(range->least, range->unit, wrong);
        buffer_add_literal(wrong, " to ");
        write_amount(range->most, range->unit, wrong);
    }
    if (range->unit == VALUE_BYTES)
        buffer_add_literal(wrong, ", in bytes or with KiB, MiB or GiB");
    if (range->zero)
        buffer_add(wrong, slice_of(range->zero));
    return -EINVAL;
}

static bool is_within(uint64_t number, const struct value_range *range)
{
    return number <= range->most && (number >= range->least || (number == 0 && range->zero));
}

bool value_parse_number(uint64_t *ret, const char *text, const struct value_range *range)
{
    uint64_t number;

    if (!read_amount(text, range->unit, &number) || !is_within(number, range))
        return false;
    *ret = number;
    return true;
}

static int read_number(void *to, const char *text, const struct value_range *range,
                       struct buffer *wrong)
{
    return value_parse_number(to, text, range) ? 0 : value_refuse_number(wrong, range, "");
}

static void write_number(const void *value, const struct value_range *range, struct buffer *out)
{
    uint64_t number = *(const uint64_t *)value;

    if (is_within(number, range))
        write_amount(number, range->unit, out);
}

const struct value_form value_number = {
    .size = sizeof(uint64_t),
    .read = read_number,
    .write = write_number,
};

/* --- words --------------------------------------------------------------------------- */

/* "debug, info, warn or error" */
static int refuse_word(struct buffer *wrong, const struct value_range *range)
{
    const char *separator = "expected ";

    for (unsigned i = 0; i < range->n_words; i++) {
        if (!range->words[i])
            continue;
        buffer_add_format(wrong, "%s%s", separator, range->words[i]);
        separator = i + 2 < range->n_words ? ", " : " or ";
    }
    return -EINVAL;
}

static int read_word(void *to, const char *text, const struct value_range *range,
                     struct buffer *wrong)
{
    for (unsigned i = 0; i < range->n_words; i++) {
        if (range->words[i] && strcmp(text, range->words[i]) == 0) {
            *(unsigned *)to = i;
            return 0;
        }
    }
    return refuse_word(wrong, range);
}

static int read_switch(void *to, const char *text, const struct value_range *range,
                       struct buffer *wrong)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return value_refuse(wrong, "true or false");
    *(bool *)to = text[0] == 't';
    return 0;
}

static void write_word(const void *value, const struct value_range *range, struct buffer *out)
{
    unsigned i = *(const unsigned *)value;

    if (i < range->n_words && range->words[i])
        buffer_add(out, slice_of(range->words[i]));
}

static void write_switch(const void *value, const struct value_range *range, struct buffer *out)
{
    buffer_add(out, *(const bool *)value ? SLICE("true") : SLICE("false"));
}

const struct value_form value_word = {
    .size = sizeof(unsigned),
    .read = read_word,
    .write = write_word,
};

const struct value_form value_switch = {
    .size = sizeof(bool),
    .read = read_switch,
    .write = write_switch,
};

/* --- file attributes ----------------------------------------------------------------- */

static int read_mode(void *to, const char *text, const struct value_range *range,
                     struct buffer *wrong)
{
    size_t n_digits = strspn(text, "01234567");

    if (n_digits < 3 || n_digits > 4 || text[n_digits] || (n_digits == 4 && text[0] != '0'))
        return value_refuse(wrong, "a file mode in octal, like 0660");
    *(mode_t *)to = (mode_t)strtoul(text, NULL, 8);
    return 0;
}

static void write_mode(const void *value, const struct value_range *range, struct buffer *out)
{
    buffer_add_format(out, "%04o", *(const mode_t *)value);
}

/* There is no @what, a user or group, called @name; NULL: the form is wrong. */
static int refuse_owner(struct buffer *wrong, const char *what, const char *name)
{
    buffer_add_literal(wrong, "expected USER, USER:GROUP or :GROUP, as names or numbers");
    if (name)
        buffer_add_format(wrong, "; there is no %s %s", what, name);
    return -EINVAL;
}

/* Read a numeric ID; false if @text is not one. */
static bool read_id(const char *text, uint32_t *ret)
{
    const char *rest;
    uint64_t value;

    if (!read_digits(text, &value, &rest) || *rest || value >= UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static bool read_user(const char *text, uid_t *ret)
{
    const struct passwd *found = read_id(text, ret) ? NULL : getpwnam(text);

    if (found)
        *ret = found->pw_uid;
    return found || read_id(text, ret);
}

static bool read_group(const char *text, gid_t *ret)
{
    const struct group *found = read_id(text, ret) ? NULL : getgrnam(text);

    if (found)
        *ret = found->gr_gid;
    return found || read_id(text, ret);
}

static int read_owner(void *to, const char *text, const struct value_range *range,
                      struct buffer *wrong)
{
    struct value_owner owner = { (uid_t)-1, (gid_t)-1 };
    char *user = strdup(text), *group = user ? strchr(user, ':') : NULL;
    int r = 0;

    if (!user)
        return value_refuse_for_memory(wrong);
    if (group)
        *group++ = '\0';
    if (group && strchr(group, ':'))
        r = refuse_owner(wrong, NULL, NULL);
    else if (user[0] && !read_user(user, &owner.user))
        r = refuse_owner(wrong, "user", user);
    else if (group && !read_group(group, &owner.group))
        r = refuse_owner(wrong, "group", group);
    free(user);
    if (r == 0)
        *(struct value_owner *)to = owner;
    return r;
}

static void write_owner(const void *value, const struct value_range *range, struct buffer *out)
{
    const struct value_owner *owner = value;

    if (owner->user != (uid_t)-1)
        buffer_add_format(out, "%u", owner->user);
    if (owner->group != (gid_t)-1)
        buffer_add_format(out, ":%u", owner->group);
}

const struct value_form value_file_mode = {
    .size = sizeof(mode_t),
    .read = read_mode,
    .write = write_mode,
};

const struct value_form value_file_owner = {
    .size = sizeof(struct value_owner),
    .read = read_owner,
    .write = write_owner,
};
