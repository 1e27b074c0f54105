/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapping
 *
 * Runs once for each key a worker has not seen: here is where names are escaped,
 * tags are taken apart, and labels are sorted and rendered, so that the hot path
 * never does any of it. All memory is scratch, sized for what the limits allow,
 * so nothing is allocated and nothing can overflow.
 *
 * A refusal is returned through all levels; each place that refuses notes the byte.
 */

#include "input/mapping.h"

#include "base/utf8.h"
#include "mapping/name.h"

#include <errno.h>
#include <stdlib.h>

struct mapping {
    struct mapping_options options;
    const struct mapping_trace *trace;
    const char *fault;
    struct labeller labeller;
    struct tagged_name name; /* of the line at hand */
    char *family;            /* the name as Prometheus is shown it */
    char *unsplit;           /* the name as it was sent, without a bracket group */
    char *rendered;          /* the labels; of an expiry, also as they would be on a histogram */
};

int mapping_new(struct mapping **ret, const struct mapping_options *options)
{
    CLEANUP(mapping_freep) struct mapping *mapping = calloc(1, sizeof(*mapping));
    const struct line_limits *limits = &options->limits;

    if (!mapping)
        return -ENOMEM;
    mapping->options = *options;
    mapping->family = calloc(1, NAME_WRITTEN_MAX(limits->name));
    mapping->unsplit = calloc(1, limits->line);
    mapping->rendered = calloc(2, limits->labels_text);
    if (!mapping->family || !mapping->unsplit || !mapping->rendered ||
        labeller_init(&mapping->labeller, limits, options->keeps_bare_tags) < 0)
        return -ENOMEM;
    *ret = TAKE(mapping);
    return 0;
}

void mapping_free(struct mapping *mapping)
{
    if (!mapping)
        return;
    free(mapping->family);
    free(mapping->unsplit);
    labeller_deinit(&mapping->labeller);
    free(mapping->rendered);
    free(mapping);
}

void mapping_set_trace(struct mapping *mapping, const struct mapping_trace *trace)
{
    mapping->trace = trace;
}

const char *mapping_fault(const struct mapping *mapping)
{
    return mapping->fault;
}

static enum verdict refuse(struct mapping *mapping, enum verdict verdict, const char *fault)
{
    mapping->fault = tags_origin(&mapping->name, fault);
    return verdict;
}

/* Refuse @text unless it is UTF-8. */
static enum verdict check_text(struct mapping *mapping, struct slice text)
{
    size_t n_valid = utf8_valid_prefix(text);

    if (n_valid == text.len)
        return VERDICT_APPLIED;
    return refuse(mapping, REFUSED_MALFORMED_LINE, text.at + n_valid);
}

/* --- labels ------------------------------------------------------------------------ */

/* Add the labels of some tags, all of one dialect. */
static enum verdict add_tags(struct mapping *mapping, struct tags tags, struct identity *identity)
{
    struct slice text;
    struct label label;
    struct tag tag;

    while (tags_next(&tags, &tag, &text)) {
        enum tag_fate fate = labeller_add(&mapping->labeller, &tag, identity->type, &label);

        if (mapping->trace)
            mapping->trace->on_tag(mapping->trace->ctx, &tags, text, fate, &label);
        if (fate == TAG_BEYOND_LIMIT)
            return refuse(mapping, REFUSED_LABEL_LIMIT, text.at);
        /* Without the tag, it would end more than was meant. */
        if (fate != TAG_KEPT && identity->type == SAMPLE_EXPIRE)
            return refuse(mapping, REFUSED_MALFORMED_LINE, text.at);
        identity->n_tag_errors += fate != TAG_KEPT;
    }
    return VERDICT_APPLIED;
}

/* Render what was added, in order, at @out. @end is where the line ends. */
static enum verdict render_labels(struct mapping *mapping, const char *end, char *out,
                                  struct slice *ret)
{
    return labeller_write(&mapping->labeller, out, ret) ? VERDICT_APPLIED
                                                        : refuse(mapping, REFUSED_LABEL_LIMIT, end);
}

/* --- sections ------------------------------------------------------------------------- */

static bool understands(const struct mapping *mapping, enum tag_dialect dialect)
{
    return mapping->options.dialects & 1u << dialect;
}

