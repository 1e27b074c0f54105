/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Resolve
 *
 * Runs once for each key that a worker has not seen. It escapes names, takes tags apart, sorts
 * labels and renders them, so that the hot path never does any of this. All memory is scratch
 * memory, whose size follows from the limits, so nothing is allocated and nothing can overflow.
 *
 * A refusal is returned through all levels. Each place that refuses notes the fault.
 */

#include "input/resolve.h"

#include "base/treatment.h"
#include "base/utf8.h"
#include "mapping/name.h"

#include <errno.h>
#include <stdlib.h>

struct resolver {
    struct resolve_options options;
    const struct resolve_trace *trace;
    const char *fault;
    struct labeller labeller;
    struct tagged_name name; /* of the current line */
    section_parser *parse_section;
    char *family;   /* the name as it is exposed */
    char *unsplit;  /* the name as it was sent, without a bracket group */
    char *rendered; /* the labels, then each of labels_beside */
    bool are_totals;
};

int resolve_new(struct resolver **ret, const struct resolve_options *options)
{
    CLEANUP(resolve_freep) struct resolver *resolver = calloc(1, sizeof(*resolver));
    const struct line_limits *limits = &options->limits;

    if (!resolver)
        return -ENOMEM;
    resolver->options = *options;
    resolver->family = calloc(1, NAME_WRITTEN_MAX(limits->name));
    resolver->unsplit = calloc(1, limits->line);
    resolver->rendered = calloc(1 + _OWN_LABEL_N, limits->labels_text);
    if (!resolver->family || !resolver->unsplit || !resolver->rendered ||
        labeller_init(&resolver->labeller, limits) < 0)
        return -ENOMEM;
    resolver->labeller.keeps_bare_tags = options->keeps_bare_tags;
    resolver->labeller.renames_scrape_labels = options->renames_scrape_labels;
    *ret = TAKE(resolver);
    return 0;
}

void resolve_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    free(resolver->family);
    free(resolver->unsplit);
    labeller_deinit(&resolver->labeller);
    free(resolver->rendered);
    free(resolver);
}

void resolve_set_trace(struct resolver *resolver, const struct resolve_trace *trace)
{
    resolver->trace = trace;
}

void resolve_set_totals(struct resolver *resolver, bool are_totals)
{
    resolver->are_totals = are_totals;
}

const char *resolve_fault(const struct resolver *resolver)
{
    return resolver->fault;
}

static enum verdict refuse(struct resolver *resolver, enum verdict verdict, const char *fault)
{
    resolver->fault = tags_origin(&resolver->name, fault);
    return verdict;
}

/* Refuse @text unless it is UTF-8. */
static enum verdict check_text(struct resolver *resolver, struct slice text)
{
    size_t n_valid = utf8_valid_prefix(text);

    if (n_valid == text.len)
        return VERDICT_APPLIED;
    return refuse(resolver, REFUSED_MALFORMED_LINE, text.at + n_valid);
}

/* --- labels ------------------------------------------------------------------------ */

/* Add the labels of @tags, which are all of one dialect. */
static enum verdict add_tags(struct resolver *resolver, struct tags tags, struct identity *identity)
{
    struct slice text;
    struct label label;
    struct tag tag;

    while (tags_next(&tags, &tag, &text)) {
        enum tag_fate fate = labeller_add(&resolver->labeller, &tag, &label);

        if (resolver->trace)
            resolver->trace->on_tag(resolver->trace->ctx, &tags, text, fate, &label);
        if (tag_is_beyond_limit(fate))
            return refuse(resolver, REFUSED_LABEL_LIMIT, text.at);
        /* Without the tag, it would end more series than intended. */
        if (fate != TAG_KEPT && identity->type == SAMPLE_END)
            return refuse(resolver, REFUSED_MALFORMED_LINE, text.at);
        identity->n_tag_errors += fate != TAG_KEPT;
    }
    return VERDICT_APPLIED;
}

/* Render the added labels, sorted, to @out. @end is the end of the line. */
static enum verdict render_labels(struct resolver *resolver, const char *end, char *out,
                                  struct slice *ret)
{
    return labeller_write(&resolver->labeller, out, ret)
               ? VERDICT_APPLIED
               : refuse(resolver, REFUSED_LABEL_LIMIT, end);
}

