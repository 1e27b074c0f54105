/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Naming: what all files of a config say about names
 *
 * The config file, the files that it includes, and the mapping files make one mapping.
 */

#include "config/draft.h"
#include "config/option.h"

/* All zero: nothing is said. */
struct naming {
    struct mapping *mapping;  /* has a reference; NULL: no file says anything of names */
    struct draft_test *tests; /* valid as long as the mapping */
    size_t n_tests;
    bool has_rules;     /* there are lists of rules, perhaps empty ones */
    bool says_observer; /* the defaults of all of these say what timers become */
    char **files;       /* all that were read, or should have been; and the folders of patterns */
    size_t n_files;
};

/* What to read. */
struct naming_sources {
    const char *config_path;            /* "": there is no config file */
    const struct document *document;    /* the config file; NULL: it cannot be read */
    const struct option_list *mappings; /* paths of mapping files, char * */
    uint64_t generation;                /* of the mapping (struct mapping_parts) */
    enum observer observer;             /* what observations become where no file says it */
};

/*
 * Read all files of @sources. Fills @ret, which is all zero; on problems, which are added, only its
 * files. Paths in the config file are relative to its folder.
 */
void naming_read(struct naming *ret, const struct naming_sources *sources,
                 struct problems *problems);

/*
 * Check what only all files of @draft together tell, before draft_finish(): what several parts say
 * about one name.
 */
void naming_check(struct draft *draft);

/* Free all, and give the reference back. */
void naming_deinit(struct naming *names);
