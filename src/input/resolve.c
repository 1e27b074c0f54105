/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Resolve
 *
 * Runs once for each key that a worker has not seen. It escapes names, takes tags apart, sorts
 * labels and renders them, so that the hot path never does any of this. All memory is scratch
 * memory, whose size follows from the limits, so nothing is allocated and nothing can overflow.
 *
 * The collector has the labels of a line, and the fault of a refused one. If there is a mapper,
 * names and labels go through it.
 */

#include "input/resolve.h"

#include "base/hash.h"
#include "base/treatment.h"
#include "input/collector.h"
#include "mapping/name.h"

#include <errno.h>
#include <stdlib.h>

/*
 * What an x is mapped to. It ends what samples of each of these types have made; but each series
 * only once, as looking for it costs something.
 */
static const enum sample_type ends_types[] = {
    [RULE_COUNTER] = SAMPLE_COUNTER,
    [RULE_GAUGE] = SAMPLE_GAUGE,
    [RULE_OBSERVER] = SAMPLE_TIMER,
    [RULE_SET] = SAMPLE_SET,
};
_Static_assert(ARRAY_SIZE(ends_types) == _RULE_TYPE_N, "an x ends what each type of rule makes");

struct ends {
    bool is_link;          /* the x is a link of a chain */
    struct identity sent;  /* before it is mapped */
    struct slice rest;     /* of the line */
    unsigned next;         /* the type to try next */
    enum sample_type like; /* a sample of this type tells why it can end nothing */
    unsigned n_found;      /* the hashes of families and labels that were found */
    uint64_t found[ARRAY_SIZE(ends_types)];
};

struct resolver {
    struct resolve_options options;
    struct collector labels; /* of the current line */
    struct mapper *mapper;   /* NULL: names and labels mean what they say */
    struct ends ends;        /* of the current x */
    char *family;            /* the name as it is exposed */
    char *unsplit;           /* the name as it was sent, without a bracket group */
    char *rendered;          /* the labels, then each of labels_beside */
    bool are_totals;         /* what the listener says of counters */
    bool must_read_more;     /* of each line: are_totals, or its origin is asked for */
};

int resolve_new(struct resolver **ret, const struct resolve_options *options)
{
    CLEANUP(resolve_freep) struct resolver *resolver = calloc(1, sizeof(*resolver));
    const struct line_limits *limits = &options->limits;

    if (!resolver)
        return -ENOMEM;
    resolver->options = *options;
    resolver->must_read_more = options->has_origin;
    resolver->labels.dialects = options->dialects;
    resolver->labels.has_container_label = options->has_container_label;
    resolver->labels.keeps_container_prefix = options->keeps_container_prefix;
    resolver->family = calloc(1, NAME_WRITTEN_MAX(limits->name));
    resolver->unsplit = calloc(1, limits->line);
    resolver->rendered = calloc(1 + _OWN_LABEL_N, limits->labels_text);
    if (!resolver->family || !resolver->unsplit || !resolver->rendered ||
        labeller_init(&resolver->labels.labeller, limits) < 0)
        return -ENOMEM;
    resolver->labels.labeller.keeps_bare_tags = options->keeps_bare_tags;
    resolver->labels.labeller.renames_scrape_labels = options->renames_scrape_labels;
    if (options->mapping && mapper_new(&resolver->mapper, options->mapping, limits) < 0)
        return -ENOMEM;
    *ret = TAKE(resolver);
    return 0;
}

void resolve_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    mapper_free(resolver->mapper);
    free(resolver->family);
    free(resolver->unsplit);
    labeller_deinit(&resolver->labels.labeller);
    free(resolver->rendered);
    free(resolver);
}

struct mapper *resolve_exchange_mapper(struct resolver *resolver, struct mapper *mapper)
{
    struct mapper *before = resolver->mapper;

    resolver->mapper = mapper;
    return before;
}

void resolve_set_trace(struct resolver *resolver, const struct resolve_trace *trace)
{
    resolver->labels.trace = trace;
}

void resolve_set_totals(struct resolver *resolver, bool are_totals)
{
    resolver->are_totals = are_totals;
    resolver->must_read_more = are_totals || resolver->options.has_origin;
}

const char *resolve_fault(const struct resolver *resolver)
{
    return resolver->labels.fault;
}

