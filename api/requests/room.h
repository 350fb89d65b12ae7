/* Room on the disks: nothing new is taken when they are nearly full, so that decisions and
 * results of what was taken still fit. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/base/settings.h"

/* Once, at the start: every folder of DISK_PATHS is there. ERR_BAD_REQUEST names the one that is
 * not. */
bool room_open(const struct settings *settings, struct error *err) MUST_CHECK;

/* ERR_NO_ROOM when one of the disks has less than DISK_FLOOR_PERCENT free. One that can not be
 * asked any more refuses nothing: whether it takes what is written, the write itself finds out. */
bool room_check(const struct settings *settings, struct error *err) MUST_CHECK;

/* Percent free of each disk, as lines of /metrics. */
void room_write(const struct settings *settings, struct buffer *out);
