/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Explanation
 *
 * Takes a line the way a worker does, by the very same functions, and says at each
 * step what came out. What became of it in the end is read from the counters of a
 * real pipeline, so it cannot differ from what the daemon would do.
 */

#include "tools/explain/explanation.h"

#include "base/buffer.h"
#include "base/number.h"
#include "input/service_check.h"
#include "tools/explain/refusal.h"
#include "web/selfmetrics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct explanation {
    struct pipeline_options options;
    struct parse_options parsing;
    bool is_dogstatsd;
    struct resolver *resolver;
    struct resolve_trace trace;
    struct buckets *buckets;
    struct registry *registry;
    struct shard *shard;
    struct telemetry_row *row;
    struct pipeline *pipeline;

    struct slice line;  /* the one at hand */
    const char *fault;  /* the first byte in it that cannot be right, or NULL */
    struct buffer text; /* what is said about it */
    bool has_tags;      /* it was said that it has some */
    bool has_sections;  /* they are worth a word: not those of a service check */
    bool has_refused;   /* something, up to now */
};

/* --- words -------------------------------------------------------------------------- */

/* What it is that has this end. */
static const char *verdict_word(enum verdict verdict)
{
    if (verdict == SKIPPED_EVENT)
        return "event";
    return verdict == SKIPPED_SERVICE_CHECK ? "service check" : "sample";
}

/*
 * Append @text so that each column is one character: what cannot be shown is '?'.
 * Returns how many columns come before @mark.
 */
static size_t add_shown(struct buffer *out, struct slice text, const char *mark)
{
    size_t n_columns = 0, column = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (text.at + i == mark)
            column = n_columns;
        n_columns++;
        buffer_add_char(out, c < 0x20 || c >= 0x7F ? '?' : (char)c);
    }
    return mark == text.at + text.len ? n_columns : column;
}

/* A word in front of what it is about, in a column of its own. */
static void begin_field(struct explanation *it, const char *field)
{
    buffer_add_format(&it->text, "%-9s ", field);
}

static void add_field(struct explanation *it, const char *field, struct slice content)
{
    begin_field(it, field);
    add_shown(&it->text, content, NULL);
    buffer_add_char(&it->text, '\n');
}

/* Note the first byte that cannot be right, if it is one of the line. */
static void note_fault(struct explanation *it, const char *fault)
{
    const char *begin = it->line.at;

    if (!it->fault && fault >= begin && fault <= begin + it->line.len)
        it->fault = fault;
}

/* --- tags and sections ----------------------------------------------------------------- */

/* It is looked for again by explain_type(). */
static void on_type(void *ctx, enum sample_type type)
{
}

static void on_tag(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label)
{
    static const char *const fates[] = {
        [TAG_BARE] = "dropped: it has no value",
        [TAG_EMPTY_KEY] = "dropped: its key is empty",
        [TAG_EMPTY_VALUE] = "dropped: its value is empty",
        [TAG_RESERVED] = "dropped: names that begin with __ are reserved",
        [TAG_BEYOND_LIMIT] = "too long, or one too many",
    };
    struct explanation *it = ctx;

    if (!it->has_tags)
        add_field(it, "tags", slice_of(tag_dialect_name(tags->dialect)));
    it->has_tags = true;
    begin_field(it, "");
    add_shown(&it->text, text, NULL);
    buffer_add_literal(&it->text, "  ->  ");
    if (fate == TAG_KEPT) {
        buffer_add(&it->text, label->name);
        buffer_add_literal(&it->text, " = ");
        add_shown(&it->text, label->value, NULL);
    } else {
        buffer_add(&it->text, slice_of(fates[fate]));
    }
    buffer_add_char(&it->text, '\n');
}

