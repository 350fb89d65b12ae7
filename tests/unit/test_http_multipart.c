#include <string.h>

#include "api/http/multipart.h"
#include "tests/unit/cmocka_all.h"

#define TYPE "multipart/form-data; boundary=XX"
#define PART "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
#define WHOLE "--XX\r\n" PART "\r\nbody\r\n--XX--\r\n"

static bool collect(void *context, struct bytes data, struct error *err)
{
    (void)err;
    buffer_add(context, data.data, data.len);
    return true;
}

/* Feeds the text in pieces of `step` bytes. */
static bool read_all(const char *type, struct bytes text, size_t step, struct buffer *out,
                     struct error *err)
{
    struct multipart *multipart = NULL;
    bool fine = multipart_new(type, &multipart, err);
    const char *data = text.data;
    for (size_t at = 0; fine && at < text.len; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        fine = multipart_feed(multipart, (struct bytes){data + at, len}, collect, out, err);
    }
    fine = fine && multipart_finish(multipart, err);
    multipart_free(multipart);
    return fine;
}

static void test_whole_in_pieces_of_every_size(void **state)
{
    (void)state;
    static const char tricky[] = "--XX\r\n" PART "\r\nx\r\n--X\r\r\n--Xx\r\n-\r\n--XX--";
    for (size_t step = 1; step < sizeof tricky; step++) {
        AUTO(buffer) struct buffer out = {0};
        struct error err = {0};
        if (!read_all(TYPE, bytes_of(tricky), step, &out, &err))
            fail_msg("pieces of %zu: %s", step, err.text);
        assert_string_equal(out.data, "x\r\n--X\r\r\n--Xx\r\n-");
    }
}

static void test_boundaries(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool fine;
    } rows[] = {
        {"multipart/form-data; boundary=XX", true},
        {"multipart/form-data; BOUNDARY=\"XX\"", true},
        {"multipart/form-data;boundary=XX; charset=utf-8", true},
        {"multipart/form-data", false},
        {"multipart/form-data; boundary=", false},
        {"multipart/form-data; boundary=\"\"", false},
        {"multipart/form-data; boundary=\"XX", false},
        {"multipart/form-data; boundary=X{X", false},
        {"multipart/form-data; boundary=\"XX \"", false},
        {"multipart/form-data; boundary=XX; boundary=YY", false},
        {"multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890",
         false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer out = {0};
        struct error err = {0};
        if (read_all(rows[i].type, bytes_of(WHOLE), 7, &out, &err) != rows[i].fine)
            fail_msg("%s: %s", rows[i].type, err.text);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "XX",
        "--XX",
        "--XX--\r\n",
        "preamble\r\n" WHOLE,
        "\r\n\r\n" WHOLE,
        "--XX\r\n" PART "\r\nbody",
        "--XX\r\n" PART "\r\nbody\r\n--XX",
        "--XX\r\n" PART "\r\nbody\r\n--XX\r\n",
        "--XX\r\n" PART "\r\nbody\r\n--XX\r\n" PART "\r\nmore\r\n--XX--\r\n",
        WHOLE "more",
        WHOLE "\r\n",
        "--XX\n" PART "\r\nbody\r\n--XX--\r\n",
        "--XXY\r\n" PART "\r\nbody\r\n--XX--\r\n",
        "--XX\r\n\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\nContent-Type: text/csv\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\nContent-Disposition: attachment; name=\"file\"; filename=\"a\"\r\n\r\nb\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a\"\r\n\r\nb\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; name=\"file\"; filename=\"a\"\r\n"
        "\r\nb\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"; filename=\"b\"\r\n"
        "\r\nb\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''a\r\n\r\nb\r\n"
        "--XX--",
        "--XX\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nb\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\r\n\r\nb\r\n--XX--",
        "--XX\r\n" PART PART "\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART " folded\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART "no colon\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART ": nothing\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART "Content-Type: multipart/mixed; boundary=YY\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART "Content-Transfer-Encoding: base64\r\n\r\nbody\r\n--XX--\r\n",
        "--XX\r\n" PART "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: 8\r\n\r\nb\r\n"
        "--XX--\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t step = 1; step < 100; step += 13) {
            AUTO(buffer) struct buffer out = {0};
            struct error err = {0};
            if (read_all(TYPE, bytes_of(rows[i]), step, &out, &err))
                fail_msg("row %zu was accepted: %s", i, rows[i]);
            assert_int_not_equal(err.code, ERR_NONE);
        }
}

static void test_headers_have_a_limit(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0}, out = {0};
    struct error err = {0};
    buffer_add_text(&text, "--XX\r\n" PART "X: ");
    for (int i = 0; i < 5000; i++)
        buffer_add(&text, "y", 1);
    buffer_add_text(&text, "\r\n\r\nbody\r\n--XX--\r\n");
    assert_false(read_all(TYPE, buffer_bytes(&text), 100, &out, &err));
    assert_false(read_all(TYPE, buffer_bytes(&text), 100000, &out, &err));
}

/* Whether a body is accepted must not hang on how the network cut it. */
static void test_headers_of_the_limit_come_in_any_pieces(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0};
    buffer_add_text(&text, "--XX\r\n" PART "X: ");
    while (text.len < strlen("--XX\r\n") + MULTIPART_HEADERS_MAX)
        buffer_add_text(&text, "x");
    buffer_add_text(&text, "\r\n\r\nbody\r\n--XX--\r\n");
    for (size_t step = 1; step < 6; step++) {
        AUTO(buffer) struct buffer out = {0};
        struct error err = {0};
        if (!read_all(TYPE, buffer_bytes(&text), step, &out, &err))
            fail_msg("pieces of %zu: %s", step, err.text);
        assert_string_equal(out.data, "body");
    }
}

static void test_nul_bytes_are_content_but_no_header(void **state)
{
    (void)state;
    static const char body[] = "--XX\r\n" PART "\r\na\0b\r\n--XX--\r\n";
    static const char header[] = "--XX\r\n" PART "X: a\0b\r\n\r\nbody\r\n--XX--\r\n";
    AUTO(buffer) struct buffer out = {0};
    struct error err = {0};
    assert_true(read_all(TYPE, (struct bytes){body, sizeof body - 1}, 3, &out, &err));
    assert_memory_equal(out.data, "a\0b", 3);
    assert_false(read_all(TYPE, (struct bytes){header, sizeof header - 1}, 1000, &out, &err));
}

static void test_file_name_comes_out_as_sent(void **state)
{
    (void)state;
    static const char text[] =
        "--XX\r\nContent-Disposition: form-data; filename=\"a \\\"b\\\".csv\""
        "; name=\"file\"\r\n\r\nb\r\n--XX--";
    struct multipart *multipart = NULL;
    AUTO(buffer) struct buffer out = {0};
    struct error err = {0};
    assert_true(multipart_new(TYPE, &multipart, &err));
    assert_string_equal(multipart_file_name(multipart), "");
    assert_true(multipart_feed(multipart, bytes_of(text), collect, &out, &err));
    assert_string_equal(multipart_file_name(multipart), "a \"b\".csv");
    multipart_free(multipart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_in_pieces_of_every_size),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_headers_have_a_limit),
        cmocka_unit_test(test_headers_of_the_limit_come_in_any_pieces),
        cmocka_unit_test(test_nul_bytes_are_content_but_no_header),
        cmocka_unit_test(test_file_name_comes_out_as_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
