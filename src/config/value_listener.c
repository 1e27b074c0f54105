/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Value listener
 *
 * A table of the traits: reading, writing and the error sentence follow from it.
 */

#include "config/value_listener.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const struct {
    const char *name;
    const char *words[2];
    size_t at; /* the offset of a struct value_trait */
} traits[] = {
    { "dialect", { "statsd", "dogstatsd" }, offsetof(struct value_listener, dialect) },
    { "counter", { "increment", "absolute" }, offsetof(struct value_listener, counter) },
    { "counter-sender", { "host", "socket" }, offsetof(struct value_listener, sender) },
};

static struct value_trait *trait_at(struct value_listener *listener, size_t i)
{
    return (struct value_trait *)((char *)listener + traits[i].at);
}

/* Set the trait that @text is, "dialect=statsd". Returns false if there is no such, or a second. */
static bool read_trait(struct slice text, struct value_listener *ret)
{
    struct slice name = slice_cut(&text, '=');

    for (size_t i = 0; i < ARRAY_SIZE(traits); i++) {
        struct value_trait *trait = trait_at(ret, i);

        if (trait->is_set || !slice_equal(name, slice_of(traits[i].name)))
            continue;
        trait->is_other = slice_equal(text, slice_of(traits[i].words[1]));
        trait->is_set = trait->is_other || slice_equal(text, slice_of(traits[i].words[0]));
        return trait->is_set;
    }
    return false;
}

static int refuse_traits(struct buffer *wrong)
{
    buffer_add_literal(wrong,
                       "expected nothing after the address, or one or more, joined by &, of");
    for (size_t i = 0; i < ARRAY_SIZE(traits); i++)
        buffer_add_format(wrong, "%s %s%s=%s|%s", i ? "," : "", i ? "" : "?", traits[i].name,
                          traits[i].words[0], traits[i].words[1]);
    return -EINVAL;
}

/* Read what follows an address: nothing, or '?' and traits. */
static int read_traits(const char *text, struct value_listener *ret, struct buffer *wrong)
{
    struct slice rest = slice_of(text[0] ? text + 1 : text);

    if (text[0] && (rest.len == 0 || rest.at[rest.len - 1] == '&'))
        return refuse_traits(wrong);
    while (rest.len)
        if (!read_trait(slice_cut(&rest, '&'), ret))
            return refuse_traits(wrong);
    return 0;
}

static void deinit(void *value)
{
    struct value_listener *listener = value;

    value_free_text(&listener->address);
}

static int read_listener(struct value_listener *to, const char *text, value_reader *read_place,
                         struct buffer *wrong)
{
    struct value_listener listener = { 0 };
    char *address = strdup(text), *after = address ? strchrnul(address, '?') : NULL;
    int r;

    if (!address)
        return value_refuse_for_memory(wrong);
    r = read_traits(after, &listener, wrong);
    *after = '\0';
    if (r == 0)
        r = read_place(&listener.address, address, NULL, wrong);
    free(address);
    if (r < 0)
        return r;
    deinit(to);
    *to = listener;
    return 0;
}

static int read_at_address(void *to, const char *text, const struct value_range *range,
                           struct buffer *wrong)
{
    return read_listener(to, text, value_read_udp_or_tcp, wrong);
}

static int read_at_path(void *to, const char *text, const struct value_range *range,
                        struct buffer *wrong)
{
    return read_listener(to, text, value_read_socket_path, wrong);
}

static void write_listener(const void *value, const struct value_range *range, struct buffer *out)
{
    struct value_listener listener = *(const struct value_listener *)value;
    char separator = '?';

    value_write_text(&listener.address, range, out);
    for (size_t i = 0; i < ARRAY_SIZE(traits); i++) {
        const struct value_trait *trait = trait_at(&listener, i);

        if (!trait->is_set)
            continue;
        buffer_add_format(out, "%c%s=%s", separator, traits[i].name,
                          traits[i].words[trait->is_other]);
        separator = '&';
    }
}

const struct value_form value_listener_address = {
    .size = sizeof(struct value_listener),
    .read = read_at_address,
    .write = write_listener,
    .deinit = deinit,
};

const struct value_form value_listener_path = {
    .size = sizeof(struct value_listener),
    .read = read_at_path,
    .write = write_listener,
    .deinit = deinit,
};