static void on_section(void *ctx, struct slice section, enum section kind, bool is_good)
{
    static const char *const meanings[] = {
        [SECTION_RATE] = "the rate",
        [SECTION_CONTAINER] = "DogStatsD's container",
        [SECTION_KNOWN] = "known, and passed over",
        [SECTION_UNKNOWN] = "unknown, and passed over",
    };
    struct explanation *it = ctx;

    if (kind == SECTION_TAGS || !it->has_sections)
        return;
    begin_field(it, "section");
    add_shown(&it->text, section, NULL);
    buffer_add_format(&it->text, "  ->  %s%s\n", meanings[kind],
                      is_good ? "" : ", which is no number from 1e-9 to 1, and taken as 1");
}

/* --- a sample ----------------------------------------------------------------------------- */

static void add_amount(struct explanation *it, const char *words, double number)
{
    buffer_add_format(&it->text, "  ->  %s ", words);
    buffer_add_double(&it->text, number);
}

static void explain_number(struct explanation *it, const struct line *line,
                           const struct identity *identity)
{
    bool is_added = line->is_relative && !it->is_dogstatsd;

    switch (identity->type) {
    case SAMPLE_COUNTER: add_amount(it, "adds", line->number * identity->weight); break;
    case SAMPLE_GAUGE: add_amount(it, is_added ? "adds" : "sets it to", line->number); break;
    case SAMPLE_TIMER: add_amount(it, "observes", line->number / 1000); break;
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: add_amount(it, "observes", line->number); break;
    case SAMPLE_SET:
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: return;
    }
    if (identity->weight > 1 && identity->type != SAMPLE_COUNTER && identity->type != SAMPLE_GAUGE)
        add_amount(it, "times", identity->weight);
}

/* Does the rate make it more than there is? */
static bool is_too_much(const struct line *line, const struct identity *identity)
{
    return line->is_number && identity->type != SAMPLE_GAUGE && identity->type != SAMPLE_SET &&
           !isfinite(line->number * identity->weight);
}

static void explain_value(struct explanation *it, const struct line *line,
                          const struct identity *identity)
{
    enum verdict verdict = line_check(line, identity->type);

    begin_field(it, "value");
    add_shown(&it->text, line->value, NULL);
    if (verdict == VERDICT_APPLIED && is_too_much(line, identity))
        note_fault(it, line->value.at);
    else if (verdict == VERDICT_APPLIED)
        explain_number(it, line, identity);
    else
        note_fault(it, verdict == REFUSED_MALFORMED_VALUE
                           ? line->value.at + number_valid_prefix(line->value)
                           : line->value.at);
    buffer_add_char(&it->text, '\n');
}

static void explain_values(struct explanation *it, const struct line *line,
                           const struct identity *identity)
{
    struct slice values = line->value;
    struct line member = *line;

    if (identity->type == SAMPLE_SET || !parse_is_packed(line)) {
        explain_value(it, line, identity);
        return;
    }
    while (parse_next_value(&values, &member))
        explain_value(it, &member, identity);
}

static void explain_series(struct explanation *it, const struct identity *identity)
{
    begin_field(it, identity->type == SAMPLE_END ? "ends" : "series");
    buffer_add(&it->text, identity->family);
    if (identity->labels.len) {
        buffer_add_char(&it->text, '{');
        add_shown(&it->text, identity->labels, NULL);
        buffer_add_char(&it->text, '}');
    }
    buffer_add_char(&it->text, '\n');
}

/* The type, once more of what the resolver looks at, because it may refuse the line before. */
static void explain_type(struct explanation *it, struct slice rest)
{
    enum sample_type type;

    rest = (struct slice){ rest.at + 1, rest.len - 1 };
    if (sample_type_parse(slice_cut(&rest, '|'), &type))
        add_field(it, "type", slice_of(sample_type_facts(type)->meaning));
}

/* What came out of the resolver: a sample, or a refusal. */
static void explain_resolved(struct explanation *it, const struct line *line, enum verdict verdict,
                             const struct identity *identity)
{
    if (verdict != VERDICT_APPLIED) {
        note_fault(it, resolve_fault(it->resolver));
        return;
    }
    explain_values(it, line, identity);
    explain_series(it, identity);
}

