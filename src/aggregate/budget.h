/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Budget: the memory that families, series and cells take, and its limit
 *
 * Memory counts from its allocation until it is freed. That may be long after a series has left
 * the registry, because a slow reader may still use it.
 *
 * Any thread may call any function. But only a thread with the registry's lock adds to the
 * budget, so after budget_has() returns true to that thread, the memory remains available to it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t max_bytes;
    _Atomic size_t held_bytes; /* may exceed the limit if a caller did not ask budget_has() */
};

/* Whether @n_bytes more are within the limit. */
bool budget_has(const struct budget *budget, size_t n_bytes);

/* Add @n_bytes to the memory held; subtract them. If @budget is NULL, nothing is counted. */
void budget_hold(struct budget *budget, size_t n_bytes);
void budget_release(struct budget *budget, size_t n_bytes);

/*
 * Memory that counts as held from the start. It is reserved for one object that must be possible
 * to make even when the limit is reached: the overflow series of a family.
 */
struct budget_prepaid {
    size_t n_bytes; /* 0: nothing is prepaid */
    _Atomic bool is_used;
};

/* Whether there is any and it is not in use. */
bool budget_has_prepaid(const struct budget_prepaid *prepaid);

/*
 * Use it, for an object that is then not counted itself. Returns false if there is none or it is
 * in use.
 */
bool budget_use_prepaid(struct budget_prepaid *prepaid);

/* Put it back after the object that used it has been freed. */
void budget_put_back_prepaid(struct budget_prepaid *prepaid);
