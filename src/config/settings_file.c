/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings file
 *
 * The file's tree is walked twice: first into settings that are discarded, to find every
 * problem; then, if there was none, into the caller's settings. The name of a setting grows
 * with each map that the walk enters:
 *
 *      statsd:            name "statsd"
 *        ttl: 5m          name "statsd.ttl", value "5m"
 *
 * A map is entered only if some setting's name begins with the name so far and a dot. So the
 * table, not the file, bounds the depth of the walk.
 */

#include "config/settings_file.h"

#include "base/spelling.h"
#include "config/document.h"
#include "config/foreign.h"
#include "config/names_file.h"

#include <errno.h>

#define NAME_MAX_LEN 127

struct walk {
    struct settings *settings;
    struct problems *problems;
    char name[NAME_MAX_LEN]; /* of the current value, with dots */
    size_t name_len;
    bool is_set[OPTIONS_MAX];
};

static struct slice name_of(const struct walk *walk)
{
    return (struct slice){ walk->name, walk->name_len };
}

/* Add the problem "NAME: @what". */
static void complain(struct walk *walk, struct place place, const char *what)
{
    problems_add(walk->problems, place, "%.*s: %s", (int)walk->name_len, walk->name, what);
}

/* --- unknown names --------------------------------------------------------------- */

/* The setting of this name, if a file may set it. */
static const struct option *find_option(struct slice name)
{
    const struct option *option = option_find(&settings_table, name);

    return option && option->lowest_source <= OPTION_FILE ? option : NULL;
}

/* The section of a name: "statsd" for "statsd.ttl", "" for "workers". */
static struct slice section_of(struct slice name)
{
    const char *dot = memrchr(name.at, '.', name.len);

    return (struct slice){ name.at, dot ? (size_t)(dot - name.at) : 0 };
}

/* The setting, or for a map the section, whose name is most similar to this one. */
static struct slice find_nearest(struct slice name, bool is_map)
{
    struct spelling spelling;

    spelling_init(&spelling, name);
    for (unsigned i = 0; i < settings_table.n; i++) {
        struct slice known = slice_of(settings_table.options[i].name);

        if (find_option(known))
            spelling_try(&spelling, is_map ? section_of(known) : known);
    }
    for (unsigned i = 0; i < names_file_table.n; i++)
        spelling_try(&spelling, slice_of(names_file_table.fields[i].key));
    return spelling.nearest;
}

static void complain_of_unknown(struct walk *walk, const struct node *value)
{
    const char *what = value->shape == NODE_MAP ? "unknown section" : "unknown setting";
    const char *advice = foreign_key_advice(name_of(walk));
    struct slice nearest = SLICE("");

    if (option_find(&settings_table, name_of(walk))) {
        problems_add(walk->problems, value->key->place, "%.*s: cannot be set in a file; use --%.*s",
                     (int)walk->name_len, walk->name, (int)walk->name_len, walk->name);
        return;
    }
    if (advice) {
        complain(walk, value->key->place, advice);
        return;
    }
    /* Comparing with all names is slow, and the text would not be kept. */
    if (!problems_are_many(walk->problems))
        nearest = find_nearest(name_of(walk), value->shape == NODE_MAP);
    if (nearest.len)
        problems_add(walk->problems, value->key->place, "%.*s: %s; did you mean %.*s?",
                     (int)walk->name_len, walk->name, what, (int)nearest.len, nearest.at);
    else
        problems_add(walk->problems, value->key->place, "%.*s: %s; see udometer --help",
                     (int)walk->name_len, walk->name, what);
}

/* --- values ---------------------------------------------------------------------- */

/* Note where the listeners of @option are from, of which the first @n were there before. */
static void place_listeners(struct walk *walk, const struct option *option, unsigned n,
                            struct place place)
{
    struct option_list *list = (struct option_list *)((char *)walk->settings + option->offset);

    if (option->form != &value_listener_address && option->form != &value_listener_path)
        return;
    for (unsigned i = n; i < list->n; i++)
        ((struct value_listener *)list->items)[i].place = place;
}

/* The number of values that the file has set before. */
static unsigned count_set(const struct walk *walk, const struct option *option)
{
    const struct option_list *list =
        (const struct option_list *)((const char *)walk->settings + option->offset);

    return option->is_list && list->source == OPTION_FILE ? list->n : 0;
}

