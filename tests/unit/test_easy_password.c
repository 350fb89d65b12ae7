/* Proves: V6.2.4 V6.2.11 V6.2.12 */
#include <string.h>

#include "api/sign_in/easy_password.h"
#include "tests/unit/cmocka_all.h"

static void those_that_many_have_are_known_whatever_their_case(void **state)
{
    (void)state;
    static const char *const known[] = {"password",   "PassWord",    "12345678",
                                        "qwertyuiop", "iloveyou",    "11111111",
                                        "trustno1",   "Ana.Petrova", "Countersign"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(password_is_easy(known[i], "ana.petrova"));
}

static void others_are_not(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "a sentence that is long enough",
                                         "passwordpassword!",
                                         "12345679810",
                                         "пароль-пароль",
                                         "zzzzzzzzzzzzz"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(password_is_easy(others[i], "ana"));
}

#define WORDS "irene.paul@acme.example https://sign.acme.example Blue Falcon,Li"

static void words_of_the_place_count_nothing(void **state)
{
    (void)state;
    static const char *const easy[] = {"Acme2026!!!",        "irene.paul@acme.example",
                                       "IrenePaul1234567",   "C0untersign2026!",
                                       "counter5!gn-Rev1ew", "acmeAcmeACMEacme1",
                                       "F@lconPassword1",    "BlueFalcon123456",
                                       "irenepassword",      "Falcon2026x"};
    for (size_t i = 0; i < sizeof easy / sizeof *easy; i++)
        assert_true(password_is_easy(easy[i], WORDS));
    static const char *const fine[] = {"acme correct horse battery", "li-li-li-li-li-li",
                                       "p4ul and nobody else"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_false(password_is_easy(fine[i], WORDS));
    assert_false(password_is_easy("Falcon2026x", "irene"));
}

/* As the search wants it, for whoever makes the list anew. */
static void the_list_is_sorted_lower_case_and_long(void **state)
{
    (void)state;
    assert_true(common_password_count > 10000);
    for (size_t i = 0; i < common_password_count; i++) {
        const char *word = common_passwords[i];
        assert_true(strlen(word) >= 8);
        for (const char *at = word; *at; at++)
            assert_false(*at >= 'A' && *at <= 'Z');
        assert_true(i == 0 || strcmp(common_passwords[i - 1], word) < 0);
        assert_true(password_is_easy(word, ""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_many_have_are_known_whatever_their_case),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(words_of_the_place_count_nothing),
        cmocka_unit_test(the_list_is_sorted_lower_case_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
