#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/folders.h"
#include "admin/stack/stack_data.h"
#include "tests/unit/cmocka_all.h"

static char place[64];

static int make_place(void **state)
{
    (void)state;
    snprintf(place, sizeof place, "/tmp/countersign-unit-XXXXXX");
    return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
    (void)state;
    struct error err;
    return folder_remove(place, &err) ? 0 : -1;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void test_folders_are_made_with_parents(void **state)
{
    (void)state;
    struct error err;
    AUTO(text) char *deep = path_join(place, "a b/c/d");
    AUTO(text) char *parent = path_join(place, "a b");
    assert_true(folder_make(deep, 0700, &err));
    assert_int_equal(mode_of(deep), 0700);
    assert_true(folder_make(deep, 0711, &err));
    assert_int_equal(mode_of(deep), 0711);
    assert_true(folder_remove(parent, &err));
    assert_false(path_exists(parent));
    assert_true(folder_remove(parent, &err));
}

static void test_a_file_in_the_way_is_named(void **state)
{
    (void)state;
    struct error err;
    AUTO(text) char *file = path_join(place, "file");
    AUTO(text) char *below = path_join(place, "file/folder");
    assert_true(file_write(file, bytes_of("x"), 0600, &err));
    assert_false(folder_make(below, 0700, &err));
    assert_non_null(strstr(err.text, "file"));
}

static void test_files_are_replaced_whole(void **state)
{
    (void)state;
    struct error err;
    AUTO(text) char *path = path_join(place, "secret");
    AUTO(text) char *first = NULL;
    AUTO(text) char *second = NULL;
    assert_true(file_write(path, bytes_of("one"), 0600, &err));
    assert_int_equal(mode_of(path), 0600);
    assert_true(file_read(path, &first, &err));
    assert_string_equal(first, "one");
    assert_true(file_write(path, bytes_of(""), 0644, &err));
    assert_int_equal(mode_of(path), 0644);
    assert_true(file_read(path, &second, &err));
    assert_string_equal(second, "");
}

static void test_removing_follows_no_link(void **state)
{
    (void)state;
    struct error err;
    AUTO(text) char *kept = path_join(place, "kept");
    AUTO(text) char *folder = path_join(place, "links");
    AUTO(text) char *link = path_join(place, "links/to-kept");
    AUTO(text) char *inside = path_join(place, "kept/file");
    assert_true(folder_make(kept, 0700, &err));
    assert_true(folder_make(folder, 0700, &err));
    assert_true(file_write(inside, bytes_of("x"), 0600, &err));
    assert_int_equal(symlink(kept, link), 0);
    assert_true(folder_remove(folder, &err));
    assert_true(path_exists(inside));
}

static void test_only_one_stack_holds_a_folder(void **state)
{
    (void)state;
    struct error err;
    struct stack_data first;
    struct stack_data second;
    AUTO(text) char *folder = path_join(place, "data");
    AUTO(text) char *secret = NULL;
    AUTO(text) char *again = NULL;
    assert_true(stack_data_open(folder, &first, &err));
    assert_false(stack_data_open(folder, &second, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    stack_data_close(&second, true);
    assert_true(stack_data_secret(&first, "api", &secret, &err));
    assert_true(stack_data_secret(&first, "api", &again, &err));
    assert_string_equal(secret, again);
    assert_true(strlen(secret) >= 43);
    stack_data_close(&first, false);
    assert_true(stack_data_open(folder, &second, &err));
    stack_data_close(&second, true);
    assert_false(path_exists(folder));
}

static void test_connection_strings_quote_what_they_must(void **state)
{
    (void)state;
    struct stack_data data = {.folder = (char *)"/it's a\\b", .run = "/tmp/cs-1"};
    AUTO(text) char *named = stack_data_conninfo(&data, "auditor", NULL);
    AUTO(text) char *super = stack_data_conninfo(&data, "superuser", "secret");
    assert_string_equal(named, "host=/tmp/cs-1 dbname=countersign user=countersign_auditor "
                               "passfile='/it\\'s a\\\\b/secrets/passfile'");
    assert_string_equal(super, "host=/tmp/cs-1 dbname=countersign user=postgres password='secret'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders_are_made_with_parents),
        cmocka_unit_test(test_a_file_in_the_way_is_named),
        cmocka_unit_test(test_files_are_replaced_whole),
        cmocka_unit_test(test_removing_follows_no_link),
        cmocka_unit_test(test_only_one_stack_holds_a_folder),
        cmocka_unit_test(test_connection_strings_quote_what_they_must),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
