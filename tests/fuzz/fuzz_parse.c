/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz parse: bytes to lines, lines to their parts, parts to an identity
 *
 * Besides not crashing: every part lies inside its line, and an identity that was
 * resolved is one that the text format can show.
 */

#include "fuzz.h"

#include "base/utf8.h"
#include "defaults.h"
#include "input/parse.h"
#include "input/resolve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool lies_within(struct slice part, struct slice whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void check_identity(const struct identity *identity)
{
    MUST(fuzz_is_name(identity->family));
    MUST(identity->type < _SAMPLE_TYPE_N);
    MUST(identity->weight >= 1e-9 && identity->weight <= 1e9);
    MUST(identity->weight < 1 || identity->weight == floor(identity->weight));
    MUST(utf8_is_valid(identity->labels));
    MUST(!memchr(identity->labels.at, '\n', identity->labels.len));
}

static void check_line(struct resolver *resolver, const struct parse_options *options,
                       struct slice text)
{
    struct identity identity;
    struct line line;

    MUST(text.len > 0 && !memchr(text.at, '\n', text.len));
    if (parse_line(text, options, &line) != VERDICT_APPLIED) {
        MUST(line.fault >= text.at && line.fault <= text.at + text.len);
        return;
    }
    MUST(lies_within(line.name, text) && line.name.len > 0);
    MUST(lies_within(line.value, text));
    MUST(lies_within(line.rest, text) && line.rest.len > 0 && line.rest.at[0] == '|');
    MUST(!line.is_number || isfinite(line.number));
    if (resolve_line(resolver, &line, &identity) == VERDICT_APPLIED)
        check_identity(&identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice datagram = { (const char *)data, size }, text;
    const struct parse_options options = pipeline_parse_options(default_pipeline());
    struct resolver *resolver;

    MUST(resolve_new(&resolver, &default_pipeline()->resolve) == 0);
    while (parse_next_line(&datagram, &options, &text))
        check_line(resolver, &options, text);
    resolve_free(resolver);
    return 0;
}
