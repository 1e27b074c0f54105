/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Protobuf: messages MetricFamily, each after its length (proto/metric_family.proto)
 *
 * A family that continues in another chunk continues in another message with the same name, type
 * and texts (docs/decisions/0050).
 */

#include "output/exposition.h"

extern const struct exposition_writer protobuf_writer;
