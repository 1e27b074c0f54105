/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Setting kinds
 *
 * Each function reads one kind of value, strictly: what is not wholly understood is a
 * mistake, and the sentence about it says what would be right.
 */

#include "config/setting_kinds.h"

#include "base/address.h"
#include "base/utf8.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

static const char no_memory[] = "no memory for it";
static const char expected_address[] =
    "expected HOST:PORT, for example 127.0.0.1:8125 or [::1]:0, with a host that is known here";

const char *set_text(void *to, const char *text, enum settings_source source)
{
    char **value = to, *copy = strdup(text);

    if (!copy)
        return no_memory;
    free(*value);
    *value = copy;
    return NULL;
}

const char *set_address(void *to, const char *text, enum settings_source source)
{
    struct address address;

    return address_parse(&address, text) < 0 ? expected_address : set_text(to, text, source);
}

const char *set_path(void *to, const char *text, enum settings_source source)
{
    static const char taken[] = "/-/", also_taken[] = "/api/";
    static const char path_characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=";

    if (text[0] != '/' || text[1] == '\0' || strncmp(text, taken, strlen(taken)) == 0 ||
        strncmp(text, also_taken, strlen(also_taken)) == 0 ||
        strspn(text, path_characters) != strlen(text) || strlen(text) > 200)
        return "expected a path like /metrics of letters, digits and -._~/=, not below /-/ or "
               "/api/";
    return set_text(to, text, source);
}

void settings_list_clear(struct settings_list *list)
{
    for (unsigned i = 0; i < list->n; i++)
        free(list->items[i].address);
    list->n = 0;
}

/* Read what may follow an address, "?dialect=WORD", into @listener; false if it is wrong. */
static bool read_dialect(const char *text, struct listener *listener)
{
    listener->has_dialect = text[0] != '\0';
    listener->is_dogstatsd = strcmp(text, "?dialect=dogstatsd") == 0;
    return !listener->has_dialect || listener->is_dogstatsd || strcmp(text, "?dialect=statsd") == 0;
}

/* Add one listener, whose address @set_one checks. */
static const char *add_listener(struct settings_list *list, const char *text, setting_kind *set_one)
{
    struct listener *listener = &list->items[list->n];
    const char *problem;
    char *address = strdup(text), *options = address ? strchrnul(address, '?') : NULL;

    if (list->n == SETTINGS_LISTENERS_MAX) {
        free(address);
        return "expected at most 16 of them";
    }
    if (!address)
        return no_memory;
    *listener = (struct listener){ 0 };
    if (!read_dialect(options, listener)) {
        problem = "expected ?dialect=statsd or ?dialect=dogstatsd, or nothing, behind the address";
    } else {
        *options = '\0';
        problem = set_one(&listener->address, address, list->source);
    }
    free(address);
    if (!problem)
        list->n++;
    return problem;
}

/* One listener, or several with commas between them; the same source may go on with more. */
static const char *add_listeners(struct settings_list *list, const char *text,
                                 enum settings_source source, setting_kind *set_one)
{
    const char *problem = NULL;
    char *copy = strdup(text), *rest = copy, *item;

    if (!copy)
        return no_memory;
    if (list->source != source)
        settings_list_clear(list);
    list->source = source;
    /* An empty text is no listener: so it can be switched off. */
    while (text[0] && !problem && (item = strsep(&rest, ",")))
        problem = add_listener(list, item, set_one);
    free(copy);
    return problem;
}

const char *set_addresses(void *to, const char *text, enum settings_source source)
{
    return add_listeners(to, text, source, set_address);
}

static const char *set_socket_path(void *to, const char *text, enum settings_source source)
{
    if (text[0] == '\0' || strlen(text) > 107 || !utf8_is_valid(slice_of(text)))
        return "expected the path of a socket, of at most 107 bytes of UTF-8";
    return set_text(to, text, source);
}

const char *set_socket_paths(void *to, const char *text, enum settings_source source)
{
    return add_listeners(to, text, source, set_socket_path);
}

/* Read a whole number at the beginning of @text; what follows it is in @ret_rest. */
static bool read_number(const char *text, uint64_t *ret, const char **ret_rest)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    *ret_rest = end;
    return errno == 0;
}

/* A number and one of @n units. */
struct unit {
    const char *name;
    uint64_t factor;
};

static bool read_with_unit(const char *text, const struct unit *units, unsigned n, uint64_t *ret)
{
    uint64_t number;
    const char *rest;

    if (!read_number(text, &number, &rest))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(rest, units[i].name) == 0)
            return !__builtin_mul_overflow(number, units[i].factor, ret);
    return false;
}

