/* Named fault points: moments at which a test build can be told to die or stop. */
#pragma once

/* COUNTERSIGN_FAULT="api.submit.after_commit:kill" (or `stop`, `hang`), with
 * ":N" behind it for the N-th time only. COUNTERSIGN_FAULT_LOG names a file to
 * which each point that is passed appends its name. Nothing in product builds. */
#ifdef COUNTERSIGN_FAULTS
void fault_point(const char *name);
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) ((void)0)
#endif
