/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Once
 *
 * An open hash table that is never emptied, so an element that is not 0 keeps its value. Whoever
 * finds a free one takes it by an exchange.
 */

#include "base/once.h"

#include <stdbool.h>

/* Take @element for @hash if it is free. Returns whether it is that of @hash now. */
static bool take(_Atomic uint64_t *element, uint64_t hash, bool *ret_is_new)
{
    uint64_t found = 0;

    *ret_is_new = atomic_compare_exchange_strong(element, &found, hash);
    return *ret_is_new || found == hash;
}

enum once_answer once_ask(struct once *once, uint64_t hash)
{
    bool is_new;

    hash = hash ? hash : 1;
    for (unsigned i = 0; i < ONCE_MAX; i++) {
        _Atomic uint64_t *element = &once->hashes[(hash + i) % ONCE_MAX];
        uint64_t found = atomic_load_explicit(element, memory_order_relaxed);

        if (found == hash)
            return ONCE_KNOWN;
        if (found || !take(element, hash, &is_new))
            continue;
        if (!is_new)
            return ONCE_KNOWN;
        return atomic_fetch_add(&once->n, 1) + 1 < ONCE_MAX ? ONCE_NEW : ONCE_LAST;
    }
    return ONCE_FULL;
}