/* Add a label that is not sent as a tag. */
static enum verdict add_own_tag(struct mapping *mapping, struct tag tag, struct identity *identity)
{
    enum verdict verdict = check_text(mapping, tag.value);
    enum tag_fate fate;
    struct label label;

    if (verdict != VERDICT_APPLIED)
        return verdict;
    fate = labeller_add(&mapping->labeller, &tag, identity->type, &label);
    if (fate == TAG_BEYOND_LIMIT)
        return refuse(mapping, REFUSED_LABEL_LIMIT, tag.value.at);
    identity->n_tag_errors += fate != TAG_KEPT;
    return VERDICT_APPLIED;
}

/* Container IDs come as "ci-ID", or bare from old clients; "in-INODE" is left as it is. */
static enum verdict add_container(struct mapping *mapping, struct slice id,
                                  struct identity *identity)
{
    static const struct slice prefix = { "ci-", 3 };
    struct tag tag = { .key = SLICE("container_id"), .value = id };

    if (!mapping->options.has_container_label)
        return VERDICT_APPLIED;
    if (slice_starts_with(id, prefix))
        tag.value = (struct slice){ id.at + prefix.len, id.len - prefix.len };
    return add_own_tag(mapping, tag, identity);
}

static enum verdict add_tag_section(struct mapping *mapping, struct tags tags,
                                    struct identity *identity)
{
    enum verdict verdict = check_text(mapping, tags.text);

    if (verdict != VERDICT_APPLIED || tags_are_none(tags.text))
        return verdict;
    if (mapping->name.n_tags)
        return refuse(mapping, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return add_tags(mapping, tags, identity);
}

static enum verdict add_section(struct mapping *mapping, struct slice section,
                                struct identity *identity)
{
    struct slice content;
    enum section kind = parse_section(section, &content);
    struct tags tags = { TAG_DOGSTATSD, content };
    bool is_good = true;

    if (kind == SECTION_TAGS && !understands(mapping, TAG_DOGSTATSD))
        kind = SECTION_UNKNOWN;
    if (kind == SECTION_RATE) {
        is_good = parse_rate(content, &identity->weight);
        identity->has_colon_rate |= content.len && memchr(content.at, ':', content.len);
    }
    if (mapping->trace)
        mapping->trace->on_section(mapping->trace->ctx, section, kind, is_good);

    switch (kind) {
    case SECTION_RATE: identity->has_bad_rate = !is_good; return VERDICT_APPLIED;
    case SECTION_TAGS: return add_tag_section(mapping, tags, identity);
    case SECTION_CONTAINER: return add_container(mapping, content, identity);
    case SECTION_UNKNOWN: identity->n_unknown_sections++; return VERDICT_APPLIED;
    case SECTION_KNOWN: break;
    }
    return VERDICT_APPLIED;
}

/* --- lines ------------------------------------------------------------------------------ */

/* @name is what is left of it without its tags. */
static enum verdict resolve_name(struct mapping *mapping, struct slice name,
                                 struct identity *identity)
{
    if (name.len > mapping->options.limits.name)
        return refuse(mapping, REFUSED_NAME_LIMIT, name.at + mapping->options.limits.name);
    identity->sent_as = name;
    identity->family = name_write(mapping->family, name);
    return VERDICT_APPLIED;
}

/* Collect the labels of a line. @rest is what stands behind the type. */
static enum verdict collect_labels(struct mapping *mapping, struct slice rest,
                                   struct identity *identity)
{
    const struct tagged_name *name = &mapping->name;
    enum verdict verdict = VERDICT_APPLIED;
    struct slice section;

    labeller_clear(&mapping->labeller);
    if (name->n_tags > 1)
        return refuse(mapping, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    if (name->n_tags)
        verdict = add_tags(mapping, name->tags[0], identity);
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        verdict = add_section(mapping, section, identity);
    return verdict;
}

/*
 * Nobody knows here whose series an expiry is to end, or of which types the links of a
 * chain are. On a histogram "le" is another label, so the labels are worked out for both
 * cases.
 */
static enum verdict resolve_for_histogram(struct mapping *mapping, struct slice rest,
                                          struct identity *identity)
{
    const struct mapping_trace *trace = TAKE(mapping->trace);
    struct identity other = { .type = SAMPLE_HISTOGRAM };
    enum verdict verdict = collect_labels(mapping, rest, &other);

