/* Ed25519 keys in files: a key that signs, and lists of public keys that take turns. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

#define SIGNATURE_SIZE 64
#define KEY_ID_SIZE 17           /* 16 hex digits of SHA-256 of the public key, NUL */
#define KEY_PURPOSE_SIZE 17      /* lower-case letters, NUL */
#define PUBLIC_KEY_LINE_SIZE 160 /* with NUL, without a line end */

/* The secret half: wiped when it is freed, and printed by nothing. */
struct signing_key;

/* "countersign-ed25519-secret-v1 <purpose> <key id> <base64 of the seed>". ERR_BAD_REQUEST names
 * the file and what is wrong with it, such as another purpose. Caller frees. */
bool signing_key_read(const char *path, const char *purpose, struct signing_key **ret_key,
                      struct error *err) MUST_CHECK;
/* Makes a key and its file, mode 0600, on disk when this returns. ERR_CONFLICT when the file is
 * there. Caller frees. */
bool signing_key_create(const char *path, const char *purpose, struct signing_key **ret_key,
                        struct error *err) MUST_CHECK;
void signing_key_free(struct signing_key *key);
void signing_key_auto(struct signing_key **key);

const char *signing_key_id(const struct signing_key *key);
/* "countersign-ed25519-v1 <purpose> <key id> <base64>" */
void signing_key_public_line(const struct signing_key *key, char ret_line[PUBLIC_KEY_LINE_SIZE]);

void signing_sign(const struct signing_key *key, struct bytes message,
                  unsigned char ret_signature[SIGNATURE_SIZE]);

/* A key for something else than signing out of the same secret: SHA-256 of `label` and it. */
void signing_key_derive(const struct signing_key *key, const char *label,
                        unsigned char ret_key[32]);

struct public_key {
    char id[KEY_ID_SIZE];
    char purpose[KEY_PURPOSE_SIZE];
    unsigned char key[32];
    int64_t retired_ms; /* since 1970: nothing signed later counts; 0: in use */
};

/* What a file of public lines holds, each with " retired <ISO time>" behind it or not. Empty lines
 * and those that begin with # say nothing. */
struct public_keys;

/* `purpose` NULL takes any. ERR_BAD_REQUEST names the file and the line. Caller frees. */
bool public_keys_read(const char *path, const char *purpose, struct public_keys **ret_keys,
                      struct error *err) MUST_CHECK;
void public_keys_free(struct public_keys *keys);
void public_keys_auto(struct public_keys **keys);
size_t public_keys_count(const struct public_keys *keys);
const struct public_key *public_keys_at(const struct public_keys *keys, size_t n);
const struct public_key *public_keys_find(const struct public_keys *keys, const char *id);

/* Whether this key made this signature, and was not retired at the time the message says that it
 * was made at (ms since 1970). A key of NULL made none. */
bool signing_verify(const struct public_key *key, struct bytes message, int64_t signed_ms,
                    const unsigned char signature[SIGNATURE_SIZE]);
