/* What code in a sandbox must not reach, and looks at it from outside. */
#pragma once

#include "common/base/bytes.h"

#define OUTSIDE_PLACE "/var/tmp/countersign-canary"
#define OUTSIDE_CANARY "canary-5e1f77d0c3" /* in all that must not be read, followed by a dash */
#define OUTSIDE_STAYS "86399.25" /* seconds that a `sleep` sleeps which shall outlive its run */

/* Makes the folder anew: open/secret, open/folder/kept, home/.ssh/id_rsa, and a script. It is open
 * to everybody, so that no user id is what protects it. */
void outside_make(const char *attack);
/* Listens on 127.0.0.1, where samples go by themselves too as far as nobody else does, and on an
 * abstract Unix socket named like the canary. Returns a port of our own. */
unsigned outside_listen(void);
/* Closes the listeners and removes the folder. */
void outside_clear(void);

/* Connections since the last look; they stay queued when who made them is gone. */
size_t outside_heard(void);
/* Names, rights, sizes and times of what could be changed, as text. Caller clears. */
void outside_look(struct buffer *ret_seen);
/* Processes of this machine that sleep as the attack's do; ends them when asked to. */
size_t outside_stayed(bool end);
