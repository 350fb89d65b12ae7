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

/* A decision in a form, against its fields as text after the digest. */
static void expect(enum decision_form form, const char *format, const char *const *texts)
{
    AUTO(json) json_t *acknowledged = json_pack("[s, s]", "py.open:3:1", "h\xc3\xa9:4:12");
    const struct decision decision = {.bundle_sha256 = digest,
                                      .request_id = 7,
                                      .revision = 2,
                                      .round = 3,
                                      .reviewer_id = 5,
                                      .verdict = "approve",
                                      .needed = 1,
                                      .decided_ms = 1795000000000,
                                      .valid_ms = 1795086400000,
                                      .form = form,
                                      .acknowledged = acknowledged};
    AUTO(buffer) struct buffer is = {0}, should = {0};
    decision_encode(&decision, &is);
    add(&should, format, strlen(format));
    add(&should, digest, sizeof digest);
    for (size_t i = 0; texts[i]; i++)
        add(&should, texts[i], strlen(texts[i]));
    assert_int_equal(is.len, should.len);
    assert_memory_equal(is.data, should.data, is.len);
}

static void each_field_has_its_length_and_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "7", "2", "3", "5", "approve", "1", "1795000000000", "1795086400000", NULL};
    expect(DECISION_FORM_1, "countersign-decision-v1", texts);
}

static void the_second_form_has_what_was_acknowledged(void **state)
{
    (void)state;
    static const char *const texts[] = {"7",
                                        "2",
                                        "3",
                                        "5",
                                        "approve",
                                        "1",
                                        "1795000000000",
                                        "1795086400000",
                                        "2",
                                        "py.open:3:1",
                                        "h\xc3\xa9:4:12",
                                        NULL};
    expect(DECISION_FORM_2, "countersign-decision-v2", texts);
}

static void a_form_is_known_and_has_a_list_of_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t form;
        const char *list;
        bool fits;
    } rows[] = {{1, "[]", true},  {2, "[]", true},    {2, "[\"a:1:1\"]", true}, {0, "[]", false},
                {3, "[]", false}, {2, "null", false}, {2, "[\"a\", 1]", false}, {1, "{}", false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(json) json_t *list = json_loads(rows[i].list, JSON_DECODE_ANY, NULL);
        assert_int_equal(decision_form_fits(rows[i].form, list), rows[i].fits);
    }
    assert_false(decision_form_fits(2, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_has_its_length_and_place),
        cmocka_unit_test(the_second_form_has_what_was_acknowledged),
        cmocka_unit_test(a_form_is_known_and_has_a_list_of_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
