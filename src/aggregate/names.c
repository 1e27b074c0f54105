/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names
 *
 * The claims in the table are members of their families, so the table has a reference on each
 * family. udometer's own names belong to reserved families, which never get a series.
 *
 * A sender may make as many names as there may be series, and a new one is looked up with the lock
 * held: in slots, as keys and series are (docs/decisions/0045).
 */

#include "aggregate/names.h"

#include "base/hash.h"

static void release(struct names *names, struct family *family, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        slots_remove(&names->claims, family->claims[i].hash, &family->claims[i]);
}

void names_release(struct names *names, struct family *family)
{
    release(names, family, family->n_claims);
    family_unref(family);
}

/* Free the claims of @family but @taken, which has been taken out, and the reference. */
static void release_rest(struct names *names, struct family *family, const struct claim *taken)
{
    for (unsigned i = 0; i < family->n_claims; i++)
        if (&family->claims[i] != taken)
            slots_remove(&names->claims, family->claims[i].hash, &family->claims[i]);
    family_unref(family);
}

void names_deinit(struct names *names)
{
    struct slots_cursor cursor = { 0 };
    struct claim *claim;

    while ((claim = slots_take(&names->claims, &cursor)))
        release_rest(names, claim->family, claim);
    slots_deinit(&names->claims);
}

uint64_t names_hash(const struct names *names, struct slice name)
{
    return hash_bytes(name, names->seed);
}

static bool claim_is(const void *entry, const void *wanted)
{
    const struct claim *claim = entry;
    const struct slice *name = wanted;

    return slice_equal(claim->name, *name);
}

static struct claim *find_claim(const struct names *names, struct slice name, uint64_t hash)
{
    return slots_find(&names->claims, hash, &name, claim_is);
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
    return slots_add(&names->claims, claim->hash, claim) ? VERDICT_APPLIED : REFUSED_NO_MEMORY;
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
