/* A range of the audit trail as files that verify without the database: events.jsonl, one array of
 * texts for each row in the order of its seal, seals, one head a line, and manifest.json. */
#pragma once

#include "admin/audit/audit_place.h"
#include "common/base/json.h"

#define EXPORT_FORM "countersign-audit-export-v1"
#define EXPORT_COLUMNS                                                                             \
    20 /* of verify_events: the hashed ones, the last of them prev_hash, and hash */

struct export_result {
    int64_t seals, events;
    struct seal last;
    char manifest_sha256[SHA256_HEX]; /* of manifest.json; only of what was written */
};

/* Seals that were made from `us[0]` up to before `us[1]`, in microseconds since 1970, with numbers
 * from `n[0]` to `n[1]`. */
struct export_range {
    int64_t us[2], n[2];
};

/* Whole seals into a new folder, all of it on disk in the end. ERR_NOT_FOUND when there is none,
 * ERR_CONFLICT when rows of one are missing. */
bool export_write(const struct audit_place *place, const struct export_range *range,
                  const char *folder, struct export_result *ret_result,
                  struct error *err) MUST_CHECK;

/* ERR_CONFLICT: it is broken, and the text says where. */
bool export_verify(const struct public_keys *keys, const char *folder,
                   struct export_result *ret_result, struct error *err) MUST_CHECK;
