/* A test bed for local sandboxes: a launcher, a backend, and jobs whose result is kept whole. */
#pragma once

#include "worker/sandbox/local/local.h"

#define BED_ITEMS 80
#define BED_FILES 8
/* Only what hangs takes this long: no test passes or fails by it, however slow the build. */
#define BED_HANG_MS 300000
#define BED_UID 64500 /* first user id of its sandboxes when the tests run as root */

struct bed {
    struct launcher *launcher;
    struct sandbox_backend *backend;
};

struct bed_item {
    char kind[16];
    char mime[80];
    char name[256];
    struct buffer body;
};

/* What came of one job. */
struct bed_outcome {
    struct sandbox_result result;
    struct buffer out;
    struct buffer err;
    struct bed_item items[BED_ITEMS];
    size_t item_count;
    int started;                                     /* times that the sink was told so */
    bool refuse_output;                              /* set before the run: the sink says no */
    void (*on_created)(struct bed_outcome *outcome); /* before the run */
    void (*on_started)(struct bed_outcome *outcome); /* the sandbox has all of the job */
    void (*on_output)(struct bed_outcome *outcome);  /* called after each piece of output */
    struct sandbox *sandbox;
    struct sandbox_backend *backend;
};

/* A job to be filled in before bed_run. */
struct bed_job {
    struct sandbox_job job;
    struct sandbox_file files[BED_FILES];
};

/* Ends the process when it can not be set up. `cgroup_root` as in launcher_options. */
void bed_open(struct bed *bed, int64_t warm, const char *cgroup_root);
void bed_close(struct bed *bed);
void bed_become_plain(void); /* when root: user and group `nobody`, for good */

/* Limits: BED_HANG_MS, 512 MiB, 32 processes, 64 KiB of output, 8 files of 1 MiB. */
struct bed_job bed_python(const char *code);
struct bed_job bed_sql(const char *code);
void bed_add_file(struct bed_job *job, const char *name, struct bytes content);
void bed_job_close(struct bed_job *job);

/* Creates, runs and destroys one sandbox. Caller clears the outcome. */
void bed_run(struct bed *bed, struct bed_job *job, struct bed_outcome *ret_outcome);
void bed_outcome_auto(struct bed_outcome *outcome);

/* The n-th item of a kind, counted from 0; NULL when there is none. */
const struct bed_item *bed_item(const struct bed_outcome *outcome, const char *kind, size_t n);
bool bed_contains(const struct buffer *text, const char *part);
int64_t bed_warm(const struct bed *bed);

/* Waits until it holds, at most BED_HANG_MS. */
bool bed_wait(bool (*holds)(void *context), void *context);
size_t bed_processes_below(int pid); /* all descendants alive */
