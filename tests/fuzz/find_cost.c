/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Find cost: looks for the datagrams that cost most, and replays those that it has found
 *
 *      find_cost --check FOLDER…           each file must cost less than its bound (cost.h)
 *      find_cost --replay FOLDER…          the same without a judgement, for sanitizers
 *      find_cost SECONDS OUT FOLDER…       search, beginning with the files; write to OUT
 *
 * The search keeps, for each set of verdicts and each order of size, the datagram with the largest
 * share of its bound. So a find does not replace one of another sort, and each is a parent.
 */

#include "cost.h"
#include "mutate.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NICHES 1024
#define N_SHOWN 20

/* A check ends with the first turn that is below the bound. */
#define TURNS_MAX 40
#define TURN_ROUNDS 5

/* After this many datagrams, the series that they have made are given up. */
#define WORLD_AGE 3000

struct find {
    char *text;
    size_t len;
    struct cost cost;
};

static struct find niches[NICHES];

static void for_each_file(const char *folder, void (*take)(const char *path))
{
    char pattern[4096];
    glob_t files;

    snprintf(pattern, sizeof(pattern), "%s/*", folder);
    if (glob(pattern, 0, NULL, &files) != 0)
        return;
    for (size_t i = 0; i < files.gl_pathc; i++)
        take(files.gl_pathv[i]);
    globfree(&files);
}

static size_t read_file(const char *path, char text[MUTATE_MAX])
{
    FILE *file = fopen(path, "re");
    size_t len;

    if (!file) {
        perror(path);
        exit(1);
    }
    len = fread(text, 1, MUTATE_MAX, file);
    fclose(file);
    return len;
}

static void show(const char *name, const struct cost *cost, size_t len)
{
    static const char *const states[] = {
        [COST_KNOWN] = "known", [COST_NEW] = "new", [COST_BEYOND] = "beyond"
    };

    printf("%5.2f of the bound: %7.1f ns a byte, %8.0f ns a line, %zu bytes, %zu lines, %s: %s\n",
           cost->share, cost->ns / (double)(len ? len : 1),
           cost->ns / (double)(cost->n_lines ? cost->n_lines : 1), len, cost->n_lines,
           states[cost->state], name);
}

/* --- checking --------------------------------------------------------------------------- */

static unsigned n_passed, n_failed;
static bool has_judgement;

static void check_file(const char *path)
{
    static char text[MUTATE_MAX];
    struct slice datagram = { text, read_file(path, text) };
    struct cost cost, best = { .share = 1e9 };

    for (unsigned i = 0; i < TURNS_MAX && best.share >= 1; i++) {
        cost = cost_measure(datagram, has_judgement ? TURN_ROUNDS : 1);
        if (cost.share < best.share)
            best = cost;
        if (!has_judgement)
            break;
    }
    show(path, &best, datagram.len);
    if (has_judgement && best.share >= 1)
        n_failed++;
    else
        n_passed++;
}

/* --- searching -------------------------------------------------------------------------- */

static unsigned order_of(size_t len)
{
    unsigned order = 0;

    for (; len > 1; len /= 4)
        order++;
    return order;
}

static struct find *niche_of(const struct cost *cost, size_t len)
{
    uint64_t hash = (cost->outcomes * 16 + order_of(len)) * UINT64_C(0x9e3779b97f4a7c15);

    return &niches[hash >> 54];
}

/* Keep a datagram if it is the best of its niche, also when it is measured with more care. */
static void try_text(const char *text, size_t len)
{
    static unsigned age;
    const struct slice datagram = { text, len };
    struct cost cost;
    struct find *niche;

    if (age++ % WORLD_AGE == WORLD_AGE - 1) {
        cost_deinit();
        cost_init();
    }
    cost = cost_measure(datagram, 1);
    if (cost.share <= niche_of(&cost, len)->cost.share)
        return;
    cost = cost_measure(datagram, TURN_ROUNDS);
    niche = niche_of(&cost, len);
    if (cost.share <= niche->cost.share)
        return;
    free(niche->text);
    niche->text = malloc(len + 1);
    if (!niche->text)
        exit(1);
    memcpy(niche->text, text, len);
    niche->len = len;
    niche->cost = cost;
}

static void try_file(const char *path)
{
    static char text[MUTATE_MAX];

    try_text(text, read_file(path, text));
}

static const struct find *any_find(void)
{
    const struct find *best = NULL;

    for (unsigned n = 0; n < 3 || !best; n++) {
        const struct find *find = &niches[mutate_below(NICHES)];

        if (find->text && (!best || find->cost.share > best->cost.share))
            best = find;
    }
    return best;
}

static int compare(const void *a, const void *b)
{
    double one = ((const struct find *)a)->cost.share, other = ((const struct find *)b)->cost.share;

    return (one < other) - (one > other);
}

static void write_find(const char *folder, unsigned i)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/find-%02u", folder, i);
    show(path, &niches[i].cost, niches[i].len);
    file = fopen(path, "we");
    if (!file || fwrite(niches[i].text, 1, niches[i].len, file) != niches[i].len ||
        fclose(file) != 0)
        perror(path);
}

/* Measure the finds once more, with care, and write the worst of them. */
static void write_finds(const char *folder)
{
    cost_deinit();
    cost_init();
    for (unsigned i = 0; i < NICHES; i++)
        if (niches[i].text)
            niches[i].cost = cost_measure((struct slice){ niches[i].text, niches[i].len }, 20);
    qsort(niches, NICHES, sizeof(niches[0]), compare);
    for (unsigned i = 0; i < N_SHOWN && niches[i].text; i++)
        write_find(folder, i);
}

static void search(double seconds, const char *folder)
{
    static char text[MUTATE_MAX];
    time_t end = time(NULL) + (time_t)seconds;
    uint64_t n = 0;

    try_text("a:1|c", 5);
    mutate_seed((uint64_t)time(NULL));
    for (; time(NULL) < end; n++) {
        const struct find *parent = any_find(), *other = any_find();
        size_t len = mutate(text, (struct slice){ parent->text, parent->len },
                            (struct slice){ other->text, other->len });

        try_text(text, len);
    }
    printf("%" PRIu64 " datagrams tried\n", n);
    write_finds(folder);
}

int main(int argc, char **argv)
{
    bool is_check = argc > 1 && strncmp(argv[1], "--", 2) == 0;

    if (argc < 3) {
        fprintf(stderr, "usage: find_cost --check|--replay FOLDER… or SECONDS OUT FOLDER…\n");
        return 2;
    }
    cost_init();
    if (is_check) {
        has_judgement = strcmp(argv[1], "--check") == 0;
        for (int i = 2; i < argc; i++)
            for_each_file(argv[i], check_file);
        printf("%u passed, %u failed\n", n_passed, n_failed);
    } else {
        for (int i = 3; i < argc; i++)
            for_each_file(argv[i], try_file);
        search(atof(argv[1]), argv[2]);
    }
    cost_deinit();
    for (unsigned i = 0; i < NICHES; i++)
        free(niches[i].text);
    return n_failed > 0 || (is_check && n_passed == 0);
}
