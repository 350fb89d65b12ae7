/* The sandbox holds with the policy off: what tests/policy/.../dangerous does, aimed at this
 * machine, runs in real sandboxes, several at once, and everything is watched from outside. Each
 * sample is followed by an attack that works where nothing holds it, which is tried first. */
/* Proves: T16 T17 T19 */
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/bed.h"
#include "tests/unit/support/outside.h"

#define SAMPLES_MAX 4000
#define SAMPLES_LEAST 900 /* of each language */
#define LANES 4
#define WALL_MS 3000 /* no sample passes or fails by it */

static struct bed bed;
static struct sample {
    const struct language *language;
    char *code;
} samples[SAMPLES_MAX];
static size_t sample_count;
static unsigned port; /* where somebody listens */
static atomic_size_t next_sample, finished, leaks;

/* Addresses of the samples become this machine's, and commands the attack. */
static const struct {
    const char *was;
    const char *becomes;
} aims[] = {
    {"203.0.113.7", "127.0.0.1"},    {"10.0.0.5", "127.0.0.1"},
    {"example.net", "127.0.0.1"},    {"example.com", "127.0.0.1"},
    {"intranet.local", "127.0.0.1"}, {"\"id\"", "\"sh attack\""},
    {"'id'", "'sh attack'"},         {"/tmp/was-here", OUTSIDE_PLACE "/open/was-here"},
};

/* Whatever the sample comes to, this is tried at its end. */
static const char attack_at_exit[] =
    "import atexit as _a\n"
    "@_a.register\n"
    "def _end():\n"
    "    import os, socket\n"
    "    os.system('sh attack')\n"
    "    for family, kind, address in (\n"
    "            (socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', %u)),\n"
    "            (socket.AF_INET6, socket.SOCK_STREAM, ('::ffff:127.0.0.1', %u)),\n"
    "            (socket.AF_UNIX, socket.SOCK_STREAM, '\\0" OUTSIDE_CANARY "')):\n"
    "        try: socket.socket(family, kind).connect(address)\n"
    "        except OSError: pass\n"
    "    for pid in 'self', os.getppid():\n"
    "        try: print(open(f'/proc/{pid}/environ').read())\n"
    "        except OSError: pass\n"
    "    print(dict(os.environ), flush=True)\n";

static const char attack[] =
    "for at in '' /proc/self/root /proc/1/root ../../.. /mnt /host; do\n"
    "    cat $at" OUTSIDE_PLACE "/open/secret $at" OUTSIDE_PLACE "/home/.ssh/id_rsa\n"
    "    echo changed >>$at" OUTSIDE_PLACE "/open/secret\n"
    "    touch $at" OUTSIDE_PLACE "/open/new\n"
    "    rm -rf $at" OUTSIDE_PLACE "/open/folder\n"
    "done 2>/dev/null\n"
    "setsid sleep " OUTSIDE_STAYS " >/dev/null 2>&1 </dev/null &\n";

/* Alone what SQL in a sandbox can try is to open a file; not said where a sample fails before. */
static const char attack_in_sql[] = "\n;\nattach '" OUTSIDE_PLACE "/open/new' as outside;\n"
                                    "create table outside.t (a)";

static char first[4096]; /* attack_at_exit with the port */
static const struct language {
    const char *samples;
    struct bed_job (*job)(const char *code);
    const char *before, *after;
} python = {"tests/policy/python/dangerous/*.txt", bed_python, first, ""},
  sql = {"tests/policy/sql/dangerous/*.txt", bed_sql, "", attack_in_sql};

