/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Collector
 *
 * Tags before sections, each in the order of the line, so that the last value of a label counts. A
 * refusal is returned through all levels. Each place that refuses notes the fault.
 */

#include "input/collector.h"

enum verdict collector_refuse(struct collector *it, enum verdict verdict, const char *fault)
{
    it->fault = tags_origin(&it->name, fault);
    return verdict;
}

/* --- labels ------------------------------------------------------------------------ */

/* Add the labels of @tags, which are all of one dialect. */
static enum verdict add_tags(struct collector *it, struct tags tags, struct identity *identity)
{
    struct slice text;
    struct label label;
    struct tag tag;

    while (tags_next(&tags, &tag, &text)) {
        enum tag_fate fate = labeller_add(&it->labeller, &tag, &label);

        if (it->trace)
            it->trace->on_tag(it->trace->ctx, &tags, text, fate, &label);
        if (tag_is_beyond_limit(fate))
            return collector_refuse(it, REFUSED_LABEL_LIMIT, text.at);
        /* Without the tag, it would end more series than intended. */
        if (fate != TAG_KEPT && identity->type == SAMPLE_END)
            return collector_refuse(it, REFUSED_MALFORMED_LINE, text.at);
        identity->n_tag_errors += fate != TAG_KEPT;
    }
    return VERDICT_APPLIED;
}

enum verdict collector_render(struct collector *it, const char *end, char *out, struct slice *ret)
{
    return labeller_write(&it->labeller, out, ret) ? VERDICT_APPLIED
                                                   : collector_refuse(it, REFUSED_LABEL_LIMIT, end);
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

static bool understands(const struct collector *it, enum tag_dialect dialect)
{
    return it->dialects & 1u << dialect;
}

/* Add a label that is not sent as a tag. */
static enum verdict add_own_tag(struct collector *it, struct tag tag, struct identity *identity)
{
    enum verdict verdict = collector_check_text(it, tag.value);
    enum tag_fate fate;
    struct label label;

    if (verdict != VERDICT_APPLIED)
        return verdict;
    fate = labeller_add(&it->labeller, &tag, &label);
    if (tag_is_beyond_limit(fate))
        return collector_refuse(it, REFUSED_LABEL_LIMIT, tag.value.at);
    identity->n_tag_errors += fate != TAG_KEPT;
    return VERDICT_APPLIED;
}

/* Container IDs come as "ci-ID", or bare from old clients; "in-INODE" is not changed. */
static enum verdict add_container(struct collector *it, struct slice id, struct identity *identity)
{
    static const struct slice prefix = { "ci-", 3 };
    struct tag tag = { .key = SLICE("container_id"), .value = id };

    if (!it->has_container_label)
        return VERDICT_APPLIED;
    if (!it->keeps_container_prefix && slice_starts_with(id, prefix))
        tag.value = (struct slice){ id.at + prefix.len, id.len - prefix.len };
    return add_own_tag(it, tag, identity);
}

static enum verdict add_host(struct collector *it, struct slice host, struct identity *identity)
{
    const struct tag tag = { .key = SLICE("hostname"), .value = host };

    return host.len ? add_own_tag(it, tag, identity) : VERDICT_APPLIED;
}

static enum verdict add_tag_section(struct collector *it, struct tags tags,
                                    struct identity *identity)
{
    enum verdict verdict = collector_check_text(it, tags.text);

    if (verdict != VERDICT_APPLIED || tags_are_none(tags.text))
        return verdict;
    identity->has_tag_section = true;
    if (has_dialect(&it->name) && !tags_are_bare(&tags))
        return collector_refuse(it, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return add_tags(it, tags, identity);
}

enum verdict collector_add_section(struct collector *it, struct slice section,
                                   struct identity *identity)
{
    struct slice content;
    enum section meaning = it->parse_section(section, &content);
    struct tags tags = { TAG_DOGSTATSD, content };
    bool is_good = true;

    if (meaning == SECTION_TAGS && !understands(it, TAG_DOGSTATSD))
        meaning = SECTION_UNKNOWN;
    if (meaning == SECTION_RATE) {
        is_good = parse_rate(content, &identity->weight);
        identity->has_colon_rate |= content.len && memchr(content.at, ':', content.len);
    }
    if (it->trace)
        it->trace->on_section(it->trace->ctx, section, meaning, is_good);

    switch (meaning) {
    case SECTION_RATE: identity->has_bad_rate = !is_good; return VERDICT_APPLIED;
    case SECTION_TAGS: return add_tag_section(it, tags, identity);
    case SECTION_CONTAINER: return add_container(it, content, identity);
    case SECTION_HOST: return add_host(it, content, identity);
    case SECTION_UNKNOWN:
        identity->n_unknown_sections++;
        identity->has_cut_tag |= identity->has_tag_section;
        return VERDICT_APPLIED;
    case SECTION_KNOWN: break;
    }
    return VERDICT_APPLIED;
}

/* --- lines ------------------------------------------------------------------------------ */

enum verdict collector_collect(struct collector *it, struct slice rest, enum own_label own,
                               struct identity *identity)
{
    const struct tagged_name *name = &it->name;
    enum verdict verdict = VERDICT_APPLIED;
    struct slice section;

    labeller_begin(&it->labeller, own);
    if (has_two_dialects(name))
        return collector_refuse(it, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    for (unsigned i = 0; i < name->n_tags && verdict == VERDICT_APPLIED; i++)
        verdict = add_tags(it, name->tags[i], identity);
    while (verdict == VERDICT_APPLIED && parse_next_section(&rest, &section))
        verdict = collector_add_section(it, section, identity);
    return verdict;
}

/* Whether @section becomes labels, but is not UTF-8. */
static bool is_malformed(struct collector *it, struct slice section)
{
    struct slice content;
    enum section meaning = it->parse_section(section, &content);
    bool is_used = meaning == SECTION_HOST ||
                   (meaning == SECTION_TAGS && understands(it, TAG_DOGSTATSD)) ||
                   (meaning == SECTION_CONTAINER && it->has_container_label);

    return is_used && collector_check_text(it, content) != VERDICT_APPLIED;
}

enum verdict collector_worst(struct collector *it, struct slice rest, enum verdict found)
{
    const struct tagged_name *name = &it->name;
    const char *fault = it->fault;
    struct tags tags = { .dialect = TAG_DOGSTATSD };
    struct slice section;

    for (struct slice at = rest; parse_next_section(&at, &section);)
        if (is_malformed(it, section))
            return REFUSED_MALFORMED_LINE;
    it->fault = fault;
    if (found == REFUSED_MALFORMED_LINE || found == REFUSED_MIXED_TAGGING_STYLES)
        return found;
    if (has_two_dialects(name))
        return collector_refuse(it, REFUSED_MIXED_TAGGING_STYLES, name->tags[1].text.at);
    while (has_dialect(name) && understands(it, TAG_DOGSTATSD) &&
           parse_next_section(&rest, &section))
        if (it->parse_section(section, &tags.text) == SECTION_TAGS && !tags_are_bare(&tags))
            return collector_refuse(it, REFUSED_MIXED_TAGGING_STYLES, tags.text.at);
    return found;
}
