#include "policy/python_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

#include "common/base/bytes.h"

#define STEP 16U        /* bytes by which small pieces differ */
#define SMALL_MAX 1024U /* bytes; larger ones are powers of two */
#define SMALL_KINDS (SMALL_MAX / STEP + 1)
#define BLOCK_BYTES (1U << 20)

/* What stands before a piece, and what is in one that was given back. */
struct piece {
    size_t kind; /* which list it goes back to */
    struct piece *next;
};
#define HEAD offsetof(struct piece, next)

struct block {
    struct block *before;
    _Alignas(16) char data[];
};

static struct block *blocks; /* of the one thread that judges */
static char *free_at, *free_end;
static struct piece *given_back[SMALL_KINDS + 64];

/* Room for the head is reckoned in, so that what is handed out stands at 16 bytes. */
static size_t kind_of_size(size_t size)
{
    if (size + HEAD <= SMALL_MAX)
        return (size + HEAD + STEP - 1) / STEP;
    return SMALL_KINDS + 64 - (size_t)__builtin_clzl(size + HEAD - 1);
}

static size_t bytes_of_kind(size_t kind)
{
    return kind < SMALL_KINDS ? kind * STEP : (size_t)1 << (kind - SMALL_KINDS);
}

/* Not zeroed, which would take longer than all the rest. */
static struct block *new_block(size_t bytes)
{
    struct block *block = malloc(sizeof *block + bytes);
    if (!block)
        memory_none();
    return block;
}

static void add_block(size_t least)
{
    size_t bytes = least + HEAD > BLOCK_BYTES ? least + HEAD : BLOCK_BYTES;
    struct block *block = new_block(bytes);
    block->before = blocks;
    blocks = block;
    free_at = block->data + HEAD;
    free_end = block->data + bytes;
}

static void *take(size_t size)
{
    size_t kind = kind_of_size(size), bytes = bytes_of_kind(kind);
    struct piece *piece = given_back[kind];
    if (piece) {
        given_back[kind] = piece->next;
    } else {
        if ((size_t)(free_end - free_at) < bytes)
            add_block(bytes);
        piece = (struct piece *)free_at;
        free_at += bytes;
        piece->kind = kind;
    }
    return &piece->next;
}

static struct piece *piece_of(void *memory)
{
    return (struct piece *)((char *)memory - HEAD);
}

static void give_back(void *memory)
{
    if (!memory)
        return;
    struct piece *piece = piece_of(memory);
    piece->next = given_back[piece->kind];
    given_back[piece->kind] = piece;
}

static void *take_zeroed(size_t count, size_t size)
{
    return memset(take(count * size), 0, count * size);
}

static void *take_again(void *memory, size_t size)
{
    size_t had = memory ? bytes_of_kind(piece_of(memory)->kind) - HEAD : 0;
    if (memory && size <= had)
        return memory;
    void *larger = take(size);
    memcpy(larger, memory ? memory : "", had);
    give_back(memory);
    return larger;
}

void python_memory_use(void)
{
    ts_set_allocator(take, take_zeroed, take_again, give_back);
}

void python_memory_drop(void)
{
    for (struct block *block = TAKE(blocks), *before; block; block = before) {
        before = block->before;
        free(block);
    }
    free_at = free_end = NULL;
    memset(given_back, 0, sizeof given_back);
}
