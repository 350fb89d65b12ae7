/* Ends what descendants left behind: as their reaper we inherit them. */
#pragma once

/* Kills and reaps every child that this process still has. */
void strays_kill(void);
