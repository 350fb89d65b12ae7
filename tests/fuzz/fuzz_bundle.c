/* The bytes that an approval's digest covers: a second reader takes them apart again, and two
 * bundles have the same bytes only when they are the same. Input: two bundles. */
#include <inttypes.h>
#include <stdio.h>

#include "common/domain/bundle.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 3
#define TEXTS 8 /* language, target, sandbox, image, network, verdict, isolation, its digest */
#define NUMBERS 14

struct made {
    struct bundle bundle;
    char *texts[TEXTS];
    char *names[FILES_MAX];
    struct bundle_file files[FILES_MAX];
};

static void make_bundle(struct fuzz *fuzz, struct made *made)
{
    struct bundle *bundle = &made->bundle;
    const char **texts[TEXTS] = {&bundle->language,        &bundle->target,
                                 &bundle->sandbox,         &bundle->image,
                                 &bundle->network,         &bundle->verdict_sha256,
                                 &bundle->terms.isolation, &bundle->terms.image_digest};
    int64_t *numbers[NUMBERS] = {
        &bundle->request_id,          &bundle->revision,          &bundle->limits.wall_ms,
        &bundle->limits.memory_bytes, &bundle->limits.pids,       &bundle->limits.output_bytes,
        &bundle->limits.files,        &bundle->limits.file_bytes, &bundle->policy_version,
        &bundle->approval_ms,         &bundle->limits.cpu_ms,     &bundle->limits.tmp_bytes,
        &bundle->terms.team_id,       &bundle->terms.max_attempts};
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = made->texts[i] = fuzz_text(fuzz_some(fuzz, 40));
    bundle->code = fuzz_some(fuzz, 255);
    bundle->file_count = fuzz_byte(fuzz) % (FILES_MAX + 1);
    for (size_t i = 0; i < bundle->file_count; i++) {
        made->names[i] = fuzz_text(fuzz_some(fuzz, 40));
        made->files[i].name = made->names[i];
        memset(made->files[i].sha256, fuzz_byte(fuzz), SHA256_SIZE);
    }
    bundle->files = made->files;
    uint8_t flags = fuzz_byte(fuzz);
    bundle->retry_safe = flags & 1;
    bundle->is_first = flags & 2;
    for (size_t i = 0; i < NUMBERS; i++)
        *numbers[i] = fuzz_integer(fuzz);
}

static void free_bundle(struct made *made)
{
    for (size_t i = 0; i < TEXTS; i++)
        free(made->texts[i]);
    for (size_t i = 0; i < FILES_MAX; i++)
        free(made->names[i]);
}

static struct bytes next_field(struct fuzz *left)
{
    CLAIM(left->end - left->at >= 4);
    size_t len = 0;
    for (int i = 0; i < 4; i++)
        len = len << 8 | *left->at++;
    CLAIM((size_t)(left->end - left->at) >= len);
    struct bytes field = {left->at, len};
    left->at += len;
    return field;
}

static void expect_text(struct fuzz *left, const char *text)
{
    CLAIM(bytes_equal(next_field(left), bytes_of(text)));
}

static void expect_number(struct fuzz *left, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    expect_text(left, text);
}

static void expect_terms(struct fuzz *left, const struct bundle *bundle)
{
    expect_number(left, bundle->terms.team_id);
    expect_text(left, bundle->terms.isolation);
    expect_text(left, bundle->terms.image_digest);
    expect_number(left, bundle->limits.cpu_ms);
    expect_number(left, bundle->limits.tmp_bytes);
    expect_number(left, bundle->terms.max_attempts);
}

