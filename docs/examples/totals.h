/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOTALS_H
#define TOTALS_H

/*
 * Totals: what a scrape must show of all that a bot has sent, counted without client and udometer
 *
 * Only a test needs this; a bot of your own does not. With NULL for the totals, all of these do
 * nothing. For one thread.
 */

#include <udometer.h>

struct totals;

/* @prefix is put before all names, and is copied. Aborts without memory, as all of these do. */
struct totals *totals_new(const char *prefix);
void totals_free(struct totals *totals);

/*
 * Declare a histogram, before its first observation. @bounds are its upper bounds, ascending, above
 * 0, and ended by a 0; they must outlive the totals.
 */
void totals_declare(struct totals *totals, const char *name, const double *bounds);

enum totals_type { TOTALS_COUNTER, TOTALS_GAUGE, TOTALS_HISTOGRAM };

/* Note a sample. After @value come pairs of a label's name and value, and UDOM_END. */
void totals_note(struct totals *totals, enum totals_type type, const char *name, double value, ...);

/* The series of gauge @name with this label have vanished, until they are set again. */
void totals_end(struct totals *totals, const char *name, const char *key, const char *value);

/*
 * Write to a file, as JSON: all samples, those that have vanished, how much was sent, and how long
 * the bot's loop has run. Returns 0, or -1 and sets errno.
 */
int totals_write(struct totals *totals, const char *path, const struct udom_stats *sent,
                 double loop_seconds);

#endif