static void read_samples(const struct language *language)
{
    const size_t before = sample_count;
    glob_t files;
    assert_int_equal(glob(language->samples, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        static char text[1 << 20];
        FILE *file = fopen(files.gl_pathv[i], "re");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        for (char *at = text, *end; at; at = end) {
            end = strstr(at, "=====\n");
            if (end) {
                *end = '\0';
                end += strlen("=====\n");
            }
            assert_true(sample_count < SAMPLES_MAX);
            samples[sample_count++] = (struct sample){language, memory_text(at)};
        }
    }
    globfree(&files);
    assert_true(sample_count - before >= SAMPLES_LEAST);
}

/* The sample, aimed. */
static void aim(const char *sample, struct buffer *code)
{
    while (*sample) {
        size_t i = 0;
        while (i < COUNT_OF(aims) && strncmp(sample, aims[i].was, strlen(aims[i].was)) != 0)
            i++;
        if (i < COUNT_OF(aims)) {
            buffer_add_text(code, aims[i].becomes);
            sample += strlen(aims[i].was);
        } else {
            buffer_add(code, sample++, 1);
        }
    }
}

static size_t usual; /* processes below this one when nothing runs */

static bool nothing_stayed(void *context)
{
    (void)context;
    return outside_stayed(false) == 0 && bed_processes_below(getpid()) <= usual;
}

/* It is told apart once the shell behind it has become it. */
static bool one_stayed(void *context)
{
    (void)context;
    return outside_stayed(false) == 1;
}

/* Variables as a worker has them, of which nothing may be known inside. */
static void set_variables(void)
{
    static const char *const names[] = {"DATABASE_URL", "REDIS_URL",       "AWS_SECRET_ACCESS_KEY",
                                        "E2B_API_KEY",  "DAYTONA_API_KEY", "SECRET"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(setenv(names[i], OUTSIDE_CANARY "-variable", 1), 0);
    assert_int_equal(setenv("HOME", OUTSIDE_PLACE "/home", 1), 0);
}

/* What Python prints where nothing holds it. */
static void run_outside(const char *code, struct buffer *out)
{
    char part[4096];
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(OUTSIDE_PLACE) == 0 && dup2(ends[1], STDOUT_FILENO) >= 0)
            execl("/usr/bin/python3", "python3", "-c", code, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
        buffer_add(out, part, (size_t)got);
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Else this file could not fail. */
static void the_attack_works_outside(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer before = {0}, after = {0}, out = {0};
    outside_make(attack);
    outside_look(&before);
    run_outside(first, &out);
    outside_look(&after);
    assert_true(bed_contains(&out, OUTSIDE_CANARY "-file"));
    assert_true(bed_contains(&out, OUTSIDE_CANARY "-key"));
    assert_true(bed_contains(&out, OUTSIDE_CANARY "-variable"));
    assert_true(bed_contains(&after, OUTSIDE_PLACE "/open/new"));
    assert_false(bed_contains(&after, OUTSIDE_PLACE "/open/folder"));
    assert_string_not_equal(before.data, after.data);
    assert_int_equal(outside_heard(), 3);
    assert_true(bed_wait(one_stayed, NULL));
    assert_int_equal(outside_stayed(true), 1);
    assert_true(bed_wait(nothing_stayed, NULL));
}

static void so_does_the_one_in_sql(void **state)
{
    (void)state;
    static const char begin[] = "import sqlite3\n"
                                "sqlite3.connect(':memory:', isolation_level=None)"
                                ".executescript(\"\"\"select 1";
    AUTO(buffer) struct buffer code = {0}, out = {0}, after = {0};
    buffer_add_text(&code, begin);
    buffer_add_text(&code, attack_in_sql);
    buffer_add(&code, "\"\"\")", sizeof "\"\"\")");
    outside_make(attack);
    run_outside(code.data, &out);
    outside_look(&after);
    assert_true(bed_contains(&after, OUTSIDE_PLACE "/open/new"));
}

/* Inputs by the names that samples read, which do the same. */
static void add_inputs(struct bed_job *job)
{
    static const char *const code[] = {"payload.txt", "notes.txt", "my_helpers.py", "formula.txt"};
    bed_add_file(job, "attack", bytes_of(attack));
    bed_add_file(job, "orders.csv",
                 bytes_of("n,comment\n1,\"__import__('os').system('sh attack')\"\n"));
    for (size_t i = 0; i < COUNT_OF(code); i++)
        bed_add_file(job, code[i], bytes_of("__import__('os').system('sh attack')"));
}

static bool leaked(const struct bed_outcome *outcome)
{
    bool leak = bed_contains(&outcome->out, OUTSIDE_CANARY "-") ||
                bed_contains(&outcome->err, OUTSIDE_CANARY "-");
    for (size_t i = 0; i < outcome->item_count; i++)
        leak = leak || bed_contains(&outcome->items[i].body, OUTSIDE_CANARY "-");
    return leak;
}

static void run_sample(const struct sample *sample)
{
    AUTO(buffer) struct buffer code = {0};
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    buffer_add_text(&code, sample->language->before);
    aim(sample->code, &code);
    aim(sample->language->after, &code);
    buffer_add(&code, "", 1);
    struct bed_job job = sample->language->job(code.data);
    job.job.limits.wall_ms = WALL_MS;
    add_inputs(&job);
    bed_run(&bed, &job, &outcome);
    bed_job_close(&job);
    if (outcome.result.outcome != SANDBOX_NOT_STARTED)
        atomic_fetch_add(&finished, 1);
    if (!leaked(&outcome))
        return;
    atomic_fetch_add(&leaks, 1);
    fprintf(stderr, "this came by something from outside:\n%s\n", sample->code);
}

static void *lane(void *unused)
{
    (void)unused;
    for (size_t i; (i = atomic_fetch_add(&next_sample, 1)) < sample_count;)
        run_sample(&samples[i]);
    return NULL;
}

static void run_all(void)
{
    pthread_t lanes[LANES];
    for (size_t i = 0; i < LANES; i++)
        assert_int_equal(pthread_create(&lanes[i], NULL, lane, NULL), 0);
    for (size_t i = 0; i < LANES; i++)
        assert_int_equal(pthread_join(lanes[i], NULL), 0);
}

static void nothing_of_it_reaches_outside(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer before = {0}, after = {0};
    outside_make(attack);
    outside_look(&before);
    run_all();
    outside_look(&after);
    bool changed = strcmp(before.data, after.data) != 0;
    size_t connections = outside_heard();
    printf("# %zu dangerous samples ran without a policy; escapes: %zu read, %d changed, "
           "%zu connections\n",
           (size_t)finished, (size_t)leaks, changed, connections);
    assert_int_equal(finished, sample_count);
    assert_int_equal(leaks, 0);
    assert_string_equal(before.data, after.data);
    assert_int_equal(connections, 0);
}

static void nothing_of_it_stays(void **state)
{
    (void)state;
    assert_true(bed_wait(nothing_stayed, NULL));
}

static void the_worker_goes_on(void **state)
{
    (void)state;
    struct bed_job job = bed_python("6 * 7");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(bed_item(&outcome, "result", 0)->body.data, "42");
}

static int prepare(void **state)
{
    (void)state;
    read_samples(&python);
    read_samples(&sql);
    port = outside_listen();
    snprintf(first, sizeof first, attack_at_exit, port, port);
    outside_make(attack);
    usual = bed_processes_below(getpid());
    return 0;
}

static int clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        free(samples[i].code);
    outside_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_attack_works_outside),
        cmocka_unit_test(so_does_the_one_in_sql),
        cmocka_unit_test(nothing_of_it_reaches_outside),
        cmocka_unit_test(nothing_of_it_stays),
        cmocka_unit_test(the_worker_goes_on),
    };
    set_variables();
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, prepare, clear);
    bed_close(&bed);
    return failed;
}
