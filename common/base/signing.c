#include "common/base/signing.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/crypto.h"

#define SECRET_FORM "countersign-ed25519-secret-v1"
#define PUBLIC_FORM "countersign-ed25519-v1"
#define KEYS_MAX 100
#define LINE_SIZE 512

static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "signature fits");

struct signing_key {
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    struct public_key pub;
};

struct public_keys {
    size_t count;
    struct public_key list[KEYS_MAX];
};

static void set_id(struct public_key *key)
{
    uint8_t digest[SHA256_SIZE];
    sha256((struct bytes){key->key, sizeof key->key}, digest);
    hex_encode(digest, (KEY_ID_SIZE - 1) / 2, key->id);
}

/* One line of either form. */
struct line {
    char form[32], purpose[KEY_PURPOSE_SIZE], id[KEY_ID_SIZE];
    unsigned char raw[32]; /* the seed, or the public key */
    int64_t retired_ms;
};

static void line_auto(struct line *line)
{
    sodium_memzero(line, sizeof *line);
}

static bool read_time(const char *text, int64_t *ret_ms)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (!end || *end)
        return false;
    *ret_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

static bool read_base64(const char *text, unsigned char ret_raw[32])
{
    size_t len;
    const char *end;
    return sodium_base642bin(ret_raw, 32, text, strlen(text), NULL, &len, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           len == 32 && !*end;
}

static bool line_read(const char *text, struct line *ret_line)
{
    char base64[64], word[16], when[32], rest[2];
    int words = sscanf(text, "%31s %16[a-z] %16[0-9a-f] %63s %15s %31s %1s", ret_line->form,
                       ret_line->purpose, ret_line->id, base64, word, when, rest);
    ret_line->retired_ms = 0;
    bool good = (words == 4 || (words == 6 && strcmp(word, "retired") == 0 &&
                                read_time(when, &ret_line->retired_ms))) &&
                read_base64(base64, ret_line->raw);
    sodium_memzero(base64, sizeof base64);
    return good;
}

static bool key_from_seed(const struct line *line, struct signing_key *ret_key)
{
    crypto_sign_seed_keypair(ret_key->pub.key, ret_key->secret, line->raw);
    set_id(&ret_key->pub);
    memcpy(ret_key->pub.purpose, line->purpose, sizeof line->purpose);
    return strcmp(ret_key->pub.id, line->id) == 0;
}

bool signing_key_read(const char *path, const char *purpose, struct signing_key **ret_key,
                      struct error *err)
{
    char text[LINE_SIZE] = "";
    AUTO(line) struct line line = {0};
    AUTO(signing_key) struct signing_key *key = memory_new(1, sizeof *key);
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(err, ERR_BAD_REQUEST, "the key file %s can not be read: %s", path,
                    strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the secret stays in a buffer */
    char *got = fgets(text, sizeof text, file);
    fclose(file);
    bool good = got && line_read(text, &line) && strcmp(line.form, SECRET_FORM) == 0 &&
                key_from_seed(&line, key);
    sodium_memzero(text, sizeof text);
    if (!good)
        return fail(err, ERR_BAD_REQUEST,
                    "%s holds no secret key as `countersign key create` "
                    "makes them",
                    path);
    if (strcmp(line.purpose, purpose) != 0)
        return fail(err, ERR_BAD_REQUEST, "the key in %s is for %s, not for %s", path, line.purpose,
                    purpose);
    *ret_key = TAKE(key);
    return true;
}

/* All of it on disk, or no file. */
static bool write_new(const char *path, struct bytes text, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return fail(err, ERR_CONFLICT, "%s is there already, and no key is ever overwritten", path);
    bool good = fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0;
    if (!good)
        fail(err, ERR_INTERNAL, "the key file %s can not be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !good)
        (void)unlink(path);
    return good;
}

bool signing_key_create(const char *path, const char *purpose, struct signing_key **ret_key,
                        struct error *err)
{
    AUTO(line) struct line line = {0};
    AUTO(signing_key) struct signing_key *key = memory_new(1, sizeof *key);
    char base64[64], text[LINE_SIZE];
    snprintf(line.purpose, sizeof line.purpose, "%s", purpose);
    randombytes_buf(line.raw, sizeof line.raw);
    (void)key_from_seed(&line, key);
    sodium_bin2base64(base64, sizeof base64, line.raw, sizeof line.raw,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof text, SECRET_FORM " %s %s %s\n", purpose, key->pub.id, base64);
    bool good = write_new(path, bytes_of(text), err);
    sodium_memzero(base64, sizeof base64);
    sodium_memzero(text, sizeof text);
    if (good)
        *ret_key = TAKE(key);
    return good;
}

void signing_key_free(struct signing_key *key)
{
    if (key)
        sodium_memzero(key, sizeof *key);
    free(key);
}

void signing_key_auto(struct signing_key **key)
{
    signing_key_free(*key);
    *key = NULL;
}

const char *signing_key_id(const struct signing_key *key)
{
    return key->pub.id;
}

void signing_key_public_line(const struct signing_key *key, char ret_line[PUBLIC_KEY_LINE_SIZE])
{
    char base64[64];
    sodium_bin2base64(base64, sizeof base64, key->pub.key, sizeof key->pub.key,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(ret_line, PUBLIC_KEY_LINE_SIZE, PUBLIC_FORM " %s %s %s", key->pub.purpose, key->pub.id,
             base64);
}

void signing_sign(const struct signing_key *key, struct bytes message,
                  unsigned char ret_signature[SIGNATURE_SIZE])
{
    crypto_sign_detached(ret_signature, NULL, message.data, message.len, key->secret);
}

void signing_key_derive(const struct signing_key *key, const char *label, unsigned char ret_key[32])
{
    struct sha256 sha;
    sha256_start(&sha);
    sha256_add(&sha, bytes_of(label));
    sha256_add(&sha, (struct bytes){key->secret, crypto_sign_SEEDBYTES});
    sha256_end(&sha, ret_key);
    sodium_memzero(&sha, sizeof sha);
}

static bool take_public(struct public_keys *keys, const char *text, const char *purpose)
{
    AUTO(line) struct line line = {0};
    if (!line_read(text, &line) || strcmp(line.form, PUBLIC_FORM) != 0 ||
        (purpose && strcmp(line.purpose, purpose) != 0) || keys->count == KEYS_MAX)
        return false;
    struct public_key *key = &keys->list[keys->count];
    memcpy(key->key, line.raw, sizeof key->key);
    memcpy(key->purpose, line.purpose, sizeof key->purpose);
    key->retired_ms = line.retired_ms;
    set_id(key);
    if (strcmp(key->id, line.id) != 0 || public_keys_find(keys, key->id))
        return false;
    keys->count++;
    return true;
}

bool public_keys_read(const char *path, const char *purpose, struct public_keys **ret_keys,
                      struct error *err)
{
    char text[LINE_SIZE];
    AUTO(public_keys) struct public_keys *keys = memory_new(1, sizeof *keys);
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(err, ERR_BAD_REQUEST, "the file of public keys %s can not be read: %s", path,
                    strerror(errno));
    int number = 0;
    bool good = true;
    while (good && fgets(text, sizeof text, file)) {
        number++;
        if (text[0] != '#' && text[strspn(text, " \t\r\n")])
            good = take_public(keys, text, purpose);
    }
    good = good && !ferror(file);
    fclose(file);
    if (!good)
        return fail(err, ERR_BAD_REQUEST,
                    "%s, line %d: no public key for %s as `countersign key create` prints them, "
                    "or twice the same, or more than %d",
                    path, number, purpose ? purpose : "any purpose", KEYS_MAX);
    *ret_keys = TAKE(keys);
    return true;
}

void public_keys_free(struct public_keys *keys)
{
    free(keys);
}

void public_keys_auto(struct public_keys **keys)
{
    public_keys_free(*keys);
    *keys = NULL;
}

size_t public_keys_count(const struct public_keys *keys)
{
    return keys->count;
}

const struct public_key *public_keys_at(const struct public_keys *keys, size_t n)
{
    return &keys->list[n];
}

const struct public_key *public_keys_find(const struct public_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].id, id) == 0)
            return &keys->list[i];
    return NULL;
}

bool signing_verify(const struct public_key *key, struct bytes message, int64_t signed_ms,
                    const unsigned char signature[SIGNATURE_SIZE])
{
    return key && (!key->retired_ms || signed_ms <= key->retired_ms) &&
           crypto_sign_verify_detached(signature, message.data, message.len, key->key) == 0;
}
