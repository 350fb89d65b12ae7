/* Keeps what a process knows out of core files. */
#pragma once

/* Call first in main. What it executes may dump itself again, within the limit of 0 bytes. */
void guard_memory(void);
