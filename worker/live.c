#include "worker/live.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/io/redis_output.h"
#include "worker/pulse.h"

#define COMMAND_MS 500
#define RETRY_MS 300 /* while Redis is away */
#define IDLE_MS 60000
#define MERGE_MS 100 /* what a run prints within it goes together */
#define PASS_MS 20   /* between two passes: a flood of many runs shall leave Redis room */
#define LEAVE_MS 250 /* at most so long does an end wait for what was printed before it */
#define AT_ONCE 64
#define FROM_ONE 4    /* pieces of one run in one pass */
#define ENDED_MAX 256 /* runs that are over and wait for Redis; each holds some 35 KB at most */

/* Listed while it has text to send. */
struct live_run {
    struct live_run *next;
    struct live *live;
    struct live_about about;
    struct live_text text;
    int64_t seq;
    int64_t due_ms;
    bool listed;
    bool ended;
    bool awaited; /* somebody in live_end waits for it, and frees it once it was */
    bool taken;   /* its last text was, by this pass: */
    int64_t pass;
};

struct live {
    struct redis *redis;
    struct pulse *work;
    struct pulse *hurry; /* somebody waits: no rest between two passes */
    pthread_t thread;
    pthread_mutex_t lock; /* of the rest, and of every run's text */
    pthread_cond_t went;  /* `sent` has grown */
    int64_t pass, sent;   /* number of the pass under way, and of the last that Redis has */
    struct live_run *first, *last;
    size_t count;
    size_t ended; /* of these */
    bool off;     /* there is no Redis: nobody can watch */
    bool away;    /* Redis did not take the last load: nobody waits for it */
    bool closing;
};

/* The thread's own: what it has taken and not brought to Redis yet. */
struct load {
    char *pieces[AT_ONCE];
    size_t count;
};

static char *piece_text(struct live_run *run, const struct live_piece *piece)
{
    static const char *const names[] = {[SANDBOX_STDOUT] = "stdout", [SANDBOX_STDERR] = "stderr"};
    AUTO(json)
    json_t *root = json_pack(
        "{s:I, s:I, s:I, s:I, s:s, s:s%, s:I}", "request_id", (json_int_t)run->about.request_id,
        "attempt_id", (json_int_t)run->about.attempt_id, "fence", (json_int_t)run->about.fence,
        "seq", (json_int_t)++run->seq, "stream", names[piece->stream], "text", piece->text,
        piece->len, "dropped", (json_int_t)piece->dropped);
    return json_text(root);
}

static void take_from(struct live_run *run, struct load *load)
{
    struct live_piece piece;
    for (int i = 0; i < FROM_ONE && load->count < AT_ONCE; i++) {
        if (!live_text_take(&run->text, &piece))
            return;
        load->pieces[load->count++] = piece_text(run, &piece);
    }
}

static void run_free(struct live_run *run)
{
    live_text_auto(&run->text);
    free(run);
}

/* One that is over and has nothing more to send. Called locked. */
static void let_go(struct live_run *run)
{
    run->taken = true;
    run->pass = run->live->pass;
    if (!run->awaited)
        run_free(run);
}

static void enlist(struct live *live, struct live_run *run)
{
    run->next = NULL;
    if (live->first)
        live->last->next = run;
    else
        live->first = run;
    live->last = run;
    live->count++;
    run->listed = true;
}

static struct live_run *delist_first(struct live *live)
{
    struct live_run *run = live->first;
    live->first = run->next;
    live->count--;
    run->listed = false;
    return run;
}

/* Those who watched it have its stored result by now. Called locked. */
static void drop_oldest_ended(struct live *live)
{
    struct live_run *before = NULL, *run = live->first;
    while (!run->ended) {
        before = run;
        run = run->next;
    }
    if (before)
        before->next = run->next;
    else
        live->first = run->next;
    if (live->last == run)
        live->last = before;
    live->count--;
    live->ended--;
    let_go(run);
}

/* Takes what is due; says when the next is. Called locked. */
static int64_t take_due(struct live *live, int64_t now_ms, struct load *load)
{
    int64_t next_ms = now_ms + IDLE_MS;
    for (size_t left = live->count; left > 0; left--) {
        struct live_run *run = delist_first(live);
        bool due = run->due_ms <= now_ms || run->ended || live->closing;
        if (due && load->count < AT_ONCE) {
            take_from(run, load);
            run->due_ms = now_ms + MERGE_MS;
        }
        if (!live_text_is_empty(&run->text)) {
            next_ms = run->due_ms < next_ms ? run->due_ms : next_ms;
            enlist(live, run);
        } else if (run->ended) {
            live->ended--;
            let_go(run);
        }
    }
    return next_ms;
}

