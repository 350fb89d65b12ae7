/* Settings: environment only, from one table that also prints --help and .env.example. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

/* Which program reads a setting. */
enum settings_user { SETTINGS_API = 1, SETTINGS_WORKER = 2, SETTINGS_ADMIN = 4 };

/* A secret is kept apart from text so that no printing function takes it by accident. */
struct secret {
    const char *value;
};

struct settings {
#define SETTING_TEXT(name, env, otherwise, users, says) const char *name;
#define SETTING_SECRET(name, env, users, says) struct secret name;
#define SETTING_NUMBER(name, env, otherwise, min, max, users, says) int64_t name;
#include "common/base/settings_table.h"
#undef SETTING_TEXT
#undef SETTING_SECRET
#undef SETTING_NUMBER
};

/* Reads the environment. NAME_FILE holds the value of any secret NAME instead.
 * On failure all wrong settings are on `complaints`, one line each. The texts
 * live as long as the process. */
bool settings_load(enum settings_user user, FILE *complaints, struct settings *ret_settings,
                   struct error *err) MUST_CHECK;

void settings_print_help(enum settings_user user, FILE *out);
void settings_print_example(FILE *out); /* the text of .env.example */
