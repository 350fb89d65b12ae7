/* A test bed for the bootstrap as services run it: plain python3 in a folder below /tmp. */
#pragma once

#include "worker/sandbox/remote.h"

#define TRIAL_FILES 2

struct trial {
    struct sandbox_job job;
    struct sandbox_file files[TRIAL_FILES];
    struct remote_options options;
    char root[32];
    const char *path;  /* "PATH=…": where python3 is looked for */
    const char *spoil; /* uploaded file, below the folder, that is changed or made */
    const char *cell;  /* Python that is run instead of the command */
    int runs;
    struct remote remote;
    struct buffer out, err;
    struct buffer log;    /* "kind:name;" for each item */
    struct buffer bodies; /* of the items, "|" after each */
    struct buffer bin;    /* results.bin */
    int code;             /* 128 + n for a signal */
    struct sandbox_result result;
};

void trial_start(struct trial *trial, const char *language, const char *code);
void trial_add(struct trial *trial, const char *name, const char *text);
void trial_write(const struct remote_file *file);  /* with the folders above it */
void trial_run(struct trial *trial);               /* uploads, runs, judges */
void trial_judge(struct trial *trial, size_t cut); /* by the first `cut` bytes of the results */
void trial_auto(struct trial *trial);
