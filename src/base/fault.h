/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fault: why the byte at which a line was refused cannot be right
 */

#include "base/slice.h"
#include "base/verdict.h"

/*
 * Which of the causes that @verdict has was the one, for a line refused at the byte @fault, which
 * may be NULL; or NULL if the verdict has only one. @line is the whole line. The result is static.
 */
const char *fault_cause(enum verdict verdict, struct slice line, const char *fault);
