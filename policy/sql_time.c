#include "policy/sql_time.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/bytes.h"

#define DAY 86400.0

static double seconds_of_unit(const char *unit)
{
    static const struct {
        const char *begin;
        double seconds;
    } units[] = {{"microsec", 1e-6},
                 {"us", 1e-6},
                 {"millisec", 1e-3},
                 {"ms", 1e-3},
                 {"sec", 1},
                 {"min", 60},
                 {"mon", 30 * DAY},
                 {"mil", 365000 * DAY},
                 {"hour", 3600},
                 {"hr", 3600},
                 {"day", DAY},
                 {"week", 7 * DAY},
                 {"year", 365 * DAY},
                 {"yr", 365 * DAY},
                 {"dec", 3650 * DAY},
                 {"cent", 36500 * DAY},
                 {"s", 1},
                 {"m", 60},
                 {"h", 3600},
                 {"d", DAY},
                 {"w", 7 * DAY},
                 {"y", 365 * DAY}};
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strncasecmp(unit, units[i].begin, strlen(units[i].begin)) == 0)
            return units[i].seconds;
    return NAN;
}

static double seconds_of_length(const char *text)
{
    double count, sum = 0;
    char unit[16];
    int len = 0, pieces = 0;
    for (; sscanf(text, " %lf %15[a-zA-Z]%n", &count, unit, &len) == 2; text += len, pieces++)
        sum += count * seconds_of_unit(unit);
    return pieces > 0 && text[strspn(text, " ")] == '\0' ? sum : NAN;
}

double sql_time_seconds(const char *text)
{
    int year, month, day, hour = 0, minute = 0;
    if (sscanf(text, " %d-%d-%d%*[ T]%d:%d", &year, &month, &day, &hour, &minute) >= 3 &&
        !isspace((unsigned char)*text))
        return (year - 1970) * 365.25 * DAY + (month - 1) * 30.4 * DAY + (day - 1) * DAY +
               hour * 3600.0 + minute * 60.0;
    return seconds_of_length(text);
}