/* --- lines ------------------------------------------------------------------------------ */

/* @name is without its tags. */
static enum verdict write_name(struct resolver *resolver, struct slice name,
                               struct identity *identity)
{
    if (name.len > resolver->options.limits.name)
        return collector_refuse(&resolver->labels, REFUSED_NAME_LIMIT,
                                name.at + resolver->options.limits.name);
    identity->sent_as = name;
    identity->family = name_write(resolver->family, name);
    return VERDICT_APPLIED;
}

/* Whether any of @labels has another name on a metric whose own label is @own. */
static bool has_own_label(const struct labels *labels, enum own_label own)
{
    for (size_t i = 0; i < labels->n; i++)
        if (own_label_rename(own, labels->items[i].name).at != labels->items[i].name.at)
            return true;
    return false;
}

/*
 * The types of the series that an x ends, or of the links in a chain, are not known here. On some
 * of them one label is renamed, so if it is there the labels are rendered for each such case, too.
 */
static enum verdict resolve_renamed(struct resolver *resolver, struct slice rest,
                                    struct identity *identity)
{
    const struct resolve_trace *trace = TAKE(resolver->labels.trace);
    enum verdict verdict = VERDICT_APPLIED;
    char *out = resolver->rendered;
    bool has_own[_OWN_LABEL_N];

    for (unsigned own = 0; own < _OWN_LABEL_N; own++)
        has_own[own] = has_own_label(&resolver->labels.labeller.labels, (enum own_label)own);
    for (unsigned own = 0; own < _OWN_LABEL_N && verdict == VERDICT_APPLIED; own++) {
        struct identity other = { 0 };

        out += resolver->options.limits.labels_text;
        if (!has_own[own]) {
            identity->labels_beside[own] = identity->labels;
            continue;
        }
        verdict = collector_collect(&resolver->labels, rest, (enum own_label)own, &other);
        if (verdict == VERDICT_APPLIED)
            verdict = collector_render(&resolver->labels, rest.at + rest.len, out,
                                       &identity->labels_beside[own]);
    }
    resolver->labels.trace = trace;
    return verdict;
}

/* --- mapping ---------------------------------------------------------------------------- */

/* What @identity, which was mapped as if it were a sample of @type, becomes. */
static enum metric_type metric_mapped(enum sample_type type, const struct identity *identity)
{
    const struct identity sample = { .type = type, .spec = identity->spec };

    return identity_metric(&sample);
}

/* Note the origin of a line whose labels are those of its sender, before a rule is found. */
static void note_origin(const struct resolver *resolver, struct identity *identity)
{
    if (resolver->options.has_origin)
        identity->origin =
            ORIGIN_UNMAPPED | (resolver->labels.labeller.labels.n ? ORIGIN_TAGGED : 0);
}

/* Map the line of @identity as if it were a sample of @type, and render its labels. */
static enum verdict map_as(struct resolver *resolver, struct slice rest, enum sample_type type,
                           struct identity *identity)
{
    const struct mapper_trace *trace =
        resolver->labels.trace ? &resolver->labels.trace->mapping : NULL;
    struct labeller *labeller = &resolver->labels.labeller;
    enum verdict verdict = collector_collect(&resolver->labels, rest, OWN_LABEL_NONE, identity);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    note_origin(resolver, identity);
    verdict = mapper_map(resolver->mapper, type, trace, &labeller->labels, identity);
    if (verdict != VERDICT_APPLIED)
        return collector_refuse(&resolver->labels, verdict, resolver->labels.name.sent.at);
    if (identity_is_skipped(identity))
        return VERDICT_APPLIED;
    labeller_rename_own(labeller, metric_type_own_label(metric_mapped(type, identity)));
    return collector_render(&resolver->labels, rest.at + rest.len, resolver->rendered,
                            &identity->labels);
}

/* Map a link of a chain as a sample of @type. @identity is that of the chain's name. */
static enum verdict map_link_as(struct resolver *resolver, enum sample_type type,
                                struct identity *identity)
{
    const struct slice nothing = { identity->sent_as.at + identity->sent_as.len, 0 };
    const struct mapper_memory *memory = mapper_recall(resolver->mapper, type);