static void explain_sample(struct explanation *it, const struct line *line)
{
    struct identity identity;

    add_field(it, "name", line->name);
    explain_type(it, line->rest);
    explain_resolved(it, line, resolve_line(it->resolver, line, &identity), &identity);
}

static void explain_link(struct explanation *it, const struct line *link,
                         const struct identity *name)
{
    struct identity identity;

    if (link->rest.len == 0) {
        add_field(it, "value", link->value);
        note_fault(it, link->value.at + link->value.len);
        return;
    }
    explain_type(it, link->rest);
    explain_resolved(it, link, resolve_link(it->resolver, name, link, &identity), &identity);
}

static void explain_chain(struct explanation *it, const struct line *line)
{
    const char *end = it->line.at + it->line.len;
    struct slice links = { line->value.at, (size_t)(end - line->value.at) };
    struct line link = *line;
    struct identity name;

    add_field(it, "name", line->name);
    if (resolve_name(it->resolver, line->name, &name) != VERDICT_APPLIED) {
        note_fault(it, resolve_fault(it->resolver));
        return;
    }
    while (parse_next_link(&links, &link))
        explain_link(it, &link, &name);
}

static void explain_check(struct explanation *it)
{
    struct service_check check;
    struct resolve_parts parts;
    struct identity identity;

    if (!service_check_parse(it->line, &check))
        return;
    add_field(it, "check", check.name);
    add_field(it, "status", check.status);
    if (!it->options.has_check_gauges)
        return;
    parts =
        (struct resolve_parts){ SAMPLE_GAUGE, check.name, check.sections, service_check_section };
    it->has_sections = false;
    if (resolve_parts(it->resolver, &parts, &identity) == VERDICT_APPLIED)
        explain_series(it, &identity);
    else
        note_fault(it, resolve_fault(it->resolver));
}

/* --- a line ---------------------------------------------------------------------------------- */

/* What the counters say that became of it. */
static void explain_outcome(struct explanation *it, const uint64_t *before)
{
    const uint64_t *counts = it->row->counts;

    for (unsigned i = 0; i < _VERDICT_N; i++) {
        uint64_t n = counts[TELEMETRY_VERDICTS + i] - before[TELEMETRY_VERDICTS + i];
        enum verdict verdict = (enum verdict)i;
        const char *meaning = refusal_meaning(verdict);

        if (n == 0)
            continue;
        it->has_refused |= meaning != NULL;
        begin_field(it, meaning ? "refused" : verdict == VERDICT_APPLIED ? "applied" : "skipped");
        buffer_add_format(&it->text, "%lu %s%s", (unsigned long)n, verdict_word(verdict),
                          n > 1 ? "s" : "");
        if (meaning)
            buffer_add_format(&it->text, ", %s: %s", refusal_name(verdict), meaning);
        buffer_add_char(&it->text, '\n');
        /* What only the registry minds is the name. */
        if (meaning)
            note_fault(it, it->line.at);
    }
    if (counts[TELEMETRY_OVERFLOWS] > before[TELEMETRY_OVERFLOWS])
        add_field(it, "", SLICE("to the series overflow=\"true\": there are too many"));
}

/* The line itself; a caret under the byte that cannot be right, which is named. */
static void print_line(const struct explanation *it)
{
    CLEANUP(buffer_deinit) struct buffer head = { 0 };
    const char *fault = it->fault, *end = it->line.at + it->line.len;
    size_t column;

    buffer_add_format(&head, "%-9s ", "line");
    column = head.len + add_shown(&head, it->line, fault);
    buffer_add_char(&head, '\n');
    if (fault) {
        buffer_add_format(&head, "%*s^ byte %zu, ", (int)column, "",
                          (size_t)(fault - it->line.at) + 1);
        if (fault == end)
            buffer_add_literal(&head, "the end\n");
        else
            buffer_add_format(&head, "0x%02X\n", (unsigned char)*fault);
    }
    fwrite(head.data, 1, head.len, stdout);
}

