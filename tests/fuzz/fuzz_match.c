/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz match: lines that are rules, and names to match them with
 *
 *      u                                   the globs are unordered
 *      g<tab>match<tab>name<tab>value      a glob, with the value of its one label
 *      r<tab>match<tab>name<tab>value      a regex
 *      d<tab>match                         a glob that drops
 *      anything else                       a name
 *
 * Rules are refused with a reason, or compiled. Then a name gets the rule that wins when the rules
 * are tried one after the other, and what the rule makes is within the limits.
 */

#include "fuzz.h"

#include "base/utf8.h"
#include "mapping/name.h"
#include "mapping/rules.h"

#include <errno.h>
#include <string.h>

enum { RULES_MAX = 48, NAME_MAX_LEN = 300, VALUE_MAX_LEN = 100 };

static struct rule list[RULES_MAX];
static struct rule_label labels[RULES_MAX];

/* Is @line a rule? Then add it to the list, which has @n. */
static bool add_rule(struct slice line, size_t n)
{
    struct slice rest = line, letter = slice_cut(&rest, '\t');
    struct rule *rule = &list[n];

    if (letter.len != 1 || line.len < 2 || line.at[1] != '\t' || n == RULES_MAX)
        return false;
    if (letter.at[0] != 'g' && letter.at[0] != 'r' && letter.at[0] != 'd')
        return false;
    *rule = (struct rule){ .match = slice_cut(&rest, '\t'), .name = slice_cut(&rest, '\t') };
    rule->syntax = letter.at[0] == 'r' ? RULE_REGEX : RULE_GLOB;
    rule->action = letter.at[0] == 'd' ? RULE_DROP : RULE_MAP;
    rule->types = rest.len ? (unsigned char)rest.at[0] % 16 : 0;
    labels[n] = (struct rule_label){ SLICE("label"), rest };
    rule->labels = &labels[n];
    rule->n_labels = 1;
    return true;
}

static void note_problem(void *ctx, const struct rules_problem *problem)
{
    unsigned *n_refused = ctx;

    MUST_BE(problem->text.len, >, 0u);
    MUST_BE(problem->rule, <, (size_t)RULES_MAX);
    *n_refused += !problem->is_warning;
}

static void check_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        MUST((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
             (i > 0 && c >= '0' && c <= '9'));
    }
}

static void note_attempt(void *ctx, const struct rules_attempt *attempt)
{
    const struct rule **winner = ctx;

    MUST(*winner == NULL);
    if (attempt->fate == RULES_FATE_WON)
        *winner = attempt->rule;
}

static void match(const struct rules *rules, struct rules_scratch *scratch, struct slice name,
                  enum rule_type type)
{
    const struct rules_query query = { .name = name, .type = type };
    const struct rule *winner = NULL;
    struct rules_match found;
    enum rules_outcome outcome = rules_match(rules, scratch, &query, &found);

    MUST((outcome == RULES_NO_MATCH) == (found.rule == NULL));
    check_name(found.name);
    MUST((found.name.len > 0) == (outcome == RULES_MATCHED && found.rule->action == RULE_MAP));
    MUST_BE(found.name.len, <=, (size_t)NAME_WRITTEN_MAX(NAME_MAX_LEN));
    for (size_t i = 0; i < found.n_labels; i++) {
        MUST_BE(found.labels[i].value.len, <=, (size_t)VALUE_MAX_LEN);
        MUST(utf8_is_valid(found.labels[i].value) || !utf8_is_valid(found.rule->labels[0].value));
    }
    rules_explain(rules, scratch, &query, note_attempt, &winner);
    MUST(winner == found.rule);
}

static void match_all(const struct rules *rules, struct slice rest)
{
    const struct rules_limits limits = { NAME_MAX_LEN, VALUE_MAX_LEN };
    CLEANUP(rules_scratch_freep) struct rules_scratch *scratch = NULL;

    MUST_BE(rules_scratch_new(&scratch, rules, &limits), ==, 0);
    for (unsigned i = 0; rest.len; i++) {
        struct slice name = slice_cut(&rest, '\n');

        if (utf8_is_valid(name) && name.len <= NAME_MAX_LEN)
            match(rules, scratch, name, (enum rule_type)(i % _RULE_TYPE_N));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned n_refused = 0;
    struct rules_options options = { .on_problem = note_problem, .ctx = &n_refused };
    CLEANUP(rules_freep) struct rules *rules = NULL;
    struct slice bytes = { (const char *)data, size }, rest = bytes;
    size_t n = 0;
    int r;

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');

        options.globs_are_unordered |= slice_equal(line, SLICE("u"));
        n += add_rule(line, n);
    }
    r = rules_new(&rules, &options, list, n);
    MUST_BE(r, ==, n_refused ? -EINVAL : 0);
    if (r == 0)
        match_all(rules, bytes);
    return 0;
}
