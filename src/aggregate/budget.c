/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Budget
 *
 * One atomic counter instead of a lock: memory is freed by whichever thread releases the last
 * reference, and that thread must not wait for the registry. The counter does not order access to
 * other memory, so relaxed operations suffice.
 */

#include "aggregate/budget.h"

#include "base/must.h"

bool budget_has(const struct budget *budget, size_t n_bytes)
{
    size_t held = atomic_load_explicit(&budget->held_bytes, memory_order_relaxed);

    return held + n_bytes <= budget->max_bytes;
}

void budget_hold(struct budget *budget, size_t n_bytes)
{
    if (budget)
        atomic_fetch_add_explicit(&budget->held_bytes, n_bytes, memory_order_relaxed);
}

void budget_release(struct budget *budget, size_t n_bytes)
{
    size_t held;

    if (!budget)
        return;
    held = atomic_fetch_sub_explicit(&budget->held_bytes, n_bytes, memory_order_relaxed);
    MUST_BE(held, >=, n_bytes);
}

bool budget_has_prepaid(const struct budget_prepaid *prepaid)
{
    return prepaid->n_bytes > 0 && !atomic_load(&prepaid->is_used);
}

bool budget_use_prepaid(struct budget_prepaid *prepaid)
{
    return prepaid->n_bytes > 0 && !atomic_exchange(&prepaid->is_used, true);
}

void budget_put_back_prepaid(struct budget_prepaid *prepaid)
{
    bool was_used = atomic_exchange(&prepaid->is_used, false);

    MUST(was_used);
}
