#include "common/domain/bundle.h"

#include "common/domain/fields.h"

static void add_limits(struct buffer *out, const struct bundle_limits *limits)
{
    fields_add_number(out, limits->wall_ms);
    fields_add_number(out, limits->memory_bytes);
    fields_add_number(out, limits->pids);
    fields_add_number(out, limits->output_bytes);
    fields_add_number(out, limits->files);
    fields_add_number(out, limits->file_bytes);
}

static void add_terms(struct buffer *out, const struct bundle *bundle)
{
    const struct bundle_terms *terms = &bundle->terms;
    fields_add_number(out, terms->team_id);
    fields_add_text(out, terms->isolation);
    fields_add_text(out, terms->image_digest);
    fields_add_number(out, bundle->limits.cpu_ms);
    fields_add_number(out, bundle->limits.tmp_bytes);
    fields_add_number(out, terms->max_attempts);
}

void bundle_encode(const struct bundle *bundle, struct buffer *ret_bytes)
{
    fields_add_text(ret_bytes, bundle->is_first ? BUNDLE_FIRST : BUNDLE_FORMAT);
    fields_add_number(ret_bytes, bundle->request_id);
    fields_add_number(ret_bytes, bundle->revision);
    fields_add_text(ret_bytes, bundle->language);
    fields_add_bytes(ret_bytes, bundle->code);
    fields_add_number(ret_bytes, (int64_t)bundle->file_count);
    for (size_t i = 0; i < bundle->file_count; i++) {
        fields_add_bytes(ret_bytes, (struct bytes){bundle->files[i].sha256, SHA256_SIZE});
        fields_add_text(ret_bytes, bundle->files[i].name);
    }
    fields_add_text(ret_bytes, bundle->target);
    fields_add_text(ret_bytes, bundle->sandbox);
    fields_add_text(ret_bytes, bundle->image);
    fields_add_text(ret_bytes, bundle->network);
    add_limits(ret_bytes, &bundle->limits);
    fields_add_text(ret_bytes, bundle->retry_safe ? "1" : "0");
    fields_add_number(ret_bytes, bundle->policy_version);
    fields_add_text(ret_bytes, bundle->verdict_sha256);
    fields_add_number(ret_bytes, bundle->approval_ms);
    if (!bundle->is_first)
        add_terms(ret_bytes, bundle);
}

void bundle_digest(const struct bundle *bundle, uint8_t ret_sha256[SHA256_SIZE])
{
    AUTO(buffer) struct buffer bytes = {0};
    bundle_encode(bundle, &bytes);
    sha256(buffer_bytes(&bytes), ret_sha256);
}
