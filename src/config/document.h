/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Document: a YAML file as a tree, with the place of each node
 *
 *      statsd:                 map
 *        ttl: 5m               scalar "5m", with the key "ttl"
 *        listen-udp: [a, b]    list of two scalars, with the key "listen-udp"
 *
 * The tree records what the file contains, and where. Its user decides what the file may
 * contain and what a scalar means.
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "config/file.h"
#include "config/node.h"
#include "config/problems.h"

/* Limits of a file, besides FILE_BYTES_MAX. */
#define DOCUMENT_NODES_MAX 1000000 /* including keys, and what aliases and merge keys add */
#define DOCUMENT_DEPTH_MAX 32      /* of nested lists and maps */

struct document;

/*
 * Read the file at @path, which becomes the path of @problems. Problems are those of any
 * file, whatever it is for: broken YAML, aliases of nothing, a second document, keys that are not
 * scalars, NUL characters, and exceeded limits. If the file cannot be read, the problem
 * tells the user to check @flag. A problem at the end of the file may be placed in the line
 * after the last.
 *
 * Returns the document without adding a problem, or NULL after adding at least one.
 */
MUST_CHECK struct document *document_read(const char *path, const char *flag,
                                          struct problems *problems);

/* The same for the bytes of a file, which are copied. */
MUST_CHECK struct document *document_parse(struct slice bytes, struct problems *problems);

/* Free the document and all its nodes. NULL is fine. */
void document_free(struct document *document);
DEFINE_CLEANUP(struct document *, document_free)

/* The outermost node; NULL if the file is empty or has only comments. */
const struct node *document_root(const struct document *document);
