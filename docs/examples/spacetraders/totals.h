/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOTALS_H
#define TOTALS_H

/*
 * Totals: what a scrape must show of all that was sent, counted without the client and udometer
 *
 * Only a test needs this; a bot of your own does not. Labels are pairs of key and value, ended by
 * NULL. With NULL for the totals, all of these do nothing.
 */

#include <stdio.h>

struct totals;

/* @prefix is put before all names, and is copied. Returns NULL without memory. */
struct totals *totals_new(const char *prefix);
void totals_free(struct totals *totals);

void totals_count(struct totals *totals, const char *name, double value, ...);
void totals_gauge(struct totals *totals, const char *name, double value, ...);
void totals_observe(struct totals *totals, const char *name, double value, ...);

/* The series of gauge @name with this label are gone, until they are set again. */
void totals_end(struct totals *totals, const char *name, const char *key, const char *value);

/* Write the members "series" and "absent" of a JSON object, without its braces. */
void totals_write(struct totals *totals, FILE *file);

#endif
