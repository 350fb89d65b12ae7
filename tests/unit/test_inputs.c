/* Input files on their way from the database into sealed memory. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/support/script.h"
#include "worker/inputs.h"

static struct {
    bool memfd, seal, write; /* fails */
    bool interrupt;          /* once */
    size_t most;             /* bytes of one write; 0: all */
} told;

int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags)
{
    errno = ENOMEM;
    return told.memfd ? -1 : __real_memfd_create(name, flags);
}

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    int what = va_arg(rest, int);
    va_end(rest);
    errno = EPERM;
    return told.seal ? -1 : __real_fcntl64(fd, command, what);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    errno = told.interrupt ? EINTR : ENOSPC;
    if (told.interrupt || told.write) {
        told.interrupt = false;
        return -1;
    }
    return __real_write(fd, data, told.most && len > told.most ? told.most : len);
}

static struct sandbox_file file;
static int32_t number = 4;
static struct attempt attempt = {.files = &file, .file_numbers = &number, .file_count = 1};

static int setup(void **state)
{
    (void)state;
    script_forget();
    memset(&told, 0, sizeof told);
    file = (struct sandbox_file){.name = "a.csv", .size = 5, .fd = -1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memset(&told, 0, sizeof told);
    if (file.fd >= 0)
        close(file.fd);
    return 0;
}

static enum error_code fetch(void)
{
    struct error err = {0};
    bool fine = inputs_fetch(NULL, &attempt, &err);
    assert_int_equal(fine, err.code == ERR_NONE);
    return err.code;
}

static void chunks_become_one_sealed_file(void **state)
{
    uint8_t digest[SHA256_SIZE];
    char back[8] = "";
    (void)state;
    script_answer("attempt_file_chunk", "select 'ab'::bytea");
    script_answer("attempt_file_chunk", "select 'cde'::bytea");
    told.interrupt = true;
    told.most = 1;
    assert_int_equal(fetch(), ERR_NONE);
    assert_int_equal(pread(file.fd, back, sizeof back, 0), 5);
    assert_string_equal(back, "abcde");
    sha256(bytes_of("abcde"), digest);
    assert_memory_equal(file.sha256, digest, SHA256_SIZE);
    assert_int_equal(__real_write(file.fd, "x", 1), -1);
    assert_int_equal(errno, EPERM);
}

static void other_bytes_than_were_approved_are_stale(void **state)
{
    static const char *const answers[] = {"select ''::bytea where false", "select ''::bytea",
                                          "select null::bytea", "select 'abcdef'::bytea"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        setup(state);
        script_answer("attempt_file_chunk", answers[i]);
        script_fail("attempt_file_chunk", ERR_LOST);
        assert_int_equal(fetch(), ERR_STALE);
        teardown(state);
    }
    file.fd = -1;
}

static void what_the_machine_refuses_is_told(void **state)
{
    (void)state;
    script_answer("attempt_file_chunk", "select 'abcde'::bytea");
    told.memfd = true;
    assert_int_equal(fetch(), ERR_UNAVAILABLE);
    teardown(state);
    told.write = true;
    assert_int_equal(fetch(), ERR_UNAVAILABLE);
    teardown(state);
    told.seal = true;
    assert_int_equal(fetch(), ERR_INTERNAL);
    teardown(state);
    script_forget();
    script_fail("attempt_file_chunk", ERR_LOST);
    assert_int_equal(fetch(), ERR_LOST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chunks_become_one_sealed_file),
        TEST(other_bytes_than_were_approved_are_stale),
        TEST(what_the_machine_refuses_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
