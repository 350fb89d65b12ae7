/* Named fault points: moments at which a test build can be told to die or stop. */
#pragma once

/* The names are those of fault_points.h. COUNTERSIGN_FAULT="api.submit.after_commit:kill" (or
 * `stop`, `hang`), with ":N" behind it for the N-th time only. COUNTERSIGN_FAULT_ARMED names a
 * folder in which a file that is called like a point holds such an action for whichever process
 * comes there first: that takes the file away and acts. COUNTERSIGN_FAULT_LOG names a file to which
 * each point that is passed appends its name, and with a colon behind it the action that is taken
 * there. Nothing in product builds. */
#ifdef COUNTERSIGN_FAULTS
void fault_point(const char *name);
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) ((void)0)
#endif
