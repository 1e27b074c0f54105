/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Profiles
 *
 * DogStatsD tries its rules in the order of the file, whether they are wildcards or regexes, and
 * each must match the whole name. Wildcards are globs whose '*' need not be a whole segment. So a
 * rule becomes a glob if all rules of all profiles can be globs, and else a regex.
 *
 * Source: https://docs.datadoghq.com/developers/dogstatsd/dogstatsd_mapper/, and comp/dogstatsd/
 * mapper of https://github.com/DataDog/datadog-agent.
 */

#include "config/profiles.h"

#include "base/labels.h"

struct profile_nodes {
    const struct node *name, *prefix, *mappings;
};

struct entry_nodes {
    const struct node *match, *match_type, *name, *tags;
};

enum match_type {
    WILDCARD,
    REGEX,
};

static const char *const match_types[] = { [WILDCARD] = "wildcard", [REGEX] = "regex", NULL };

#define FIELD_NODES struct entry_nodes
static const struct field entry_fields[] = {
    { "match", FIELD_TEXT, FIELD(match), "names that the rule is for, whole" },
    { "match_type", FIELD_WORD, FIELD(match_type), "how match is written", .words = match_types },
    { "name", FIELD_TEXT, FIELD(name), "name of the metric; $1 is what the first * matched" },
    { "tags", FIELD_ENTRIES, FIELD(tags), "labels to set; $1 as in the name", .item = FIELD_TEXT },
};
static const struct field_table entry_table = FIELD_TABLE(entry_fields, "a rule of a profile");
#undef FIELD_NODES

#define FIELD_NODES struct profile_nodes
static const struct field profile_fields[] = {
    { "name", FIELD_TEXT, FIELD(name), "of the profile, for people" },
    { "prefix", FIELD_TEXT, FIELD(prefix), "how all names begin that the rules are for; *: any" },
    { "mappings", FIELD_LIST, FIELD(mappings), "rules; the first that matches wins",
      .table = &entry_table },
};
const struct field_table profiles_table = FIELD_TABLE(profile_fields, "a profile of rules");
#undef FIELD_NODES

struct reading {
    struct draft *draft;
    const struct field_reader *reader;
    const struct mapping_defaults *defaults;
    struct slice prefix; /* of the profile; empty: any */
    bool makes_globs;    /* all rules are globs */
};

/* --- globs or regexes ------------------------------------------------------------------- */

/* Whether each '*' is a whole segment. */
static bool is_glob(struct slice match)
{
    for (size_t i = 0; i < match.len; i++)
        if (match.at[i] == '*' &&
            ((i > 0 && match.at[i - 1] != '.') || (i + 1 < match.len && match.at[i + 1] != '.')))
            return false;
    return true;
}

/* The text that all names begin with which a wildcard matches. */
static struct slice literal_beginning(struct slice match)
{
    const char *star = match.len ? memchr(match.at, '*', match.len) : NULL;

    return (struct slice){ match.at, star ? (size_t)(star - match.at) : match.len };
}

static const struct node *find(const struct node *map, struct slice key)
{
    const struct node *found = NULL;

    for (const struct node *value = map->shape == NODE_MAP ? map->first : NULL; value;
         value = value->next)
        if (slice_equal(value->key->text, key))
            found = value;
    return found && found->shape == NODE_SCALAR ? found : NULL;
}

/* Whether the rule can be a glob: a wildcard that matches no name without the prefix. */
static bool can_be_glob(const struct node *entry, struct slice prefix)
{
    const struct node *match = find(entry, SLICE("match"));
    const struct node *type = find(entry, SLICE("match_type"));

    if (!match || (type && slice_equal(type->text, SLICE("regex"))))
        return !match;
    return is_glob(match->text) && slice_starts_with(literal_beginning(match->text), prefix);
}

static struct slice prefix_of(const struct node *profile)
{
    const struct node *prefix = find(profile, SLICE("prefix"));

