/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Budget: how much memory families, series and cells may take, and how much they take
 *
 * Memory counts from when it is allocated to when it is freed. The latter may be long after a
 * series has left the registry: a slow reader still sees it.
 *
 * Any thread may call any function. But only a thread with the registry's lock may hold more, so
 * for that thread the answer of budget_has() stays true until it does.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t max_bytes;
    _Atomic size_t held_bytes; /* more than that if budget_has() was not asked */
};

/* Are @n_bytes more within the limit? */
bool budget_has(const struct budget *budget, size_t n_bytes);

/* Count @n_bytes as held, and as held no longer. Without a budget (NULL) nothing is counted. */
void budget_hold(struct budget *budget, size_t n_bytes);
void budget_release(struct budget *budget, size_t n_bytes);

/*
 * Memory that counts as held from the start, for one thing that must be possible to make even
 * when the limit is reached: the overflow series of a family.
 */
struct budget_prepaid {
    size_t n_bytes; /* 0: nothing is prepaid */
    _Atomic bool is_used;
};

/* Is there any, and not in use? */
bool budget_has_prepaid(const struct budget_prepaid *prepaid);

/* Use it, for something that does not count on its own then. Returns false if it is in use. */
bool budget_use_prepaid(struct budget_prepaid *prepaid);

/* Put it back, when what used it has been freed. */
void budget_put_back_prepaid(struct budget_prepaid *prepaid);
