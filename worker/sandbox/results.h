/* Reads what a sandbox sends on descriptor 3. Code inside can write there too,
 * so nothing of it is believed before it was checked. */
#pragma once

#include "worker/sandbox/sandbox.h"

#define RESULTS_META_LIMIT 8192
#define RESULTS_TEXT_LIMIT 131072 /* of a last expression, of a traceback */
#define RESULTS_TEXTS 4           /* such items; they do not count as files */

enum results_state {
    RESULTS_WAITING, /* nothing yet */
    RESULTS_READY,   /* warm, and waits for its frame */
    RESULTS_STARTED, /* the frame was complete and right */
    RESULTS_ENDED,   /* the end marker with the right digest came */
    RESULTS_BAD,     /* something that our bootstrap would never send */
};

/* The end as told from inside. */
struct results_end {
    int exit_code;
    char error_name[128];
    char error_value[512];
};

struct results {
    enum results_state state;
    struct bundle_limits limits;
    struct buffer pending;
    struct sha256 sha;
    int64_t items; /* that count against limits.files */
    int64_t texts;
    bool sink_failed;
    struct results_end end;
};

void results_start(struct results *results, const struct bundle_limits *limits);
void results_auto(struct results *results);

/* Takes what was read. Whole and valid items go to the sink at once. After
 * RESULTS_ENDED or RESULTS_BAD everything is ignored. */
void results_take(struct results *results, struct bytes data, const struct sandbox_sink *sink);
