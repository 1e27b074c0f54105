/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gzip: a stream, compressed as it is read (RFC 1952)
 */

#include "base/compiler.h"

#include <stddef.h>

struct gzip;

/* Begin a stream, which takes half a megabyte of memory. Returns 0 or -ENOMEM. */
MUST_CHECK int gzip_new(struct gzip **ret);
void gzip_free(struct gzip *gzip);

/* Write up to @max bytes to @out. Returns their number; 0 at the end; or a negative errno. */
typedef long gzip_source(void *stream, char *out, size_t max);

/*
 * Write up to @max bytes, at least 1, of the compressed stream to @out. Reads from @source at most
 * once, so that a call takes a fraction of a millisecond. Returns the number of bytes written; 0 at
 * the end; the negative value that @source returned; or -EINPROGRESS when there is nothing to write
 * yet, as it takes a megabyte of a page, or up to 16 of a repetitive one. After that and -EAGAIN it
 * may be called again.
 */
long gzip_read(struct gzip *gzip, gzip_source *source, void *stream, char *out, size_t max);
