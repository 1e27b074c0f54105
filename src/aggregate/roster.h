/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Roster: families and series by their names, and the limits on them
 *
 * The registry's tables, without its locks: every function except roster_request() is called with
 * the registry's `lock` held.
 */

#include "aggregate/budget.h"
#include "aggregate/declared.h"
#include "aggregate/fresh.h"
#include "aggregate/name_rate.h"
#include "aggregate/names.h"
#include "aggregate/series.h"
#include "aggregate/totals.h"
#include "base/compiler.h"
#include "base/slots.h"
#include "base/verdict.h"

struct roster {
    unsigned n_workers; /* this and the next four as in struct registry_options */
    size_t max_series;
    size_t max_family_series;
    size_t max_totals;
    uint64_t max_new_names; /* the same */
    int64_t (*wall_ms)(int64_t arrived_ns);
    const struct buckets *buckets;

    struct names names;
    struct slots series; /* struct series */
    struct fresh_list fresh;
    struct declared declared;
    size_t n_series[_METRIC_TYPE_N];
    size_t n_families;
    struct family *retired;  /* their series are to be ended; linked by next_retired */
    struct totals *totals;   /* NULL until they are needed */
    int64_t shortest_ttl_ns; /* of a family, since it was last set to 0; or 0 */
    struct name_rate name_rates[CELLS_MAX]; /* of each worker */
    struct budget budget; /* of totals; of families, series and cells, in the roster or not */
};

/* Free all series in it, regardless of references, and all families. */
void roster_deinit(struct roster *roster);

/* A worker's request with its hashes, which are computed without the lock. */
struct roster_request {
    const struct identity *identity;
    uint64_t name_hash;
    uint64_t hash;
    unsigned worker;
    int64_t arrived_ns; /* of the sample */
    bool is_of_config;  /* not of a sender: its name has no rate */
};

struct roster_request roster_request(const struct roster *roster, const struct identity *identity,
                                     unsigned worker, int64_t arrived_ns);

/* The same for a series that the config declares. */
static inline struct roster_request roster_request_of_config(const struct roster *roster,
                                                             const struct identity *identity)
{
    struct roster_request request = roster_request(roster, identity, 0, 0);

    request.is_of_config = true;
    return request;
}

/* Reserve @name for udometer itself, as registry_reserve() does. Returns 0, -EEXIST or -ENOMEM. */
MUST_CHECK int roster_reserve(struct roster *roster, struct slice name, enum metric_type type);

/* The only label of the series that counts a family's samples beyond a limit. */
#define ROSTER_OVERFLOW_LABELS SLICE("overflow=\"true\"")

struct roster_reply {
    struct cell *cell;
    bool is_overflow;      /* as in struct admission */
    struct family *family; /* of the cell, or the one that has taken the name; or NULL */
};

/*
 * Find or add the cell that @request is for, and touch it: it counts as written by the sample that
 * asks for it. Returns the verdicts of registry_admit().
 */
MUST_CHECK enum verdict roster_find_or_add(struct roster *roster,
                                           const struct roster_request *request,
                                           struct roster_reply *ret);

/*
 * Find or add the series that @request is for, without a cell, and make it a declared one. Returns
 * the verdicts of registry_declare(); on a type conflict, @ret is the family that has the name.
 */
MUST_CHECK enum verdict roster_declare(struct roster *roster, const struct roster_request *request,
                                       struct family **ret);

/* @series is no longer declared. */
void roster_undeclare(struct roster *roster, struct series *series);

/* The family that @request names, whatever its type; or NULL. */
struct family *roster_find_family(struct roster *roster, const struct roster_request *request);

/*
 * Take @series out and set its state to @state, SERIES_ENDED or SERIES_REMOVED. References on it
 * stay valid. If it is declared, a new one is in its place, at zero. Returns false and changes
 * nothing if there is no memory for that one.
 */
MUST_CHECK bool roster_remove(struct roster *roster, struct series *series,
                              enum series_state state);

/*
 * A series to be ended, because a newer config gives the name of its family another meaning; NULL
 * if there is none. No snapshot may include both such a series and one of the new family.
 */
static inline struct series *roster_retired(const struct roster *roster)
{
    return roster->retired ? roster->retired->series : NULL;
}

/*
 * Put @series back, which is SERIES_ENDED: it becomes live. Returns false if another one has its
 * place, if there is no room for it within the limits, or without memory.
 */
MUST_CHECK bool roster_put_back(struct roster *roster, struct series *series);

/*
 * The cell of @worker in @series, which is in the roster. If there is none it is made, within the
 * limit on memory. Returns NULL without memory.
 */
struct cell *roster_cell(struct roster *roster, struct series *series, unsigned worker);

/* Get the table of totals, made if there is none. Returns the verdicts of registry_totals(). */
MUST_CHECK enum verdict roster_totals(struct roster *roster, struct totals **ret);
