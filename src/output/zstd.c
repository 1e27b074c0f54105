/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Zstd
 *
 * Pages repeat what is in the line before. So a small window and a small table find nearly all, and
 * with both in the processor's cache this takes less time than any level of libzstd, and half the
 * memory (docs/decisions/0015).
 */

#include "output/zstd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>

#define WINDOW_LOG 16
#define HASH_LOG 14
#define MIN_MATCH 5

struct zstd {
    ZSTD_CCtx *context;
    ZSTD_inBuffer text;
    bool has_read_all, has_ended;
    char input[CODING_INPUT_BYTES];
};

static void zstd_free(void *state)
{
    struct zstd *zstd = state;

    if (zstd)
        ZSTD_freeCCtx(zstd->context);
    free(zstd);
}

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value));
}

/* Take all memory now: later there would be a page to break off. Returns false without memory. */
static bool prepare(ZSTD_CCtx *context)
{
    ZSTD_outBuffer out = { 0 };
    ZSTD_inBuffer text = { 0 };

    return set(context, ZSTD_c_strategy, ZSTD_fast) && set(context, ZSTD_c_windowLog, WINDOW_LOG) &&
           set(context, ZSTD_c_hashLog, HASH_LOG) && set(context, ZSTD_c_minMatch, MIN_MATCH) &&
           !ZSTD_isError(ZSTD_compressStream2(context, &out, &text, ZSTD_e_continue));
}

static void *zstd_new(void)
{
    struct zstd *zstd = malloc(sizeof(*zstd));

    if (!zstd)
        return NULL;
    zstd->context = ZSTD_createCCtx();
    zstd->text = (ZSTD_inBuffer){ .src = zstd->input };
    zstd->has_read_all = zstd->has_ended = false;
    if (zstd->context && prepare(zstd->context))
        return zstd;
    zstd_free(zstd);
    return NULL;
}

/* Read more into the empty input. Returns 0, or the source's error. */
static long fill(struct zstd *zstd, coding_source *source, void *stream)
{
    long n = source(stream, zstd->input, sizeof(zstd->input));

    if (n < 0)
        return n;
    zstd->has_read_all = n == 0;
    zstd->text.size = (size_t)n;
    zstd->text.pos = 0;
    return 0;
}

static long zstd_read(void *state, coding_source *source, void *stream, char *out, size_t max)
{
    struct zstd *zstd = state;
    ZSTD_outBuffer packed = { .dst = out, .size = max };
    bool is_empty = zstd->text.pos == zstd->text.size && !zstd->has_read_all;
    long r = is_empty ? fill(zstd, source, stream) : 0;
    size_t left;

    if (r < 0 || zstd->has_ended)
        return r;
    left = ZSTD_compressStream2(zstd->context, &packed, &zstd->text,
                                zstd->has_read_all ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left))
        return -ENOMEM; /* the only error of valid arguments */
    zstd->has_ended = zstd->has_read_all && left == 0;
    return packed.pos > 0 || zstd->has_ended ? (long)packed.pos : -EINPROGRESS;
}

const struct coding zstd_coding = {
    .name = "zstd",
    .new = zstd_new,
    .free = zstd_free,
    .read = zstd_read,
};
