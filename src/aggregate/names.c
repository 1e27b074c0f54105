/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names
 *
 * The claims in the table are members of their families, so the table has a reference on each
 * family. udometer's own names belong to reserved families, which never get a series.
 */

#include "aggregate/names.h"

#include "base/hash.h"

static void release(struct names *names, struct family *family, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        table_remove(&names->claims, &family->claims[i].node, family->claims[i].hash);
}

void names_release(struct names *names, struct family *family)
{
    release(names, family, family->n_claims);
    family_unref(family);
}

void names_deinit(struct names *names)
{
    struct table_node *node;

    while ((node = table_any(&names->claims)))
        names_release(names, CONTAINER_OF(node, struct claim, node)->family);
}

uint64_t names_hash(const struct names *names, struct slice name)
{
    return hash_bytes(name, names->seed);
}

static bool claim_is(const void *node, const void *wanted)
{
    const struct claim *claim = CONST_CONTAINER_OF(node, struct claim, node);
    const struct slice *name = wanted;

    return slice_equal(claim->name, *name);
}

static struct claim *find_claim(struct names *names, struct slice name, uint64_t hash)
{
    struct table_node *node = table_find(&names->claims, hash, &name, claim_is);

    return node ? CONTAINER_OF(node, struct claim, node) : NULL;
}

static enum verdict refusal(const struct claim *taken)
{
    return taken->family->is_reserved ? REFUSED_RESERVED_NAME : REFUSED_TYPE_CONFLICT;
}

enum verdict names_find(struct names *names, struct slice name, uint64_t hash,
                        enum metric_type type, struct family **ret)
{
    const struct claim *claim = find_claim(names, name, hash);

    *ret = NULL;
    if (!claim)
        return VERDICT_APPLIED;
    *ret = claim->family;
    if (claim->family->is_reserved || claim != &claim->family->claims[0] ||
        claim->family->type != type)
        return refusal(claim);
    return VERDICT_APPLIED;
}

struct family *names_holder(struct names *names, struct slice name, uint64_t hash)
{
    const struct claim *claim = find_claim(names, name, hash);

    bool is_its_own = claim && (claim == &claim->family->claims[0] || claim->family->is_reserved);

    return is_its_own ? claim->family : NULL;
}

static enum verdict claim_name(struct names *names, struct claim *claim, struct family **ret)
{
    const struct claim *taken;

    claim->hash = names_hash(names, claim->name);
    taken = find_claim(names, claim->name, claim->hash);
    if (taken) {
        *ret = taken->family;
        return refusal(taken);
    }
    return table_add(&names->claims, &claim->node, claim->hash) ? VERDICT_APPLIED
                                                                : REFUSED_NO_MEMORY;
}

enum verdict names_claim(struct names *names, struct family *family, struct family **ret)
{
    for (unsigned i = 0; i < family->n_claims; i++) {
        enum verdict verdict = claim_name(names, &family->claims[i], ret);

        if (verdict != VERDICT_APPLIED) {
            release(names, family, i);
            return verdict;
        }
    }
    return VERDICT_APPLIED;
}
