/* The bytes of a decision that are signed: they never change, or old signatures would not hold. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "common/domain/decision.h"

static const uint8_t digest[SHA256_SIZE] = {0xab, [31] = 0xcd};

static void add(struct buffer *out, const void *data, size_t len)
{
    buffer_add_u32be(out, (uint32_t)len);
    buffer_add(out, data, len);
}

static void each_field_has_its_length_and_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "7", "2", "3", "5", "approve", "1", "1795000000000", "1795086400000"};
    const struct decision decision = {.bundle_sha256 = digest,
                                      .request_id = 7,
                                      .revision = 2,
                                      .round = 3,
                                      .reviewer_id = 5,
                                      .verdict = "approve",
                                      .needed = 1,
                                      .decided_ms = 1795000000000,
                                      .valid_ms = 1795086400000};
    AUTO(buffer) struct buffer is = {0}, should = {0};
    decision_encode(&decision, &is);
    add(&should, "countersign-decision-v1", 23);
    add(&should, digest, sizeof digest);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add(&should, texts[i], strlen(texts[i]));
    assert_int_equal(is.len, should.len);
    assert_memory_equal(is.data, should.data, is.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_field_has_its_length_and_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
