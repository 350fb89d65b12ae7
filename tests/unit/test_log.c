/* Proves: T22 I12 V13.3.1 V13.3.2 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "tests/unit/cmocka_all.h"

/* What went to stderr while `body` ran. */
static void capture(void (*body)(void), char *ret_text, size_t size)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    int kept = dup(STDERR_FILENO);
    dup2(pipes[1], STDERR_FILENO);
    body();
    dup2(kept, STDERR_FILENO);
    close(pipes[1]);
    ssize_t len = read(pipes[0], ret_text, size - 1);
    ret_text[len > 0 ? len : 0] = '\0';
    close(pipes[0]);
    close(kept);
}

static void write_hostile(void)
{
    LOG(LOG_WARN, "thing.happened", LOG_TEXT("name", "a\"b\\c\r\n{\"level\":\"error\"}\033[31m"),
        LOG_NUMBER("count", -7));
}

static void test_a_line_can_not_be_forged(void **state)
{
    (void)state;
    char line[1024];
    log_open("test", LOG_INFO);
    capture(write_hostile, line, sizeof line);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *root = json_loads(line, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(root, "process")), "test");
    assert_string_equal(json_string_value(json_object_get(root, "event")), "thing.happened");
    assert_string_equal(json_string_value(json_object_get(root, "name")),
                        "a\"b\\c\r\n{\"level\":\"error\"}\033[31m");
    assert_int_equal(json_integer_value(json_object_get(root, "count")), -7);
    json_decref(root);
}

static void write_debug(void)
{
    LOG(LOG_DEBUG, "too.small");
}

static void write_nothing_then_mark(void)
{
    write_debug();
    LOG(LOG_INFO, "mark");
}

static void test_lines_below_the_level_are_left_out(void **state)
{
    (void)state;
    char line[1024];
    log_open("test", LOG_INFO);
    capture(write_nothing_then_mark, line, sizeof line);
    assert_null(strstr(line, "too.small"));
    assert_non_null(strstr(line, "mark"));
}

static void write_error(void)
{
    struct error err = {0};
    (void)fail_field(&err, ERR_UNAVAILABLE, "spot", "away for %d s", 3);
    log_error("database.away", &err);
}

static void test_an_error_has_the_level_of_its_code(void **state)
{
    (void)state;
    char line[1024];
    log_open("test", LOG_INFO);
    capture(write_error, line, sizeof line);
    assert_non_null(strstr(line, "\"level\":\"warn\""));
    assert_non_null(strstr(line, "\"code\":\"unavailable\",\"text\":\"away for 3 s\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_can_not_be_forged),
        cmocka_unit_test(test_lines_below_the_level_are_left_out),
        cmocka_unit_test(test_an_error_has_the_level_of_its_code),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
