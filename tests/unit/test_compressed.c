/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "web/compressed.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define SOURCE_BYTES 300000
#define MANY 40

/* A stream of the letter a, which records what happens to it. */
struct source {
    struct http_stream stream;
    size_t n_left;
    long error;  /* returned at the end instead of 0 */
    bool pauses; /* every other read returns nothing yet */
    bool is_pausing;
    unsigned n_closed, n_sent;
};

static long read_source(struct http_stream *stream, char *out, size_t max)
{
    struct source *source = CONTAINER_OF(stream, struct source, stream);
    size_t n = source->n_left < max ? source->n_left : max;

    source->is_pausing = source->pauses && !source->is_pausing;
    if (source->is_pausing)
        return -EAGAIN;
    memset(out, 'a', n);
    source->n_left -= n;
    return n ? (long)n : source->error;
}

static void close_source(struct http_stream *stream, bool is_sent)
{
    struct source *source = CONTAINER_OF(stream, struct source, stream);

    source->n_closed++;
    source->n_sent += is_sent;
}

static void source_init(struct source *source)
{
    *source = (struct source){
        { .read = read_source, .close = close_source }, SOURCE_BYTES, 0, false, false, 0, 0
    };
}

/* Open @source for a client that sends Accept-Encoding: @accepted; NULL: it does not. */
static struct http_stream *open_for(struct compressors *compressors, const char *accepted,
                                    struct http_reply *reply, struct source *source)
{
    struct http_field header = { SLICE("accept-encoding"), slice_of(accepted ? accepted : "") };
    struct http_request request = { .headers = { &header, accepted ? 1 : 0 } };

    source_init(source);
    *reply = (struct http_reply){ 0 };
    return compressed_open(compressors, &request, reply, &source->stream);
}

static void assert_plain(const char *accepted)
{
    struct compressors compressors = { .n_max = 16 };
    struct http_reply reply;
    struct source source;

    assert_ptr_equal(open_for(&compressors, accepted, &reply, &source), &source.stream);
    assert_int_equal(reply.n_headers, 1);
    assert_string_equal(reply.headers[0].name, "Vary");
    assert_string_equal(reply.headers[0].value, "Accept-Encoding");
    assert_int_equal(source.n_closed, 0);
    assert_int_equal(compressors.n, 0);
}

static void is_the_stream_itself_unless_gzip_is_accepted(void **state)
{
    assert_plain(NULL);
    assert_plain("");
    assert_plain("br, deflate");
    assert_plain("gzip;q=0");
}

/* Read @stream, which is compressed, to its end, and close it. Returns the packed length. */
static size_t assert_unpacks(struct http_stream *stream)
{
    static struct inflate_state inflate;
    static uint8_t packed[SOURCE_BYTES], unpacked[SOURCE_BYTES + 1];
    size_t len = 0;
    long n;

    while ((n = stream->read(stream, (char *)packed + len, 1000)) > 0 || n == -EAGAIN ||
           n == -EINPROGRESS)
        len += n > 0 ? (size_t)n : 0;
    assert_int_equal(n, 0);
    stream->close(stream, true);

    isal_inflate_init(&inflate);
    inflate.crc_flag = ISAL_GZIP;
    inflate.next_in = packed;
    inflate.avail_in = (uint32_t)len;
    inflate.next_out = unpacked;
    inflate.avail_out = sizeof(unpacked);
    assert_int_equal(isal_inflate(&inflate), ISAL_DECOMP_OK);
    assert_int_equal(inflate.total_out, SOURCE_BYTES);
    for (unsigned i = 0; i < SOURCE_BYTES; i++)
        assert_int_equal(unpacked[i], 'a');
    return len;
}

