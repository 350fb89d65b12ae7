/* Keeps child processes: starts them, starts them again when they crash, and
 * leaves nothing behind when it stops. One thread; a process has one of these. */
#pragma once

#include "admin/stack/environment.h"
#include "admin/stack/process.h"

/* Children stop from the highest rank down; those of one rank together. */
enum child_rank { RANK_DATABASE, RANK_QUEUE, RANK_PROGRAM, RANK_COMMAND };

struct child {
    char name[24]; /* also of its log file */
    enum child_rank rank;
    char *program;                  /* owned */
    char **words;                   /* owned, ends with NULL */
    struct environment environment; /* owned */
    struct account account;
    int death_signal; /* when the supervisor is killed */
    int stop_signal;
    int stop_ms;   /* patience after the stop signal, before SIGKILL */
    bool restarts; /* started again when it ends by itself */
    bool terminal; /* shares our terminal and output instead of a log file */

    /* Kept by the supervisor. */
    pid_t pid;  /* 0 when it does not run */
    int status; /* of the last end, as waitpid gives it */
    bool ended; /* since its last start */
    bool stopping;
    int crashes; /* in a row */
    int64_t started_ms, again_ms;
    off_t log_start; /* where this start's lines begin */
};

struct supervisor;

/* What happened to a child: "started", "ended", "restarting". */
typedef void supervisor_event_fn(void *context, const struct child *child, const char *event);
typedef void supervisor_child_fn(void *context, const struct child *child);
typedef void supervisor_input_fn(void *context, int fd);
typedef bool supervisor_done_fn(void *context);

/* Becomes the reaper of all descendants and takes over the signals. */
bool supervisor_new(const char *log_folder, struct supervisor **ret_supervisor,
                    struct error *err) MUST_CHECK;
void supervisor_free(struct supervisor *supervisor); /* after supervisor_stop */
void supervisor_listen(struct supervisor *supervisor, supervisor_event_fn *each, void *context);
void supervisor_watch(struct supervisor *supervisor, int fd, supervisor_input_fn *ready,
                      void *context);

/* Takes what `child` owns. */
struct child *supervisor_add(struct supervisor *supervisor, const struct child *child);
struct child *supervisor_find(struct supervisor *supervisor, const char *name);
void supervisor_each(const struct supervisor *supervisor, supervisor_child_fn *each, void *context);
bool supervisor_start(struct supervisor *supervisor, struct child *child,
                      struct error *err) MUST_CHECK;
/* Until `done` says so. Fails when the child (may be NULL) ends first, with the
 * end of its log, or when we are told to stop. */
bool supervisor_wait(struct supervisor *supervisor, struct child *child, supervisor_done_fn *done,
                     void *context, struct error *err) MUST_CHECK;
/* Until told to stop, or until `child` (may be NULL) ends. */
void supervisor_run(struct supervisor *supervisor, const struct child *child);
void supervisor_request_stop(struct supervisor *supervisor);
int supervisor_signal(const struct supervisor *supervisor); /* that told us to stop, or 0 */
void supervisor_stop_child(struct supervisor *supervisor, struct child *child);
void supervisor_stop(struct supervisor *supervisor); /* all, and every stray */
