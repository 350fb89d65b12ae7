#include "api/live/outputs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/live/listener.h"
#include "api/live/recent.h"
#include "api/live/streams.h"
#include "common/base/log.h"
#include "common/io/redis_output.h"
#include "statements.h"

#define REDIS_WAIT_MS 500
#define REDIS_COMMAND_MS 1000

static const char away[] = "event: away\ndata: {}\n\n";
static const char back[] = "event: back\ndata: {}\n\n";

struct outputs {
    struct api *api;
    struct redis *redis;
    pthread_t thread;
    char last_id[REDIS_ID_SIZE];
    pthread_mutex_t lock; /* of what was printed */
    struct recent *recent;
    atomic_bool away; /* Redis does not answer */
    atomic_bool closing;
};

static bool read_piece(const json_t *root, struct recent_piece *ret_piece)
{
    const char *stream = json_text_of(root, "stream");
    const char *text = json_text_of(root, "text");
    int64_t dropped = json_integer_of(root, "dropped", -1);
    *ret_piece = (struct recent_piece){
        .request_id = json_integer_of(root, "request_id", 0),
        .attempt_id = json_integer_of(root, "attempt_id", 0),
        .fence = json_integer_of(root, "fence", 0),
        .seq = json_integer_of(root, "seq", 0),
    };
    if (!stream || !text || dropped < 0 || ret_piece->request_id <= 0 ||
        ret_piece->attempt_id <= 0 || ret_piece->seq <= 0)
        return false;
    ret_piece->weight = dropped + (int64_t)strlen(text);
    return strcmp(stream, "stdout") == 0 || strcmp(stream, "stderr") == 0;
}

static void write_piece(const json_t *root, const char *id, struct buffer *out)
{
    static const char *const keys[] = {"attempt_id", "seq", "stream", "text", "dropped"};
    AUTO(json) json_t *data = json_object();
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        json_object_set(data, keys[i], json_object_get(root, keys[i]));
    AUTO(text) char *text = json_text(data);
    buffer_printf(out, "id: %s\nevent: output\ndata: ", id);
    buffer_add_text(out, text);
    buffer_add_text(out, "\n\n");
}

static void set_away(struct outputs *outputs, bool is_away, const struct error *err)
{
    if (atomic_exchange(&outputs->away, is_away) == is_away)
        return;
    if (is_away)
        log_error("outputs.redis", err);
    const char *text = is_away ? away : back;
    streams_tell_output(outputs->api->streams, &(struct recent_piece){.block = bytes_of(text)});
}

static void on_piece(void *context, const char *id, const char *json)
{
    struct outputs *outputs = context;
    struct error err = {0};
    struct recent_piece piece;
    AUTO(json) json_t *root = NULL;
    AUTO(buffer) struct buffer block = {0};
    /* Anybody may write into Redis. */
    if (!json_read_object(bytes_of(json), &root, &err) || !read_piece(root, &piece))
        return;
    write_piece(root, id, &block);
    set_away(outputs, false, NULL);
    piece.id = id;
    piece.block = buffer_bytes(&block);
    pthread_mutex_lock(&outputs->lock);
    bool fresh = recent_add(outputs->recent, &piece);
    pthread_mutex_unlock(&outputs->lock);
    if (fresh)
        streams_tell_output(outputs->api->streams, &piece);
}

static void *run(void *context)
{
    struct outputs *outputs = context;
    while (!atomic_load(&outputs->closing)) {
        struct error err = {0};
        bool fine = redis_output_wait(outputs->redis, outputs->last_id, REDIS_WAIT_MS, on_piece,
                                      outputs, &err);
        set_away(outputs, !fine, &err);
        if (!fine)
            usleep(REDIS_WAIT_MS * 1000);
    }
    return NULL;
}

