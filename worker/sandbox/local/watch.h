/* What /proc tells about the processes of a sandbox. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define WATCH_CHILDREN 512

/* Direct children of a process's first thread; 0 where the kernel does not say. */
size_t watch_children(pid_t pid, pid_t ret_children[WATCH_CHILDREN]);
/* Memory of a process and all below it, shared pages counted in part. */
int64_t watch_memory(pid_t pid);
/* Processor time of a process and all below it, ended ones included. */
int64_t watch_cpu_us(pid_t pid);
/* The user id, outside, of what bubblewrap started; -1 when not known. */
int64_t watch_inner_uid(pid_t bubblewrap);
