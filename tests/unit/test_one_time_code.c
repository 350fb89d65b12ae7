/* Codes of an authenticator app. */
/* Proves: V6.5.5 V6.5.8 */
#include <stdio.h>
#include <string.h>

#include "api/sign_in/one_time_code.h"
#include "tests/unit/cmocka_all.h"

/* RFC 6238, appendix B: this secret's codes have 8 digits there, of which these are the last 6. */
static const uint8_t *const secret = (const uint8_t *)"12345678901234567890";
static const struct {
    int64_t now;
    const char *code;
} vectors[] = {
    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
};
#define VECTOR_COUNT (sizeof vectors / sizeof *vectors)

static void test_the_codes_of_the_standard_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        int64_t step = -1;
        assert_true(one_time_code_matches(secret, vectors[i].code, vectors[i].now, &step));
        assert_int_equal(step, vectors[i].now / CODE_SECONDS);
    }
}

static void test_one_step_beside_is_taken_and_no_more(void **state)
{
    (void)state;
    const int64_t now = 1234567890;
    for (int beside = -3; beside <= 3; beside++) {
        int64_t step = -1;
        bool taken = one_time_code_matches(secret, "005924", now + beside * CODE_SECONDS, &step);
        assert_int_equal(taken, beside >= -1 && beside <= 1);
        assert_int_equal(step, taken ? now / CODE_SECONDS : -1);
    }
}

static void test_another_secret_and_another_text_are_not(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        "005925",  "05924",   "0005924", "89005924",
                                        " 005924", "005924 ", "00592a",  "+05924",  "-05924",
                                        "5924",    "005 924", "0059240", "00592\n"};
    int64_t step = -1;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(one_time_code_matches(secret, wrong[i], 1234567890, &step));
    const uint8_t other[CODE_SECRET_SIZE] = "12345678901234567891";
    assert_false(one_time_code_matches(other, "005924", 1234567890, &step));
    assert_int_equal(step, -1);
}

static void test_a_secret_is_written_as_apps_take_it(void **state)
{
    (void)state;
    char text[CODE_SECRET_TEXT];
    one_time_code_secret_text(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    uint8_t ones[CODE_SECRET_SIZE];
    memset(ones, 0xff, sizeof ones);
    one_time_code_secret_text(ones, text);
    assert_string_equal(text, "77777777777777777777777777777777");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_codes_of_the_standard_are_taken),
        cmocka_unit_test(test_one_step_beside_is_taken_and_no_more),
        cmocka_unit_test(test_another_secret_and_another_text_are_not),
        cmocka_unit_test(test_a_secret_is_written_as_apps_take_it),
    };
    return cmocka_run_group_tests_name("one_time_code", tests, NULL, NULL);
}