/* @raw is the line as it came, @text without what does not matter around it. */
static void explain_line(struct explanation *it, struct slice raw, struct slice text)
{
    uint64_t before[_TELEMETRY_N];
    struct line line;
    enum verdict verdict;

    it->line = text;
    it->fault = NULL;
    buffer_clear(&it->text);
    it->has_tags = false;
    it->has_sections = true;
    verdict = parse_line(text, &it->parsing, &line);
    if (verdict == SKIPPED_SERVICE_CHECK)
        explain_check(it);
    else if (verdict == VERDICT_APPLIED && parse_is_chain(&line))
        explain_chain(it, &line);
    else if (verdict == VERDICT_APPLIED)
        explain_sample(it, &line);
    else if (verdict != SKIPPED_EVENT)
        note_fault(it, line.fault);

    memcpy(before, it->row->counts, sizeof(before));
    pipeline_push(it->pipeline, raw, 0);
    pipeline_flush(it->pipeline);
    explain_outcome(it, before);
    print_line(it);
    fwrite(it->text.data, 1, it->text.len, stdout);
    putchar('\n');
}

void explanation_print(struct explanation *it, struct slice datagram)
{
    struct slice text;

    while (datagram.len) {
        struct slice raw = slice_cut(&datagram, '\n'), rest = raw;

        if (parse_next_line(&rest, &it->parsing, &text))
            explain_line(it, raw, text);
    }
}

bool explanation_has_refused(const struct explanation *it)
{
    return it->has_refused;
}

/* --- the whole --------------------------------------------------------------------- */

static int make_pipeline(struct explanation *it, const struct explanation_options *options)
{
    struct registry_options registry_options = options->registry;
    struct shard_options shard_options = { .max_key_bytes = options->max_key_bytes };
    int r = buckets_new(&it->buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));

    registry_options.n_workers = 1;
    registry_options.buckets = it->buckets;
    if (r == 0)
        r = registry_new(&it->registry, &registry_options);
    if (r == 0)
        r = selfmetrics_reserve(it->registry);
    shard_options.registry = it->registry;
    if (r == 0)
        r = shard_new(&it->shard, &shard_options);
    it->row = aligned_alloc(CACHE_LINE, sizeof(*it->row));
    if (!it->row)
        return -ENOMEM;
    memset(it->row, 0, sizeof(*it->row));
    if (r == 0)
        r = pipeline_new(&it->pipeline, it->shard, it->row, &it->options);
    if (r == 0)
        pipeline_set_dogstatsd(it->pipeline, it->is_dogstatsd);
    return r;
}

int explanation_new(struct explanation **ret, const struct explanation_options *options)
{
    CLEANUP(explanation_freep) struct explanation *it = calloc(1, sizeof(*it));
    int r;

    if (!it)
        return -ENOMEM;
    it->options = options->pipeline;
    it->parsing = pipeline_parse_options(&it->options);
    it->is_dogstatsd = options->is_dogstatsd;
    it->trace = (struct resolve_trace){ it, on_type, on_tag, on_section };
    r = resolve_new(&it->resolver, &it->options.resolve);
    if (r == 0)
        r = make_pipeline(it, options);
    if (r < 0)
        return r;
    resolve_set_trace(it->resolver, &it->trace);
    *ret = TAKE(it);
    return 0;
}

void explanation_free(struct explanation *it)
{
    if (!it)
        return;
    pipeline_free(it->pipeline);
    free(it->row);
    shard_free(it->shard);
    registry_free(it->registry);
    buckets_free(it->buckets);
    resolve_free(it->resolver);
    buffer_deinit(&it->text);
    free(it);
}
