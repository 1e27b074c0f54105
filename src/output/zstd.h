/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Zstd: a content coding (RFC 8878)
 *
 * Of what clients must be able to unpack, RFC 9659 allows a window of 8 MB. Ours is 64 KiB.
 */

#include "output/coding.h"

extern const struct coding zstd_coding;
