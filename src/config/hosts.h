/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hosts: whether the names of hosts in the settings are known
 *
 * The reader of a setting looks at the form of an address only, because a reload must not depend on
 * the name server for what has not changed.
 */

#include "base/compiler.h"
#include "config/problems.h"
#include "config/settings.h"

/*
 * Look up all names of hosts in @settings, which may wait for a name server, and add a problem for
 * each that is not known. Returns the highest source of one of them; OPTION_DEFAULT if there is
 * none.
 */
enum option_source hosts_look_up(const struct settings *settings, struct problems *problems);
