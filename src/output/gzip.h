/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gzip: a stream, compressed as it is read (RFC 1952)
 */

#include "base/compiler.h"

#include <stddef.h>

struct gzip;

/* Begin a stream; half a megabyte of memory. Returns 0 or -ENOMEM. */
MUST_CHECK int gzip_new(struct gzip **ret);
void gzip_free(struct gzip *gzip);

/* Put up to @max bytes into @out. Returns their number; 0 at the end; or a negative errno. */
typedef long gzip_source(void *stream, char *out, size_t max);

/*
 * Put up to @max bytes, which is not 0, of the compressed stream into @out. Reads from @source
 * as needed: a megabyte of a page, or up to 16 of one that repeats itself. Returns their
 * number; 0 at the end; or what @source returned if that was negative. After -EAGAIN it may be
 * called again.
 */
long gzip_read(struct gzip *gzip, gzip_source *source, void *stream, char *out, size_t max);
