/* One sandbox as the launcher sees it: started, armed, watched, killed, buried. */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "worker/sandbox/local/bubblewrap.h"
#include "worker/sandbox/local/cgroup.h"
#include "worker/sandbox/local/launcher.h"
#include "worker/sandbox/local/launcher_wire.h"

/* What all sandboxes of one launcher share. */
struct slot_host {
    struct launcher_options options;
    struct cgroup_base cgroup;
    int filter_fd;
    int part_fds[BUBBLEWRAP_PARTS]; /* of the bootstrap */
    pid_t launcher;
    bool root; /* each slot takes a user id of its own */
    int64_t processors;
    bool can_nice; /* and may be given back its priority after a lower one */
    int64_t serial;
};

enum slot_state {
    SLOT_FREE,
    SLOT_RUNNING,
    SLOT_DYING, /* reported, killed; not all of it is gone */
};

struct slot {
    enum slot_state state;
    uint32_t uid; /* 0: the launcher's own */
    int control;  /* -1: closed */
    pid_t pid;    /* of bubblewrap; 0 when reaped */
    int64_t deadline_ms;
    bool armed; /* with a job's limits, or cold and so from the start */
    struct launcher_limits limits;
    char group[CGROUP_NAME];
    int64_t peak_bytes; /* as summed, where no cgroup measures */
    int wait_status;
    int64_t cpu_us;
    int64_t warm_cpu_us; /* spent before it was armed: no job's */
    int64_t cpu_look_ms; /* monotonic: before that its processor time can not be over */
};

/* Takes the descriptors over. Reports failure to start on the control socket. */
void slot_start(struct slot_host *host, struct slot *slot, const struct launcher_request *request,
                const int fds[LAUNCHER_FDS]);
/* The control socket has something to read. */
void slot_order(struct slot_host *host, struct slot *slot);
void slot_kill(struct slot_host *host, struct slot *slot, enum launcher_cause cause);
void slot_reaped(struct slot_host *host, struct slot *slot, int status, const struct rusage *usage);
/* Does this one need slot_watch, now and then? */
bool slot_is_watched(const struct slot_host *host, const struct slot *slot);
/* Where no cgroup limits memory: sums and kills. With v1 the kernel kills one
 * process of many; this kills the rest, whose answer would have a hole. */
void slot_watch(struct slot_host *host, struct slot *slot);
/* Kills at `now_ms` who has had its processor time; says when to look again. */
void slot_watch_cpu(struct slot_host *host, struct slot *slot, int64_t now_ms);
/* Makes sure that all of a dying one is gone; then the slot is free. */
void slot_bury(struct slot_host *host, struct slot *slot);
/* Answers a request for which there is no slot. */
void slot_refuse(int control, const char *why);
