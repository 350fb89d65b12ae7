#include "common/io/policy_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/findings.h"

#define ANSWER_MAX (8U << 20)

struct child {
    pid_t pid; /* 0: none runs */
    int fd;
    bool busy;
    int64_t rules; /* which rules it has, by their number here */
};

struct policy {
    char *program;
    int64_t deadline_ms;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t freed;
    struct child children[POLICY_CHILDREN];
    char *rules;
    int64_t rules_number, version;
};

enum asked { ASKED_WELL, ASKED_FAILED, ASKED_LATE };

static char *own_neighbour(const char *name)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    AUTO(buffer) struct buffer full = {0};
    buffer_printf(&full, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
    return memory_text(full.data);
}

struct policy *policy_new(const struct policy_options *options)
{
    struct policy *policy = memory_new(1, sizeof *policy);
    policy->program =
        options->program ? memory_text(options->program) : own_neighbour("countersign-policy");
    policy->deadline_ms = options->deadline_ms ? options->deadline_ms : POLICY_DEADLINE_MS;
    pthread_mutex_init(&policy->lock, NULL);
    pthread_cond_init(&policy->freed, NULL);
    return policy;
}

static void child_end(struct child *child)
{
    if (child->pid <= 0)
        return;
    close(child->fd);
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    child->pid = 0;
    child->rules = 0;
}

void policy_auto(struct policy **policy)
{
    struct policy *old = TAKE(*policy);
    if (!old)
        return;
    for (size_t i = 0; i < POLICY_CHILDREN; i++)
        child_end(&old->children[i]);
    pthread_cond_destroy(&old->freed);
    pthread_mutex_destroy(&old->lock);
    free(old->program);
    free(old->rules);
    free(old);
}

bool policy_set_rules(struct policy *policy, struct bytes rules, struct error *err)
{
    AUTO(json) json_t *root = NULL;
    if (rules.len > POLICY_RULES_MAX)
        return fail_field(err, ERR_TOO_LARGE, "rules", "rules have more than %u bytes",
                          POLICY_RULES_MAX);
    if (!json_read_object(rules, &root, err))
        return false;
    int64_t version = json_integer_of(root, "version", 0);
    if (version <= 0)
        return fail_field(err, ERR_INVALID_FIELD, "version", "version must be 1 or more");
    AUTO(text) char *text = json_text(root);
    pthread_mutex_lock(&policy->lock);
    free(policy->rules);
    policy->rules = TAKE(text);
    policy->rules_number++;
    policy->version = version;
    pthread_mutex_unlock(&policy->lock);
    return true;
}

int64_t policy_version(struct policy *policy)
{
    pthread_mutex_lock(&policy->lock);
    int64_t version = policy->version;
    pthread_mutex_unlock(&policy->lock);
    return version;
}

/* Its input and output are one socket, so that a child that died is an error and no signal. */
static bool child_start(const struct policy *policy, struct child *child)
{
    int pair[2];
    char *const words[] = {policy->program, NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pair[1], 0);
    posix_spawn_file_actions_adddup2(&files, pair[1], 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&child->pid, policy->program, &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    close(pair[1]);
    child->fd = pair[0];
    child->rules = 0;
    if (failed) {
        close(pair[0]);
        child->pid = 0;
    }
    return !failed;
}

/* Until the socket is ready; false when it is too late. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
    struct pollfd one = {fd, events, 0};
    for (;;) {
        int64_t left = until_ms - clock_monotonic_ms();
        if (left <= 0)
            return false;
        int ready = poll(&one, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

static enum asked send_all(int fd, struct bytes data, int64_t until_ms)
{
    size_t done = 0;
    while (done < data.len) {
        if (!wait_for(fd, POLLOUT, until_ms))
            return ASKED_LATE;
        ssize_t put =
            send(fd, (const char *)data.data + done, data.len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return ASKED_FAILED;
        done += put > 0 ? (size_t)put : 0;
    }
    return ASKED_WELL;
}

static enum asked receive_all(int fd, void *data, size_t len, int64_t until_ms)
{
    size_t done = 0;
    while (done < len) {
        if (!wait_for(fd, POLLIN, until_ms))
            return ASKED_LATE;
        ssize_t got = recv(fd, (char *)data + done, len - done, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return ASKED_FAILED;
        done += got > 0 ? (size_t)got : 0;
    }
    return ASKED_WELL;
}

/* One frame there, one back: policy/serve.h says how they look. */
static enum asked ask(int fd, char letter, struct bytes body, int64_t until_ms, json_t **ret_answer)
{
    AUTO(buffer) struct buffer frame = {0};
    buffer_add(&frame, &letter, 1);
    buffer_add_u32be(&frame, (uint32_t)body.len);
    buffer_add(&frame, body.data, body.len);
    uint8_t head[4];
    enum asked asked = send_all(fd, buffer_bytes(&frame), until_ms);
    if (asked == ASKED_WELL)
        asked = receive_all(fd, head, sizeof head, until_ms);
    if (asked != ASKED_WELL)
        return asked;
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > ANSWER_MAX)
        return ASKED_FAILED;
    AUTO(text) char *text = memory_new(len + 1, 1);
    asked = receive_all(fd, text, len, until_ms);
    if (asked != ASKED_WELL)
        return asked;
    struct error err = {0};
    return json_read_object((struct bytes){text, len}, ret_answer, &err) ? ASKED_WELL
                                                                         : ASKED_FAILED;
}