const char *set_bytes(void *to, const char *text, enum settings_source source)
{
    static const struct unit units[] = { { "", 1 },
                                         { "KiB", UINT64_C(1) << 10 },
                                         { "MiB", UINT64_C(1) << 20 },
                                         { "GiB", UINT64_C(1) << 30 } };
    uint64_t value;

    if (!read_with_unit(text, units, ARRAY_SIZE(units), &value) || value < 4096 ||
        value > UINT64_C(1) << 40)
        return "expected a size from 4KiB to 1024GiB, in bytes or with KiB, MiB or GiB";
    *(uint64_t *)to = value;
    return NULL;
}

/* A size that has to fit into the int of a socket option, and be doubled there. */
const char *set_socket_bytes(void *to, const char *text, enum settings_source source)
{
    uint64_t value;
    const char *problem = set_bytes(&value, text, source);

    if (problem || value > UINT64_C(1) << 30)
        return "expected a size from 4KiB to 1GiB, in bytes or with KiB, MiB or GiB";
    *(uint64_t *)to = value;
    return NULL;
}

const char *set_duration(void *to, const char *text, enum settings_source source)
{
    static const struct unit units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    uint64_t value;

    if (!read_with_unit(text, units, ARRAY_SIZE(units), &value) || value > 1000000000)
        return "expected a duration like 90s, 15m, 12h or 7d; 0s means for ever";
    *(uint64_t *)to = value;
    return NULL;
}

const char *setting_set_number(uint64_t *to, const char *text, uint64_t min, uint64_t max,
                               const char *expected)
{
    uint64_t value;
    const char *rest;

    if (!read_number(text, &value, &rest) || *rest || value < min || value > max)
        return expected;
    *to = value;
    return NULL;
}

const char *set_count(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 1, 1000000000,
                              "expected a whole number from 1 to 1000000000");
}

#define DEFINE_UP_TO(max)                                                                          \
    const char *set_up_to_##max(void *to, const char *text, enum settings_source source)           \
    {                                                                                              \
        return setting_set_number(to, text, 1, max, "expected a whole number from 1 to " #max);    \
    }

DEFINE_UP_TO(256)
DEFINE_UP_TO(1024)
DEFINE_UP_TO(4096)
DEFINE_UP_TO(16384)
DEFINE_UP_TO(65536)
DEFINE_UP_TO(1048576)

const char *set_workers(void *to, const char *text, enum settings_source source)
{
    return setting_set_number(to, text, 0, 64,
                              "expected a whole number from 1 to 64, or 0 to let it choose");
}

const char *set_mode(void *to, const char *text, enum settings_source source)
{
    size_t n_digits = strspn(text, "01234567");

    if (n_digits < 3 || n_digits > 4 || text[n_digits] || (n_digits == 4 && text[0] != '0'))
        return "expected the mode of a file in octal, like 0660";
    *(uint64_t *)to = strtoul(text, NULL, 8);
    return NULL;
}

/* An ID as a number; false if @text is none. */
static bool read_id(const char *text, uint32_t *ret)
{
    uint64_t value;
    const char *rest;

    if (!read_number(text, &value, &rest) || *rest || value >= UINT32_MAX)
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

const char *set_owner(void *to, const char *text, enum settings_source source)
{
    static const char expected[] = "expected USER, USER:GROUP or :GROUP, by names or numbers";
    struct settings_owner owner = { (uid_t)-1, (gid_t)-1 };
    char *user = strdup(text), *group = user ? strchr(user, ':') : NULL;
    bool is_good = true;

    if (!user)
        return no_memory;
    if (group)
        *group++ = '\0';
    if (user[0])
        is_good = read_user(user, &owner.user);
    if (is_good && group)
        is_good = read_group(group, &owner.group);
    free(user);
    if (!is_good)
        return expected;
    *(struct settings_owner *)to = owner;
    return NULL;
}

const char *set_dialect(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "statsd") != 0 && strcmp(text, "dogstatsd") != 0)
        return "expected statsd or dogstatsd";
    *(bool *)to = text[0] == 'd';
    return NULL;
}

const char *set_log_level(void *to, const char *text, enum settings_source source)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *(enum log_level *)to = (enum log_level)i;
            return NULL;
        }
    }
    return "expected debug, info, warn or error";
}

const char *set_log_format(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "logfmt") != 0 && strcmp(text, "json") != 0)
        return "expected logfmt or json";
    *(enum log_format *)to = text[0] == 'j' ? LOG_JSON : LOG_LOGFMT;
    return NULL;
}

const char *set_switch(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return "expected true or false";
    *(bool *)to = text[0] == 't';
    return NULL;
}
