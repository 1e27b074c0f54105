/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replay: runs a fuzz target over files, for builds without libFuzzer
 *
 * The arguments are folders; one that does not exist counts as empty. Each input is
 * in memory of exactly its size, so that a sanitizer detects a read past its end.
 */

#include "fuzz.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int run_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct stat info;
    uint8_t *data;
    size_t size;

    if (!file || fstat(fileno(file), &info) < 0) {
        perror(path);
        return 1;
    }
    size = (size_t)info.st_size;
    data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read whole\n", path);
        return 1;
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

static unsigned run_folder(const char *folder, unsigned *n_failed)
{
    char pattern[4096];
    glob_t files;
    unsigned n_run = 0;

    snprintf(pattern, sizeof(pattern), "%s/*", folder);
    if (glob(pattern, 0, NULL, &files) != 0)
        return 0;
    for (size_t i = 0; i < files.gl_pathc; i++, n_run++)
        *n_failed += (unsigned)run_file(files.gl_pathv[i]);
    globfree(&files);
    return n_run;
}

int main(int argc, char **argv)
{
    unsigned n_run = 0, n_failed = 0;

    for (int i = 1; i < argc; i++)
        n_run += run_folder(argv[i], &n_failed);
    printf("%u passed, %u failed\n", n_run - n_failed, n_failed);
    return n_failed > 0 || n_run == 0;
}
