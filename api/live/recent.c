#include "api/live/recent.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct block {
    struct block *next;
    int64_t weight;
    char id[REDIS_ID_SIZE];
    size_t len;
    char text[];
};

/* One request, and the attempt that printed last. */
struct printed {
    struct printed *next;
    int64_t request_id, attempt_id, fence, seq;
    int64_t touched;
    int64_t lost;
    char lost_id[REDIS_ID_SIZE]; /* the last one that went */
    size_t len;
    struct block *first, *last;
};

struct recent {
    size_t len;
    int64_t clock;
    struct printed *buckets[BUCKETS];
};

struct recent *recent_new(void)
{
    return memory_new(1, sizeof(struct recent));
}

static struct printed **place_of(const struct recent *recent, int64_t request_id)
{
    struct printed *const *link = &recent->buckets[(uint64_t)request_id % BUCKETS];
    while (*link && (*link)->request_id != request_id)
        link = &(*link)->next;
    return (struct printed **)link;
}

static void drop_first(struct recent *recent, struct printed *printed)
{
    struct block *block = printed->first;
    printed->first = block->next;
    printed->lost += block->weight;
    memcpy(printed->lost_id, block->id, sizeof block->id);
    printed->len -= block->len;
    recent->len -= block->len;
    free(block);
}

static void drop_all(struct recent *recent, struct printed *printed)
{
    while (printed->first)
        drop_first(recent, printed);
    printed->lost = 0;
    printed->lost_id[0] = '\0';
}

static void forget_at(struct recent *recent, struct printed **place)
{
    struct printed *printed = *place;
    *place = printed->next;
    drop_all(recent, printed);
    free(printed);
}

void recent_free(struct recent *recent)
{
    if (!recent)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (recent->buckets[i])
            forget_at(recent, &recent->buckets[i]);
    free(recent);
}

void recent_forget(struct recent *recent, int64_t request_id)
{
    struct printed **place = place_of(recent, request_id);
    if (*place)
        forget_at(recent, place);
}

/* Who was quiet longest. */
static void drop_quietest(struct recent *recent)
{
    struct printed **found = NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct printed **place = &recent->buckets[i]; *place; place = &(*place)->next)
            if (!found || (*place)->touched < (*found)->touched)
                found = place;
    assert(found); /* bytes are kept, so somebody keeps them */
    forget_at(recent, found);
}

/* -1, 0, 1: the piece is of an earlier attempt, the same, a later one. */
static int attempt_order(const struct recent_piece *piece, const struct printed *printed)
{
    if (piece->attempt_id != printed->attempt_id)
        return piece->attempt_id < printed->attempt_id ? -1 : 1;
    return piece->fence < printed->fence ? -1 : piece->fence > printed->fence;
}

static void append(struct recent *recent, struct printed *printed, const struct recent_piece *piece)
{
    struct block *block = memory_new(1, sizeof *block + piece->block.len);
    block->weight = piece->weight;
    snprintf(block->id, sizeof block->id, "%s", piece->id);
    block->len = piece->block.len;
    memcpy(block->text, piece->block.data, piece->block.len);
    if (printed->first)
        printed->last->next = block;
    else
        printed->first = block;
    printed->last = block;
    printed->len += block->len;
    recent->len += block->len;
}

bool recent_add(struct recent *recent, const struct recent_piece *piece)
{
    struct printed **place = place_of(recent, piece->request_id);
    if (!*place) {
        *place = memory_new(1, sizeof **place);
        (*place)->request_id = piece->request_id;
    }
    struct printed *printed = *place;
    int order = attempt_order(piece, printed);
    if (order < 0 || (order == 0 && piece->seq <= printed->seq))
        return false;
    if (order > 0)
        drop_all(recent, printed);
    printed->attempt_id = piece->attempt_id;
    printed->fence = piece->fence;
    printed->seq = piece->seq;
    printed->touched = ++recent->clock;
    append(recent, printed, piece);
    while (printed->len > RECENT_REQUEST_MAX)
        drop_first(recent, printed);
    while (recent->len > RECENT_ALL_MAX)
        drop_quietest(recent);
    return true;
}

static bool is_behind(const char *id, const char *last_id)
{
    return !*last_id || redis_id_is_later(id, last_id);
}

struct recent_head recent_head(const struct recent *recent, int64_t request_id, const char *last_id)
{
    const struct printed *printed = *place_of(recent, request_id);
    if (!printed)
        return (struct recent_head){0};
    bool lost = printed->lost > 0 && is_behind(printed->lost_id, last_id);
    return (struct recent_head){printed->attempt_id, lost ? printed->lost : 0};
}

void recent_each(const struct recent *recent, int64_t request_id, const char *last_id,
                 recent_each_fn *each, void *context)
{
    const struct printed *printed = *place_of(recent, request_id);
    for (const struct block *block = printed ? printed->first : NULL; block; block = block->next)
        if (is_behind(block->id, last_id))
            each(context, block->id, (struct bytes){block->text, block->len});
}
