/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Globs
 *
 * Each glob is a chain of states, one for each segment. All chains are advanced at once, 64 in a
 * word: the set of globs that are still possible is a set of bits, and a segment of the name keeps
 * those that have its text there, or a '*'. There is nothing to go back to, so the cost of the
 * worst name is the number of words times the number of segments, however the globs are chosen.
 *
 *      bit             0         1         2               name: a.x.c
 *      glob          a.*.c     *.b.c     a.b.*
 *      segment 0     "a"       *         "a"               a: 0 1 2
 *      segment 1     *         "b"       "b"               x: 0
 *      segment 2     "c"       "c"       *                 c: 0
 *
 * Globs with another number of segments cannot match, so each number has a group of its own. In a
 * group, bits are numbered by precedence: the lowest bit wins. To order globs by how specific they
 * are means only to number them in another way.
 *
 * Sets of globs with the same text in a segment are short lists of words that are not 0. Matching
 * begins with the segment that has the fewest words. In most files there is one that few globs
 * have, and then the others have next to nothing left to do.
 */

#include "mapping/globs.h"

#include "base/arena.h"
#include "base/hash.h"
#include "mapping/glob.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define WORD_BITS 64

/* Bits of a set, of which those in words that are not listed are 0. */
struct glob_word {
    size_t index;
    uint64_t bits;
};

/* The globs of a group that have this text in a segment. */
struct glob_text {
    struct slice text;
    size_t group, position;
    struct glob_word *words; /* by index, ascending */
    size_t n_words, n_room;
};

struct glob_slot {
    uint64_t hash;
    struct glob_text *text; /* NULL: the slot is free */
};

/* The globs with one number of segments. */
struct glob_group {
    size_t n_globs;
    size_t n_words;
    size_t *rules;    /* by bit: the rule's index */
    uint64_t **stars; /* by position: the globs with a '*' there */
    size_t *n_stars;  /* by position: the words of stars that are not 0 */
    uint64_t *types[_RULE_TYPE_N];
};

struct globs {
    struct arena arena;
    const struct rule *rules;
    size_t *order; /* the indices of all globs, by precedence */
    size_t n;
    struct glob_group *groups; /* by number of segments */
    size_t n_segments_max;
    struct glob_slot *slots;
    size_t slot_mask;
};

struct globs_scratch {
    const struct glob_group *group;
    struct slice *segments;
    const struct glob_text **texts; /* by position: the globs with the name's text; or NULL */
    size_t n_segments;
    struct glob_word *active; /* the globs that are possible */
    size_t n_active;
    size_t at; /* of globs_next() */
    size_t bit;
};

/* --- precedence ------------------------------------------------------------------------ */

static int compare_specificity(const void *a, const void *b, void *ctx)
{
    const struct globs *globs = ctx;
    const struct rule *rules = globs->rules;
    size_t rule_a = *(const size_t *)a, rule_b = *(const size_t *)b;
    size_t n_a = glob_segments(rules[rule_a].match), n_b = glob_segments(rules[rule_b].match);
    int order = n_a != n_b ? 0 : glob_compare(rules[rule_a].match, rules[rule_b].match);

    if (n_a != n_b)
        return n_a < n_b ? -1 : 1;
    if (order != 0)
        return order;
    return rule_a < rule_b ? -1 : rule_a > rule_b;
}

/* --- compiling -------------------------------------------------------------------------- */

static uint64_t hash_text(struct slice text, size_t group, size_t position)
{
    return hash_bytes(text, (uint64_t)group << 32 | position);
}

/* The slot of this text, or the free one where it belongs. */
static struct glob_slot *find_slot(const struct globs *globs, uint64_t hash, struct slice text,
                                   size_t group, size_t position)
{
    size_t i = hash & globs->slot_mask;

    for (; globs->slots[i].text; i = (i + 1) & globs->slot_mask) {
        const struct glob_text *found = globs->slots[i].text;

        if (globs->slots[i].hash == hash && found->group == group && found->position == position &&
            slice_equal(found->text, text))
            break;
    }
    return &globs->slots[i];
}

