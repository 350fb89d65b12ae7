#include "common/domain/bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_bytes(struct buffer *out, struct bytes field)
{
    buffer_add_u32be(out, (uint32_t)field.len);
    buffer_add(out, field.data, field.len);
}

static void add_text(struct buffer *out, const char *text)
{
    add_bytes(out, bytes_of(text));
}

static void add_number(struct buffer *out, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    add_text(out, text);
}

static void add_limits(struct buffer *out, const struct bundle_limits *limits)
{
    add_number(out, limits->wall_ms);
    add_number(out, limits->memory_bytes);
    add_number(out, limits->pids);
    add_number(out, limits->output_bytes);
    add_number(out, limits->files);
    add_number(out, limits->file_bytes);
}

void bundle_encode(const struct bundle *bundle, struct buffer *ret_bytes)
{
    add_text(ret_bytes, BUNDLE_FORMAT);
    add_number(ret_bytes, bundle->request_id);
    add_number(ret_bytes, bundle->revision);
    add_text(ret_bytes, bundle->language);
    add_bytes(ret_bytes, bundle->code);
    add_number(ret_bytes, (int64_t)bundle->file_count);
    for (size_t i = 0; i < bundle->file_count; i++) {
        add_bytes(ret_bytes, (struct bytes){bundle->files[i].sha256, SHA256_SIZE});
        add_text(ret_bytes, bundle->files[i].name);
    }
    add_text(ret_bytes, bundle->target);
    add_text(ret_bytes, bundle->sandbox);
    add_text(ret_bytes, bundle->image);
    add_text(ret_bytes, bundle->network);
    add_limits(ret_bytes, &bundle->limits);
    add_text(ret_bytes, bundle->retry_safe ? "1" : "0");
    add_number(ret_bytes, bundle->policy_version);
    add_text(ret_bytes, bundle->verdict_sha256);
    add_number(ret_bytes, bundle->approval_ms);
}

void bundle_digest(const struct bundle *bundle, uint8_t ret_sha256[SHA256_SIZE])
{
    AUTO(buffer) struct buffer bytes = {0};
    bundle_encode(bundle, &bytes);
    sha256(buffer_bytes(&bytes), ret_sha256);
}
