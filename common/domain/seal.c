#include "common/domain/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORM "countersign-seal-v1"

/* The signed text: words without blanks, so nothing in it can be read in two ways. */
static int write_text(const struct seal *seal, char ret_text[SEAL_LINE_SIZE])
{
    char root[SHA256_HEX], prev[SHA256_HEX];
    hex_encode(seal->root, sizeof seal->root, root);
    hex_encode(seal->prev_hash, sizeof seal->prev_hash, prev);
    return snprintf(ret_text, SEAL_LINE_SIZE,
                    FORM " %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                         " %" PRId64 " %s %s %" PRId64 " %s",
                    seal->instance, seal->n, seal->epoch, seal->epoch_from, seal->xid_from,
                    seal->xid_to, seal->events, seal->last_id, root, prev, seal->sealed_us,
                    seal->key_id);
}

static void hash_text(const struct seal *seal, uint8_t ret_hash[SHA256_SIZE])
{
    char text[SEAL_LINE_SIZE];
    (void)write_text(seal, text);
    sha256(bytes_of(text), ret_hash);
}

void seal_sign(struct seal *seal, const struct signing_key *key)
{
    char text[SEAL_LINE_SIZE];
    snprintf(seal->key_id, sizeof seal->key_id, "%s", signing_key_id(key));
    (void)write_text(seal, text);
    sha256(bytes_of(text), seal->hash);
    signing_sign(key, bytes_of(text), seal->signature);
}

bool seal_hash_holds(const struct seal *seal)
{
    uint8_t hash[SHA256_SIZE];
    hash_text(seal, hash);
    return memcmp(hash, seal->hash, sizeof hash) == 0;
}

bool seal_signature_holds(const struct seal *seal, const struct public_keys *keys)
{
    char text[SEAL_LINE_SIZE];
    (void)write_text(seal, text);
    return signing_verify(public_keys_find(keys, seal->key_id), bytes_of(text),
                          seal->sealed_us / 1000, seal->signature);
}

void seal_line(const struct seal *seal, char ret_line[SEAL_LINE_SIZE])
{
    int len = write_text(seal, ret_line);
    ret_line[len] = ' ';
    hex_encode(seal->signature, sizeof seal->signature, ret_line + len + 1);
}

bool seal_from_line(const char *line, struct seal *ret_seal)
{
    char root[SHA256_HEX + 1], prev[SHA256_HEX + 1], signature[2 * SIGNATURE_SIZE + 2], rest[2];
    struct seal seal = {0};
    int words = sscanf(line,
                       FORM " %39s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                            " %" SCNd64 " %" SCNd64 " %65s %65s %" SCNd64 " %16s %129s %1s",
                       seal.instance, &seal.n, &seal.epoch, &seal.epoch_from, &seal.xid_from,
                       &seal.xid_to, &seal.events, &seal.last_id, root, prev, &seal.sealed_us,
                       seal.key_id, signature, rest);
    if (words != 13 || !hex_decode(root, seal.root, sizeof seal.root) ||
        !hex_decode(prev, seal.prev_hash, sizeof seal.prev_hash) ||
        !hex_decode(signature, seal.signature, sizeof seal.signature))
        return false;
    hash_text(&seal, seal.hash);
    /* A number that does not fit was read as another one. */
    char again[SEAL_LINE_SIZE];
    seal_line(&seal, again);
    if (strcmp(again, line) != 0)
        return false;
    *ret_seal = seal;
    return true;
}

static bool take(struct bytes from, void *ret_data, size_t size)
{
    if (from.len == size)
        memcpy(ret_data, from.data, size);
    return from.len == size;
}

static void take_text(struct bytes from, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%.*s", (int)from.len, from.len ? (const char *)from.data : "");
}

bool seal_from_row(const struct rows *rows, size_t row, struct seal *ret_seal)
{
    struct seal seal = {0};
    int64_t *const numbers[] = {&seal.n,      &seal.epoch,  &seal.epoch_from, &seal.xid_from,
                                &seal.xid_to, &seal.events, &seal.last_id};
    take_text(rows_bytes(rows, row, 0), seal.instance, sizeof seal.instance);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        *numbers[i] = rows_integer(rows, row, (int)i + 1);
    seal.sealed_us = rows_integer(rows, row, 9);
    take_text(rows_bytes(rows, row, 12), seal.key_id, sizeof seal.key_id);
    /* A text that is cut would hide what was changed behind its end. */
    bool whole = rows_bytes(rows, row, 12).len < sizeof seal.key_id &&
                 take(rows_bytes(rows, row, 8), seal.prev_hash, sizeof seal.prev_hash) &&
                 take(rows_bytes(rows, row, 10), seal.root, sizeof seal.root) &&
                 take(rows_bytes(rows, row, 11), seal.hash, sizeof seal.hash) &&
                 take(rows_bytes(rows, row, 13), seal.signature, sizeof seal.signature);
    *ret_seal = seal;
    return whole;
}
