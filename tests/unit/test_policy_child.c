/* The child that judges code: its verdicts by the rules of the database, and what becomes of
 * those whose reader dies, hangs or lies. */
/* Proves: T16 I18 */
#include "tests/unit/services.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/crypto.h"
#include "common/io/db.h"
#include "common/io/policy_child.h"
#include "statements.h"
#include "tests/unit/support/policy_rows.h"
#include "worker/sandbox/local/watch.h"

static char program[4096], folder[64];
static struct buffer rules;
static struct policy *policy;

static struct policy *open_policy(const char *of, int64_t deadline_ms)
{
    struct error err = {0};
    struct policy *opened =
        policy_new(&(struct policy_options){.program = of, .deadline_ms = deadline_ms});
    assert_true(policy_set_rules(opened, buffer_bytes(&rules), &err));
    return opened;
}

static int open_all(void **state)
{
    (void)state;
    struct error err = {0};
    char own[2048] = "";
    assert_true(readlink("/proc/self/exe", own, sizeof own - 1) > 0);
    *strrchr(own, '/') = '\0';
    snprintf(program, sizeof program, "%s/../countersign-policy", own);
    snprintf(folder, sizeof folder, "/tmp/countersign-policy-XXXXXX");
    assert_non_null(mkdtemp(folder));
    struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    assert_true(crypto_init(&err) && db_open(TEST_DATABASE, "test", &db, &err));
    assert_true(sql_policy_rules(db, &rows, &err));
    buffer_add_text(&rules, rows_text(rows, 0, 0));
    db_close(db);
    policy = open_policy(program, 60000);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    policy_auto(&policy);
    buffer_auto(&rules);
    return rmdir(folder);
}

static json_t *verdict_of(struct policy *by, const char *language, struct bytes code)
{
    struct error err = {0};
    json_t *verdict = NULL;
    assert_true(policy_judge(by, language, code, &verdict, &err));
    return verdict;
}

/* "level rule@line:column …", in the verdict's order. */
static char *words_of(const json_t *verdict)
{
    AUTO(buffer) struct buffer words = {0};
    size_t i;
    json_t *finding;
    buffer_add_text(&words, json_text_of(verdict, "level"));
    json_array_foreach (json_object_get(verdict, "findings"), i, finding)
        buffer_printf(&words, " %s@%d:%d", json_text_of(finding, "rule"),
                      (int)json_integer_of(finding, "line", 0),
                      (int)json_integer_of(finding, "column", 0));
    return memory_text(words.data);
}

static void test_every_row(void **state)
{
    (void)state;
    for (const struct policy_row *row = policy_rows; row->language; row++) {
        AUTO(json)
        json_t *verdict = verdict_of(policy, row->language, bytes_of(row->code));
        AUTO(text) char *words = words_of(verdict);
        if (strncmp(words, row->words, strlen(row->words)) != 0)
            fail_msg("%s gives \"%s\", not \"%s\"", row->code, words, row->words);
    }
}

static void test_what_is_no_text_is_unread(void **state)
{
    (void)state;
    AUTO(json) json_t *sql = verdict_of(policy, "sql", (struct bytes){"select 1\0; drop", 15});
    assert_string_equal(json_text_of(sql, "level"), "medium");
    AUTO(json) json_t *python = verdict_of(policy, "python", (struct bytes){"x = '\xff\xfe'\0", 9});
    assert_string_equal(json_text_of(python, "engine"), "ok");
}

/* Whether a file of a process' folder in /proc has this line. */
static bool tells(pid_t pid, const char *name, const char *wanted)
{
    char path[64], line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        found = found || strncmp(line, wanted, strlen(wanted)) == 0;
    fclose(file);
    return found;
}

static void test_a_child_that_reads_code_can_do_little_else(void **state)
{
    (void)state;
    AUTO(json) json_t *verdict = verdict_of(policy, "sql", bytes_of("select 1"));
    pid_t children[WATCH_CHILDREN];
    size_t count = watch_children(getpid(), children);
    assert_int_equal(count > 0, true);
    for (size_t i = 0; i < count; i++) {
        assert_true(tells(children[i], "status", "Seccomp:\t2\n"));
        assert_true(tells(children[i], "status", "NoNewPrivs:\t1\n"));
        assert_true(tells(children[i], "limits", "Max core file size        0 "));
        assert_true(tells(children[i], "limits", "Max cpu time              3600 "));
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
        assert_true(tells(children[i], "limits", "Max address space         1610612736 "));
#endif
    }
}

#ifdef __SANITIZE_THREAD__
#define NESTED_BYTES 5000 /* it keeps stacks of 65,535 calls at most */
#else
#define NESTED_BYTES 120000
#endif

