/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_H
#define METRICS_H

/*
 * Metrics: the collectors of the plan, one function for each event and each poll
 *
 * The fleet calls them where something happens, and knows nothing else of metrics.
 */

#include "fleet.h"

struct totals;
struct udom;

struct metrics {
    struct udom *udom;     /* NULL: metrics are off, and not one datagram is sent */
    struct totals *totals; /* for tests; NULL: none are kept */
    struct udom_metric *running[N_PLAYERS][N_CONTAINER_TYPES];
    struct udom_family *ships[N_PLAYERS], *statuses[N_PLAYERS];
};

/* Prepare what can be prepared, and begin the counters of @players at zero. */
void metrics_init(struct metrics *metrics, const struct fleet *fleet);

/* --- polls ----------------------------------------------------------------------------------- */

void metrics_poll_containers(struct metrics *metrics, const struct fleet *fleet);
void metrics_poll_ships(struct metrics *metrics, const struct fleet *fleet);
void metrics_poll_finance(struct metrics *metrics, struct fleet *fleet);

/* The daemon is about to stop: no containers run, and nothing is known of ships. */
void metrics_stop(struct metrics *metrics, const struct fleet *fleet);

/* --- events: containers, routes and fuel ---------------------------------------------------- */

void metrics_container_ended(struct metrics *metrics, const struct player *player,
                             enum container_type type, enum container_end end, double seconds);
void metrics_container_restarted(struct metrics *metrics, const struct player *player,
                                 enum container_type type);
void metrics_container_iterated(struct metrics *metrics, const struct player *player,
                                enum container_type type);
void metrics_segment_completed(struct metrics *metrics, const struct player *player,
                               enum flight_mode mode, double distance, unsigned fuel);

/* Distance and fuel count only if the route was completed. */
void metrics_route_ended(struct metrics *metrics, const struct player *player, enum route_end end,
                         double seconds, double distance, unsigned fuel);
void metrics_fuel_purchased(struct metrics *metrics, const struct player *player,
                            const char *waypoint, unsigned units);

/* --- events: finance ------------------------------------------------------------------------ */

/* @amount is below zero for an expense; @player has the balance after it. */
void metrics_transaction(struct metrics *metrics, const struct player *player,
                         enum transaction_type type, enum category category, double amount);
void metrics_trade(struct metrics *metrics, const struct player *player, const char *good,
                   double buy_price, double sell_price);

/* --- events: API and commands --------------------------------------------------------------- */

void metrics_api_request(struct metrics *metrics, const char *method, const char *endpoint,
                         const char *status_code, double seconds);
void metrics_api_rate_limit_wait(struct metrics *metrics, const char *endpoint, double seconds);
void metrics_api_error(struct metrics *metrics, const char *endpoint, const char *error_type);
void metrics_api_retry(struct metrics *metrics, const char *endpoint, const char *reason);
void metrics_command(struct metrics *metrics, const char *command, bool is_ok, double seconds);

#endif