static void unpacks_to_what_the_stream_holds(void **state)
{
    struct compressors compressors = { .n_max = 16 };
    struct http_reply reply;
    struct source source;
    struct http_stream *stream = open_for(&compressors, "gzip", &reply, &source);

    assert_string_equal(reply.headers[0].name, "Content-Encoding");
    assert_string_equal(reply.headers[0].value, "gzip");
    assert_string_equal(reply.headers[1].name, "Vary");
    assert_true(assert_unpacks(stream) < SOURCE_BYTES / 10);
    assert_int_equal(source.n_closed, 1);
    assert_int_equal(source.n_sent, 1);
}

/* The name of the coding that a client gets, or "none". */
static const char *coding_for(const char *accepted)
{
    struct compressors compressors = { .n_max = 1 };
    struct http_reply reply;
    struct source source;
    struct http_stream *stream = open_for(&compressors, accepted, &reply, &source);
    bool is_plain = stream == &source.stream;

    stream->close(stream, false);
    assert_string_equal(reply.headers[is_plain ? 0 : 1].name, "Vary");
    return is_plain ? "none" : reply.headers[0].value;
}

static void the_larger_weight_decides_and_then_zstd_wins(void **state)
{
    assert_string_equal(coding_for("gzip, deflate, br, zstd"), "zstd");
    assert_string_equal(coding_for("zstd"), "zstd");
    assert_string_equal(coding_for("*"), "zstd");
    assert_string_equal(coding_for("zstd;q=0.5, gzip;q=0.9"), "gzip");
    assert_string_equal(coding_for("zstd;q=0.9, gzip;q=0.5"), "zstd");
    assert_string_equal(coding_for("gzip, zstd;q=0"), "gzip");
    assert_string_equal(coding_for("gzip"), "gzip");
    assert_string_equal(coding_for("zstd;q=0, gzip;q=0, *"), "none");
}

static void waits_when_the_stream_does(void **state)
{
    struct compressors compressors = { .n_max = 16 };
    struct http_reply reply;
    struct source source;
    struct http_stream *stream = open_for(&compressors, "gzip", &reply, &source);
    char byte;

    source.pauses = true;
    assert_int_equal(stream->read(stream, &byte, 1), -EAGAIN);
    source.is_pausing = false;
    assert_unpacks(stream);
}

static void an_error_of_the_stream_comes_through(void **state)
{
    struct compressors compressors = { .n_max = 16 };
    struct http_reply reply;
    struct source source;
    struct http_stream *stream = open_for(&compressors, "gzip", &reply, &source);
    char out[1000];
    long n;

    source.error = -EIO;
    do {
        n = stream->read(stream, out, sizeof(out));
    } while (n > 0 || n == -EINPROGRESS);
    assert_int_equal(n, -EIO);
    stream->close(stream, false);
    assert_int_equal(source.n_closed, 1);
    assert_int_equal(source.n_sent, 0);
}

static void only_some_are_compressed_at_a_time(void **state)
{
    struct compressors compressors = { .n_max = 16 };
    struct http_stream *streams[MANY];
    struct source sources[MANY];
    struct http_reply reply;
    unsigned n_compressed = 0;

    for (unsigned i = 0; i < MANY; i++) {
        streams[i] = open_for(&compressors, "gzip", &reply, &sources[i]);
        n_compressed += streams[i] != &sources[i].stream;
        assert_int_equal(reply.n_headers, streams[i] != &sources[i].stream ? 2 : 1);
    }
    assert_int_equal(n_compressed, 16);
    for (unsigned i = 0; i < MANY; i++)
        streams[i]->close(streams[i], true);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(sources[i].n_closed, 1);
    /* Closed streams do not count. */
    streams[0] = open_for(&compressors, "gzip", &reply, &sources[0]);
    assert_ptr_not_equal(streams[0], &sources[0].stream);
    streams[0]->close(streams[0], true);
    assert_int_equal(compressors.n, 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(is_the_stream_itself_unless_gzip_is_accepted),
        CASE(unpacks_to_what_the_stream_holds),
        CASE(the_larger_weight_decides_and_then_zstd_wins),
        CASE(waits_when_the_stream_does),
        CASE(an_error_of_the_stream_comes_through),
        CASE(only_some_are_compressed_at_a_time),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
