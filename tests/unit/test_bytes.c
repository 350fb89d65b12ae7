#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "tests/unit/cmocka_all.h"

static void test_buffer_grows_and_ends_with_nul(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer buffer = {0};
    for (int i = 0; i < 1000; i++)
        buffer_add(&buffer, "abc", 3);
    assert_int_equal(buffer.len, 3000);
    assert_int_equal(strlen(buffer.data), 3000);
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.data, "");
}

static void test_buffer_numbers_are_big_endian(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer buffer = {0};
    buffer_add_u32be(&buffer, 0x01020304);
    buffer_add_u64be(&buffer, 0x0506070809);
    const uint8_t expected[] = {1, 2, 3, 4, 0, 0, 0, 5, 6, 7, 8, 9};
    assert_int_equal(buffer.len, sizeof expected);
    assert_memory_equal(buffer.data, expected, sizeof expected);
}

static void test_buffer_printf_appends(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer buffer = {0};
    buffer_add_text(&buffer, "a");
    buffer_printf(&buffer, "-%d-%s", 42, "z");
    assert_string_equal(buffer.data, "a-42-z");
    assert_int_equal(buffer.len, 6);
}

static void test_hex_goes_both_ways_and_refuses_the_rest(void **state)
{
    (void)state;
    const uint8_t raw[] = {0x00, 0x9f, 0xff};
    char text[7];
    uint8_t back[3];
    hex_encode(raw, sizeof raw, text);
    assert_string_equal(text, "009fff");
    assert_true(hex_decode(text, back, sizeof back));
    assert_memory_equal(raw, back, sizeof raw);
    assert_false(hex_decode("009ff", back, sizeof back));
    assert_false(hex_decode("009fff00", back, sizeof back));
    assert_false(hex_decode("009fgg", back, sizeof back));
    assert_false(hex_decode("009FFF", back, sizeof back));
}

static void test_bytes_equal_looks_at_length_first(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_of("ab"), (struct bytes){"abc", 2}));
    assert_false(bytes_equal(bytes_of("ab"), bytes_of("abc")));
    assert_true(bytes_equal((struct bytes){NULL, 0}, bytes_of("")));
}

static void test_take_leaves_null_behind(void **state)
{
    (void)state;
    AUTO(text) char *text = memory_text("mine");
    char *taken = TAKE(text);
    assert_null(text);
    assert_string_equal(taken, "mine");
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_grows_and_ends_with_nul),
        cmocka_unit_test(test_buffer_numbers_are_big_endian),
        cmocka_unit_test(test_buffer_printf_appends),
        cmocka_unit_test(test_hex_goes_both_ways_and_refuses_the_rest),
        cmocka_unit_test(test_bytes_equal_looks_at_length_first),
        cmocka_unit_test(test_take_leaves_null_behind),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
