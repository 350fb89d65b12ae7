#include "tests/unit/support/bed.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/sandbox/local/watch.h"

#define NOBODY 65534

static _Noreturn void give_up(const struct error *err)
{
    fprintf(stderr, "the test bed can not be set up: %s\n", err->text);
    exit(1);
}

void bed_open(struct bed *bed, int64_t warm, const char *cgroup_root)
{
    struct error err = {0};
    log_open("test", LOG_WARN);
    struct launcher_options launcher = {.python = "/usr/bin/python3",
                                        .slot_uid = BED_UID,
                                        .sandbox_max = 32,
                                        .tmp_bytes = 64 << 20,
                                        .cgroup_root = cgroup_root};
    struct local_options local = {.warm = warm, .lease_ms = BED_HANG_MS, .preflight_seconds = 600};
    *bed = (struct bed){0};
    if (!crypto_init(&err) || !launcher_start(&launcher, &bed->launcher, &err) ||
        !local_backend_new(bed->launcher, &local, &bed->backend, &err))
        give_up(&err);
}

void bed_close(struct bed *bed)
{
    local_backend_free(bed->backend);
    launcher_stop(bed->launcher);
    *bed = (struct bed){0};
}

void bed_become_plain(void)
{
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        give_up(&(struct error){.text = "user nobody can not be taken on"});
}

static struct bed_job job_of(const char *language, const char *code)
{
    return (struct bed_job){.job = {.attempt_id = 11,
                                    .fence = 3,
                                    .language = language,
                                    .code = bytes_of(code),
                                    .limits = {.wall_ms = BED_HANG_MS,
                                               .memory_bytes = 512 << 20,
                                               .pids = 32,
                                               .output_bytes = 65536,
                                               .files = 8,
                                               .file_bytes = 1 << 20}}};
}

struct bed_job bed_python(const char *code)
{
    return job_of("python", code);
}

struct bed_job bed_sql(const char *code)
{
    return job_of("sql", code);
}

void bed_add_file(struct bed_job *job, const char *name, struct bytes content)
{
    struct sandbox_file *file = &job->files[job->job.file_count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->fd = memfd_create("input", MFD_CLOEXEC);
    file->size = content.len;
    if (file->fd < 0 || write(file->fd, content.data, content.len) != (ssize_t)content.len)
        give_up(&(struct error){.text = "an input file can not be made"});
}

void bed_job_close(struct bed_job *job)
{
    for (size_t i = 0; i < job->job.file_count; i++)
        close(job->files[i].fd);
}

static void note_started(void *context)
{
    struct bed_outcome *outcome = context;
    outcome->started++;
    if (outcome->on_started)
        outcome->on_started(outcome);
}

static bool take_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct bed_outcome *outcome = context;
    buffer_add(stream == SANDBOX_STDOUT ? &outcome->out : &outcome->err, chunk.data, chunk.len);
    if (outcome->on_output)
        outcome->on_output(outcome);
    return !outcome->refuse_output;
}

static bool begin_item(void *context, const char *kind, const char *mime, const char *name)
{
    struct bed_outcome *outcome = context;
    if (outcome->item_count == BED_ITEMS)
        return false;
    struct bed_item *item = &outcome->items[outcome->item_count];
    snprintf(item->kind, sizeof item->kind, "%s", kind);
    snprintf(item->mime, sizeof item->mime, "%s", mime);
    snprintf(item->name, sizeof item->name, "%s", name);
    return true;
}

static bool add_to_item(void *context, struct bytes chunk)
{
    struct bed_outcome *outcome = context;
    buffer_add(&outcome->items[outcome->item_count].body, chunk.data, chunk.len);
    return true;
}

static bool end_item(void *context)
{
    ((struct bed_outcome *)context)->item_count++;
    return true;
}

void bed_run(struct bed *bed, struct bed_job *job, struct bed_outcome *ret_outcome)
{
    struct error err = {0};
    struct sandbox_sink sink = {.context = ret_outcome,
                                .started = note_started,
                                .stream = take_stream,
                                .item_begin = begin_item,
                                .item_bytes = add_to_item,
                                .item_end = end_item};
    job->job.files = job->files;
    ret_outcome->backend = bed->backend;
    if (!bed->backend->create(bed->backend->context, &job->job, &ret_outcome->sandbox, &err))
        give_up(&err);
    if (ret_outcome->on_created)
        ret_outcome->on_created(ret_outcome);
    bed->backend->run(ret_outcome->sandbox, &job->job, &sink, &ret_outcome->result);
    bed->backend->destroy(ret_outcome->sandbox);
    ret_outcome->sandbox = NULL;
}

void bed_outcome_auto(struct bed_outcome *outcome)
{
    buffer_auto(&outcome->out);
    buffer_auto(&outcome->err);
    for (size_t i = 0; i < BED_ITEMS; i++)
        buffer_auto(&outcome->items[i].body);
}

const struct bed_item *bed_item(const struct bed_outcome *outcome, const char *kind, size_t n)
{
    for (size_t i = 0; i < outcome->item_count; i++)
        if (strcmp(outcome->items[i].kind, kind) == 0 && n-- == 0)
            return &outcome->items[i];
    return NULL;
}

bool bed_contains(const struct buffer *text, const char *part)
{
    return text->data && memmem(text->data, text->len, part, strlen(part));
}

int64_t bed_warm(const struct bed *bed)
{
    struct local_state state;
    local_backend_state(bed->backend, &state);
    return state.warm;
}

bool bed_wait(bool (*holds)(void *context), void *context)
{
    int64_t end = clock_monotonic_ms() + BED_HANG_MS;
    const struct timespec pause = {.tv_nsec = 2000000};
    while (!holds(context)) {
        if (clock_monotonic_ms() > end)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

size_t bed_processes_below(int pid)
{
    pid_t children[WATCH_CHILDREN];
    size_t count = watch_children(pid, children), sum = count;
    for (size_t i = 0; i < count; i++)
        sum += bed_processes_below(children[i]);
    return sum;
}
