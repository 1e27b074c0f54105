/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolve: what the bytes around a value mean to Prometheus
 *
 * Pure except for its scratch memory. A resolver belongs to one thread.
 */

#include "base/compiler.h"
#include "base/identity.h"
#include "base/line.h"
#include "input/mapper.h"
#include "input/parse.h"
#include "input/resolve_trace.h"

struct resolve_options {
    struct line_limits limits;
    unsigned dialects;           /* a bit (1 << dialect) for each enum tag_dialect to understand */
    bool keeps_bare_tags;        /* as key="true" */
    bool has_container_label;    /* |c:ID becomes container_id="ID" */
    bool keeps_container_prefix; /* a "ci-" before the ID stays */
    bool renames_scrape_labels;  /* job and instance become exported_job and exported_instance */
    bool has_origin;             /* tell the origin of lines in their identities */
    struct mapping *mapping;     /* for the first mapper, which takes a reference; NULL: none */
};

struct resolver;

/* Make a resolver. Returns 0 or -ENOMEM. */
MUST_CHECK int resolve_new(struct resolver **ret, const struct resolve_options *options);
void resolve_free(struct resolver *resolver);
DEFINE_CLEANUP(struct resolver *, resolve_free)

/*
 * Map lines with @mapper, which is taken over and was made for the same limits; NULL: do not map
 * them. Returns the mapper before, for the caller to free.
 */
MUST_CHECK struct mapper *resolve_exchange_mapper(struct resolver *resolver, struct mapper *mapper);

/* Call @trace, which is borrowed, for all that follows; NULL: no trace. */
void resolve_set_trace(struct resolver *resolver, const struct resolve_trace *trace);

/* Whether counters of what follows are running totals, unless the config says otherwise. */
void resolve_set_totals(struct resolver *resolver, bool are_totals);

/*
 * Resolve the identity of @line: its type, weight, family name and labels, by the rules of
 * proto/README.md, sections 2, 3 and 5 to 7.
 *
 * Returns VERDICT_APPLIED and fills @ret, whose slices borrow from @line and, until the next call,
 * from @resolver. Or returns the first that applies of REFUSED_MALFORMED_LINE (no name),
 * REFUSED_ILLEGAL_EVENT, REFUSED_MALFORMED_LINE (name or tags are not UTF-8; or it is an x with a
 * tag that would be dropped, or with brackets of which none has a partner),
 * REFUSED_MIXED_TAGGING_STYLES, REFUSED_NAME_LIMIT and REFUSED_LABEL_LIMIT, or of those of
 * mapper_map(); resolve_fault() is then the fault.
 */
MUST_CHECK enum verdict resolve_line(struct resolver *resolver, const struct line *line,
                                     struct identity *ret);

/*
 * The next identity of the x that was resolved last, as a line or a link. Rules may map its name
 * for each type of sample to something else, and an x ends all of it. Returns false if there is
 * none left.
 */
MUST_CHECK bool resolve_next_end(struct resolver *resolver, struct identity *ret);

/*
 * Resolve the common part of a chain's links: @name with its tags. Returns the verdicts of
 * resolve_line(). @ret is only for resolve_link().
 */
MUST_CHECK enum verdict resolve_name(struct resolver *resolver, struct slice name,
                                     struct identity *ret);

/*
 * Resolve the identity of one link of the chain whose @name was resolved last, from its type, rates
 * and unknown sections. Returns VERDICT_APPLIED, REFUSED_ILLEGAL_EVENT, or REFUSED_MALFORMED_LINE
 * for an x if tags of the name were dropped.
 */
MUST_CHECK enum verdict resolve_link(struct resolver *resolver, const struct identity *name,
                                     const struct line *link, struct identity *ret);

/*
 * Whether @link means the same as a line with the same bytes. It does not if it has a container
 * that would become a label: a chain ignores containers.
 */
bool resolve_link_is_line(const struct resolver *resolver, const struct line *link);

/* The parts of a text that is not a line but makes a sample. */
struct resolve_parts {
    enum sample_type type;
    struct slice name;     /* without tags */
    struct slice sections; /* with a '|' before each */
    section_parser *parse_section;
};

/* The same as resolve_line(), for @parts, from which @ret borrows as well. */
MUST_CHECK enum verdict resolve_parts(struct resolver *resolver, const struct resolve_parts *parts,
                                      struct identity *ret);

/* The fault in the line that was refused last: the first byte that cannot be right. */
const char *resolve_fault(const struct resolver *resolver);
