#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/settings.h"
#include "tests/unit/cmocka_all.h"

static int clear(void **state)
{
    (void)state;
    clearenv();
    return 0;
}

/* What settings_load complains about for the api; caller frees. */
static char *complaints_of(struct settings *ret_settings, bool *ret_fine)
{
    char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    FILE *out = open_memstream(&text, &len);
    *ret_fine = settings_load(SETTINGS_API, out, ret_settings, &err);
    fclose(out);
    return text;
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings settings;
    bool fine;
    AUTO(text) char *text = complaints_of(&settings, &fine);
    assert_true(fine);
    assert_string_equal(text, "");
    assert_int_equal(settings.api_port, 8080);
    assert_string_equal(settings.api_bind, "127.0.0.1");
    assert_string_equal(settings.database_url.value, "");
    assert_int_equal(settings.sandbox_wall_ms, 30000);
    assert_int_equal(settings.worker_slots, 0); /* not this program's */
}

static void test_all_wrong_settings_are_named_at_once(void **state)
{
    (void)state;
    setenv("API_PORT", "70000", 1);
    setenv("API_HANDLERS", "eight", 1);
    setenv("UNDO_SECONDS", "5s", 1);
    setenv("DATABASE_URL", "a", 1);
    setenv("DATABASE_URL_FILE", "/nowhere", 1);
    struct settings settings;
    bool fine;
    AUTO(text) char *text = complaints_of(&settings, &fine);
    assert_false(fine);
    assert_non_null(strstr(text, "API_PORT must be a number from 0 to 65535\n"));
    assert_non_null(strstr(text, "API_HANDLERS must be"));
    assert_non_null(strstr(text, "UNDO_SECONDS must be"));
    assert_non_null(strstr(text, "DATABASE_URL and DATABASE_URL_FILE are both set"));
}

static void test_a_setting_has_the_name_others_know(void **state)
{
    (void)state;
    struct settings settings;
    struct error err = {0};
    setenv("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "7", 1);
    setenv("CIRCUIT_BREAKER_RECOVERY_TIMEOUT_MS", "200", 1);
    assert_true(settings_load(SETTINGS_WORKER, stderr, &settings, &err));
    assert_int_equal(settings.breaker_failures, 7);
    assert_int_equal(settings.breaker_recovery_ms, 200);
    setenv("BREAKER_FAILURES", "9", 1);
    assert_true(settings_load(SETTINGS_WORKER, stderr, &settings, &err));
    assert_int_equal(settings.breaker_failures, 9);
}

static void test_a_secret_comes_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(write(fd, "s3cret\n", 7) == 7);
    close(fd);
    setenv("DATABASE_URL_FILE", path, 1);
    struct settings settings;
    bool fine;
    AUTO(text) char *text = complaints_of(&settings, &fine);
    unlink(path);
    assert_true(fine);
    assert_string_equal(settings.database_url.value, "s3cret");
    setenv("DATABASE_URL_FILE", "/nowhere/at/all", 1);
    AUTO(text) char *again = complaints_of(&settings, &fine);
    assert_false(fine);
    assert_non_null(strstr(again, "DATABASE_URL_FILE: /nowhere/at/all can not be read"));
}

static void test_help_lists_only_what_the_program_reads(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    settings_print_help(SETTINGS_WORKER, out);
    fclose(out);
    assert_non_null(strstr(text, "WORKER_SLOTS=4"));
    assert_null(strstr(text, "API_PORT="));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, clear),
        cmocka_unit_test_setup(test_all_wrong_settings_are_named_at_once, clear),
        cmocka_unit_test_setup(test_a_setting_has_the_name_others_know, clear),
        cmocka_unit_test_setup(test_a_secret_comes_from_a_file, clear),
        cmocka_unit_test_setup(test_help_lists_only_what_the_program_reads, clear),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
