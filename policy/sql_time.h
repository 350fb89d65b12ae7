/* Dates and lengths of time as SQL writes them, in seconds. */
#pragma once

/* "2024-05-01 10:00" since 1970, "1 day 3 hours" as long as it lasts; a month has 30 days and
 * zones are left out. Not a number for any other text. */
double sql_time_seconds(const char *text);
