/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Collected: what a collector of self-metrics writes, as text
 */

#include "unit.h"

#include "output/text.h"

#include <stdio.h>

/* Write to @text what @collector has, and nothing else; then a NUL. */
static inline void write_collected(const struct exposition_collector *collector,
                                   struct buffer *text)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    struct snapshot *snapshot = snapshot_new_empty();

    assert_non_null(snapshot);
    assert_int_equal(exposition_new(&exposition, &text_writer, snapshot, collector), 0);
    snapshot_unref(snapshot);
    buffer_clear(text);
    assert_int_equal(exposition_write(exposition, text, SIZE_MAX), 0);
    buffer_add_char(text, '\0');
    assert_false(text->has_failed);
}

/* @text, which write_collected() has written, has @line. */
static inline void must_have_line(const struct buffer *text, const char *line)
{
    char wanted[2048];

    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    if (!strstr(text->data, wanted))
        fail_msg("no line %s in:\n%s", line, text->data);
}
