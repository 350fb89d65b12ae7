#include "worker/sandbox/e2b/e2b_control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/fault.h"

#define CREATE_SECONDS 60
/* The service ends what we can not: downloads after the run fit in here, and short uploads. */
#define MARGIN_SECONDS 120
#define SHORT_MS 30000
#define EXTEND_SECONDS 10
#define DELETE_TRIES 3
#define PAGES_MOST 10 /* of one attempt's sandboxes: there is one, hardly ever two */
#define DELETE_SECONDS 3
#define SIZE_SECONDS 5
#define SIZE_FOR_MS 60000
/* A size beyond these is none: what a run costs is computed from it. */
#define CPU_MOST 1024
#define MIB_MOST (1 << 30)

static bool call(struct e2b *e2b, const struct http_request *wish, struct http_answer *ret_answer)
{
    AUTO(buffer) struct buffer url = {0};
    struct http_request request = *wish;
    buffer_printf(&url, "%s%s", e2b->api, wish->url);
    request.url = url.data;
    request.headers[0] = (struct http_header){"X-API-Key", e2b->options.key};
    request.content_type = "application/json";
    return http_call(e2b->http, &request, ret_answer);
}

/* ---- delete ------------------------------------------------------------------------------- */

static void pause_ms(int64_t ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static bool delete_once(struct e2b *e2b, const char *id, const struct sandbox_job *job,
                        struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    char path[E2B_ID_SIZE + 16];
    int64_t end_ms = e2b_deadline(e2b, DELETE_SECONDS);
    int64_t soon_ms = clock_monotonic_ms() + E2B_HURRY_MS;
    snprintf(path, sizeof path, "/sandboxes/%s", id);
    struct http_request request = {.method = "DELETE", .url = path, .deadline_ms = end_ms};
    if (e2b_cancelled(job) && soon_ms < end_ms)
        request.deadline_ms = soon_ms;
    if (call(e2b, &request, &answer) && (e2b_succeeded(&answer) || answer.status == 404))
        return true;
    e2b_leave_alone(job, answer.retry_after_ms);
    return e2b_refused(e2b, "delete", &answer, true, err);
}

static bool id_valid(const char *id)
{
    size_t len = id ? strlen(id) : 0;
    return len > 0 && len < E2B_ID_SIZE &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

bool e2b_control_delete(struct e2b *e2b, const char *id, const struct sandbox_job *job,
                        struct error *err)
{
    if (!id_valid(id))
        return fail(err, ERR_UNAVAILABLE, "E2B: the id of a sandbox makes no sense");
    FAULT("worker.remote.delete");
    for (int tries = 1;; tries++) {
        bool hurry = e2b_cancelled(job);
        if (delete_once(e2b, id, job, err))
            return true;
        if (hurry || tries == DELETE_TRIES || err->code == ERR_FORBIDDEN ||
            err->code == ERR_BAD_REQUEST)
            return false;
        pause_ms(100 << tries);
    }
}

/* ---- what an earlier claim left ------------------------------------------------------------- */

struct removal {
    struct e2b *e2b;
    const struct sandbox_job *job;
    bool failed;
    struct error err;
};

static void remove_found(void *context, const struct sandbox_listed *found)
{
    struct removal *removal = context;
    if (found->fence >
        removal->job->fence) /* of a claim after ours, which we lost: it may run there */
        return;
    if (!e2b_control_delete(removal->e2b, found->remote_id, removal->job, &removal->err))
        removal->failed = true;
}

/* True when none of the attempt's is left up to this claim, as far as the service says. */
static bool remove_attempt(struct e2b *e2b, const struct sandbox_job *job, struct error *err)
{
    char attempt[24];
    struct removal removal = {.e2b = e2b, .job = job};
    const struct e2b_label label = {attempt, job};
    struct sandbox_page page = {
        .instance = job->instance, .each = remove_found, .context = &removal};
    snprintf(attempt, sizeof attempt, "%" PRId64, job->attempt_id);
    for (int pages = 0; pages == 0 || *page.cursor; pages++) {
        if (pages == PAGES_MOST)
            return fail(err, ERR_UNAVAILABLE, "E2B: list: it has no end");
        if (!e2b_control_list(e2b, &label, &page, err))
            return false;
    }
    if (removal.failed)
        *err = removal.err;
    return !removal.failed;
}

/* ---- create ------------------------------------------------------------------------------- */

static json_int_t life_seconds(const struct sandbox_job *job)
{
    return (job->limits.wall_ms + 999) / 1000 + MARGIN_SECONDS;
}

static char *create_body(const struct sandbox_job *job, bool first)
{
    char attempt[24], fence[24];
    snprintf(attempt, sizeof attempt, "%" PRId64, job->attempt_id);
    snprintf(fence, sizeof fence, "%" PRId64, job->fence);
    AUTO(json)
    json_t *body = json_pack("{s:s, s:I, s:{s:s, s:s, s:s}, s:b, s:{s:b}}", "templateID",
                             job->image, "timeout", life_seconds(job), "metadata", "countersign",
                             job->instance, "attempt", attempt, "fence", fence,
                             "allow_internet_access", 0, "network", "allowPublicTraffic", 0);
    if (first)
        json_object_set_new(body, "secure", json_true());
    return json_text(body);
}

static bool call_create(struct e2b *e2b, const struct sandbox_job *job, bool first,
                        struct http_answer *ret_answer)
{
    AUTO(text) char *body = create_body(job, first);
    const struct http_request request = {
        .method = "POST",
        .url = first ? "/sandboxes" : "/v2/sandboxes",
        .body = bytes_of(body),
        .deadline_ms = e2b_deadline(e2b, CREATE_SECONDS),
        .cancelled = job->cancelled,
    };
    bool fine = call(e2b, &request, ret_answer);
    FAULT("worker.remote.create_sent");
    return fine;
}

static bool is_missing(const struct http_answer *answer)
{
    return answer->end == HTTP_ANSWERED && (answer->status == 404 || answer->status == 405);
}

/* A 404 says that there is no such image, or no second generation: the first tells which. */
static bool call_either(struct e2b *e2b, const struct sandbox_job *job,
                        struct http_answer *ret_answer)
{
    bool first = atomic_load(&e2b->first_generation);
    bool fine = call_create(e2b, job, first, ret_answer);
    if (first || !is_missing(ret_answer))
        return fine;
    http_answer_auto(ret_answer);
    fine = call_create(e2b, job, true, ret_answer);
    if (e2b_succeeded(ret_answer))
        atomic_store(&e2b->first_generation, true);
    return fine;
}

static bool domain_valid(const char *domain)
{
    size_t len = strlen(domain);
    return len > 0 && len < 128 &&
           strspn(domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:") ==
               len;
}

static bool read_created(struct e2b *e2b, const struct http_answer *answer,
                         struct sandbox **ret_sandbox)
{
    AUTO(json) json_t *body = e2b_json(buffer_bytes(&answer->body));
    const char *id = json_text_of(body, "sandboxID");
    const char *domain = json_text_of(body, "domain");
    const char *version = json_text_of(body, "envdVersion");
    if (!domain || !*domain)
        domain = e2b->options.domain;
    if (!id_valid(id) || !domain_valid(domain))
        return false;
    struct sandbox *sandbox = memory_new(1, sizeof *sandbox);
    sandbox->owner = e2b;
    sandbox->retry_after_ms = -1;
    snprintf(sandbox->id, sizeof sandbox->id, "%s", id);
    snprintf(sandbox->domain, sizeof sandbox->domain, "%s", domain);
    sandbox->envd_token = memory_text(json_text_of(body, "envdAccessToken"));
    sandbox->traffic_token = memory_text(json_text_of(body, "trafficAccessToken"));
    int *part = sandbox->envd_version;
    for (int i = 0; version && i < 3; i++) {
        char *rest;
        part[i] = (int)strtol(version, &rest, 10);
        version = *rest == '.' ? rest + 1 : NULL;
    }
    *ret_sandbox = sandbox;
    return true;
}

/* Did the service say clearly that it made none? */
static bool made_none(const struct http_answer *answer)
{
    if (answer->end != HTTP_ANSWERED)
        return !answer->sent;
    return answer->status >= 400 && answer->status < 500 && answer->status != 408;
}

bool e2b_control_create(struct e2b *e2b, const struct sandbox_job *job,
                        struct sandbox **ret_sandbox, struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    struct error lookup = {0};
    if (job->fence > 1 && !remove_attempt(e2b, job, err))
        return false;
    if (!job->image || !*job->image)
        return fail(err, ERR_BAD_REQUEST, "E2B: the request names no template");
    int64_t start_ms = clock_monotonic_ms();
    bool fine = call_either(e2b, job, &answer);
    e2b_leave_alone(job, answer.retry_after_ms);
    if (fine && e2b_succeeded(&answer) && read_created(e2b, &answer, ret_sandbox)) {
        (*ret_sandbox)->created_ms = start_ms;
        FAULT("worker.remote.created");
        return true;
    }
    /* What can not be found now is found by the next claim, or by the janitor. */
    if (!made_none(&answer) && !remove_attempt(e2b, job, &lookup))
        lookup.code = ERR_NONE;
    return e2b_refused(e2b, "create", &answer, true, err);
}

bool e2b_control_extend(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    struct e2b *e2b = sandbox->owner;
    AUTO(http_answer) struct http_answer answer = {0};
    char path[E2B_ID_SIZE + 24], body[48];
    if (clock_monotonic_ms() - sandbox->created_ms <= SHORT_MS)
        return true;
    snprintf(path, sizeof path, "/sandboxes/%s/timeout", sandbox->id);
    snprintf(body, sizeof body, "{\"timeout\":%" JSON_INTEGER_FORMAT "}", life_seconds(job));
    const struct http_request request = {.method = "POST",
                                         .url = path,
                                         .body = bytes_of(body),
                                         .deadline_ms = e2b_deadline(e2b, EXTEND_SECONDS),
                                         .cancelled = &sandbox->cancelled,
                                         .repeatable = true};
    if (call(e2b, &request, &answer) && e2b_succeeded(&answer))
        return true;
    sandbox->retry_after_ms = answer.retry_after_ms;
    return e2b_refused(e2b, "timeout", &answer, true, err);
}

/* ---- size --------------------------------------------------------------------------------- */

static bool known_size(struct sandbox *sandbox, const char *image)
{
    struct e2b *e2b = sandbox->owner;
    pthread_mutex_lock(&e2b->lock);
    bool same = strcmp(e2b->sized_image, image) == 0;
    bool fresh = same && clock_monotonic_ms() - e2b->sized_ms < SIZE_FOR_MS;
    if (same)
        sandbox->size = e2b->size;
    pthread_mutex_unlock(&e2b->lock);
    return fresh;
}

void e2b_control_measure(struct sandbox *sandbox, const struct sandbox_job *job)
{
    struct e2b *e2b = sandbox->owner;
    AUTO(http_answer) struct http_answer answer = {0};
    char path[E2B_ID_SIZE + 16];
    if (strlen(job->image) >= sizeof e2b->sized_image || known_size(sandbox, job->image))
        return;
    snprintf(path, sizeof path, "/sandboxes/%s", sandbox->id);
    const struct http_request request = {.method = "GET",
                                         .url = path,
                                         .deadline_ms = e2b_deadline(e2b, SIZE_SECONDS),
                                         .cancelled = job->cancelled};
    if (!call(e2b, &request, &answer) || !e2b_succeeded(&answer))
        return;
    AUTO(json) json_t *body = e2b_json(buffer_bytes(&answer.body));
    double cpu = json_number_value(json_object_get(body, "cpuCount"));
    int64_t memory = json_integer_of(body, "memoryMB", 0);
    int64_t disk = json_integer_of(body, "diskSizeMB", 0);
    if (!(cpu > 0 && cpu <= CPU_MOST) || memory <= 0 || memory > MIB_MOST)
        return;
    if (disk < 0 || disk > MIB_MOST)
        disk = 0;
    sandbox->size = (struct sandbox_usage){cpu, memory, disk / 1024, 0};
    pthread_mutex_lock(&e2b->lock);
    snprintf(e2b->sized_image, sizeof e2b->sized_image, "%s", job->image);
    e2b->size = sandbox->size;
    e2b->sized_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&e2b->lock);
}
