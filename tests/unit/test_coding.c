/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "output/gzip.h"
#include "output/zstd.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

/* A text that compresses well, or one that does not, read @block bytes at a time. */
struct text {
    char *at;
    size_t len;
    size_t n_read;
    size_t block;
    long error; /* returned at the end instead of 0 */
};

static struct text text_new(size_t len, bool is_random, size_t block)
{
    struct text text = { .at = malloc(len + 1), .len = len, .block = block };
    uint32_t random = 1;

    assert_non_null(text.at);
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        text.at[i] =
            is_random ? (char)(random >> 24) : "bot_routes_total{player_id=\"1\"} 7\n"[i % 34];
    }
    return text;
}

static long read_text(void *stream, char *out, size_t max)
{
    struct text *text = stream;
    size_t n = text->len - text->n_read;

    if (n == 0)
        return text->error;
    if (n > max)
        n = max;
    if (n > text->block)
        n = text->block;
    memcpy(out, text->at + text->n_read, n);
    text->n_read += n;
    return (long)n;
}

/* Read from @coding until there is something. Each call reads at most one block of the text. */
static long read_some(const struct coding *coding, void *state, struct text *text, char *out,
                      size_t max)
{
    size_t n_read;
    long n;

    do {
        n_read = text->n_read;
        n = coding->read(state, read_text, text, out, max);
        assert_true(text->n_read - n_read <= text->block);
    } while (n == -EINPROGRESS);
    return n;
}

/* Compress all of @text, reading @piece bytes at a time. The caller frees the result. */
static char *compress(const struct coding *coding, struct text *text, size_t piece, size_t *ret_len)
{
    size_t max = 2 * text->len + 100000, len = 0;
    char *out = malloc(max);
    void *state = coding->new ();
    long n;

    assert_non_null(out);
    assert_non_null(state);
    while ((n = read_some(coding, state, text, out + len, piece)) > 0) {
        assert_true((size_t)n <= piece);
        len += (size_t)n;
        assert_true(len + piece <= max);
    }
    assert_int_equal(n, 0);
    /* After the end, every read returns the end. */
    assert_int_equal(coding->read(state, read_text, text, out + len, piece), 0);
    coding->free(state);
    *ret_len = len;
    return out;
}

/* Exactly one gzip member, with the right checksum, and nothing after it. Returns the length. */
static size_t unpack_gzip(char *packed, size_t packed_len, char *out, size_t max)
{
    static struct inflate_state inflate;

    isal_inflate_init(&inflate);
    inflate.crc_flag = ISAL_GZIP;
    inflate.next_in = (uint8_t *)packed;
    inflate.avail_in = (uint32_t)packed_len;
    inflate.next_out = (uint8_t *)out;
    inflate.avail_out = (uint32_t)max;
    assert_int_equal(isal_inflate(&inflate), ISAL_DECOMP_OK);
    assert_int_equal(inflate.block_state, ISAL_BLOCK_FINISH);
    assert_int_equal(inflate.avail_in, 0);
    return inflate.total_out;
}

/* Exactly one frame, and nothing after it. Returns the length. */
static size_t unpack_zstd(char *packed, size_t packed_len, char *out, size_t max)
{
    size_t n;

    assert_int_equal(ZSTD_findFrameCompressedSize(packed, packed_len), packed_len);
    n = ZSTD_decompress(out, max, packed, packed_len);
    assert_false(ZSTD_isError(n));
    return n;
}

static const struct packing {
    const struct coding *coding;
    size_t (*unpack)(char *packed, size_t packed_len, char *out, size_t max);
} packings[] = {
    { &gzip_coding, unpack_gzip },
    { &zstd_coding, unpack_zstd },
};

static void check_packing(const struct packing *packing, struct text *text, size_t piece)
{
    size_t len;
    char *packed = compress(packing->coding, text, piece, &len);
    char *out = malloc(text->len + 1);

    assert_non_null(out);
    assert_int_equal(packing->unpack(packed, len, out, text->len + 1), text->len);
    assert_memory_equal(out, text->at, text->len);
    free(out);
    free(packed);
    free(text->at);
}

static void what_is_packed_unpacks(void **state)
{
    static const size_t lengths[] = { 0, 1, 100, 65535, 65536, 65537, 1000000 };
    static const size_t pieces[] = { 1, 7, 1000, 65536 };

    for (size_t i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(pieces); j++) {
            for (size_t k = 0; k < ARRAY_SIZE(packings); k++) {
                struct text text = text_new(lengths[i / 2], i % 2, 65536 - 13 * j);

                check_packing(&packings[k], &text, pieces[j]);
            }
        }
    }
}

static void text_gets_shorter(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
        struct text text = text_new(1000000, false, 65536);
        size_t len;

        free(compress(packings[i].coding, &text, 65536, &len));
        assert_true(len < 1000000 / 10);
        free(text.at);
    }
}

static void memory_that_was_in_use_does_not_matter(void **state)
{
    for (unsigned i = 0; i < 20; i++) {
        struct text text = text_new(200000, i / 2 % 2, 65536);
        char *dirt = malloc(500000);

        assert_non_null(dirt);
        memset(dirt, 0xff, 500000);
        free(dirt);
        check_packing(&packings[i % 2], &text, 4096);
    }
}

static void an_error_comes_through(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
        struct text text = text_new(300000, true, 65536);
        void *packer = packings[i].coding->new ();
        char out[4096];
        long n;

        text.error = -EIO;
        assert_non_null(packer);
        do {
            n = read_some(packings[i].coding, packer, &text, out, sizeof(out));
        } while (n > 0);
        assert_int_equal(n, -EIO);
        packings[i].coding->free(packer);
        free(text.at);
    }
}

static void free_accepts_null(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(packings); i++)
        packings[i].coding->free(NULL);
}

/* RFC 9659: clients need not unpack what has a window of over 8 MB. */
static void the_window_of_zstd_is_small(void **state)
{
    struct text text = text_new(20000000, false, 65536);
    size_t len, n = 0;
    char *packed = compress(&zstd_coding, &text, 65536, &len);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = { packed, len, 0 };
    static char piece[65536];

    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 16);
    while (in.pos < in.size) {
        ZSTD_outBuffer out = { piece, sizeof(piece), 0 };

        assert_false(ZSTD_isError(ZSTD_decompressStream(context, &out, &in)));
        n += out.pos;
    }
    assert_true(n > text.len - sizeof(piece));
    ZSTD_freeDCtx(context);
    free(packed);
    free(text.at);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(what_is_packed_unpacks),
        CASE(text_gets_shorter),
        CASE(memory_that_was_in_use_does_not_matter),
        CASE(an_error_comes_through),
        CASE(free_accepts_null),
        CASE(the_window_of_zstd_is_small),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