/* Nested deep, in each way that is known to have overflowed a parser. */
static const struct {
    const char *language, *before, *open, *middle, *close;
} hostile[] = {
    {"sql", "select ", "1+", "1", ""},   {"sql", "select ", "(", "1", ")"},
    {"sql", "select ", "-", "1", ""},    {"sql", "select ", "array[", "1", "]"},
    {"sql", "", "(select ", "1", ")"},   {"sql", "select ", "not ", "true", ""},
    {"python", "x = ", "(", "1", ")"},   {"python", "x = ", "[", "", ""},
    {"python", "x = ", "-", "1", ""},    {"python", "x = ", "a.", "b", ""},
    {"python", "x = ", "f(", "", ")"},   {"python", "x = ", "lambda: ", "1", ""},
    {"python", "x = a", "()", "", ""},   {"python", "x = ", "'a'+", "'b'", ""},
    {"python", "x = ", "not ", "1", ""}, {"python", "x = ", "1 if a else ", "1", ""},
};

static void test_hostile_nesting_gives_a_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        AUTO(buffer) struct buffer code = {0};
        size_t times = NESTED_BYTES / (strlen(hostile[i].open) + strlen(hostile[i].close));
        buffer_add_text(&code, hostile[i].before);
        for (size_t n = 0; n < times; n++)
            buffer_add_text(&code, hostile[i].open);
        buffer_add_text(&code, hostile[i].middle);
        for (size_t n = 0; n < times; n++)
            buffer_add_text(&code, hostile[i].close);
        AUTO(json) json_t *verdict = verdict_of(policy, hostile[i].language, buffer_bytes(&code));
        assert_non_null(json_text_of(verdict, "level"));
        AUTO(json) json_t *next = verdict_of(policy, "sql", bytes_of("select 1"));
        assert_string_equal(json_text_of(next, "engine"), "ok");
    }
}

