/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regex
 *
 * PCRE2 backtracks, so some patterns need a time that grows exponentially with the name. Its limits
 * bound that: the match limit counts steps of both the compiled code and the interpreter, which is
 * used where memory cannot be made executable. The stack of the compiled code and the heap of the
 * interpreter have limits of their own.
 *
 * The stack and the offsets of a match are in the scratch memory. So the compiled code allocates
 * nothing.
 */

#include "base/regex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What compiled code may use; the rest is only mapped. */
#define STACK_MIN (16 * 1024)
#define STACK_MAX (256 * 1024)
#define HEAP_MAX_KIB 1024

struct regex {
    pcre2_code *code;
    struct regex_groups groups;
};

struct regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* NULL: PCRE2 has no compiler for this processor */
};

/* The pattern comes from regex_translate(), so only its size or a property can be wrong. */
static void explain_error(int error, struct regex_fault *fault)
{
    PCRE2_UCHAR message[128];
    const char *text = "a \\p{...} in it names no category or script, such as Lu or Greek";

    if (error != PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY) {
        bool is_known = pcre2_get_error_message(error, message, sizeof(message)) >= 0;

        text = is_known ? (const char *)message : "it cannot be compiled";
    }
    fault->at = 0;
    snprintf(fault->text, sizeof(fault->text), "%s", text);
}

static int compile(struct regex *regex, struct slice translated, struct regex_fault *fault)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    PCRE2_SIZE offset;
    int error = 0;

    if (!context)
        return -ENOMEM;
    /* A lone line feed ends a line, whatever PCRE2 was built with. */
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    /* Quantifiers may have added parentheses. */
    pcre2_set_parens_nest_limit(context, 3 * REGEX_DEPTH_MAX);
    regex->code = pcre2_compile((PCRE2_SPTR)translated.at, translated.len,
                                PCRE2_UTF | PCRE2_ALT_CIRCUMFLEX, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (!regex->code && error == PCRE2_ERROR_HEAP_FAILED)
        return -ENOMEM;
    if (!regex->code) {
        explain_error(error, fault);
        return -EINVAL;
    }
    /* If this fails, the interpreter does it. */
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    return 0;
}

int regex_new(struct regex **ret, struct slice pattern, struct regex_fault *fault)
{
    CLEANUP(buffer_deinit) struct buffer translated = { 0 };
    struct regex *regex = calloc(1, sizeof(*regex));
    int r;

    if (!regex)
        return -ENOMEM;
    r = regex_translate(pattern, &translated, &regex->groups, fault);
    if (r == 0)
        r = compile(regex, translated.len ? buffer_text(&translated) : SLICE(""), fault);
    if (r < 0) {
        regex_free(regex);
        return r;
    }
    *ret = regex;
    return 0;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex->groups.names);
    free(regex);
}

const struct regex_groups *regex_groups(const struct regex *regex)
{
    return &regex->groups;
}

int regex_scratch_new(struct regex_scratch **ret, size_t n_groups)
{
    struct regex_scratch *scratch = calloc(1, sizeof(*scratch));

    if (!scratch)
        return -ENOMEM;
    scratch->data = pcre2_match_data_create((uint32_t)n_groups, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    scratch->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
    if (!scratch->data || !scratch->context) {
        regex_scratch_free(scratch);
        return -ENOMEM;
    }
    pcre2_set_match_limit(scratch->context, REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(scratch->context, REGEX_MATCH_LIMIT);
    pcre2_set_heap_limit(scratch->context, HEAP_MAX_KIB);
    pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
    *ret = scratch;
    return 0;
}

void regex_scratch_free(struct regex_scratch *scratch)
{
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->stack);
    free(scratch);
}

static void copy_groups(const struct regex *regex, struct regex_scratch *scratch, struct slice text,
                        size_t n_set, struct slice *ret)
{
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(scratch->data);

    for (size_t i = 0; i < regex->groups.n; i++) {
        PCRE2_SIZE begin = offsets[2 * i], end = offsets[2 * i + 1];

        ret[i] = (struct slice){ NULL, 0 };
        if (i < n_set && begin != PCRE2_UNSET && end >= begin)
            ret[i] = (struct slice){ text.at + begin, end - begin };
    }
}

enum regex_outcome regex_find(const struct regex *regex, struct regex_scratch *scratch,
                              struct slice text, struct slice *ret)
{
    int n_set = pcre2_match(regex->code, (PCRE2_SPTR)text.at, text.len, 0, PCRE2_NO_UTF_CHECK,
                            scratch->data, scratch->context);

    if (n_set == PCRE2_ERROR_NOMATCH)
        return REGEX_NO_MATCH;
    /* One of the limits, or the memory that it is there to save. */
    if (n_set < 0)
        return REGEX_EXCEEDED;
    copy_groups(regex, scratch, text, (size_t)n_set, ret);
    return REGEX_MATCHED;
}