    return !prefix || slice_equal(prefix->text, SLICE("*")) ? SLICE("") : prefix->text;
}

static bool can_be_globs(const struct node *profiles)
{
    for (const struct node *profile = profiles->first; profile; profile = profile->next) {
        const struct node *entries = NULL;

        for (const struct node *value = profile->shape == NODE_MAP ? profile->first : NULL; value;
             value = value->next)
            if (slice_equal(value->key->text, SLICE("mappings")))
                entries = value;
        for (const struct node *entry = entries ? entries->first : NULL; entry; entry = entry->next)
            if (!can_be_glob(entry, prefix_of(profile)))
                return false;
    }
    return true;
}

/* --- a rule ----------------------------------------------------------------------------- */

static void add_wildcard(struct slice match, struct buffer *out)
{
    for (size_t i = 0; i < match.len; i++) {
        if (match.at[i] == '*')
            buffer_add_literal(out, "([^.]*)");
        else if (match.at[i] == '.')
            buffer_add_literal(out, "\\.");
        else
            buffer_add_char(out, match.at[i]);
    }
}

/* Whether a wildcard has only what DogStatsD allows. */
static bool check_wildcard(const struct reading *reading, const struct node *match)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_*.";
    const char *wrong = NULL;

    if (strspn(match->text.at, allowed) != match->text.len)
        wrong = "expected letters, digits, and any of - _ * .; or write match_type: regex";
    else if (strstr(match->text.at, "**"))
        wrong = "expected no two * in a row; one stands for any text without a dot";
    if (wrong)
        problems_add_value(reading->draft->problems, match->place, SLICE("match: "), match->text,
                           slice_of(wrong));
    return !wrong;
}

/* Set syntax and match. Returns false after adding a problem. */
static bool set_match(const struct reading *reading, const struct entry_nodes *nodes,
                      struct rule *rule)
{
    CLEANUP(buffer_deinit) struct buffer regex = { 0 };
    bool is_regex = nodes->match_type && field_word(match_types, nodes->match_type) == REGEX;

    if (!is_regex && !check_wildcard(reading, nodes->match))
        return false;
    rule->prefix = draft_copy(reading->draft, reading->prefix);
    if (reading->makes_globs) {
        rule->match = draft_copy(reading->draft, nodes->match->text);
        return true;
    }
    buffer_add_char(&regex, '^');
    if (is_regex)
        buffer_add(&regex, nodes->match->text);
    else
        add_wildcard(nodes->match->text, &regex);
    buffer_add_char(&regex, '$');
    reading->draft->has_failed |= regex.has_failed;
    rule->syntax = RULE_REGEX;
    rule->match = draft_copy(reading->draft, buffer_text(&regex));
    return true;
}

static bool is_of_reference(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/*
 * A copy of a template with each $1 as ${1}, which means the same in globs and regexes whatever
 * follows it. In a name, dots become '_'.
 */
static struct slice copy_template(struct draft *draft, struct slice text, bool is_name)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    for (size_t i = 0; i < text.len; i++) {
        size_t n = 0;

        while (text.at[i] == '$' && i + 1 + n < text.len && is_of_reference(text.at[i + 1 + n]))
            n++;
        if (n) {
            buffer_add_format(&out, "${%.*s}", (int)n, text.at + i + 1);
            i += n;
        } else {
            buffer_add_char(&out, is_name && text.at[i] == '.' ? '_' : text.at[i]);
        }
    }
    draft->has_failed |= out.has_failed;
    return draft_copy(draft, buffer_text(&out));
}

static void set_label(const struct reading *reading, struct rule *rule, struct rule_label *label,
                      const struct node *tag)
{
    struct draft *draft = reading->draft;
    struct slice sent = tag->key->text;

    if (tag->shape != NODE_SCALAR) {
        problems_add(draft->problems, tag->place, "%.*s: expected one value for this tag",
                     (int)sent.len, sent.at);
        return;
    }
    label->name = draft_name(draft, sent);
    label->value = copy_template(draft, tag->text, false);
    rule->n_labels++;
}

