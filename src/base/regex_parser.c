/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regex parser
 *
 * What is small and used by all files that rewrite a regular expression.
 */

#include "base/regex_parser.h"

#include <stdarg.h>
#include <stdio.h>

bool regex_refuse(struct regex_parser *parser, size_t at, const char *format, ...)
{
    va_list args;

    parser->fault->at = at;
    va_start(args, format);
    vsnprintf(parser->fault->text, sizeof(parser->fault->text), format, args);
    va_end(args);
    return false;
}

uint32_t regex_take_char(struct regex_parser *parser)
{
    const unsigned char *text = (const unsigned char *)parser->pattern.at + parser->at;
    unsigned n_more = text[0] < 0x80 ? 0 : text[0] < 0xe0 ? 1 : text[0] < 0xf0 ? 2 : 3;
    uint32_t c = n_more ? text[0] & (0x3fu >> n_more) : text[0];

    for (unsigned i = 1; i <= n_more; i++)
        c = c << 6 | (text[i] & 0x3fu);
    parser->at += 1 + n_more;
    return c;
}

void regex_write_char(struct regex_parser *parser, uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')
        buffer_add_char(parser->out, (char)c);
    else
        buffer_add_format(parser->out, "\\x{%x}", (unsigned)c);
}

void regex_end_atom(struct regex_parser *parser)
{
    struct regex_frame *frame = &parser->frames[parser->depth];

    if (!parser->atom.exists)
        return;
    frame->has_text |= !parser->atom.may_be_empty;
    if (parser->atom.n_copies > frame->n_copies)
        frame->n_copies = parser->atom.n_copies;
    parser->atom.exists = false;
}

void regex_set_atom(struct regex_parser *parser, size_t begin, struct regex_atom atom)
{
    regex_end_atom(parser);
    parser->atom = atom;
    parser->atom.exists = true;
    parser->atom.begin = begin;
    parser->atom.end = parser->out->len;
}
