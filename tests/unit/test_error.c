#include <string.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "tests/unit/cmocka_all.h"

static void test_names_lead_back_to_codes(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        enum error_code code = (enum error_code)i;
        assert_int_equal(error_from_name(error_name(code)), code);
        assert_in_range(error_status(code), 200, 504);
        assert_non_null(strstr("debug info warn error", error_level(code)));
    }
    assert_int_equal(error_from_name("no such code"), ERR_INTERNAL);
    assert_int_equal(error_from_name(NULL), ERR_INTERNAL);
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct error err = {0};
    assert_false(fail_field(&err, ERR_CONFLICT, text, "%s", text));
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(strlen(err.field), sizeof err.field - 1);
    assert_int_equal(err.code, ERR_CONFLICT);
}

static void test_a_new_error_clears_the_old_field(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(fail_field(&err, ERR_INVALID_FIELD, "code", "wrong"));
    assert_false(fail(&err, ERR_NOT_FOUND, "gone"));
    assert_string_equal(err.field, "");
    assert_string_equal(err.text, "gone");
}

static void test_times_are_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782400007, "2000-02-29T00:00:00.007Z"},
        {4102444799999, "2099-12-31T23:59:59.999Z"},
    };
    char text[25];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        clock_format(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_lead_back_to_codes),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_a_new_error_clears_the_old_field),
        cmocka_unit_test(test_times_are_written_in_utc),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
