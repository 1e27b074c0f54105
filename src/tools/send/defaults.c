/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Defaults
 *
 * The first variable that is set and not empty decides where samples go. Tags come from all
 * variables, the most general first, so that for the daemon the last of two with one key wins.
 * Variables named DD_… have the meaning that DogStatsD's clients give them:
 *
 *      https://github.com/DataDog/datadog-go (statsd/statsd.go), DataDog/dogstatsd-ruby
 *      (lib/datadog/statsd/serialization/tag_serializer.rb)
 *
 * The other bundled clients do the same; tests/clients/environment.json has cases for all of them.
 */

#include "tools/send/defaults.h"

#include "base/target.h"
#include "tools/send/encode.h"

#include <stdlib.h>

#define OFF "off"

static const char *const urls[] = { "UDOMETER_URL", "DD_DOGSTATSD_URL" };

static const struct pair {
    const char *host, *port;
} pairs[] = {
    { "DD_AGENT_HOST", "DD_DOGSTATSD_PORT" },
    { "STATSD_HOST", "STATSD_PORT" },
};

static const struct {
    const char *variable;
    struct slice key;
} single_tags[] = {
    { "DD_ENV", { "env", 3 } },
    { "DD_SERVICE", { "service", 7 } },
    { "DD_VERSION", { "version", 7 } },
};

/* Empty counts as unset (config/environment.c). */
static const char *value_of(const char *variable)
{
    const char *value = getenv(variable);

    return value && value[0] ? value : NULL;
}

void defaults_deinit(struct defaults *defaults)
{
    buffer_deinit(&defaults->url);
    buffer_deinit(&defaults->tags);
}

/* --- where to ------------------------------------------------------------------------- */

/*
 * The port in a variable. Kubernetes sets STATSD_PORT=udp://10.0.0.11:8125 for a service named
 * "statsd"; that is not meant here.
 */
static const char *port_of(const char *variable)
{
    const char *port = value_of(variable);

    return port && !strstr(port, "://") ? port : TARGET_DEFAULT_PORT;
}

static bool is_port(const char *text)
{
    size_t len = strlen(text);
    long port = strtol(text, NULL, 10);

    return len <= 5 && strspn(text, "0123456789") == len && port >= 1 && port <= 65535;
}

/* An IPv6 address may be without brackets here, as Kubernetes' status.hostIP is. */
static bool add_host(struct buffer *url, const struct pair *pair, const char *host,
                     struct problems *problems)
{
    const char *port = port_of(pair->port), *colon = strchr(host, ':');
    bool is_bare = host[0] != '[' && colon && strchr(colon + 1, ':');
    bool has_port = host[0] == '[' ? strstr(host, "]:") != NULL : colon && !is_bare;

    if (has_port) {
        buffer_add_format(url, "udp://%s", host);
        return true;
    }
    buffer_add_format(url, is_bare ? "udp://[%s]:%s" : "udp://%s:%s", host, port);
    if (!is_port(port))
        problems_add(problems, PLACE_NONE, "%s=%s: expected a port, from 1 to 65535", pair->port,
                     port);
    return is_port(port);
}

static bool add_host_or_url(struct buffer *url, const struct pair *pair, const char *host,
                            struct problems *problems)
{
    if (!strstr(host, "://"))
        return add_host(url, pair, host, problems);
    buffer_add(url, slice_of(host));
    return true;
}

/* Find the variable that decides. */
static bool read_url(struct defaults *ret, struct problems *problems)
{
    const char *value = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(urls) && !value; i++) {
        ret->source = urls[i];
        value = value_of(urls[i]);
    }
    if (value) {
        buffer_add(&ret->url, slice_of(value));
        ret->value = slice_of(value);
        return true;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
        value = value_of(pairs[i].host);
        if (!value)
            continue;
        ret->source = pairs[i].host;
        ret->value = slice_of(value);
        return add_host_or_url(&ret->url, &pairs[i], value, problems);
    }
    ret->source = NULL;
    buffer_add(&ret->url, SLICE("udp://" TARGET_DEFAULT));
    return true;
}

