#include <stdlib.h>
#include <string.h>

#include "admin/stack/environment.h"
#include "admin/options.h"
#include "common/base/bytes.h"
#include "tests/unit/cmocka_all.h"

static const char *text_option;
static bool flag_option;
static const struct option_entry entries[] = {
    {"--text", "TEXT", "a text", &text_option, NULL},
    {"--flag", NULL, "a flag", NULL, &flag_option},
};
static const struct option_table table = {entries, COUNT_OF(entries)};

static bool take(char **list, int count, struct words *ret_words, struct error *err)
{
    text_option = NULL;
    flag_option = false;
    *ret_words = (struct words){count, list};
    return options_take(&table, ret_words, err);
}

static void test_words_and_options_mix(void **state)
{
    (void)state;
    char *list[] = {"one", "--text", "a b", "two", "--flag", "--", "--flag", "-x", NULL};
    struct words words;
    struct error err;
    assert_true(take(list, 8, &words, &err));
    assert_string_equal(text_option, "a b");
    assert_true(flag_option);
    assert_int_equal(words.count, 4);
    assert_string_equal(words.list[1], "two");
    assert_string_equal(words.list[2], "--flag");
    assert_string_equal(words.list[3], "-x");
    assert_null(words.list[4]);
}

static void test_a_value_may_follow_an_equals_sign(void **state)
{
    (void)state;
    char *list[] = {"--text=--flag", NULL};
    struct words words;
    struct error err;
    assert_true(take(list, 1, &words, &err));
    assert_string_equal(text_option, "--flag");
    assert_false(flag_option);
    assert_int_equal(words.count, 0);
}

static void test_wrong_options_are_named(void **state)
{
    (void)state;
    char *unknown[] = {"--tex", "a", NULL};
    char *no_value[] = {"--text", NULL};
    char *value[] = {"--flag=1", NULL};
    struct words words;
    struct error err;
    assert_false(take(unknown, 2, &words, &err));
    assert_non_null(strstr(err.text, "--tex"));
    assert_false(take(no_value, 1, &words, &err));
    assert_non_null(strstr(err.text, "TEXT"));
    assert_false(take(value, 1, &words, &err));
    assert_int_equal(err.code, ERR_BAD_REQUEST);
}

static void test_numbers_have_bounds(void **state)
{
    (void)state;
    static const long bounds[2] = {1, 8};
    static const char *const wrong[] = {"", "0", "9", "1x", " ", "99999999999999999999"};
    long number = -1;
    struct error err;
    assert_true(options_number("--n", "8", bounds, &number, &err));
    assert_int_equal(number, 8);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(options_number("--n", wrong[i], bounds, &number, &err));
    assert_int_equal(number, 8);
}

static void test_environment_sets_and_defaults(void **state)
{
    (void)state;
    char *from[] = {"A=1", "AB=2", NULL};
    AUTO(environment) struct environment environment = {0};
    environment_copy(&environment, from);
    environment_set(&environment, "A", "x=y");
    environment_default(&environment, "AB", "no");
    environment_default(&environment, "C", "3");
    assert_int_equal(environment.count, 3);
    assert_string_equal(environment.list[0], "A=x=y");
    assert_string_equal(environment.list[1], "AB=2");
    assert_string_equal(environment.list[2], "C=3");
    assert_null(environment.list[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_options_mix),
        cmocka_unit_test(test_a_value_may_follow_an_equals_sign),
        cmocka_unit_test(test_wrong_options_are_named),
        cmocka_unit_test(test_numbers_have_bounds),
        cmocka_unit_test(test_environment_sets_and_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