static void set_labels(const struct reading *reading, const struct node *tags, struct rule *rule)
{
    struct rule_label *labels;
    size_t n = 0;

    for (const struct node *tag = tags ? tags->first : NULL; tag; tag = tag->next)
        n += !tag->is_repeated;
    if (n > LABELS_MAX) {
        problems_add(reading->draft->problems, tags->place, "tags: expected at most %d",
                     LABELS_MAX);
        return;
    }
    labels = n ? draft_alloc(reading->draft, n * sizeof(*labels)) : NULL;
    if (!labels)
        return;
    rule->labels = labels;
    for (const struct node *tag = tags->first; tag; tag = tag->next)
        if (!tag->is_repeated)
            set_label(reading, rule, &labels[rule->n_labels], tag);
}

static void add_rule(struct draft *draft, const struct rule *rule,
                     const struct draft_rule_nodes *nodes)
{
    struct rule *kept = draft_add(draft, &draft->rules, sizeof(*kept));
    struct draft_rule_nodes *kept_nodes =
        kept ? draft_add(draft, &draft->nodes, sizeof(*kept_nodes)) : NULL;

    if (kept_nodes) {
        *kept = *rule;
        *kept_nodes = *nodes;
    } else {
        draft->rules.n = draft->nodes.n;
    }
}

static bool require(const struct reading *reading, const struct node *value, const struct node *map,
                    const char *what)
{
    if (value && value->text.len)
        return true;
    problems_add(reading->draft->problems, value ? value->place : map->place, "%s", what);
    return false;
}

static void read_entry(const struct reading *reading, const struct node *node)
{
    struct draft *draft = reading->draft;
    struct entry_nodes nodes;
    struct metric_spec spec;
    struct rule rule = { .file = draft->file,
                         .line = node->place.line,
                         .column = node->place.column,
                         .observer = reading->defaults->observer };

    if (!field_read_item(reading->reader, &entry_table, node, &nodes))
        return;
    if (!require(reading, nodes.match, node,
                 "match: is missing; write the names that the rule is for, such as match: "
                 "\"bot.*.routes\"") ||
        !require(reading, nodes.name, node,
                 "name: is missing; write the metric's name, such as name: bot.routes") ||
        !set_match(reading, &nodes, &rule))
        return;
    rule.name = copy_template(draft, nodes.name->text, true);
    set_labels(reading, nodes.tags, &rule);
    spec = reading->defaults->spec;
    if (!spec.observer)
        spec.observer = draft->observer;
    rule.spec = draft_keep_spec(draft, &spec);
    add_rule(draft, &rule,
             &(struct draft_rule_nodes){ .path = draft->problems->path,
                                         .rule = node,
                                         .match = nodes.match,
                                         .name = nodes.name,
                                         .labels = nodes.tags });
}

/* --- profiles --------------------------------------------------------------------------- */

static void read_profile(struct reading *reading, const struct node *node)
{
    struct profile_nodes nodes;

    if (!field_read_item(reading->reader, &profiles_table, node, &nodes) ||
        !require(reading, nodes.prefix, node,
                 "prefix: is missing; write how the names begin, or prefix: \"*\" for all names"))
        return;
    reading->prefix = prefix_of(node);
    for (const struct node *entry = nodes.mappings ? nodes.mappings->first : NULL; entry;
         entry = entry->next)
        read_entry(reading, entry);
}

void profiles_read(struct draft *draft, const struct field_reader *reader,
                   const struct mapping_defaults *defaults, const struct node *list)
{
    struct reading reading = { .draft = draft, .reader = reader, .defaults = defaults };

    if (!list)
        return;
    reading.makes_globs = can_be_globs(list);
    for (const struct node *profile = list->first; profile; profile = profile->next)
        read_profile(&reading, profile);
}
