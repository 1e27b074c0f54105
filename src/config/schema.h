/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Schema: what a config file may have, as a JSON schema
 *
 * It is made from the tables by which files are read, so that editors complete and check what
 * udometer accepts (https://json-schema.org, draft 7, which yaml-language-server reads).
 */

#include "base/buffer.h"

/* Write the schema, indented, with a line feed at its end. */
void schema_write(struct buffer *out);
