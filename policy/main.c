/* The child program: judges code by rules, for the process that started it or for a person. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/confine.h"
#include "policy/judge.h"
#include "policy/serve.h"

#define STACK_BYTES (256UL << 20) /* 120 KB of nesting need more than the usual 8 MiB */
#define FILE_MAX_BYTES (8U << 20)

struct work {
    const char *rules, *check, *language;
    int repeat;
    int status;
};

static const char usage[] =
    "countersign-policy --rules FILE --check FILE [--language python|sql] [--repeat N]\n\n"
    "Prints the verdict on a file as JSON; exit 0 for none and note, 1 for more, 2 on failure.\n"
    "FILE of --rules is what `select cs.policy_rules()` gives. --repeat prints microseconds of "
    "processor time, too.\n"
    "Without words it serves the process that started it, on its input and output.\n";

static bool read_file(const char *name, struct buffer *ret_text, struct error *err)
{
    char piece[65536];
    ssize_t got;
    int fd = strcmp(name, "-") == 0 ? dup(0) : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, ERR_INTERNAL, "%s: %s", name, strerror(errno));
    while ((got = read(fd, piece, sizeof piece)) > 0 && ret_text->len < FILE_MAX_BYTES)
        buffer_add(ret_text, piece, (size_t)got);
    close(fd);
    return got == 0 ? true : fail(err, ERR_INTERNAL, "%s: can not be read whole", name);
}

/* Processor time, which other programs do not lengthen. */
static int64_t used_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *language_of(const struct work *work)
{
    const char *dot = strrchr(work->check, '.');
    if (work->language)
        return work->language;
    return dot && strcmp(dot, ".sql") == 0 ? "sql" : "python";
}

static bool check(struct work *work, struct error *err)
{
    AUTO(buffer) struct buffer rules_text = {0}, code = {0};
    AUTO(rules) struct rules *rules = NULL;
    if (!read_file(work->rules, &rules_text, err) || !read_file(work->check, &code, err) ||
        !confine_self(err) || !rules_read(buffer_bytes(&rules_text), &rules, err))
        return false;
    int64_t begin = used_us();
    for (int i = 1; i < work->repeat; i++)
        json_decref(judge_code(rules, language_of(work), buffer_bytes(&code)));
    AUTO(json) json_t *verdict = judge_code(rules, language_of(work), buffer_bytes(&code));
    int64_t taken = (used_us() - begin) / (work->repeat > 0 ? work->repeat : 1);
    if (work->repeat > 0)
        json_object_set_new(verdict, "microseconds", json_integer(taken));
    AUTO(text) char *text = json_dumps(verdict, JSON_INDENT(2));
    puts(text);
    const char *level = json_text_of(verdict, "level");
    work->status = strcmp(level, "none") != 0 && strcmp(level, "note") != 0;
    return true;
}

static void *run(void *context)
{
    struct work *work = context;
    json_object_seed(0); /* reads the system's random bytes, which is refused later */
    struct error err = {0};
    bool fine = work->check ? check(work, &err) : confine_self(&err) && serve(0, 1);
    if (!fine) {
        fprintf(stderr, "countersign-policy: %s\n", err.text[0] ? err.text : "a bad request");
        work->status = 2;
    }
    return NULL;
}

static int run_deep(struct work *work)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, run, work) != 0) {
        fputs("countersign-policy: no thread\n", stderr);
        return 2;
    }
    pthread_join(thread, NULL);
    return work->status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rules", required_argument, NULL, 'r'},    {"check", required_argument, NULL, 'c'},
        {"language", required_argument, NULL, 'l'}, {"repeat", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},           {0}};
    struct work work = {0};
    int letter;
    static char printed[65536]; /* else stdio asks what kind of file it is, which is refused */
    setvbuf(stdout, printed, _IOFBF, sizeof printed);
    confine_memory(); /* before any thread has a heap of its own */
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (letter == 'r')
            work.rules = optarg;
        else if (letter == 'c')
            work.check = optarg;
        else if (letter == 'l')
            work.language = optarg;
        else if (letter == 'n')
            work.repeat = (int)strtol(optarg, NULL, 10);
        else
            return fputs(usage, letter == 'h' ? stdout : stderr), letter == 'h' ? 0 : 2;
    }
    if (optind < argc || !work.rules != !work.check)
        return fputs(usage, stderr), 2;
    return run_deep(&work);
}