static void unload(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        free(load->pieces[i]);
    load->count = 0;
}

/* What failed is tried again: a reader knows by its number what came twice. */
static bool send_load(struct live *live, struct load *load)
{
    struct error err = {0};
    bool sent = redis_output_send(live->redis, load->pieces, load->count, &err);
    if (sent)
        unload(load);
    pthread_mutex_lock(&live->lock);
    bool was_away = live->away;
    live->away = !sent;
    live->sent = sent ? live->pass : live->sent;
    pthread_cond_broadcast(&live->went);
    pthread_mutex_unlock(&live->lock);
    if (!sent && !was_away)
        log_error("live.away", &err);
    return sent;
}

/* Fills an empty load; says how long until there is more. False: all is over. */
static bool fill(struct live *live, struct load *load, int64_t *ret_wait_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&live->lock);
    live->pass += load->count == 0;
    *ret_wait_ms = load->count == 0 ? take_due(live, now_ms, load) - now_ms : 0;
    bool over = live->closing && (live->away || load->count == 0);
    pthread_mutex_unlock(&live->lock);
    return !over;
}

static void *send_all(void *context)
{
    struct live *live = context;
    struct load load = {0};
    int64_t wait_ms;
    while (fill(live, &load, &wait_ms)) {
        if (load.count > 0 && !send_load(live, &load))
            wait_ms = RETRY_MS;
        pulse_wait(live->work, wait_ms);
        pulse_wait(live->hurry, PASS_MS);
    }
    unload(&load);
    return NULL;
}

struct live *live_new(const char *redis_url, const char *prefix)
{
    struct live *live = memory_new(1, sizeof *live);
    live->redis = redis_new(redis_url, prefix, COMMAND_MS);
    live->off = redis_url[0] == '\0';
    live->work = pulse_new();
    live->hurry = pulse_new();
    pthread_mutex_init(&live->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&live->went, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&live->thread, NULL, send_all, live) != 0)
        abort();
    return live;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->lock);
    live->closing = true;
    pthread_mutex_unlock(&live->lock);
    pulse_ring(live->work);
    pthread_join(live->thread, NULL);
    while (live->first)
        run_free(delist_first(live));
    redis_free(live->redis);
    pulse_free(live->work);
    pulse_free(live->hurry);
    pthread_cond_destroy(&live->went);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

struct live_run *live_begin(struct live *live, struct live_about about)
{
    struct live_run *run = memory_new(1, sizeof *run);
    run->live = live;
    run->about = about;
    /* Also above the numbers of a worker that had this attempt before. */
    run->seq = clock_wall_ms() * 1000;
    return run;
}

void live_say(struct live_run *run, enum sandbox_stream stream, struct bytes chunk)
{
    struct live *live = run->live;
    if (live->off)
        return;
    pthread_mutex_lock(&live->lock);
    live_text_add(&run->text, stream, chunk);
    bool first = !run->listed && !live_text_is_empty(&run->text);
    if (first)
        enlist(live, run);
    pthread_mutex_unlock(&live->lock);
    if (first)
        pulse_ring(live->work);
}

/* Until Redis has what the run printed last: who watches it hears its end behind that. Called
 * locked. */
static void await_sent(struct live *live, const struct live_run *run)
{
    int64_t at_ms = clock_monotonic_ms() + LEAVE_MS;
    struct timespec until = {at_ms / 1000, at_ms % 1000 * 1000000};
    while ((!run->taken || live->sent < run->pass) && !live->away)
        if (pthread_cond_timedwait(&live->went, &live->lock, &until) == ETIMEDOUT)
            return;
}

/* Called locked. */
static void send_rest(struct live *live, struct live_run *run)
{
    run->ended = run->awaited = true;
    if (!run->listed)
        enlist(live, run);
    if (++live->ended > ENDED_MAX)
        drop_oldest_ended(live);
    pulse_ring(live->work);
    pulse_ring(live->hurry);
    await_sent(live, run);
    run->awaited = false;
    if (run->taken)
        run_free(run);
}

void live_end(struct live_run *take_run)
{
    if (!take_run)
        return;
    struct live *live = take_run->live;
    pthread_mutex_lock(&live->lock);
    live_text_end(&take_run->text);
    if (live_text_is_empty(&take_run->text))
        run_free(take_run);
    else
        send_rest(live, take_run);
    pthread_mutex_unlock(&live->lock);
}
