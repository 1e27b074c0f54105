/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compat: udometer in the place of another program, with the flags and defaults of that one
 */

#include "base/compiler.h"
#include "base/metric_spec.h"
#include "config/command_line.h"
#include "config/settings.h"

/*
 * What --compat, or else its variable, says; SETTINGS_NONE if neither does, or if it is wrong,
 * which config_load() reports.
 */
enum settings_compat compat_find(const struct command_line *line);

/* For command_line.ignore in the mode @compat. */
typeof(((struct command_line *)0)->ignore) compat_ignored_flags(enum settings_compat compat);

/*
 * Replace the defaults that are others in the mode @compat. @settings must have nothing but
 * defaults. Without memory this adds a problem.
 */
void compat_apply(enum settings_compat compat, struct settings *settings,
                  struct problems *problems);

/* What observations become in the mode @compat where no file says it. */
enum observer compat_observer(enum settings_compat compat);

/* Whether the option of this name has another default in the mode @compat. */
bool compat_has_default(enum settings_compat compat, const char *name);
