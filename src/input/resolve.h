/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolve: what the bytes around a value mean to Prometheus
 *
 * Pure but for its scratch memory. One thread per resolver.
 */

#include "base/compiler.h"
#include "base/identity.h"
#include "base/line.h"
#include "input/labeller.h"
#include "input/parse.h"

struct resolve_options {
    struct line_limits limits;
    unsigned dialects;        /* a bit for each enum tag_dialect that is understood */
    bool keeps_bare_tags;     /* as key="true" */
    bool has_container_label; /* |c:ID becomes container_id="ID" */
};

/* What the resolver tells a program that shows how lines are resolved. */
struct resolve_trace {
    void *ctx;
    /* It is told even if the line is refused for its name. */
    void (*on_type)(void *ctx, enum sample_type type);
    /* @label is filled in for TAG_KEPT. */
    void (*on_tag)(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label);
    void (*on_section)(void *ctx, struct slice section, enum section kind, bool is_good);
};

struct resolver;

/* Make a resolver. Returns 0 or -ENOMEM. */
MUST_CHECK int resolve_new(struct resolver **ret, const struct resolve_options *options);
void resolve_free(struct resolver *resolver);
DEFINE_CLEANUP(struct resolver *, resolve_free)

/* Tell @trace, which is borrowed, of all that follows; NULL: tell nobody. */
void resolve_set_trace(struct resolver *resolver, const struct resolve_trace *trace);

/*
 * Work out the identity of @line: its type, weight, family name and labels, by the
 * rules of proto/README.md, sections 2, 3 and 5 to 7.
 *
 * Returns VERDICT_APPLIED and fills @ret, whose slices borrow from @resolver until
 * the next call and from @line; or the first that applies of REFUSED_MALFORMED_LINE (no
 * name), REFUSED_ILLEGAL_EVENT, REFUSED_MALFORMED_LINE (name or tags are not UTF-8),
 * REFUSED_MIXED_TAGGING_STYLES, REFUSED_NAME_LIMIT and REFUSED_LABEL_LIMIT; then
 * resolve_fault() is the byte that cannot be right.
 */
MUST_CHECK enum verdict resolve_line(struct resolver *resolver, const struct line *line,
                                     struct identity *ret);

/*
 * For a chain: what its links have in common, their name and tags. Returns as
 * resolve_line(); @ret is for resolve_link() alone.
 */
MUST_CHECK enum verdict resolve_name(struct resolver *resolver, struct slice name,
                                     struct identity *ret);

/*
 * Work out the identity of one link of a chain whose @name was resolved last: only its
 * type and rates are looked at. Returns VERDICT_APPLIED, REFUSED_ILLEGAL_EVENT, or
 * REFUSED_MALFORMED_LINE for an x when tags of the name were dropped.
 */
MUST_CHECK enum verdict resolve_link(struct resolver *resolver, const struct identity *name,
                                     const struct line *link, struct identity *ret);

/*
 * Does @link mean what a line with the same bytes would mean? Not if it has a container: a
 * chain passes over it, but on a line it becomes a label, if that is wanted.
 */
bool resolve_link_is_line(const struct resolver *resolver, const struct line *link);

/* Something like a line, taken apart already. */
struct resolve_parts {
    enum sample_type type;
    struct slice name;     /* without tags */
    struct slice sections; /* with a '|' before each */
    section_parser *parse_section;
};

/* As resolve_line(), for @parts, from which @ret borrows as well. */
MUST_CHECK enum verdict resolve_parts(struct resolver *resolver, const struct resolve_parts *parts,
                                      struct identity *ret);

/* In the text of the line that was refused last. */
const char *resolve_fault(const struct resolver *resolver);