/* Whether a bracket group and what follows the name both have tags of their dialect. */
static bool has_two_dialects(const struct tagged_name *name)
{
    return name->n_tags > 1 && !tags_are_bare(&name->tags[0]) && !tags_are_bare(&name->tags[1]);
}

static bool has_dialect(const struct tagged_name *name)
{
    for (unsigned i = 0; i < name->n_tags; i++)
        if (!tags_are_bare(&name->tags[i]))
            return true;
    return false;
}

/* --- sections ------------------------------------------------------------------------- */

static bool understands(const struct resolver *resolver, enum tag_dialect dialect)
{
    return resolver->options.dialects & 1u << dialect;
}

/* Add a label that is not sent as a tag. */
static enum verdict add_own_tag(struct resolver *resolver, struct tag tag,
                                struct identity *identity)
{
    enum verdict verdict = check_text(resolver, tag.value);
    enum tag_fate fate;
    struct label label;

    if (verdict != VERDICT_APPLIED)
        return verdict;
    fate = labeller_add(&resolver->labeller, &tag, &label);
    if (tag_is_beyond_limit(fate))
        return refuse(resolver, REFUSED_LABEL_LIMIT, tag.value.at);
    identity->n_tag_errors += fate != TAG_KEPT;
    return VERDICT_APPLIED;
}

/* Container IDs come as "ci-ID", or bare from old clients; "in-INODE" is not changed. */
static enum verdict add_container(struct resolver *resolver, struct slice id,
                                  struct identity *identity)
{
    static const struct slice prefix = { "ci-", 3 };
    struct tag tag = { .key = SLICE("container_id"), .value = id };

    if (!resolver->options.has_container_label)
        return VERDICT_APPLIED;
    if (slice_starts_with(id, prefix))
        tag.value = (struct slice){ id.at + prefix.len, id.len - prefix.len };
    return add_own_tag(resolver, tag, identity);
}

static enum verdict add_host(struct resolver *resolver, struct slice host,
                             struct identity *identity)
{
    const struct tag tag = { .key = SLICE("hostname"), .value = host };

    return host.len ? add_own_tag(resolver, tag, identity) : VERDICT_APPLIED;
}

static enum verdict add_tag_section(struct resolver *resolver, struct tags tags,
                                    struct identity *identity)
{
    enum verdict verdict = check_text(resolver, tags.text);

    if (verdict != VERDICT_APPLIED || tags_are_none(tags.text))
        return verdict;
    identity->has_tag_section = true;
    if (has_dialect(&resolver->name) && !tags_are_bare(&tags))
        return refuse(resolver, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return add_tags(resolver, tags, identity);
}

static enum verdict add_section(struct resolver *resolver, struct slice section,
                                struct identity *identity)
{
    struct slice content;
    enum section meaning = resolver->parse_section(section, &content);
    struct tags tags = { TAG_DOGSTATSD, content };
    bool is_good = true;

    if (meaning == SECTION_TAGS && !understands(resolver, TAG_DOGSTATSD))
        meaning = SECTION_UNKNOWN;
    if (meaning == SECTION_RATE) {
        is_good = parse_rate(content, &identity->weight);
        identity->has_colon_rate |= content.len && memchr(content.at, ':', content.len);
    }
    if (resolver->trace)
        resolver->trace->on_section(resolver->trace->ctx, section, meaning, is_good);

    switch (meaning) {
    case SECTION_RATE: identity->has_bad_rate = !is_good; return VERDICT_APPLIED;
    case SECTION_TAGS: return add_tag_section(resolver, tags, identity);
    case SECTION_CONTAINER: return add_container(resolver, content, identity);
    case SECTION_HOST: return add_host(resolver, content, identity);
    case SECTION_UNKNOWN:
        identity->n_unknown_sections++;
        identity->has_cut_tag |= identity->has_tag_section;
        return VERDICT_APPLIED;
    case SECTION_KNOWN: break;
    }
    return VERDICT_APPLIED;
}

/* --- lines ------------------------------------------------------------------------------ */

/* @name is without its tags. */
static enum verdict write_name(struct resolver *resolver, struct slice name,
                               struct identity *identity)
{
    if (name.len > resolver->options.limits.name)
        return refuse(resolver, REFUSED_NAME_LIMIT, name.at + resolver->options.limits.name);
    identity->sent_as = name;
    identity->family = name_write(resolver->family, name);
    return VERDICT_APPLIED;
}

/*
 * Collect the labels of a line on a metric whose own label is @own. @rest is what follows the
 * type.
 */
static enum verdict collect_labels(struct resolver *resolver, struct slice rest, enum own_label own,
                                   struct identity *identity)
{
    const struct tagged_name *name = &resolver->name;
    enum verdict verdict = VERDICT_APPLIED;
    struct slice section;

