/* The bytes of a statement on retention that are signed: they never change, or old signatures would
 * not hold. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "common/domain/retention.h"

static const uint8_t hash[SHA256_SIZE] = {0xab, [31] = 0xcd};

static void add(struct buffer *out, const void *data, size_t len)
{
    buffer_add_u32be(out, (uint32_t)len);
    buffer_add(out, data, len);
}

static void each_field_has_its_length_and_place(void **state)
{
    (void)state;
    static const char *const before[] = {"countersign-retention-v1", "an-instance", "7", "12"};
    static const char *const behind[] = {"5", "1795000000000", "agree"};
    const struct retention_statement statement = {.instance = "an-instance",
                                                  .retention_id = 7,
                                                  .seal = 12,
                                                  .seal_hash = hash,
                                                  .person_id = 5,
                                                  .at_ms = 1795000000000,
                                                  .role = RETENTION_AGREE};
    AUTO(buffer) struct buffer is = {0}, should = {0};
    retention_encode(&statement, &is);
    for (size_t i = 0; i < COUNT_OF(before); i++)
        add(&should, before[i], strlen(before[i]));
    add(&should, hash, sizeof hash);
    for (size_t i = 0; i < COUNT_OF(behind); i++)
        add(&should, behind[i], strlen(behind[i]));
    assert_int_equal(is.len, should.len);
    assert_memory_equal(is.data, should.data, is.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_field_has_its_length_and_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
