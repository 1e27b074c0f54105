/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text: the Prometheus text format, version 0.0.4
 */

#include "output/exposition.h"

extern const struct exposition_writer text_writer;
