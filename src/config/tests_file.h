/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tests file: the tests that a file of names brings along
 *
 *      tests:
 *      - name: routes are counted by bot
 *        send: ["bot.7.routes:1|c", "bot.7.routes:2|c"]
 *        expect:
 *        - bot_routes_total{bot="7"} 3
 */

#include "config/draft.h"

extern const struct field_table tests_table; /* a test */

/* Add the tests in @list to @draft. NULL is fine. */
void tests_file_read(struct draft *draft, const struct field_reader *reader,
                     const struct node *list);