/* In the order that docs and sql/functions/bundle.sql have. */
static void check_decoded(struct bytes encoded, const struct bundle *bundle)
{
    struct fuzz left = {encoded.data, (const uint8_t *)encoded.data + encoded.len};
    const struct bundle_limits *limits = &bundle->limits;
    expect_text(&left, bundle->is_first ? "countersign-bundle-v1" : "countersign-bundle-v2");
    expect_number(&left, bundle->request_id);
    expect_number(&left, bundle->revision);
    expect_text(&left, bundle->language);
    CLAIM(bytes_equal(next_field(&left), bundle->code));
    expect_number(&left, (int64_t)bundle->file_count);
    for (size_t i = 0; i < bundle->file_count; i++) {
        struct bytes digest = {bundle->files[i].sha256, SHA256_SIZE};
        CLAIM(bytes_equal(next_field(&left), digest));
        expect_text(&left, bundle->files[i].name);
    }
    expect_text(&left, bundle->target);
    expect_text(&left, bundle->sandbox);
    expect_text(&left, bundle->image);
    expect_text(&left, bundle->network);
    expect_number(&left, limits->wall_ms);
    expect_number(&left, limits->memory_bytes);
    expect_number(&left, limits->pids);
    expect_number(&left, limits->output_bytes);
    expect_number(&left, limits->files);
    expect_number(&left, limits->file_bytes);
    expect_text(&left, bundle->retry_safe ? "1" : "0");
    expect_number(&left, bundle->policy_version);
    expect_text(&left, bundle->verdict_sha256);
    expect_number(&left, bundle->approval_ms);
    if (!bundle->is_first)
        expect_terms(&left, bundle);
    CLAIM(left.at == left.end);
}

static bool same_files(const struct bundle *a, const struct bundle *b)
{
    bool same = a->file_count == b->file_count;
    for (size_t i = 0; same && i < a->file_count; i++)
        same = memcmp(a->files[i].sha256, b->files[i].sha256, SHA256_SIZE) == 0 &&
               strcmp(a->files[i].name, b->files[i].name) == 0;
    return same;
}

/* The first form has none of it. */
static bool same_terms(const struct bundle *a, const struct bundle *b)
{
    const struct bundle_terms *one = &a->terms, *other = &b->terms;
    return a->is_first == b->is_first &&
           (a->is_first ||
            (one->team_id == other->team_id && strcmp(one->isolation, other->isolation) == 0 &&
             strcmp(one->image_digest, other->image_digest) == 0 &&
             a->limits.cpu_ms == b->limits.cpu_ms && a->limits.tmp_bytes == b->limits.tmp_bytes &&
             one->max_attempts == other->max_attempts));
}

static bool same_limits(const struct bundle_limits *a, const struct bundle_limits *b)
{
    return a->wall_ms == b->wall_ms && a->memory_bytes == b->memory_bytes && a->pids == b->pids &&
           a->output_bytes == b->output_bytes && a->files == b->files &&
           a->file_bytes == b->file_bytes;
}

static bool same_bundle(const struct bundle *a, const struct bundle *b)
{
    return a->request_id == b->request_id && a->revision == b->revision &&
           strcmp(a->language, b->language) == 0 && bytes_equal(a->code, b->code) &&
           same_files(a, b) && strcmp(a->target, b->target) == 0 &&
           strcmp(a->sandbox, b->sandbox) == 0 && strcmp(a->image, b->image) == 0 &&
           strcmp(a->network, b->network) == 0 && same_limits(&a->limits, &b->limits) &&
           same_terms(a, b) && a->retry_safe == b->retry_safe &&
           a->policy_version == b->policy_version &&
           strcmp(a->verdict_sha256, b->verdict_sha256) == 0 && a->approval_ms == b->approval_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct made first = {0}, second = {0};
    AUTO(buffer) struct buffer one = {0};
    AUTO(buffer) struct buffer other = {0};
    uint8_t digest[SHA256_SIZE], expected[SHA256_SIZE];
    make_bundle(&fuzz, &first);
    make_bundle(&fuzz, &second);
    bundle_encode(&first.bundle, &one);
    bundle_encode(&second.bundle, &other);
    check_decoded(buffer_bytes(&one), &first.bundle);
    CLAIM(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)) ==
          same_bundle(&first.bundle, &second.bundle));
    bundle_digest(&first.bundle, digest);
    sha256(buffer_bytes(&one), expected);
    CLAIM(memcmp(digest, expected, sizeof digest) == 0);
    free_bundle(&first);
    free_bundle(&second);
    return 0;
}