    mapping->trace = trace;
    if (verdict != VERDICT_APPLIED)
        return verdict;
    return render_labels(mapping, rest.at + rest.len,
                         mapping->rendered + mapping->options.limits.labels_text,
                         &identity->histogram_labels);
}

static enum verdict resolve_labels(struct mapping *mapping, struct slice rest,
                                   struct identity *identity)
{
    enum verdict verdict = collect_labels(mapping, rest, identity);

    if (verdict == VERDICT_APPLIED)
        verdict = render_labels(mapping, rest.at + rest.len, mapping->rendered, &identity->labels);
    if (verdict == VERDICT_APPLIED && identity->type == SAMPLE_EXPIRE)
        verdict = resolve_for_histogram(mapping, rest, identity);
    return verdict;
}

/* Is @section something that becomes labels, but no text? */
static bool is_malformed(struct mapping *mapping, struct slice section)
{
    struct slice content;
    enum section kind = parse_section(section, &content);
    bool is_used = (kind == SECTION_TAGS && understands(mapping, TAG_DOGSTATSD)) ||
                   (kind == SECTION_CONTAINER && mapping->options.has_container_label);

    return is_used && check_text(mapping, content) != VERDICT_APPLIED;
}

/*
 * Of several reasons to refuse a line, the first in the list of proto/README.md is to
 * be the one; what is worst about it may come late in it. So a line that was refused
 * for its name or tags is looked through once more.
 */
static enum verdict worst_of(struct mapping *mapping, struct slice rest, enum verdict found)
{
    const struct tagged_name *name = &mapping->name;
    const char *fault = mapping->fault;
    struct slice section;
    struct tags tags;

