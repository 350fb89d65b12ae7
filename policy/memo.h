/* What the rules said of a fact before: programs name the same things again and again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_rule;

struct memo_entry {
    uint64_t hash;
    uint64_t judgement;             /* the last one that was told of it; 0 for none */
    const struct policy_rule *rule; /* NULL when none fits */
    unsigned kind;                  /* of the fact */
    char name[];
};

struct memo {
    uint8_t key[16];
    struct memo_entry **slots; /* a power of two, and never more than half full */
    size_t room, count;
};

void memo_open(struct memo *memo);
void memo_auto(struct memo *memo);

/* The entry of a fact; it stays until the next call. A new one has no judgement and no rule,
 * and `*ret_new` is set. When there are too many, all are forgotten. */
struct memo_entry *memo_find(struct memo *memo, unsigned kind, const char *name, bool *ret_new);