struct outputs *outputs_new(struct api *api)
{
    struct outputs *outputs = memory_new(1, sizeof *outputs);
    const struct settings *settings = &api->settings;
    outputs->api = api;
    outputs->recent = recent_new();
    outputs->redis = redis_new(settings->redis_url.value, settings->redis_prefix, REDIS_COMMAND_MS);
    memcpy(outputs->last_id, "0-0", sizeof "0-0");
    pthread_mutex_init(&outputs->lock, NULL);
    if (pthread_create(&outputs->thread, NULL, run, outputs) != 0)
        abort();
    return outputs;
}

void outputs_free(struct outputs *outputs)
{
    if (!outputs)
        return;
    atomic_store(&outputs->closing, true);
    pthread_join(outputs->thread, NULL);
    redis_free(outputs->redis);
    recent_free(outputs->recent);
    pthread_mutex_destroy(&outputs->lock);
    free(outputs);
}

/* Of a lost run that a worker is watching, too. */
static bool prints(const json_t *request)
{
    const char *state = json_text_of(request, "state");
    return !state || strcmp(state, "approved") == 0 || strcmp(state, "running") == 0 ||
           json_flag(request, "held");
}

/* An event may come late: one that says "pending" says nothing of a run that was
 * approved since. */
static bool state_is_end(const char *state)
{
    static const char *const ends[] = {"succeeded", "failed",  "cancelled",
                                       "rejected",  "expired", "outcome_unknown"};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (strcmp(state, ends[i]) == 0)
            return true;
    return false;
}

/* Who takes up a lost run tells all that it has printed once more. */
static bool begins_anew(const json_t *event)
{
    const char *what = json_text_of(event, "what");
    return what && strcmp(what, "attempt.adopt") == 0;
}

void outputs_announce(struct outputs *outputs, const json_t *event)
{
    const char *state = json_text_of(event, "state");
    int64_t request_id = json_integer_of(event, "id", 0);
    if (!state || request_id <= 0 || !state_is_end(state) || (prints(event) && !begins_anew(event)))
        return;
    pthread_mutex_lock(&outputs->lock);
    recent_forget(outputs->recent, request_id);
    pthread_mutex_unlock(&outputs->lock);
    streams_end_output(outputs->api->streams, request_id, state);
}

static void replay_block(void *context, const char *id, struct bytes block)
{
    struct listener *listener = context;
    listener_tell(listener, block.data, block.len);
    snprintf(listener->replayed, sizeof listener->replayed, "%s", id);
}

static void replay(struct outputs *outputs, struct listener *listener, const char *last_id)
{
    int64_t id = listener->request_id;
    pthread_mutex_lock(&outputs->lock);
    struct recent_head head = recent_head(outputs->recent, id, last_id);
    listener_miss(listener, head.attempt_id, head.lost);
    recent_each(outputs->recent, id, last_id, replay_block, listener);
    pthread_mutex_unlock(&outputs->lock);
    if (atomic_load(&outputs->away))
        listener_tell(listener, away, strlen(away));
}

/* The run may have ended before the listener could hear of it. */
static void look_again(struct call *call, struct listener *listener)
{
    struct error err = {0};
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *root = NULL;
    int64_t id = listener->request_id;
    if (!sql_request_state(call->db, id, call->who.person_id, &rows, &err) ||
        !json_read_object(bytes_of(rows_text(rows, 0, 0)), &root, &err))
        return;
    if (!prints(root))
        streams_end_output(call->api->streams, id, json_text_of(root, "state"));
}

bool outputs_open(struct call *call, int64_t request_id, struct error *err)
{
    struct streams *streams = call->api->streams;
    const char *last_id = exchange_header(call->exchange, "Last-Event-ID");
    struct listener *listener = NULL;
    if (!streams_join(call, request_id, &listener, err))
        return false;
    if (!listener)
        return true;
    replay(call->api->outputs, listener, last_id && redis_id_is_valid(last_id) ? last_id : "");
    look_again(call, listener);
    streams_follow(streams, listener);
    return true;
}
