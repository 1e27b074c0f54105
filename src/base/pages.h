/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pages: the paths of the HTTP pages that always have the same one
 *
 * web/routes.c serves them. Other pages have paths that the user chooses (config/value.h), which
 * must not be one of these.
 */

#include <stdbool.h>

#define PAGE_LANDING "/"
#define PAGE_HEALTHY "/-/healthy"
#define PAGE_READY "/-/ready"
#define PAGE_RELOAD "/-/reload"
#define PAGE_QUIT "/-/quit"

/* The API. Other paths below /api/ are free, and /api/v1/metrics will always be. */
#define PAGE_CONFLICTS "/api/v1/conflicts"
#define PAGE_REFUSED "/api/v1/refused"
#define PAGE_SERIES "/api/v1/series"

/* Whether @path is one of these, or below /-/, which is all udometer's. */
bool pages_include(const char *path);
