/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/udometer-test-path-XXXXXX";

/* Of the path @rest in the test's folder, the folder @expected is missing; "": none is. */
static void assert_missing(const char *rest, const char *expected)
{
    char path[100], wanted[100] = "";
    struct slice missing;

    snprintf(path, sizeof(path), "%s%s", folder, rest);
    if (expected[0])
        snprintf(wanted, sizeof(wanted), "%s%s", folder, expected);
    missing = path_missing_folder(path);
    if (!slice_equal(missing, slice_of(wanted)))
        fail_msg("%s: %.*s, not %s", path, (int)missing.len, missing.at, wanted);
}

static void the_first_missing_folder_is_found(void **state)
{
    assert_missing("/file", "");
    assert_missing("", "");
    assert_missing("/a/file", "/a");
    assert_missing("/a/b/file", "/a");
    assert_missing("/../file", "");
    assert_missing("//a//b/file", "//a");
}

static void a_path_may_be_relative_or_empty(void **state)
{
    assert_int_equal(path_missing_folder("").len, 0);
    assert_int_equal(path_missing_folder("file").len, 0);
    assert_int_equal(path_missing_folder("/").len, 0);
    assert_int_equal(path_missing_folder("/file").len, 0);
    assert_slice_equal(path_missing_folder("no-such-folder/file"), "no-such-folder");
}

/* Opening such a path fails with ENOTDIR, which says enough. */
static void a_file_among_the_folders_is_not_missing(void **state)
{
    assert_int_equal(path_missing_folder("/dev/null/a/file").len, 0);
}

static void folders_are_known(void **state)
{
    assert_true(path_is_folder(folder));
    assert_true(path_is_folder("/"));
    assert_false(path_is_folder("/dev/null"));
    assert_false(path_is_folder("/no/such/folder"));
}

static void a_path_has_a_folder(void **state)
{
    assert_slice_equal(path_folder("/run/udometer/socket"), "/run/udometer");
    assert_slice_equal(path_folder("/socket"), "/");
    assert_slice_equal(path_folder("socket"), ".");
    assert_slice_equal(path_folder("a/socket"), "a");
}

static int make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_first_missing_folder_is_found),
        cmocka_unit_test(a_path_may_be_relative_or_empty),
        cmocka_unit_test(a_file_among_the_folders_is_not_missing),
        cmocka_unit_test(folders_are_known),
        cmocka_unit_test(a_path_has_a_folder),
    };

    return cmocka_run_group_tests(cases, make_folder, remove_folder);
}