    labeller_begin(&resolver->labeller, own);
    if (has_two_dialects(name))
        return refuse(resolver, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    for (unsigned i = 0; i < name->n_tags && verdict == VERDICT_APPLIED; i++)
        verdict = add_tags(resolver, name->tags[i], identity);
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        verdict = add_section(resolver, section, identity);
    return verdict;
}

/*
 * The types of the series that an x ends, or of the links in a chain, are not known here. On some
 * of them one label is renamed, so the labels are rendered for each such case, too.
 */
static enum verdict resolve_renamed(struct resolver *resolver, struct slice rest,
                                    struct identity *identity)
{
    const struct resolve_trace *trace = TAKE(resolver->trace);
    enum verdict verdict = VERDICT_APPLIED;
    char *out = resolver->rendered;

    for (unsigned own = 0; own < _OWN_LABEL_N && verdict == VERDICT_APPLIED; own++) {
        struct identity other = { 0 };

        out += resolver->options.limits.labels_text;
        verdict = collect_labels(resolver, rest, (enum own_label)own, &other);
        if (verdict == VERDICT_APPLIED)
            verdict =
                render_labels(resolver, rest.at + rest.len, out, &identity->labels_beside[own]);
    }
    resolver->trace = trace;
    return verdict;
}

static enum verdict resolve_labels(struct resolver *resolver, struct slice rest,
                                   struct identity *identity)
{
    enum own_label own = metric_type_own_label(metric_type_of(identity->type));
    enum verdict verdict = collect_labels(resolver, rest, own, identity);

    if (verdict == VERDICT_APPLIED)
        verdict =
            render_labels(resolver, rest.at + rest.len, resolver->rendered, &identity->labels);
    if (verdict == VERDICT_APPLIED && identity->type == SAMPLE_END)
        verdict = resolve_renamed(resolver, rest, identity);
    return verdict;
}

/* Whether @section becomes labels, but is not UTF-8. */
static bool is_malformed(struct resolver *resolver, struct slice section)
{
    struct slice content;
    enum section meaning = resolver->parse_section(section, &content);
    bool is_used = meaning == SECTION_HOST ||
                   (meaning == SECTION_TAGS && understands(resolver, TAG_DOGSTATSD)) ||
                   (meaning == SECTION_CONTAINER && resolver->options.has_container_label);

    return is_used && check_text(resolver, content) != VERDICT_APPLIED;
}

/*
 * If there are several reasons to refuse a line, the first one in the list of proto/README.md
 * counts, which may come last in the line. So a line that was refused for its name or tags is
 * checked again from the start.
 */
static enum verdict worst_of(struct resolver *resolver, struct slice rest, enum verdict found)
{
    const struct tagged_name *name = &resolver->name;
    const char *fault = resolver->fault;
    struct tags tags = { .dialect = TAG_DOGSTATSD };
    struct slice section;