static struct glob_text *text_at(struct globs *globs, struct slice text, size_t group,
                                 size_t position)
{
    uint64_t hash = hash_text(text, group, position);
    struct glob_slot *slot = find_slot(globs, hash, text, group, position);

    if (slot->text)
        return slot->text;
    slot->text = arena_alloc(&globs->arena, sizeof(*slot->text));
    if (!slot->text)
        return NULL;
    *slot->text = (struct glob_text){ .text = text, .group = group, .position = position };
    slot->hash = hash;
    return slot->text;
}

/* Add a bit, which is higher than those before. */
static int add_bit(struct globs *globs, struct glob_text *text, size_t bit)
{
    size_t index = bit / WORD_BITS;
    struct glob_word *words;

    if (text->n_words == 0 || text->words[text->n_words - 1].index != index) {
        if (text->n_words == text->n_room) {
            text->n_room = text->n_room ? 2 * text->n_room : 1;
            words = arena_alloc(&globs->arena, text->n_room * sizeof(*words));
            if (!words)
                return -ENOMEM;
            if (text->n_words)
                memcpy(words, text->words, text->n_words * sizeof(*words));
            text->words = words;
        }
        text->words[text->n_words++] = (struct glob_word){ .index = index };
    }
    text->words[text->n_words - 1].bits |= UINT64_C(1) << bit % WORD_BITS;
    return 0;
}

