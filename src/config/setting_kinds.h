/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Setting kinds: from text to values
 */

#include "config/settings.h"

/*
 * Set the value at @to, whose type is behind each of them, from @text. Returns NULL,
 * or what is wrong with @text, as the end of a sentence: "expected …". @source
 * matters to lists: a higher one replaces what a lower one has put there.
 */
typedef const char *setting_kind(void *to, const char *text, enum settings_source source);

setting_kind set_text;         /* char *, of its own */
setting_kind set_path;         /* char *: the path of a page */
setting_kind set_address;      /* char *: HOST:PORT */
setting_kind set_addresses;    /* struct settings_list */
setting_kind set_socket_paths; /* struct settings_list */
setting_kind set_owner;        /* struct settings_owner */
setting_kind set_bytes;        /* uint64_t, as all of the following */
setting_kind set_socket_bytes; /* what fits into the int of a socket option, and its double */
setting_kind set_duration;     /* seconds */
setting_kind set_count;
setting_kind set_up_to_256;
setting_kind set_up_to_1024;
setting_kind set_up_to_4096;
setting_kind set_up_to_16384;
setting_kind set_up_to_65536;
setting_kind set_up_to_1048576;
setting_kind set_workers;
setting_kind set_mode;       /* of a file, in octal */
setting_kind set_log_level;  /* enum log_level */
setting_kind set_log_format; /* enum log_format */
setting_kind set_dialect;    /* bool: is it dogstatsd? */
setting_kind set_switch;     /* bool */

/* For further kinds: a whole number from @min to @max; @expected, as above, says so. */
const char *setting_set_number(uint64_t *to, const char *text, uint64_t min, uint64_t max,
                               const char *expected);

/* Free what is in @list. */
void settings_list_clear(struct settings_list *list);