    for (struct slice at = rest; parse_next_section(&at, &section);)
        if (is_malformed(resolver, section))
            return REFUSED_MALFORMED_LINE;
    resolver->fault = fault;
    if (found == REFUSED_MALFORMED_LINE || found == REFUSED_MIXED_TAGGING_STYLES)
        return found;
    if (has_two_dialects(name))
        return refuse(resolver, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    while (has_dialect(name) && understands(resolver, TAG_DOGSTATSD) &&
           parse_next_section(&rest, &section))
        if (resolver->parse_section(section, &tags.text) == SECTION_TAGS && !tags_are_bare(&tags))
            return refuse(resolver, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return found;
}

/* Begin with a name as it was sent: split off its tags. */
static enum verdict split_name(struct resolver *resolver, struct slice sent,
                               struct identity *identity)
{
    *identity = (struct identity){ .weight = 1 };
    resolver->parse_section = parse_section;
    tags_split_name(sent, resolver->options.dialects, resolver->unsplit, &resolver->name);
    identity->n_tag_errors = resolver->name.odd_bracket ? 1 : 0;
    return resolver->name.name.len ? VERDICT_APPLIED
                                   : refuse(resolver, REFUSED_MALFORMED_LINE, sent.at);
}

/* Cut the type off the front of @rest. Returns false if there is no such type. */
static bool take_type(struct resolver *resolver, struct slice *rest, struct identity *identity)
{
    if (!sample_type_parse(slice_cut(rest, '|'), &identity->type))
        return false;
    if (resolver->trace)
        resolver->trace->on_type(resolver->trace->ctx, identity->type);
    return true;
}

/* Note whether values are running totals. A total is what it is, however seldom it is sent. */
COLD static void read_totals(const struct resolver *resolver, struct identity *identity)
{
    identity->is_absolute =
        treatment_is_absolute(identity->treatment, identity->type, resolver->are_totals);
    if (identity->is_absolute)
        identity->weight = 1;
}

/* Whether they may be; otherwise is_absolute is as it was initialized. */
static bool may_be_totals(const struct resolver *resolver, const struct identity *identity)
{
    return resolver->are_totals || identity->treatment;
}

/* Resolve the rest, once the name is split and the type known. */
static enum verdict resolve_split(struct resolver *resolver, struct slice rest,
                                  struct identity *identity)
{
    const struct tagged_name *name = &resolver->name;
    enum verdict verdict = check_text(resolver, name->sent);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = write_name(resolver, name->name, identity);
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_labels(resolver, rest, identity);
    if (UNLIKELY(may_be_totals(resolver, identity)))
        read_totals(resolver, identity);
    return verdict == VERDICT_APPLIED ? verdict : worst_of(resolver, rest, verdict);
}

enum verdict resolve_line(struct resolver *resolver, const struct line *line, struct identity *ret)
{
    struct slice rest = { line->rest.at + 1, line->rest.len - 1 };
    const char *type = rest.at;
    enum verdict verdict = split_name(resolver, line->name, ret);
    bool is_type = take_type(resolver, &rest, ret);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (!is_type)
        return refuse(resolver, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_END && resolver->name.odd_bracket)
        return refuse(resolver, REFUSED_MALFORMED_LINE, resolver->name.odd_bracket);
    return resolve_split(resolver, rest, ret);
}

/* --- chains --------------------------------------------------------------------------- */

enum verdict resolve_name(struct resolver *resolver, struct slice name, struct identity *ret)
{
    const struct slice nothing = { name.at + name.len, 0 };
    enum verdict verdict = split_name(resolver, name, ret);

    /* Any type without an own label; the further renderings are for the others. */
    ret->type = SAMPLE_GAUGE;
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_split(resolver, nothing, ret);
    return verdict == VERDICT_APPLIED ? resolve_renamed(resolver, nothing, ret) : verdict;
}

enum verdict resolve_link(struct resolver *resolver, const struct identity *name,
                          const struct line *link, struct identity *ret)
{
    struct slice rest = { link->rest.at + 1, link->rest.len - 1 }, section, content;
    const char *type = rest.at;
    enum verdict verdict = VERDICT_APPLIED;

    *ret = *name;
    if (!take_type(resolver, &rest, ret))
        return refuse(resolver, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_END && ret->n_tag_errors)
        return refuse(resolver, REFUSED_MALFORMED_LINE, link->name.at);
    ret->labels = identity_labels_on(name, metric_type_of(ret->type));
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        if (parse_section(section, &content) != SECTION_CONTAINER)
            verdict = add_section(resolver, section, ret);
    if (UNLIKELY(may_be_totals(resolver, ret)))
        read_totals(resolver, ret);
    return verdict;
}

bool resolve_link_is_line(const struct resolver *resolver, const struct line *link)
{
    struct slice rest = link->rest, section, content;

    if (!resolver->options.has_container_label)
        return true;
    while (parse_next_section(&rest, &section))
        if (parse_section(section, &content) == SECTION_CONTAINER)
            return false;
    return true;
}

/* --- parts ------------------------------------------------------------------------------ */

enum verdict resolve_parts(struct resolver *resolver, const struct resolve_parts *parts,
                           struct identity *ret)
{
    *ret = (struct identity){ .type = parts->type, .weight = 1 };
    resolver->name = (struct tagged_name){ .name = parts->name, .sent = parts->name };
    resolver->parse_section = parts->parse_section;
    return resolve_split(resolver, parts->sections, ret);
}
