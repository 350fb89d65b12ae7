#include "policy/memo.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/bytes.h"

#define MEMO_MAX 20000
#define ROOM_AT_FIRST 1024
_Static_assert(crypto_shorthash_KEYBYTES == sizeof(((struct memo *)0)->key), "the key's size");

void memo_open(struct memo *memo)
{
    *memo = (struct memo){.room = ROOM_AT_FIRST};
    memo->slots = memory_new(memo->room, sizeof(void *));
    /* Names come from the code that is judged, which shall not choose where they go. */
    if (getrandom(memo->key, sizeof memo->key, 0) != sizeof memo->key)
        memory_none();
}

static void forget_all(struct memo *memo)
{
    for (size_t i = 0; i < memo->room; i++) {
        free(memo->slots[i]);
        memo->slots[i] = NULL;
    }
    memo->count = 0;
}

void memo_auto(struct memo *memo)
{
    forget_all(memo);
    free(memo->slots);
}

/* Where the entry is, or would be. */
static struct memo_entry **slot_of(const struct memo *memo, uint64_t hash, unsigned kind,
                                   const char *name)
{
    size_t at = hash & (memo->room - 1);
    const struct memo_entry *there;
    while ((there = memo->slots[at]) &&
           (there->hash != hash || there->kind != kind || strcmp(there->name, name) != 0))
        at = (at + 1) & (memo->room - 1);
    return &memo->slots[at];
}

static void grow(struct memo *memo)
{
    struct memo old = *memo;
    memo->room *= 2;
    memo->slots = memory_new(memo->room, sizeof(void *));
    for (size_t i = 0; i < old.room; i++) {
        struct memo_entry *entry = old.slots[i];
        if (entry)
            *slot_of(memo, entry->hash, entry->kind, entry->name) = entry;
    }
    free(old.slots);
}

struct memo_entry *memo_find(struct memo *memo, unsigned kind, const char *name, bool *ret_new)
{
    uint64_t hash;
    size_t len = strlen(name);
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)name, len, memo->key);
    hash += kind;
    struct memo_entry *known = *slot_of(memo, hash, kind, name);
    if ((*ret_new = !known)) {
        if (memo->count >= MEMO_MAX)
            forget_all(memo);
        if (++memo->count > memo->room / 2)
            grow(memo);
        known = memory_new(1, sizeof *known + len + 1);
        known->hash = hash;
        known->kind = kind;
        memcpy(known->name, name, len);
        *slot_of(memo, hash, kind, name) = known;
    }
    return known;
}