/* Returns what option_set() returns. */
static int set_value(struct walk *walk, const struct option *option, const struct node *value)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    unsigned n = count_set(walk, option);
    int r = option_set(option, walk->settings, value->text.at, OPTION_FILE, &wrong);

    place_listeners(walk, option, n, value->place);
    if (r < 0) {
        buffer_add_format(&before, "%s: ", option->name);
        problems_add_value(walk->problems, value->place, buffer_text(&before), value->text,
                           buffer_text(&wrong));
    }
    return r;
}

static void set_list(struct walk *walk, const struct option *option, const struct node *list)
{
    int r = 0;

    if (!option->is_list) {
        complain(walk, list->place, "expected one value, not a list");
        return;
    }
    if (!list->first)
        complain(walk, list->place, "expected at least one value in this list");
    /* Report only the first value beyond the maximum. */
    for (const struct node *value = list->first; value && r != -E2BIG; value = value->next) {
        if (value->shape == NODE_SCALAR)
            r = set_value(walk, option, value);
        else
            complain(walk, value->place, "expected a plain value in this list");
    }
}

static void set(struct walk *walk, const struct option *option, const struct node *value)
{
    switch (value->shape) {
    case NODE_SCALAR: (void)set_value(walk, option, value); break;
    case NODE_LIST: set_list(walk, option, value); break;
    case NODE_MAP:
        complain(walk, value->place,
                 option->is_list ? "expected a list, not a map" : "expected one value, not a map");
        break;
    }
}

/* --- the walk -------------------------------------------------------------------- */

static void walk_map(struct walk *walk, const struct node *map);

/* Check and set the value that has the current name. */
static void walk_value(struct walk *walk, const struct node *value)
{
    const struct option *option = find_option(name_of(walk));
    bool *is_set = option ? &walk->is_set[option_index(&settings_table, option)] : NULL;

    if (value->is_repeated || (is_set && *is_set)) {
        complain(walk, value->key->place, "is set twice in this file");
    } else if (option) {
        *is_set = true;
        walk->settings->places[option_index(&settings_table, option)] = value->key->place;
        set(walk, option, value);
    } else if (!option_has_prefix(&settings_table, name_of(walk))) {
        complain_of_unknown(walk, value);
    } else if (value->shape != NODE_MAP) {
        complain(walk, value->place, "expected a map of settings");
    } else {
        walk_map(walk, value);
    }
}

/* Append @key to the name. Returns false if the name would be too long. */
static bool enter(struct walk *walk, struct slice key)
{
    size_t dot = walk->name_len ? 1 : 0;

    if (key.len > NAME_MAX_LEN - dot - walk->name_len)
        return false;
    if (dot)
        walk->name[walk->name_len++] = '.';
    memcpy(walk->name + walk->name_len, key.at, key.len);
    walk->name_len += key.len;
    return true;
}

static void walk_map(struct walk *walk, const struct node *map)
{
    size_t len = walk->name_len;

    for (const struct node *value = map->first; value; value = value->next) {
        /* What the file says about names is read elsewhere. */
        if (len == 0 && names_file_has_key(value->key->text))
            continue;
        if (enter(walk, value->key->text))
            walk_value(walk, value);
        else
            problems_add(walk->problems, value->key->place, "no setting has a name this long");
        walk->name_len = len;
    }
}

static void walk_document(const struct document *document, struct settings *settings,
                          struct problems *problems)
{
    struct walk walk = { .settings = settings, .problems = problems };
    const struct node *root = document_root(document);

    if (root && root->shape == NODE_MAP)
        walk_map(&walk, root);
    else if (root)
        problems_add(problems, root->place, "expected settings, NAME: VALUE");
}

bool settings_file_apply(struct settings *settings, const struct document *document,
                         struct problems *problems)
{
    CLEANUP(settings_deinit) struct settings checked = { 0 };
    unsigned n_before = problems->n;

    if (settings_init(&checked) < 0)
        problems_add(problems, PLACE_NONE, "out of memory");
    if (problems->n == n_before)
        walk_document(document, &checked, problems);
    if (problems->n == n_before)
        walk_document(document, settings, problems);
    return problems->n == n_before;
}