    if (!memory->is_known) {
        identity->n_tag_errors = 0;
        mapper_remember(resolver->mapper, type, map_as(resolver, nothing, type, identity),
                        identity);
    }
    *identity = memory->identity;
    if (memory->verdict != VERDICT_APPLIED)
        return collector_refuse(&resolver->labels, memory->verdict, resolver->labels.name.sent.at);
    return VERDICT_APPLIED;
}

/* Whether the series of @identity have not been found yet. */
static bool is_new_end(struct ends *ends, const struct identity *identity)
{
    uint64_t hash = hash_pair(identity->family, identity->labels, 0);

    for (unsigned i = 0; i < ends->n_found; i++)
        if (ends->found[i] == hash)
            return false;
    ends->found[ends->n_found++] = hash;
    return true;
}

bool resolve_next_end(struct resolver *resolver, struct identity *ret)
{
    struct ends *ends = &resolver->ends;

    while (resolver->mapper && ends->next < ARRAY_SIZE(ends_types)) {
        enum sample_type type = ends_types[ends->next++];
        enum verdict verdict;

        *ret = ends->sent;
        verdict = ends->is_link ? map_link_as(resolver, type, ret)
                                : map_as(resolver, ends->rest, type, ret);
        ret->type = SAMPLE_END;
        /* The config declares at most one type for the name; samples of others end nothing. */
        if (verdict != REFUSED_TYPE_CONFLICT)
            ends->like = type;
        if (verdict != VERDICT_APPLIED || identity_is_skipped(ret) || !is_new_end(ends, ret))
            continue;
        /* Labels are those on metrics of this type already. */
        for (unsigned own = 0; own < _OWN_LABEL_N; own++)
            ret->labels_beside[own] = ret->labels;
        return true;
    }
    return false;
}

/* Map an x, a line or a link. */
static enum verdict map_end(struct resolver *resolver, struct slice rest, bool is_link,
                            struct identity *identity)
{
    struct ends *ends = &resolver->ends;

    *ends = (struct ends){ is_link, .sent = *identity, .rest = rest, .like = ends_types[0] };
    if (resolve_next_end(resolver, identity))
        return VERDICT_APPLIED;
    *identity = ends->sent;
    return is_link ? map_link_as(resolver, ends->like, identity)
                   : map_as(resolver, rest, ends->like, identity);
}

/* --- names and labels --------------------------------------------------------------------- */

static enum verdict resolve_labels(struct resolver *resolver, struct slice rest,
                                   struct identity *identity)
{
    enum own_label own = metric_type_own_label(identity_metric(identity));
    enum verdict verdict;

    if (UNLIKELY(resolver->mapper))
        return identity->type == SAMPLE_END ? map_end(resolver, rest, false, identity)
                                            : map_as(resolver, rest, identity->type, identity);
    verdict = collector_collect(&resolver->labels, rest, own, identity);
    if (verdict == VERDICT_APPLIED)
        verdict = collector_render(&resolver->labels, rest.at + rest.len, resolver->rendered,
                                   &identity->labels);
    if (verdict == VERDICT_APPLIED && identity->type == SAMPLE_END)
        verdict = resolve_renamed(resolver, rest, identity);
    return verdict;
}

/* Begin with a name as it was sent: split off its tags. */
static enum verdict split_name(struct resolver *resolver, struct slice sent,
                               struct identity *identity)
{
    *identity = (struct identity){ .weight = 1 };
    resolver->labels.parse_section = parse_section;
    tags_split_name(sent, resolver->options.dialects, resolver->unsplit, &resolver->labels.name);
    identity->n_tag_errors = resolver->labels.name.odd_bracket ? 1 : 0;
    return resolver->labels.name.name.len
               ? VERDICT_APPLIED
               : collector_refuse(&resolver->labels, REFUSED_MALFORMED_LINE, sent.at);
}

/* Cut the type off the front of @rest. Returns false if there is no such type. */
static bool take_type(struct resolver *resolver, struct slice *rest, struct identity *identity)
{
    if (!sample_type_parse(slice_cut(rest, '|'), &identity->type))
        return false;
    if (resolver->labels.trace)
        resolver->labels.trace->on_type(resolver->labels.trace->ctx, identity->type);
    return true;
}