/* The lock protects the rules; so they are copied for the time that it takes to send them. */
static enum asked teach(struct policy *policy, struct child *child, int64_t until_ms)
{
    pthread_mutex_lock(&policy->lock);
    int64_t number = policy->rules_number;
    AUTO(text) char *rules = number == child->rules ? NULL : memory_text(policy->rules);
    pthread_mutex_unlock(&policy->lock);
    if (!rules)
        return ASKED_WELL;
    AUTO(json) json_t *answer = NULL;
    enum asked asked = ask(child->fd, 'R', bytes_of(rules), until_ms, &answer);
    if (asked == ASKED_WELL && json_integer_of(answer, "policy_version", 0) == 0)
        return ASKED_FAILED;
    child->rules = number;
    return asked;
}

/* What code made of its reader may answer anything: nothing that others would stumble over, and no
 * rules of tomorrow, by which it would never be judged again. */
static bool is_verdict(struct policy *policy, const json_t *answer)
{
    return json_text_of(answer, "level") && json_text_of(answer, "engine") &&
           findings_are_whole(json_object_get(answer, "findings")) &&
           json_is_object(json_object_get(answer, "capabilities")) &&
           json_integer_of(answer, "policy_version", INT64_MAX) <= policy_version(policy);
}

static enum asked judge(struct policy *policy, struct child *child, struct bytes question,
                        json_t **ret_verdict)
{
    int64_t until_ms = clock_monotonic_ms() + policy->deadline_ms;
    if (child->pid == 0 && !child_start(policy, child))
        return ASKED_FAILED;
    AUTO(json) json_t *answer = NULL;
    enum asked asked = teach(policy, child, until_ms);
    if (asked == ASKED_WELL)
        asked = ask(child->fd, 'J', question, until_ms, &answer);
    if (asked == ASKED_WELL && !is_verdict(policy, answer))
        asked = ASKED_FAILED;
    if (asked == ASKED_WELL)
        *ret_verdict = TAKE(answer);
    else
        child_end(child);
    return asked;
}

static json_t *failure(struct policy *policy, const char *language, bool late)
{
    return json_pack(
        "{s:s, s:s, s:I, s:s, s:{s:[], s:[], s:[], s:[]}, s:[{s:s, s:s, s:i, s:i, s:i, s:s, s:s,"
        " s:s}], s:{}}",
        "level", "high", "engine", late ? "timeout" : "failed", "policy_version",
        (json_int_t)policy_version(policy), "language", language, "capabilities", "reads",
        "changes", "calls", "saves", "findings", "rule", "engine.failed", "level", "high", "line",
        1, "column", 1, "end_column", 1, "title",
        late ? "Could not be read in time" : "Could not be read: the reader itself failed",
        "explanation", "Nothing is known of this code, so a person must look at all of it.", "what",
        "engine.failed", "facts");
}

static struct child *child_take(struct policy *policy)
{
    struct child *child = NULL;
    pthread_mutex_lock(&policy->lock);
    while (!child) {
        for (size_t i = 0; i < POLICY_CHILDREN && !child; i++)
            if (!policy->children[i].busy)
                child = &policy->children[i];
        if (!child)
            pthread_cond_wait(&policy->freed, &policy->lock);
    }
    child->busy = true;
    pthread_mutex_unlock(&policy->lock);
    return child;
}

static void child_give(struct policy *policy, struct child *child)
{
    pthread_mutex_lock(&policy->lock);
    child->busy = false;
    pthread_cond_signal(&policy->freed);
    pthread_mutex_unlock(&policy->lock);
}

bool policy_judge(struct policy *policy, const char *language, struct bytes code,
                  json_t **ret_verdict, struct error *err)
{
    if (policy_version(policy) == 0)
        return fail(err, ERR_UNAVAILABLE, "there are no policy rules yet");
    if (code.len > POLICY_CODE_MAX)
        return fail_field(err, ERR_TOO_LARGE, "code", "code has more than %u bytes",
                          POLICY_CODE_MAX);
    AUTO(buffer) struct buffer question = {0};
    buffer_add(&question, language, strlen(language) + 1);
    buffer_add(&question, code.data, code.len);
    struct child *child = child_take(policy);
    json_t *verdict = NULL;
    enum asked asked = judge(policy, child, buffer_bytes(&question), &verdict);
    child_give(policy, child);
    *ret_verdict = verdict ? verdict : failure(policy, language, asked == ASKED_LATE);
    return true;
}