static void add_types(struct glob_group *group, unsigned types, size_t bit)
{
    for (unsigned type = 0; type < _RULE_TYPE_N; type++)
        if (types == 0 || types & 1u << type)
            group->types[type][bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
}

static int add_glob(struct globs *globs, size_t rule)
{
    struct slice rest = globs->rules[rule].match, segment;
    size_t n_segments = glob_segments(rest);
    struct glob_group *group = &globs->groups[n_segments];
    size_t bit = group->n_globs++;
    struct glob_text *text;
    bool is_last = false;

    group->rules[bit] = rule;
    add_types(group, globs->rules[rule].types, bit);
    for (size_t position = 0; glob_next(&rest, &is_last, &segment); position++) {
        if (glob_is_star(segment)) {
            uint64_t *word = &group->stars[position][bit / WORD_BITS];

            group->n_stars[position] += *word == 0;
            *word |= UINT64_C(1) << bit % WORD_BITS;
            continue;
        }
        text = text_at(globs, segment, n_segments, position);
        if (!text || add_bit(globs, text, bit) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Allocate what a group of @n_globs needs, and leave it empty. */
static int make_group(struct arena *arena, struct glob_group *group, size_t n_segments,
                      size_t n_globs)
{
    size_t n_words = (n_globs + WORD_BITS - 1) / WORD_BITS;
    uint64_t *words = arena_alloc(arena, (n_segments + _RULE_TYPE_N) * n_words * sizeof(*words));

    *group = (struct glob_group){
        .n_words = n_words,
        .rules = arena_alloc(arena, n_globs * sizeof(*group->rules)),
        .stars = arena_alloc(arena, n_segments * sizeof(*group->stars)),
        .n_stars = arena_alloc(arena, n_segments * sizeof(*group->n_stars)),
    };
    if (!words || !group->rules || !group->stars || !group->n_stars)
        return -ENOMEM;
    for (size_t i = 0; i < n_segments; i++)
        group->stars[i] = words + i * n_words;
    for (size_t i = 0; i < _RULE_TYPE_N; i++)
        group->types[i] = words + (n_segments + i) * n_words;
    return 0;
}

static int make_groups(struct globs *globs)
{
    size_t n_texts = 0, n_slots = 16;

    globs->groups =
        arena_alloc(&globs->arena, (globs->n_segments_max + 1) * sizeof(*globs->groups));
    if (!globs->groups)
        return -ENOMEM;
    for (size_t i = 0; i < globs->n; i++) {
        struct slice match = globs->rules[globs->order[i]].match;

        globs->groups[glob_segments(match)].n_globs++;
        n_texts += glob_segments(match) - glob_stars(match);
    }
    for (size_t i = 0; i <= globs->n_segments_max; i++)
        if (globs->groups[i].n_globs &&
            make_group(&globs->arena, &globs->groups[i], i, globs->groups[i].n_globs) < 0)
            return -ENOMEM;
    while (n_slots < 2 * n_texts)
        n_slots *= 2;
    globs->slots = arena_alloc(&globs->arena, n_slots * sizeof(*globs->slots));
    globs->slot_mask = n_slots - 1;
    return globs->slots ? 0 : -ENOMEM;
}

static int sort_globs(struct globs *globs, size_t n, bool is_unordered)
{
    globs->order = arena_alloc(&globs->arena, (n + 1) * sizeof(*globs->order));
    if (!globs->order)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t n_segments = glob_segments(globs->rules[i].match);

        if (globs->rules[i].syntax != RULE_GLOB)
            continue;
        globs->order[globs->n++] = i;
        if (n_segments > globs->n_segments_max)
            globs->n_segments_max = n_segments;
    }
    if (is_unordered)
        qsort_r(globs->order, globs->n, sizeof(*globs->order), compare_specificity, globs);
    return 0;
}

int globs_new(struct globs **ret, const struct rule *rules, size_t n, bool is_unordered)
{
    struct globs *globs = calloc(1, sizeof(*globs));
    int r;

    if (!globs)
        return -ENOMEM;
    globs->rules = rules;
    r = sort_globs(globs, n, is_unordered);
    if (r == 0)
        r = make_groups(globs);
    for (size_t i = 0; i < globs->n && r == 0; i++)
        r = add_glob(globs, globs->order[i]);
    if (r < 0) {
        globs_free(globs);
        return r;
    }
    *ret = globs;
    return 0;
}

void globs_free(struct globs *globs)
{
    if (!globs)
        return;
    arena_deinit(&globs->arena);
    free(globs);
}

bool globs_at(const struct globs *globs, size_t i, size_t *ret_rule)
{
    if (i >= globs->n)
        return false;
    *ret_rule = globs->order[i];
    return true;
}

/* --- matching --------------------------------------------------------------------------- */

int globs_scratch_new(struct globs_scratch **ret, const struct globs *globs)
{
    struct globs_scratch *scratch = calloc(1, sizeof(*scratch));
    size_t n_segments = globs->n_segments_max, n_words = 0;

    if (!scratch)
        return -ENOMEM;
    for (size_t i = 0; i <= n_segments; i++)
        if (globs->groups[i].n_words > n_words)
            n_words = globs->groups[i].n_words;
    scratch->segments = calloc(n_segments + 1, sizeof(*scratch->segments));
    scratch->texts = calloc(n_segments + 1, sizeof(*scratch->texts));
    scratch->active = calloc(n_words + 1, sizeof(*scratch->active));
    if (!scratch->segments || !scratch->texts || !scratch->active) {
        globs_scratch_free(scratch);
        return -ENOMEM;
    }
    *ret = scratch;
    return 0;
}

void globs_scratch_free(struct globs_scratch *scratch)
{
    if (!scratch)
        return;
    free(scratch->segments);
    free(scratch->texts);
    free(scratch->active);
    free(scratch);
}

/* Returns false if @name has more segments than any glob. */
static bool split(const struct globs *globs, struct globs_scratch *scratch, struct slice name)
{
    bool is_last = false;
    struct slice segment;

    scratch->n_segments = 0;
    while (glob_next(&name, &is_last, &segment)) {
        if (scratch->n_segments == globs->n_segments_max)
            return false;
        scratch->segments[scratch->n_segments++] = segment;
    }
    return true;
}

/*
 * Look the texts up. Returns the position with the fewest words; or n_segments if at some position
 * no glob has the text or a '*'.
 */
static size_t find_texts(const struct globs *globs, struct globs_scratch *scratch)
{
    const struct glob_group *group = scratch->group;
    size_t best = 0, n_fewest = SIZE_MAX;

    for (size_t i = 0; i < scratch->n_segments; i++) {
        struct slice text = scratch->segments[i];
        uint64_t hash = hash_text(text, scratch->n_segments, i);
        size_t n_words = group->n_stars[i];

        scratch->texts[i] = find_slot(globs, hash, text, scratch->n_segments, i)->text;
        n_words += scratch->texts[i] ? scratch->texts[i]->n_words : 0;
        if (n_words == 0)
            return scratch->n_segments;
        if (n_words < n_fewest) {
            n_fewest = n_words;
            best = i;
        }
    }
    return best;
}

/* Begin with the globs that fit at @position. */
static void begin_at(struct globs_scratch *scratch, size_t position)
{
    const struct glob_text *text = scratch->texts[position];
    const struct glob_group *group = scratch->group;
    size_t n = 0, next = 0;

    if (group->n_stars[position] == 0) {
        memcpy(scratch->active, text->words, text->n_words * sizeof(*text->words));
        scratch->n_active = text->n_words;
        return;
    }
    for (size_t i = 0; i < group->n_words; i++) {
        uint64_t bits = group->stars[position][i];

        if (text && next < text->n_words && text->words[next].index == i)
            bits |= text->words[next++].bits;
        if (bits)
            scratch->active[n++] = (struct glob_word){ i, bits };
    }
    scratch->n_active = n;
}

/* The first word at or after @from with an index of at least @index; in steps that double. */
static size_t seek(const struct glob_text *text, size_t from, size_t index)
{
    size_t step = 1, end;

    while (from < text->n_words && text->words[from].index < index) {
        for (end = from + step; end < text->n_words && text->words[end].index < index;
             end += step) {
            from = end;
            step *= 2;
        }
        from++;
        step = 1;
    }
    return from;
}

/* Keep the globs that fit at @position. */
static void keep_at(struct globs_scratch *scratch, size_t position)
{
    const uint64_t *stars = scratch->group->stars[position];
    const struct glob_text *text = scratch->texts[position];
    size_t n = 0, next = 0;

    for (size_t i = 0; i < scratch->n_active; i++) {
        struct glob_word word = scratch->active[i];
        uint64_t bits = stars[word.index];

        if (text) {
            next = seek(text, next, word.index);
            if (next < text->n_words && text->words[next].index == word.index)
                bits |= text->words[next].bits;
        }
        word.bits &= bits;
        if (word.bits)
            scratch->active[n++] = word;
    }
    scratch->n_active = n;
}

static void keep_type(struct globs_scratch *scratch, enum rule_type type)
{
    size_t n = 0;

    for (size_t i = 0; i < scratch->n_active; i++) {
        struct glob_word word = scratch->active[i];

        word.bits &= scratch->group->types[type][word.index];
        if (word.bits)
            scratch->active[n++] = word;
    }
    scratch->n_active = n;
}

void globs_find(const struct globs *globs, struct globs_scratch *scratch, struct slice name,
                enum rule_type type)
{
    size_t best;

    scratch->n_active = 0;
    scratch->at = 0;
    if (!split(globs, scratch, name))
        return;
    scratch->group = &globs->groups[scratch->n_segments];
    if (scratch->group->n_globs == 0)
        return;
    best = find_texts(globs, scratch);
    if (best == scratch->n_segments)
        return;
    begin_at(scratch, best);
    if (type != _RULE_TYPE_N)
        keep_type(scratch, type);
    for (size_t i = 0; i < scratch->n_segments && scratch->n_active; i++)
        if (i != best)
            keep_at(scratch, i);
}

bool globs_next(struct globs_scratch *scratch, size_t *ret_rule)
{
    struct glob_word *word = &scratch->active[scratch->at];

    if (scratch->at == scratch->n_active)
        return false;
    scratch->bit = word->index * WORD_BITS + (size_t)__builtin_ctzll(word->bits);
    word->bits &= word->bits - 1;
    scratch->at += word->bits == 0;
    *ret_rule = scratch->group->rules[scratch->bit];
    return true;
}

void globs_captures(const struct globs_scratch *scratch, struct slice *ret)
{
    size_t index = scratch->bit / WORD_BITS, n = 1;
    uint64_t mask = UINT64_C(1) << scratch->bit % WORD_BITS;

    ret[0] = (struct slice){ NULL, 0 };
    for (size_t i = 0; i < scratch->n_segments; i++)
        if (scratch->group->stars[i][index] & mask)
            ret[n++] = scratch->segments[i];
}
