/* Runs a job through our own bootstrap where no launcher of ours is: which files a service is
 * given, what it is told to run, and what the results file it leaves means. */
#pragma once

#include "worker/sandbox/results.h"

#define REMOTE_PATH 120

/* One file to upload: bytes, or a descriptor when `fd` is not -1. All of it is borrowed. Nothing
 * in a path was chosen by an author: names of inputs are in the manifest. */
struct remote_file {
    char path[REMOTE_PATH]; /* absolute, in the sandbox */
    struct bytes data;
    int fd;
    uint64_t size;
};

struct remote_options {
    const char *root; /* where the attempt's own folder is made: "/tmp" */
    /* A byte 0x1e ends both streams, so that a service which ends every line
     * can not hide whether the last one had an end. */
    bool mark;
};

/* What one attempt uploads. The job is borrowed and must outlive it. */
struct remote {
    const struct sandbox_job *job;
    bool mark;
    char folder[64]; /* <root>/countersign-<attempt>-<fence> */
    struct buffer manifest;
    char manifest_sha256[SHA256_HEX];
};

/* False when a file name is not plain or the root too long. */
bool remote_start(struct remote *remote, const struct sandbox_job *job,
                  const struct remote_options *options, struct error *err) MUST_CHECK;
void remote_auto(struct remote *remote);

/* Programs, manifest and inputs: may be uploaded before the start is durable. */
size_t remote_file_count(const struct remote *remote);
void remote_file(const struct remote *remote, size_t number, struct remote_file *ret_file);
/* The code: only after it. */
void remote_code(const struct remote *remote, struct remote_file *ret_file);
/* Written by the run at its end: whole or not there. */
void remote_results(const struct remote *remote, char ret_path[REMOTE_PATH]);
/* No more than this can honestly be in it. */
uint64_t remote_results_max(const struct sandbox_job *job);

/* A line for a shell: constant words, our own path, numbers and a digest. It
 * kills the run after `seconds` (exit code 137). */
void remote_command(const struct remote *remote, int64_t seconds, struct buffer *ret_command);
/* Likewise for a notebook: it shows both streams and ends with SystemExit when
 * the exit code is not 0. */
void remote_cell(const struct remote *remote, struct buffer *ret_cell);

/* What an exit code (0 to 255) and the results mean. Sets outcome, reason, exit
 * code, signal and error of the result. */
void remote_judge(const struct results *results, int exit_code, struct sandbox_result *ret_result);