static bool read_prefix(struct defaults *ret, const char *flag, struct problems *problems)
{
    const char *prefix = flag ? flag : value_of("UDOMETER_PREFIX");
    struct slice before = flag ? SLICE("--prefix=") : SLICE("UDOMETER_PREFIX=");

    if (prefix)
        ret->prefix = slice_of(prefix);
    if (ret->prefix.len <= DEFAULTS_PREFIX_MAX)
        return true;
    problems_add_value(problems, PLACE_NONE, before, ret->prefix,
                       SLICE("expected at most 512 bytes"));
    return false;
}

bool defaults_init(struct defaults *ret, const char *url, const char *prefix,
                   struct problems *problems)
{
    bool is_good;

    *ret = (struct defaults){ 0 };
    is_good = read_prefix(ret, prefix, problems);
    if (url)
        buffer_add(&ret->url, slice_of(url));
    else if (!read_url(ret, problems))
        is_good = false;
    buffer_add_char(&ret->url, '\0');
    if (!ret->url.has_failed)
        return is_good;
    problems_add(problems, PLACE_NONE, "out of memory");
    return false;
}

bool defaults_are_off(const struct defaults *defaults)
{
    return slice_equal(buffer_text(&defaults->url), (struct slice){ OFF, sizeof(OFF) });
}

/* --- tags ----------------------------------------------------------------------------- */

/* Returns false, and adds nothing, if it is beyond the limits. */
static bool add_tag(struct defaults *defaults, struct slice key, struct slice value)
{
    size_t len_before = defaults->tags.len;

    if (len_before)
        buffer_add_char(&defaults->tags, ',');
    encode_tag(&defaults->tags, key, value);
    if (defaults->n_tags < DEFAULTS_TAGS_MAX && defaults->tags.len <= DEFAULTS_TAGS_BYTES_MAX) {
        defaults->n_tags++;
        return true;
    }
    defaults->tags.len = len_before;
    return false;
}

/* Add the tag "key=value" or "key:value". Returns what is wrong with it, or NULL. */
static const char *add_tag_of(struct defaults *defaults, struct slice part)
{
    struct slice value = part, by_equals = slice_cut(&value, '=');
    struct slice other_value = part, by_colon = slice_cut(&other_value, ':');
    bool has_colon = by_colon.len < by_equals.len;
    struct slice key = slice_trim(has_colon ? by_colon : by_equals);

    value = slice_trim(has_colon ? other_value : value);
    if (!key.len || !value.len)
        return "expected key=value or key:value, and a comma between two";
    return add_tag(defaults, key, value) ? NULL : "expected at most 32 tags, and 640 bytes";
}

/* Add the tags in @text. If @source is not NULL, a part that is not a tag is a problem. */
static void add_list(struct defaults *defaults, const char *text, char separator,
                     const char *source, struct problems *problems)
{
    struct slice rest = slice_of(text);

    while (rest.len) {
        struct slice part = slice_trim(slice_cut(&rest, separator));
        const char *wrong = part.len ? add_tag_of(defaults, part) : NULL;

        if (wrong && source)
            problems_add(problems, PLACE_NONE, "%s=%s: %.*s: %s", source, text, (int)part.len,
                         part.at, wrong);
    }
}

bool defaults_read_tags(struct defaults *defaults, const char *flag, struct problems *problems)
{
    unsigned n_before = problems->n;
    const char *dd_tags = value_of("DD_TAGS"), *own = value_of("UDOMETER_TAGS");

    if (dd_tags)
        add_list(defaults, dd_tags, strchr(dd_tags, ',') ? ',' : ' ', NULL, problems);
    for (unsigned i = 0; i < ARRAY_SIZE(single_tags); i++) {
        const char *value = value_of(single_tags[i].variable);

        if (value && slice_trim(slice_of(value)).len)
            (void)add_tag(defaults, single_tags[i].key, slice_trim(slice_of(value)));
    }
    if (flag)
        add_list(defaults, flag, ',', "--tags", problems);
    else if (own)
        add_list(defaults, own, ',', "UDOMETER_TAGS", problems);
    if (defaults->tags.has_failed)
        problems_add(problems, PLACE_NONE, "out of memory");
    return problems->n == n_before;
}

bool defaults_have_tag(const struct defaults *defaults, struct slice key)
{
    struct slice rest = buffer_text(&defaults->tags);

    while (rest.len) {
        struct slice tag = slice_cut(&rest, ',');

        if (slice_equal(slice_cut(&tag, ':'), key))
            return true;
    }
    return false;
}
