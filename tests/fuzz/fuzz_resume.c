/* Where an event stream goes on: the ids that clients send, and what is told behind them. Input:
 * the id that a client sends (a line), then pieces of output: request, attempt, fence and number
 * (a byte each), id in the stream (two bytes), text with its length. */
#include <inttypes.h>
#include <stdio.h>

#include "api/live/recent.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS 3
#define PIECES_MAX 64

/* The same numbers, read by a second reader. */
static bool read_id(const char *id, uint64_t ret_parts[2])
{
    char rest[2] = "";
    int count = sscanf(id, "%19[0-9]-%19[0-9]%1s", (char[20]){0}, (char[20]){0}, rest);
    size_t first = strspn(id, "0123456789");
    if (count != 2 || id[first] != '-' || id[first + 1 + strspn(id + first + 1, "0123456789")])
        return false;
    ret_parts[0] = strtoull(id, NULL, 10);
    ret_parts[1] = strtoull(id + first + 1, NULL, 10);
    return true;
}

static void check_ids(const char *one, const char *other)
{
    uint64_t a[2], b[2];
    bool fine = redis_id_is_valid(one);
    CLAIM(fine == read_id(one, a));
    if (!fine)
        return;
    CLAIM(strlen(one) < REDIS_ID_SIZE && !redis_id_is_later(one, one));
    CLAIM(read_id(other, b));
    bool later = a[0] != b[0] ? a[0] > b[0] : a[1] > b[1];
    CLAIM(redis_id_is_later(one, other) == later);
    bool same = a[0] == b[0] && a[1] == b[1];
    CLAIM(redis_id_is_later(other, one) == (!later && !same));
}

struct model {
    int64_t attempt, fence, seq;
    size_t count;
    char ids[PIECES_MAX][16];
    struct bytes texts[PIECES_MAX];
};

struct replay {
    const struct model *model;
    const char *last_id;
    size_t next;
};

static void skip_told(struct replay *replay)
{
    const struct model *model = replay->model;
    while (*replay->last_id && replay->next < model->count &&
           !redis_id_is_later(model->ids[replay->next], replay->last_id))
        replay->next++;
}

static void see_block(void *context, const char *id, struct bytes block)
{
    struct replay *replay = context;
    skip_told(replay);
    CLAIM(replay->next < replay->model->count);
    CLAIM(strcmp(id, replay->model->ids[replay->next]) == 0);
    CLAIM(bytes_equal(block, replay->model->texts[replay->next]));
    replay->next++;
}

/* What counts is the newest attempt, and in it each number once. */
static bool model_takes(struct model *model, const struct recent_piece *piece)
{
    bool newer = piece->attempt_id > model->attempt ||
                 (piece->attempt_id == model->attempt && piece->fence > model->fence);
    bool same = piece->attempt_id == model->attempt && piece->fence == model->fence;
    if (!newer && (!same || piece->seq <= model->seq))
        return false;
    if (newer)
        model->count = 0;
    model->attempt = piece->attempt_id;
    model->fence = piece->fence;
    model->seq = piece->seq;
    snprintf(model->ids[model->count], sizeof model->ids[0], "%s", piece->id);
    model->texts[model->count++] = piece->block;
    return true;
}

static void add_piece(struct fuzz *fuzz, struct recent *recent, struct model *models)
{
    char id[16];
    struct recent_piece piece = {.request_id = 1 + fuzz_byte(fuzz) % REQUESTS, .id = id};
    piece.attempt_id = 1 + fuzz_byte(fuzz) % 3;
    piece.fence = fuzz_byte(fuzz) % 3;
    piece.seq = 1 + fuzz_byte(fuzz);
    snprintf(id, sizeof id, "%u-%u", fuzz_byte(fuzz), fuzz_byte(fuzz));
    piece.block = fuzz_some(fuzz, 255);
    piece.weight = (int64_t)piece.block.len;
    CLAIM(recent_add(recent, &piece) == model_takes(&models[piece.request_id - 1], &piece));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    static struct model models[REQUESTS];
    memset(models, 0, sizeof models);
    AUTO(text) char *sent = fuzz_text(fuzz_line(&fuzz));
    const char *last_id = redis_id_is_valid(sent) ? sent : "";
    struct recent *recent = recent_new();
    check_ids(sent, "5-5");
    check_ids("1000-1", *last_id ? last_id : "7-0");
    for (int i = 0; i < PIECES_MAX && fuzz.at < fuzz.end; i++)
        add_piece(&fuzz, recent, models);
    for (int64_t request = 1; request <= REQUESTS; request++) {
        struct replay replay = {&models[request - 1], last_id, 0};
        struct recent_head head = recent_head(recent, request, last_id);
        CLAIM(head.attempt_id == replay.model->attempt && head.lost == 0);
        recent_each(recent, request, last_id, see_block, &replay);
        skip_told(&replay);
        CLAIM(replay.next == replay.model->count);
    }
    recent_free(recent);
    return 0;
}
