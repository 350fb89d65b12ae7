/* Reads the lines that E2B sends while code runs: output, values, pictures, errors, the end. */
#pragma once

#include "worker/sandbox/e2b/e2b_items.h"

#define E2B_PICTURES 16 /* of which copies are known as such */

struct e2b_events {
    struct e2b_items items;
    bool own_program; /* what runs is ours (SQL): its results come in a file */
    bool ended;       /* end_of_execution came */
    bool has_error;
    bool error_traced; /* it came with a traceback */
    char error_name[128];
    char error_value[512];
    char refusal[128]; /* what the service said instead of running it */
    json_t *value;     /* of the last expression, when it is no picture; or NULL */
    int pictures;      /* charts so far */
    int others;        /* further representations so far */
    size_t known;
    uint8_t digests[E2B_PICTURES][SHA256_SIZE];
};

void e2b_events_auto(struct e2b_events *events);
/* An e2b_line_fn; `context` is the events. False: the run must be stopped. */
bool e2b_events_line(void *context, struct bytes line, bool whole);

/* Does the last value look like a DataFrame or a Series? */
bool e2b_events_table(const struct e2b_events *events);
/* Hands the last value back as what it is without a table of our own making. */
void e2b_events_value(struct e2b_events *events);