static void test_the_same_code_has_the_same_verdict(void **state)
{
    (void)state;
    char *texts[3];
    static const char *const codes[] = {"eval('1')", "eval('1')", "\neval('1')"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(json) json_t *verdict = verdict_of(policy, "python", bytes_of(codes[i]));
        texts[i] = json_text(verdict);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_not_equal(texts[0], texts[2]);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
}

/* More names than a reader remembers between two judgements, and within one. */
static void test_many_names_change_no_verdict(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer code = {0};
    buffer_add_text(&code, "eval('1')\n");
    for (int i = 0; i < 25000; i++)
        buffer_printf(&code, "a%d\n", i);
    buffer_add_text(&code, "eval('1')\n");
    AUTO(json) json_t *first = verdict_of(policy, "python", buffer_bytes(&code));
    AUTO(json) json_t *second = verdict_of(policy, "python", buffer_bytes(&code));
    AUTO(text) char *words = words_of(first);
    assert_string_equal(words, "block py.dynamic@1:1 py.dynamic@25002:1");
    assert_true(json_equal(first, second));
    AUTO(json) json_t *short_one = verdict_of(policy, "python", bytes_of("eval('1')\n"));
    assert_true(json_equal(json_object_get(first, "facts"), json_object_get(short_one, "facts")));
}

static void test_new_rules_reach_a_child_that_runs(void **state)
{
    (void)state;
    struct error err = {0};
    AUTO(policy) struct policy *own = open_policy(program, 60000);
    AUTO(json) json_t *before = verdict_of(own, "python", bytes_of("eval('1')"));
    assert_string_equal(json_text_of(before, "level"), "block");
    assert_true(policy_set_rules(
        own,
        bytes_of("{\"version\": 7, \"rules\": [{\"id\": \"a\", \"match\": \"call\", \"patterns\":"
                 " [\"builtins.*\", \"builtins.eval\"], \"level\": \"note\", \"title\": \"t\","
                 " \"explanation\": \"\", \"capability\": \"calls\"}]}"),
        &err));
    AUTO(json) json_t *after = verdict_of(own, "python", bytes_of("eval('1')"));
    assert_string_equal(json_text_of(after, "level"), "note");
    assert_int_equal(json_integer_of(after, "policy_version", 0), 7);
    assert_int_equal(policy_version(own), 7);
}

static void test_the_same_rules_again_change_no_verdict(void **state)
{
    (void)state;
    struct error err = {0};
    AUTO(policy) struct policy *own = open_policy(program, 60000);
    for (int i = 0; i < 5; i++) {
        AUTO(json) json_t *verdict = verdict_of(own, "python", bytes_of("print(1)"));
        assert_string_equal(json_text_of(verdict, "engine"), "ok");
        assert_true(policy_set_rules(own, buffer_bytes(&rules), &err));
    }
}

static void test_rules_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    AUTO(policy) struct policy *own = policy_new(&(struct policy_options){.program = program});
    json_t *verdict = NULL;
    assert_false(policy_judge(own, "sql", bytes_of("select 1"), &verdict, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_false(policy_set_rules(own, bytes_of("{\"version\": 0}"), &err));
    assert_string_equal(err.field, "version");
    assert_int_equal(policy_version(own), 0);
    /* What only the child can read makes it fail, and that is told. */
    assert_true(policy_set_rules(own, bytes_of("{\"version\": 1, \"rules\": [1]}"), &err));
    AUTO(json) json_t *failed = verdict_of(own, "sql", bytes_of("select 1"));
    assert_string_equal(json_text_of(failed, "engine"), "failed");
}

static void write_program(char *ret_path, size_t size, const char *text)
{
    snprintf(ret_path, size, "%s/reader", folder);
    FILE *file = fopen(ret_path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(ret_path, 0700), 0);
}

/* A reader that learns its rules well, and then answers so. */
#define ANSWERS(length, fields)                                                                    \
    "#!/bin/sh\nprintf '\\000\\000\\000\\024{\"policy_version\":1}'\n"                             \
    "printf '\\000\\000\\000\\" length                                                             \
    "{\"level\":\"none\",\"engine\":\"ok\",\"capabilities\":{}," fields                            \
    "}'\nexec cat >/dev/null\n"

static const struct {
    const char *name, *text, *engine;
} broken[] = {
    {"ends at once", "#!/bin/sh\nexit 1\n", "failed"},
    {"answers nonsense", "#!/bin/sh\nexec yes\n", "failed"},
    {"is no program", "nothing", "failed"},
    {"answers another shape", "#!/bin/sh\nprintf '\\000\\000\\000\\002{}'\nexec cat >/dev/null\n",
     "failed"},
    {"finds what has no rule", ANSWERS("126", "\"policy_version\":1,\"findings\":[{},{}]"),
     "failed"},
    {"finds what has no place",
     ANSWERS("154", "\"policy_version\":1,\"findings\":[{\"rule\":\"a\",\"level\":\"note\"}]"),
     "failed"},
    {"judges by rules of tomorrow", ANSWERS("127", "\"policy_version\":9999999,\"findings\":[]"),
     "failed"},
    {"hangs", "#!/bin/sh\nexec sleep 1000\n", "timeout"},
};

static void test_a_broken_reader_needs_a_person(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        char path[128];
        write_program(path, sizeof path, broken[i].text);
        AUTO(policy)
        struct policy *own =
            open_policy(path, strcmp(broken[i].engine, "timeout") == 0 ? 200 : 60000);
        AUTO(json) json_t *verdict = verdict_of(own, "python", bytes_of("x = 1"));
        AUTO(text) char *words = words_of(verdict);
        if (strcmp(json_text_of(verdict, "engine"), broken[i].engine) != 0)
            fail_msg("a reader that %s", broken[i].name);
        assert_string_equal(words, "high engine.failed@1:1");
        unlink(path);
    }
}

static void test_a_reader_that_died_is_started_anew(void **state)
{
    (void)state;
    char path[128], flag[128];
    AUTO(buffer) struct buffer text = {0};
    snprintf(flag, sizeof flag, "%s/died", folder);
    buffer_printf(&text, "#!/bin/sh\n[ -e %s ] && exec %s\n: >%s\nexit 1\n", flag, program, flag);
    write_program(path, sizeof path, text.data);
    AUTO(policy) struct policy *own = open_policy(path, 60000);
    AUTO(json) json_t *first = verdict_of(own, "sql", bytes_of("select 1"));
    AUTO(json) json_t *second = verdict_of(own, "sql", bytes_of("select 1"));
    assert_string_equal(json_text_of(first, "engine"), "failed");
    assert_string_equal(json_text_of(second, "engine"), "ok");
    unlink(path);
    unlink(flag);
}

static void *ask_often(void *context)
{
    (void)context;
    for (int i = 0; i < 50; i++) {
        bool python = i % 2;
        json_t *verdict = verdict_of(policy, python ? "python" : "sql",
                                     bytes_of(python ? "eval('1')" : "select 1"));
        const char *level = json_text_of(verdict, "level");
        if (strcmp(level, python ? "block" : "none") != 0)
            return "mixed up";
        json_decref(verdict);
    }
    return NULL;
}

static void test_many_threads_get_their_own_answers(void **state)
{
    (void)state;
    pthread_t threads[6];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_what_is_no_text_is_unread),
        cmocka_unit_test(test_a_child_that_reads_code_can_do_little_else),
        cmocka_unit_test(test_hostile_nesting_gives_a_verdict),
        cmocka_unit_test(test_the_same_code_has_the_same_verdict),
        cmocka_unit_test(test_many_names_change_no_verdict),
        cmocka_unit_test(test_new_rules_reach_a_child_that_runs),
        cmocka_unit_test(test_the_same_rules_again_change_no_verdict),
        cmocka_unit_test(test_rules_that_make_no_sense_are_refused),
        cmocka_unit_test(test_a_broken_reader_needs_a_person),
        cmocka_unit_test(test_a_reader_that_died_is_started_anew),
        cmocka_unit_test(test_many_threads_get_their_own_answers),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
