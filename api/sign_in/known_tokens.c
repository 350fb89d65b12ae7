#include "api/sign_in/known_tokens.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 64 /* a token that falls on another's place takes it */

struct known_token {
    uint8_t digest[SHA256_SIZE];
    int64_t until_ms; /* 0: nothing is here */
    struct identity identity;
};

struct known_tokens {
    pthread_mutex_t lock;
    struct known_token places[PLACES];
};

struct known_tokens *known_tokens_new(void)
{
    struct known_tokens *known = memory_new(1, sizeof *known);
    pthread_mutex_init(&known->lock, NULL);
    return known;
}

void known_tokens_free(struct known_tokens *known)
{
    if (!known)
        return;
    pthread_mutex_destroy(&known->lock);
    free(known);
}

/* Digests are as good as random. */
static struct known_token *place_of(struct known_tokens *known, const uint8_t digest[SHA256_SIZE])
{
    return &known->places[digest[0] % PLACES];
}

bool known_tokens_find(struct known_tokens *known, const uint8_t digest[SHA256_SIZE],
                       int64_t now_ms, struct identity *ret_identity)
{
    pthread_mutex_lock(&known->lock);
    const struct known_token *place = place_of(known, digest);
    bool found = now_ms < place->until_ms && memcmp(place->digest, digest, SHA256_SIZE) == 0;
    if (found)
        *ret_identity = place->identity;
    pthread_mutex_unlock(&known->lock);
    return found;
}

void known_tokens_put(struct known_tokens *known, const uint8_t digest[SHA256_SIZE], int64_t now_ms,
                      const struct identity *identity)
{
    pthread_mutex_lock(&known->lock);
    struct known_token *place = place_of(known, digest);
    memcpy(place->digest, digest, SHA256_SIZE);
    place->until_ms = now_ms + KNOWN_TOKEN_MS;
    place->identity = *identity;
    pthread_mutex_unlock(&known->lock);
}
