/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Totals: what udometer's page must show when the bot has ended
 *
 * Only the test of this example needs them; a program that sends metrics does not. The functions
 * take the arguments of those in udometer.h, and add them up in the program's only thread. All
 * memory is fixed: a bot that has more series than TOTALS_MAX aborts.
 */

#include <udometer.h>

#define TOTALS_PREFIX "spacetraders_daemon_" /* of all names on the page */
#define TOTALS_MAX 4096                      /* samples on the page */

/* Declare histogram @name with upper bounds, ascending, that outlive the totals. */
void totals_declare(const char *name, const double *bounds, unsigned n_bounds);

/* After @value come pairs of a label and its value, and UDOM_END. */
void totals_count(const char *name, double value, ...);
void totals_observe(const char *name, double value, ...);
void totals_gauge(const char *name, double value, ...);

/* Of the series of gauge @name with this player, those not set in between have vanished. */
void totals_replace_begin(const char *name, const char *player_id);
void totals_replace_end(const char *name, const char *player_id);

/*
 * Write to a file, as JSON, all samples, some of those that have vanished, how much was sent, and
 * how long the bot's loop has run. Returns 0, or -1 and sets errno.
 */
int totals_write(const char *path, const struct udom_stats *sent, double loop_seconds);