    for (struct slice at = rest; parse_next_section(&at, &section);)
        if (is_malformed(mapping, section))
            return REFUSED_MALFORMED_LINE;
    mapping->fault = fault;
    if (found == REFUSED_MALFORMED_LINE || found == REFUSED_MIXED_TAGGING_STYLES)
        return found;
    if (name->n_tags > 1)
        return refuse(mapping, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    while (name->n_tags && understands(mapping, TAG_DOGSTATSD) &&
           parse_next_section(&rest, &section))
        if (parse_section(section, &tags.text) == SECTION_TAGS && !tags_are_none(tags.text))
            return refuse(mapping, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return found;
}

/* Begin with a name, as it was sent: take its tags off. */
static enum verdict split_name(struct mapping *mapping, struct slice sent,
                               struct identity *identity)
{
    *identity = (struct identity){ .weight = 1 };
    tags_split_name(sent, mapping->options.dialects, mapping->unsplit, &mapping->name);
    identity->n_tag_errors = mapping->name.odd_bracket ? 1 : 0;
    return mapping->name.name.len ? VERDICT_APPLIED
                                  : refuse(mapping, REFUSED_MALFORMED_LINE, sent.at);
}

/* With the name split and the type known: the rest. */
static enum verdict resolve(struct mapping *mapping, struct slice rest, struct identity *identity)
{
    const struct tagged_name *name = &mapping->name;
    enum verdict verdict = check_text(mapping, name->sent);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = resolve_name(mapping, name->name, identity);
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_labels(mapping, rest, identity);
    return verdict == VERDICT_APPLIED ? verdict : worst_of(mapping, rest, verdict);
}

enum verdict mapping_resolve(struct mapping *mapping, const struct line *line, struct identity *ret)
{
    struct slice rest = { line->rest.at + 1, line->rest.len - 1 };
    const char *type = rest.at;
    enum verdict verdict = split_name(mapping, line->name, ret);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (!parse_type(slice_cut(&rest, '|'), &ret->type))
        return refuse(mapping, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_EXPIRE && mapping->name.odd_bracket)
        return refuse(mapping, REFUSED_MALFORMED_LINE, mapping->name.odd_bracket);
    return resolve(mapping, rest, ret);
}

/* --- chains --------------------------------------------------------------------------- */

enum verdict mapping_resolve_name(struct mapping *mapping, struct slice name, struct identity *ret)
{
    const struct slice nothing = { name.at + name.len, 0 };
    enum verdict verdict = split_name(mapping, name, ret);

    /* Any type that takes labels as they are; for the others there is the second rendering. */
    ret->type = SAMPLE_GAUGE;
    if (verdict == VERDICT_APPLIED)
        verdict = resolve(mapping, nothing, ret);
    return verdict == VERDICT_APPLIED ? resolve_for_histogram(mapping, nothing, ret) : verdict;
}

enum verdict mapping_resolve_link(struct mapping *mapping, const struct identity *name,
                                  const struct line *link, struct identity *ret)
{
    struct slice rest = { link->rest.at + 1, link->rest.len - 1 }, section, content;
    const char *type = rest.at;
    enum verdict verdict = VERDICT_APPLIED;

    *ret = *name;
    if (!parse_type(slice_cut(&rest, '|'), &ret->type))
        return refuse(mapping, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_EXPIRE && ret->n_tag_errors)
        return refuse(mapping, REFUSED_MALFORMED_LINE, link->name.at);
    if (metric_type_of(ret->type) == METRIC_HISTOGRAM)
        ret->labels = ret->histogram_labels;
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        if (parse_section(section, &content) != SECTION_CONTAINER)
            verdict = add_section(mapping, section, ret);
    return verdict;
}

/* --- service checks ------------------------------------------------------------------------- */

static enum verdict add_check_section(struct mapping *mapping, struct slice section,
                                      struct identity *identity)
{
    struct tags tags = { .dialect = TAG_DOGSTATSD };

    switch (event_check_section(section, &tags.text)) {
    case CHECK_TAGS:
        if (understands(mapping, TAG_DOGSTATSD))
            return add_tag_section(mapping, tags, identity);
        identity->n_unknown_sections++;
        return VERDICT_APPLIED;
    case CHECK_HOST:
        if (tags.text.len == 0)
            return VERDICT_APPLIED;
        return add_own_tag(mapping, (struct tag){ .key = SLICE("hostname"), .value = tags.text },
                           identity);
    case CHECK_UNKNOWN: identity->n_unknown_sections++; return VERDICT_APPLIED;
    case CHECK_MESSAGE:
    case CHECK_KNOWN: break;
    }
    return VERDICT_APPLIED;
}

/* The sections of a check before its message, which is the rest of it whatever it holds. */
static bool next_check_section(struct slice *rest, struct slice *ret)
{
    struct slice content;

    return parse_next_section(rest, ret) && event_check_section(*ret, &content) != CHECK_MESSAGE;
}

static enum verdict resolve_check(struct mapping *mapping, const struct service_check *check,
                                  struct identity *identity)
{
    struct slice rest = check->rest, section;
    enum verdict verdict = resolve_name(mapping, check->name, identity);

    labeller_clear(&mapping->labeller);
    while (verdict == VERDICT_APPLIED && next_check_section(&rest, &section))
        verdict = add_check_section(mapping, section, identity);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    return render_labels(mapping, check->rest.at + check->rest.len, mapping->rendered,
                         &identity->labels);
}

/* As worst_of(). */
static enum verdict worst_of_check(struct mapping *mapping, const struct service_check *check,
                                   enum verdict found)
{
    struct slice rest = check->rest, section, content;
    const char *fault = mapping->fault;

    while (next_check_section(&rest, &section)) {
        enum check_section kind = event_check_section(section, &content);
        bool is_used =
            kind == CHECK_HOST || (kind == CHECK_TAGS && understands(mapping, TAG_DOGSTATSD));

        if (is_used && check_text(mapping, content) != VERDICT_APPLIED)
            return REFUSED_MALFORMED_LINE;
    }
    mapping->fault = fault;
    return found;
}

enum verdict mapping_resolve_check(struct mapping *mapping, const struct service_check *check,
                                   struct identity *ret)
{
    enum verdict verdict;

    *ret = (struct identity){ .type = SAMPLE_GAUGE, .weight = 1, .is_passing = true };
    mapping->name = (struct tagged_name){ .name = check->name };
    verdict = check_text(mapping, check->name);
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_check(mapping, check, ret);
    return verdict == VERDICT_APPLIED ? verdict : worst_of_check(mapping, check, verdict);
}