/* Note whether values are running totals. A total is what it is, however seldom it is sent. */
static void read_totals(const struct resolver *resolver, struct identity *identity)
{
    identity->is_absolute =
        treatment_is_absolute(identity->treatment, identity->type, resolver->are_totals);
    if (identity->is_absolute)
        identity->weight = 1;
}

/* Note what is 0 for nearly all lines. The labels of @identity are known, and its treatment. */
COLD static void read_more(const struct resolver *resolver, struct identity *identity)
{
    read_totals(resolver, identity);
    if (!resolver->mapper) /* map_as() has noted it before the labels changed */
        note_origin(resolver, identity);
}

/* Whether there may be any; otherwise @identity is as it was initialized. */
static bool has_more(const struct resolver *resolver, const struct identity *identity)
{
    return resolver->must_read_more || identity->treatment;
}

/* Resolve the rest, once the name is split and the type known. */
static enum verdict resolve_split(struct resolver *resolver, struct slice rest,
                                  struct identity *identity)
{
    const struct tagged_name *name = &resolver->labels.name;
    enum verdict verdict = collector_check_text(&resolver->labels, name->sent);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = write_name(resolver, name->name, identity);
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_labels(resolver, rest, identity);
    if (UNLIKELY(has_more(resolver, identity)))
        read_more(resolver, identity);
    return verdict == VERDICT_APPLIED ? verdict : collector_worst(&resolver->labels, rest, verdict);
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
        return collector_refuse(&resolver->labels, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_END && resolver->labels.name.odd_bracket)
        return collector_refuse(&resolver->labels, REFUSED_MALFORMED_LINE,
                                resolver->labels.name.odd_bracket);
    return resolve_split(resolver, rest, ret);
}

/* --- chains --------------------------------------------------------------------------- */

enum verdict resolve_name(struct resolver *resolver, struct slice name, struct identity *ret)
{
    const struct slice nothing = { name.at + name.len, 0 };
    struct mapper *mapper = TAKE(resolver->mapper); /* links are mapped, by their types */
    enum verdict verdict = split_name(resolver, name, ret);

    /* Any type without an own label; the further renderings are for the others. */
    ret->type = SAMPLE_GAUGE;
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_split(resolver, nothing, ret);
    if (verdict == VERDICT_APPLIED)
        verdict = resolve_renamed(resolver, nothing, ret);
    resolver->mapper = mapper;
    if (mapper)
        mapper_begin_chain(mapper);
    return verdict;
}

/* The name and labels of a link of @type. @ret is the identity of the chain's name. */
static enum verdict name_link(struct resolver *resolver, enum sample_type type,
                              struct identity *ret)
{
    const struct slice nothing = { ret->sent_as.at + ret->sent_as.len, 0 };

    if (!resolver->mapper)
        ret->labels = identity_labels_on(ret, metric_type_of(type));
    else if (type == SAMPLE_END)
        return map_end(resolver, nothing, true, ret);
    else
        return map_link_as(resolver, type, ret);
    return VERDICT_APPLIED;
}

enum verdict resolve_link(struct resolver *resolver, const struct identity *name,
                          const struct line *link, struct identity *ret)
{
    struct slice rest = { link->rest.at + 1, link->rest.len - 1 }, section, content;
    const char *type = rest.at;
    enum sample_type sent;
    enum verdict verdict;

    *ret = *name;
    if (!take_type(resolver, &rest, ret))
        return collector_refuse(&resolver->labels, REFUSED_ILLEGAL_EVENT, type);
    if (ret->type == SAMPLE_END && ret->n_tag_errors)
        return collector_refuse(&resolver->labels, REFUSED_MALFORMED_LINE, link->name.at);
    sent = ret->type;
    verdict = name_link(resolver, sent, ret);
    ret->type = sent;
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        if (parse_section(section, &content) != SECTION_CONTAINER)
            verdict = collector_add_section(&resolver->labels, section, ret);
    if (UNLIKELY(resolver->are_totals || ret->treatment))
        read_totals(resolver, ret); /* the origin is that of the name */
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
    enum verdict verdict;

    *ret = (struct identity){ .type = parts->type, .weight = 1 };
    resolver->labels.name = (struct tagged_name){ .name = parts->name, .sent = parts->name };
    resolver->labels.parse_section = parts->parse_section;
    verdict = resolve_split(resolver, parts->sections, ret);
    ret->origin = 0; /* they are not a line */
    return verdict;
}
