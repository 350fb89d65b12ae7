#include "tests/unit/support/trial.h"

#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool item_begin(void *context, const char *kind, const char *mime, const char *name)
{
    struct trial *trial = context;
    (void)mime;
    buffer_printf(&trial->log, "%s:%s;", kind, name);
    return true;
}

static bool item_bytes(void *context, struct bytes chunk)
{
    struct trial *trial = context;
    buffer_add(&trial->bodies, chunk.data, chunk.len);
    return true;
}

static bool item_end(void *context)
{
    struct trial *trial = context;
    buffer_add_text(&trial->bodies, "|");
    return true;
}

void trial_start(struct trial *trial, const char *language, const char *code)
{
    *trial = (struct trial){.job = {.attempt_id = 17,
                                    .fence = 2,
                                    .language = language,
                                    .code = bytes_of(code),
                                    .files = trial->files,
                                    .limits = {.wall_ms = 60000, .files = 8, .file_bytes = 65536}},
                            .root = "/tmp/remote-test-XXXXXX",
                            .path = "PATH=/usr/bin:/bin",
                            .runs = 1};
    assert_non_null(mkdtemp(trial->root));
    trial->options = (struct remote_options){.root = trial->root};
}

void trial_add(struct trial *trial, const char *name, const char *text)
{
    struct sandbox_file *file = &trial->files[trial->job.file_count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->fd = memfd_create(name, MFD_CLOEXEC);
    file->size = strlen(text);
    assert_int_equal(write(file->fd, text, file->size), file->size);
    sha256(bytes_of(text), file->sha256);
}

void trial_write(const struct remote_file *file)
{
    char path[REMOTE_PATH];
    snprintf(path, sizeof path, "%s", file->path);
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    AUTO(buffer) struct buffer whole = {0};
    buffer_add(&whole, file->data.data ? file->data.data : "", file->data.len);
    char chunk[4096];
    for (uint64_t done = 0; file->fd >= 0 && done < file->size;) {
        ssize_t got = pread(file->fd, chunk, sizeof chunk, (off_t)done);
        assert_true(got > 0);
        buffer_add(&whole, chunk, (size_t)got);
        done += (uint64_t)got;
    }
    assert_int_equal(whole.len, file->size);
    assert_int_equal(write(fd, whole.data ? whole.data : "", whole.len), whole.len);
    close(fd);
}

static void upload(struct trial *trial)
{
    struct remote_file file;
    for (size_t i = 0; i < remote_file_count(&trial->remote); i++) {
        remote_file(&trial->remote, i, &file);
        trial_write(&file);
    }
    remote_code(&trial->remote, &file);
    trial_write(&file);
    if (!trial->spoil)
        return;
    char path[REMOTE_PATH];
    snprintf(path, sizeof path, "%s/%s", trial->remote.folder, trial->spoil);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "#", 1), 1);
    close(fd);
}

static void read_both(int out, int err, struct trial *trial)
{
    struct pollfd polls[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    struct buffer *const to[2] = {&trial->out, &trial->err};
    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        assert_true(poll(polls, 2, 60000) > 0); /* whoever holds the output open fails this */
        for (int i = 0; i < 2; i++) {
            char data[4096];
            ssize_t got = polls[i].revents ? read(polls[i].fd, data, sizeof data) : -1;
            if (got > 0)
                buffer_add(to[i], data, (size_t)got);
            else if (got == 0)
                polls[i].fd = -1;
        }
    }
    close(out);
    close(err);
}

static void run_program(struct trial *trial, const char *const *argv)
{
    int out[2], err[2], status;
    assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    const char *const environment[] = {trial->path, "PYTHONDONTWRITEBYTECODE=1", NULL};
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv,
                                 (char **)(uintptr_t)environment),
                     0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    read_both(out[0], err[0], trial);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    trial->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_results(struct trial *trial)
{
    char path[REMOTE_PATH], data[4096];
    remote_results(&trial->remote, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;
    while (fd >= 0 && (got = read(fd, data, sizeof data)) > 0)
        buffer_add(&trial->bin, data, (size_t)got);
    close(fd);
    assert_true(trial->bin.len <= remote_results_max(&trial->job));
}

void trial_judge(struct trial *trial, size_t cut)
{
    const struct sandbox_sink sink = {
        .context = trial, .item_begin = item_begin, .item_bytes = item_bytes, .item_end = item_end};
    AUTO(results) struct results results;
    results_start(&results, &trial->job.limits);
    buffer_clear(&trial->log);
    buffer_clear(&trial->bodies);
    buffer_add_text(&trial->log, "");
    buffer_add_text(&trial->bodies, "");
    results_take(&results, (struct bytes){trial->bin.data, cut}, &sink);
    trial->result = (struct sandbox_result){0};
    remote_judge(&results, trial->code, &trial->result);
}

void trial_run(struct trial *trial)
{
    struct error err = {0};
    AUTO(buffer) struct buffer command = {0};
    buffer_add_text(&trial->out, "");
    buffer_add_text(&trial->err, "");
    assert_true(remote_start(&trial->remote, &trial->job, &trial->options, &err));
    upload(trial);
    remote_command(&trial->remote, 60, &command);
    const char *const shell[] = {"/bin/sh", "-c", command.data, NULL};
    const char *const cell[] = {"/usr/bin/python3", "-c", trial->cell, NULL};
    for (int i = 0; i < trial->runs; i++)
        run_program(trial, trial->cell ? cell : shell);
    read_results(trial);
    trial_judge(trial, trial->bin.len);
}

void trial_auto(struct trial *trial)
{
    const char *const argv[] = {"/bin/rm", "-rf", trial->root, NULL};
    run_program(trial, argv);
    for (size_t i = 0; i < trial->job.file_count; i++)
        close(trial->files[i].fd);
    remote_auto(&trial->remote);
    buffer_auto(&trial->out);
    buffer_auto(&trial->err);
    buffer_auto(&trial->log);
    buffer_auto(&trial->bodies);
    buffer_auto(&trial->bin);
}
