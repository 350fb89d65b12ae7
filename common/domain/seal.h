/* A seal over a range of the audit trail: the text that is signed, and the line that leaves. */
#pragma once

#include "common/base/crypto.h"
#include "common/base/signing.h"
#include "common/io/db.h"

#define SEAL_LINE_SIZE 640

struct seal {
    char instance[40]; /* of the database, so that a seal of another one is none */
    int64_t n, epoch, epoch_from, xid_from, xid_to, events, last_id;
    int64_t sealed_us; /* since 1970, of the database's clock */
    uint8_t root[SHA256_SIZE];
    uint8_t prev_hash[SHA256_SIZE]; /* of seal n - 1; zeroes for the first */
    char key_id[KEY_ID_SIZE];
    uint8_t hash[SHA256_SIZE]; /* SHA-256 of the signed text */
    uint8_t signature[SIGNATURE_SIZE];
};

/* Fills in key id, hash and signature. */
void seal_sign(struct seal *seal, const struct signing_key *key);

/* Whether the hash is that of what it says. */
bool seal_hash_holds(const struct seal *seal);
bool seal_signature_holds(const struct seal *seal, const struct public_keys *keys);

/* The head as one line, without its end: "countersign-seal-v1 <instance> <n> <epoch> <epoch_from>
 * <xid_from> <xid_to> <events> <last_id> <root> <prev_hash> <sealed_us> <key id> <signature>",
 * bytes in hex. All before the signature is the signed text. */
void seal_line(const struct seal *seal, char ret_line[SEAL_LINE_SIZE]);
/* False when it is no such line. The hash is made anew. */
bool seal_from_line(const char *line, struct seal *ret_seal);

/* A row of seals_from; false when a column is not as wide as it must be. */
bool seal_from_row(const struct rows *rows, size_t row, struct seal *ret_seal);
